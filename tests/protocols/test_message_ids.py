"""Message IDs (RFC 2408 §3.1): never 0, never twice, and never a way to shut others out."""

from __future__ import annotations

import pytest
from insider import HEADER, Insider, established
from pair import I, Pair, R, end
from test_informational_traps import ALIVE, asked, deletion, ended, fresh, inbound, notification

from explorer.lab.entropy import SeededEntropy
from explorer.protocols.ikev1.peer import Ikev1Peer
from explorer.registry.isakmp import ExchangeType


class Stubborn(SeededEntropy):
    """Draws the same four octets for every Message ID, and zeros before them."""

    def __init__(self, seed: int, party: str, *draws: bytes) -> None:
        super().__init__(seed, party)
        self._draws = list(draws)

    def draw(self, size: int, purpose: str) -> bytes:
        if "M-ID" in purpose and self._draws:
            return self._draws.pop(0)
        return super().draw(size, purpose)


@pytest.mark.parametrize("at", [1, 2])
@pytest.mark.parametrize("kind", [5, 6, 33])
def test_the_messages_of_one_quick_mode_are_all_of_its_exchange_type(at: int, kind: int) -> None:
    pair = Pair().start().pump().rekey().pump(at)
    role, octets = pair.wire[0]
    genuine = pair.pending
    assert pair.feed(role, octets[:18] + bytes((kind,)) + octets[19:]) == []
    assert pair.refusal(role).notify == "INVALID-EXCHANGE-TYPE"
    assert pair.swap(genuine).pump().up


def test_trap_28_no_message_id_is_zero_or_used_twice() -> None:
    pair = established(ALIVE).rekey().pump().rekey(R).pump()
    for by in (I, R, I):
        asked(pair, by)
        pair.pump()
    pair.peers[R].start_delete(end(I), 0.0)
    pair.put(R).pump()
    firsts: dict[bytes, int] = {}
    for octets in (datagram.octets for datagram in pair.made):
        if octets[18] not in (2, 4):
            assert octets[20:24] != bytes(4)
            assert firsts.setdefault(octets[20:24], octets[18]) == octets[18]
    assert len(firsts) == 2 + 6 + 2


def test_a_message_id_that_comes_back_begins_nothing_new() -> None:
    pair = Pair().reach(9)
    insider = Insider(pair)
    used = pair.sent[6][20:24]
    pair.feed(R, insider.tells(used, deletion(inbound(pair, I))))
    assert ended(pair, R) == []
    again = fresh()
    pair.feed(R, insider.tells(again, notification(24578, insider.cookies)))
    pair.feed(R, insider.tells(again, deletion(inbound(pair, I))))
    assert ended(pair, R) == []


def test_junk_under_the_isakmp_sa_shuts_nobody_out() -> None:
    pair = Pair().reach(6)
    cookies = pair.sent[1][:16]
    for number in range(1, 200):
        head = cookies + bytes((8, 0x10, ExchangeType.QUICK_MODE, 1)) + number.to_bytes(4, "big")
        pair.feed(R, head + (HEADER + 32).to_bytes(4, "big") + b"j" * 32)
    assert pair.pump().up


@pytest.mark.parametrize("kind", [ExchangeType.INFORMATIONAL, ExchangeType.QUICK_MODE, ExchangeType.TRANSACTION])
def test_what_was_refused_is_not_under_way(kind: ExchangeType) -> None:
    pair = Pair().reach(9)
    octets = Insider(pair).says(kind, fresh(), notification(24578))
    pair.feed(R, octets[:-1] + bytes((octets[-1] ^ 1,)))
    assert pair.refusals(R)
    assert not pair.peers[R].busy


def test_trap_28_what_is_drawn_may_be_zero_or_used_already() -> None:
    zero, one = bytes(4), b"\0\0\0\7"
    pair = Pair()
    pair.peers[I] = Ikev1Peer(pair.peers[I].config, Stubborn(7, "initiator", zero, zero, one, one, zero, one), I)
    pair.reach(9).rekey().pump()
    ids = [octets[20:24] for octets in pair.sent if octets[18] == ExchangeType.QUICK_MODE]
    assert ids[:3] == [one] * 3
    assert ids[3] not in (zero, one)
    assert pair.sas(R).count("ESP inbound") == 2


def test_a_message_id_that_the_peer_has_used_is_not_used_again() -> None:
    pair = Pair().reach(9)
    taken = pair.sent[6][20:24]
    pair.peers[R]._entropy = Stubborn(7, "responder", taken)
    pair.session(R).phase1.party = pair.session(R).party._replace(entropy=pair.peers[R]._entropy)
    pair.rekey(R).pump()
    assert pair.sent[9][20:24] != taken
    assert pair.sas(I).count("ESP inbound") == 2
