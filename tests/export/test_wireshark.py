from __future__ import annotations

from pathlib import Path

import pytest
from conftest import recording
from tshark import Tshark, demand, dumped

from explorer.export.wireshark import key_tables
from explorer.trace.model import Key
from explorer.trace.trace import Trace

pytestmark = pytest.mark.outside
ADDRESSES = {"initiator": "10.0.0.1", "responder": "10.0.0.2"}


@pytest.fixture
def tshark(trace: Trace, tmp_path: Path) -> Tshark:
    demand()
    return Tshark(tmp_path, trace)


def test_every_frame_is_there_and_nothing_is_malformed(tshark: Tshark, trace: Trace) -> None:
    assert tshark.frames("frame") == [step.number for step in trace.steps]
    assert tshark.frames("_ws.malformed") == []
    assert tshark.frames("_ws.expert") == []


def test_the_capture_names_the_protocols(tshark: Tshark) -> None:
    assert tshark.frames("isakmp") == list(range(1, 10))
    assert tshark.frames("esp") == [10, 11]
    kinds = tshark.values("isakmp.exchangetype", "isakmp")
    assert [kinds[n] for n in range(1, 10)] == [["2"]] * 6 + [["32"]] * 3


def test_clear_payloads_are_ours(tshark: Tshark, trace: Trace) -> None:
    shares = tshark.values("isakmp.key_exchange.data", "frame.number <= 4")
    nonces = tshark.values("isakmp.nonce", "frame.number <= 4")
    for message, side in ((3, "i"), (4, "r")):
        assert shares[message] == [trace.links.first(Key("phase 1", f"g^x{side}")).octets.hex()]
        assert nonces[message] == [trace.links.first(Key("phase 1", f"N{side}_b")).octets.hex()]


def test_main_mode_is_decrypted(tshark: Tshark, trace: Trace) -> None:
    hashes = tshark.values("isakmp.hash")
    assert hashes[5] == [trace.links.first(Key("phase 1", "HASH_I")).octets.hex()]
    assert hashes[6] == [trace.links.first(Key("phase 1", "HASH_R")).octets.hex()]
    identities = tshark.values("isakmp.id.data.ipv4_addr", "frame.number == 5 or frame.number == 6")
    assert identities == {5: [ADDRESSES["initiator"]], 6: [ADDRESSES["responder"]]}


def test_quick_mode_is_decrypted(tshark: Tshark, trace: Trace) -> None:
    (scope,) = {key.scope for key in trace.links.keys if key.symbol == "HASH(1)"}
    hashes = tshark.values("isakmp.hash")
    for message, symbol in ((7, "HASH(1)"), (8, "HASH(2)"), (9, "HASH(3)")):
        assert hashes[message] == [trace.links.first(Key(scope, symbol)).octets.hex()]
    nonces = tshark.values("isakmp.nonce", "frame.number == 7 or frame.number == 8")
    assert nonces == {n: [trace.links.first(Key(scope, s)).octets.hex()] for n, s in ((7, "Ni_b"), (8, "Nr_b"))}
    spis = tshark.values("isakmp.spi", "frame.number == 7 or frame.number == 8")
    assert {trace.links.first(Key(scope, "SPI_i")).octets.hex()} == set(spis[7])
    assert {trace.links.first(Key(scope, "SPI_r")).octets.hex()} == set(spis[8])


def test_every_decrypted_octet_is_ours(tshark: Tshark, trace: Trace) -> None:
    found = [dumped(part) for part in tshark.run("-x").split("Decrypted ")[1:]]
    assert found == [step.envelope.trees[1].buffer.octets for step in trace.steps[4:]]


def test_without_the_tables_nothing_is_decrypted(trace: Trace, tmp_path: Path) -> None:
    demand()
    blind = Tshark(tmp_path, trace, tables={})
    assert blind.values("isakmp.hash") == {}
    assert blind.frames("icmp") == []


def test_every_icv_is_good(tshark: Tshark) -> None:
    assert tshark.frames("esp.icv_good == 1") == [10, 11]
    assert tshark.frames("esp.icv_bad == 1") == []
    assert tshark.values("esp.sequence") == {10: ["1"], 11: ["1"]}


def test_the_ping_and_its_answer_are_visible(tshark: Tshark) -> None:
    assert tshark.frames("icmp.type == 8") == [10]
    assert tshark.frames("icmp.type == 0") == [11]
    assert tshark.frames("ip.src == 192.168.1.10 and ip.dst == 192.168.2.20") == [10]
    assert tshark.frames("ip.src == 192.168.2.20 and ip.dst == 192.168.1.10") == [11]
    assert tshark.frames("ip.src == 10.0.0.1 and ip.dst == 10.0.0.2 and esp") == [10]
    assert tshark.frames("icmp.checksum.status == 1") == [10, 11]


@pytest.mark.parametrize("name", ["ikev1-main-psk"])
def test_tables_are_plain_rows(name: str) -> None:
    tables = key_tables(recording(name))
    (row,) = tables["ikev1_decryption_table"].splitlines()
    cookie, key = row.split(",")
    assert cookie == recording(name).step(1).octets[:8].hex()
    assert key == recording(name).links.first(Key("phase 1", "Ka")).octets.hex()
    assert len(tables["esp_sa"].splitlines()) == 2
