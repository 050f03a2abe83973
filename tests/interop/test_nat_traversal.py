from __future__ import annotations

from pathlib import Path

import charon_log
import pytest
from charon_settings import IN_KERNEL, Settings
from demand import program
from machine import BEHIND_THEM, BEHIND_US
from meeting import Meet

from explorer.events import Role

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]
either_way = pytest.mark.parametrize("charon", [Role.RESPONDER, Role.INITIATOR], ids=["we begin", "charon begins"])


@either_way
@pytest.mark.parametrize("aggressive", [False, True], ids=["main", "aggressive"])
def test_a_nat_that_charon_claims(meet: Meet, charon: Role, *, aggressive: bool) -> None:
    meeting = meet(
        Settings(charon, aggressive=aggressive, connection={"encap": "yes"}),
        mode="aggressive" if aggressive else "main")
    meeting.bring_up()
    meeting.agree()
    listed = meeting.charon.associations()
    assert listed.count("[4500]") == 2
    assert "TUNNEL-in-UDP" in listed
    for sa in meeting.ours.installed("ESP"):
        assert "UDP" in dict(sa.algorithms)["mode"]


@either_way
def test_packets_pass_in_both_directions(meet: Meet, tmp_path: Path, charon: Role) -> None:
    meeting = meet(Settings(charon))
    meeting.bring_up()
    log = tmp_path / "ping.txt"
    ping = meeting.machine.start(
        program("ping"), "-c", "3", "-i", "0.2", "-W", "2", "-I", BEHIND_THEM, BEHIND_US, log=log)
    assert meeting.ours.serve_until(lambda: ping.poll() is not None)
    assert "3 received" in log.read_text(encoding="utf-8")
    assert meeting.ours.refused() == []


@pytest.mark.parametrize("natt", [True, False], ids=["nobody sees a NAT", "we know no NATs"])
def test_without_a_nat_everything_stays_where_it_is(meet: Meet, *, natt: bool) -> None:
    # A kernel without ESP lets charon come as far as the keys, and no farther.
    meeting = meet(Settings(Role.RESPONDER, kernel=IN_KERNEL), nat_traversal=natt)
    meeting.ours.do(meeting.ours.peer.start)
    meeting.expect(lambda: len(meeting.ours.installed("ISAKMP")) == 1, "an ISAKMP SA")
    listed = meeting.charon.associations()
    assert (listed.count("[500]"), listed.count("[4500]")) == (2, 0)
    meeting.ours.do(meeting.ours.peer.start_quick)
    meeting.expect(lambda: len(meeting.ours.installed("ESP")) == 2, "two IPsec SAs")
    meeting.expect(lambda: len(charon_log.esp_keys(meeting.charon.log())) == 2, "charon to have their keys")
    assert meeting.ours.esp_keys() == charon_log.esp_keys(meeting.charon.log())
    for sa in meeting.ours.installed("ESP"):
        assert "UDP" not in dict(sa.algorithms)["mode"]
