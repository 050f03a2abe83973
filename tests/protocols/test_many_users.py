"""Several users at one gateway: what is whose, and when it is over."""

from __future__ import annotations

from dataclasses import replace

from gate import GATE, Gate, client, gateway, living
from insider import CLIENT_MODE, HYBRID, hasty
from pair import I, Pair

from explorer.events import Endpoint
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.ikev1.peer import MOST_SESSIONS, Ikev1Peer

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


def flooded(gate: Gate) -> Gate:
    """More first messages than there is room for, each from somewhere else."""
    first = Pair(hasty(I, CLIENT_MODE)).start().pending
    for number in range(MOST_SESSIONS + 6):
        stranger = Endpoint(f"198.51.100.{number}", 500)
        gate.peer.receive_datagram(bytes((number,)) * 8 + first[8:], stranger, GATE, gate.now)
    return gate.pump()


def test_a_flood_of_first_messages_makes_no_ipsec_sa_immortal() -> None:
    gate = Gate(living(gateway(), 300, 1000)).enter("alice", "10.0.0.1", config=living(client("alice"), 300, 1000))
    gate.wait(400, clients=False)
    flooded(gate).wait(2000, clients=False)
    assert gate.ended == [("ISAKMP", "expired"), ("ESP", "expired"), ("ESP", "expired")]


def silent(gate: Gate, number: int, messages: int = 6, password: str = "") -> None:
    """Somebody brings phase 1 to its end, and says nothing more after so many messages."""
    outside = Endpoint(f"198.51.100.{number}", 500)
    peer = Ikev1Peer(client("bob", HYBRID, password), SeededEntropy(number, "stranger"), I)
    peer.start(GATE, gate.now)
    for _ in range(messages // 2):
        for sent in peer.datagrams_to_send(gate.now):
            gate.peer.receive_datagram(sent.octets, outside, GATE, gate.now)
        for sent in gate.peer.datagrams_to_send(gate.now):
            peer.receive_datagram(sent.octets, GATE, Endpoint("10.0.0.1", 500), gate.now)


def test_an_isakmp_sa_ends_when_nobody_logs_in() -> None:
    gate = Gate(gateway(name=HYBRID))
    silent(gate, 1)
    (session,) = gate.peer.sessions
    assert session.phase1.up
    gate.wait(100)
    assert session.ended
    assert not gate.peer.busy


def test_strangers_who_never_log_in_keep_nobody_out() -> None:
    gate = Gate(gateway(name=HYBRID))
    for number in range(MOST_SESSIONS):
        silent(gate, number)
    assert len(gate.peer.sessions) == MOST_SESSIONS
    gate.enter("alice", "10.0.0.1", config=client("alice", HYBRID))
    assert gate.session("alice").usable


def test_a_failed_login_deletes_the_isakmp_sa_though_nobody_acknowledges_the_failure() -> None:
    """draft-beaulieu-ike-xauth-02 §6."""
    gate = Gate(gateway(name=HYBRID))
    silent(gate, 1, 8, password="wrong")
    (session,) = gate.peer.sessions
    assert session.access.refused
    assert not session.ended
    gate.wait(100)
    assert gate.ended == [("ISAKMP", "deleted")]


def test_the_address_is_given_back_when_the_last_sa_expires() -> None:
    gate = Gate(living(gateway(), 300, 1000)).enter("alice", "10.0.0.1", config=living(client("alice"), 300, 1000))
    assert gate.wait(999, clients=False).withdrawn == 0
    assert gate.wait(1, clients=False).withdrawn == 1


def test_the_address_of_a_dead_peer_is_given_back() -> None:
    gate = Gate().enter("alice", "10.0.0.1")
    gate.peer.start_dpd(Endpoint("10.0.0.1", 500), gate.now)
    assert gate.peer.datagrams_to_send(gate.now)
    del gate.clients["alice"]
    assert gate.wait(60).withdrawn == 1


def test_a_gateway_leaves_the_new_phase_1_to_its_client() -> None:
    config = living(gateway(), 1000, rekeys=True, margin=100.0, mode="aggressive")
    everybody = {**config.keys, "*": b"correct horse battery staple"}
    gate = Gate(replace(config, keys=everybody)).enter("alice", "10.0.0.1", config=living(client("alice"), 1000))
    gate.wait(950)
    assert gate.ended == []
    assert len(gate.peer.sessions) == 1
