from __future__ import annotations

from pathlib import Path

import pytest
from charon_settings import Settings
from machine import OURS, OURS_NEXT, THEIRS, THEIRS_NEXT
from meeting_v2 import MeetV2, V2Meeting
from test_v2_child_sas import IKE

from explorer.events import NetworkChanged, Role, TunnelMoved

pytestmark = pytest.mark.outside
pytest_plugins = ["meet"]


def told(meeting: V2Meeting, what: str) -> list[str]:
    return [event.value for event in meeting.ours.said(NetworkChanged) if event.what == what]


def test_we_move_and_packets_pass(meet_v2: MeetV2, tmp_path: Path) -> None:
    meeting = meet_v2(Settings(Role.RESPONDER, ike=IKE), mobike=True)
    meeting.bring_up()
    assert "3 received" in meeting.ping(tmp_path)
    meeting.ours.move(OURS_NEXT)
    meeting.settle()
    assert meeting.charon.says(r"parsed INFORMATIONAL request \d+ \[ N\(UPD_SA_ADDR\)") == 1
    meeting.expect(lambda: OURS_NEXT in meeting.charon.associations(), "charon to know the new address")
    meeting.machine.address("delete", OURS)
    assert "3 received" in meeting.ping(tmp_path)
    meeting.agree()
    assert meeting.ours.refused() == []
    # Charon's user-space IPsec cannot move a Child SA: charon rekeys it, under the IKE SA that has moved.
    assert len(meeting.ours.installed("IKE")) == 1


def test_charon_moves_and_packets_pass(meet_v2: MeetV2, tmp_path: Path) -> None:
    meeting = meet_v2(Settings(Role.INITIATOR, ike=IKE, connection={"local_addrs": "%any"}), mobike=True)
    meeting.bring_up()
    meeting.machine.address("add", THEIRS_NEXT)
    meeting.machine.address("delete", THEIRS)
    meeting.expect(lambda: told(meeting, "peer address") == [THEIRS_NEXT], "charon at its new address")
    meeting.expect(lambda: bool(meeting.ours.said(TunnelMoved)), "charon to show that it is there")
    assert meeting.charon.says(r"parsed INFORMATIONAL request \d+ \[ N\(COOKIE2\) \]") == 1
    assert "3 received" in meeting.ping(tmp_path)
    meeting.agree()
    assert meeting.ours.refused() == []
    # Charon's user-space IPsec cannot move a Child SA: charon rekeys it, under the IKE SA that has moved.
    assert len(meeting.ours.installed("IKE")) == 1
