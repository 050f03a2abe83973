"""Several users at one gateway: what is whose, and when it is over."""

from __future__ import annotations

from gate import Gate, client, living

NAT = "203.0.113.7"


def test_behind_one_nat_nobody_inherits_from_another_user() -> None:
    gate = Gate().enter("alice", NAT, 50001).enter("bob", NAT, 50002)
    alices, bobs = gate.session("alice"), gate.session("bob")
    gate.leave("alice", ipsec=False)
    assert [len(list(session.holdings)) for session in (alices, bobs)] == [1, 1]
    gate.enter("carol", NAT, 50003)
    assert len({session.access.address for session in (alices, bobs, gate.session("carol"))}) == 3


def test_whoever_logs_in_again_keeps_the_address() -> None:
    again = living(client("alice"), 300, rekeys=True)
    gate = Gate().enter("bob", "10.0.0.20").enter("alice", "10.0.0.1", config=again)
    first = gate.session("alice")
    address = first.access.address
    gate.leave("bob").wait(290)
    assert gate.session("alice") is not first
    assert gate.session("alice").access.address == address
    assert gate.withdrawn == 1, "the address of who has left"
