"""What somebody who is proven as one may not do to another, and what somebody unproven may not do at all."""

from __future__ import annotations

from dataclasses import replace

import pytest
from v2_hand import INFORMATIONAL
from v2_pair import I, R, V2Pair, payload, v2_shipped

from explorer.events import NetworkChanged, SaEnded, Verified
from explorer.protocols.ikev2.config import V2Config, V2Gateway, V2Identity, V2Login
from explorer.registry.ikev2 import V2IdType

EAP = "ikev2-eap"
POOL = [bytes((10, 9, 0, host)) for host in range(1, 4)]
DELETE = 42


def meets(gateway: V2Pair, initiator: V2Config, seed: int, name: str = EAP) -> V2Pair:
    """Another initiator, at the gateway of the first."""
    pair = V2Pair(initiator, name=name, seed=seed)
    pair.peers[R] = gateway.peers[R]
    return pair.start()


def user(name: str, password: str, **changes: object) -> V2Config:
    login = V2Login(name.encode(), password.encode())
    return replace(v2_shipped(I, EAP), login=login, **changes)  # type: ignore[arg-type]


def gateway(**changes: object) -> V2Pair:
    users = {b"alice": b"wonderland", b"boss": b"secret"}
    config = replace(v2_shipped(R, EAP), gateway=V2Gateway(users), address_pool=POOL, **changes)  # type: ignore[arg-type]
    return V2Pair(v2_shipped(I, EAP), config, name=EAP)


def known_as(name: str) -> bytes:
    return bytes((V2IdType.KEY_ID, 0, 0, 0)) + name.encode()


def test_a_ticket_makes_nobody_of_whom_it_has_only_said_that_it_is() -> None:
    door = gateway(resumption=True)
    liar = user("alice", "wonderland", identity=V2Identity(int(V2IdType.KEY_ID), b"boss"), resumption=True)
    pair = meets(door, liar, 5).pump()
    assert pair.sa(R).peer_identity == known_as("alice")
    pair.ask(I, lambda peer, there: peer.start_resumption(there, pair.now)).pump()
    assert pair.sa(R).resumed is not None
    assert pair.sa(R).up
    assert pair.sa(R).peer_identity == known_as("alice")


def test_whoever_proves_nothing_ends_nobodys_sas() -> None:
    config = replace(v2_shipped(R), accepts_null=True)
    pair = V2Pair(None, config).start().pump()
    genuine = pair.sa(R)
    nobody = meets(pair, replace(v2_shipped(I), method="null", initial_contact=True), 5, "ikev2-child").pump()
    assert nobody.sa(R).up
    assert nobody.sa(R).peer_identity == b""
    assert not genuine.ended
    assert pair.of(SaEnded, R) == []


def test_whoever_proves_nothing_gets_no_ticket() -> None:
    config = replace(v2_shipped(R), accepts_null=True, resumption=True)
    pair = V2Pair(replace(v2_shipped(I), method="null", resumption=True), config).start().pump()
    assert pair.up
    assert pair.peers[I]._tickets.held == {}
    assert not any(event.proves is I for event in pair.of(Verified, R))


@pytest.mark.parametrize("silent", [True, False], ids=["falls silent", "has a wrong password"])
def test_whoever_does_not_log_in_takes_no_address(*, silent: bool) -> None:
    door = gateway()
    for seed in range(10, 16):
        stranger = meets(door, user("alice", "guessed", asks_address=True), seed)
        stranger.pump(3 if silent else 20)
        assert stranger.sas(R) == []
    honest = meets(door, user("alice", "wonderland", asks_address=True), 30).pump()
    assert honest.up
    assert honest.sa(I).local is not None


def test_addresses_come_back_and_are_given_again() -> None:
    door = gateway()
    for seed in range(10, 16):
        pair = meets(door, user("alice", "wonderland", asks_address=True), seed).pump()
        assert pair.up, "there are only three addresses"
        pair.delete(I, ike=True).pump()


def test_a_new_ike_sa_of_the_same_user_keeps_the_address() -> None:
    name = "ikev2-remote-access"
    config = replace(v2_shipped(R, name), address_pool=POOL[:1], resumption=True)
    pair = V2Pair(replace(v2_shipped(I, name), resumption=True), config, name=name).start().pump()
    first = pair.sa(R).lease
    pair.ask(I, lambda peer, there: peer.start_reauthentication(there, pair.now)).pump()
    pair.ask(I, lambda peer, there: peer.start_resumption(there, pair.now)).pump()
    assert pair.sa(R).lease == first == POOL[0]
    assert [a.sa.ended for a in pair.peers[R].sessions] == [True, True, False]
    pair.delete(I, ike=True).pump()
    assert meets(pair, replace(v2_shipped(I, name)), 9, name).pump().up


def test_a_name_has_its_own_key_whatever_another_key_would_prove() -> None:
    keys = {"*": b"everybody's", "responder.lab.example": b"known to the real one alone"}
    pair = V2Pair(replace(v2_shipped(I), keys=keys, expects=None), replace(v2_shipped(R), keys={"*": b"everybody's"}))
    pair.start().pump()
    assert pair.sas(I) == []
    assert pair.refusals(I) == ["The pre-shared key for responder.lab.example is not the one in use here"]


def test_a_gateway_answers_each_user_with_the_users_own_key() -> None:
    keys = {"alice.lab.example": b"of alice", "bob.lab.example": b"of bob"}
    gate = V2Pair(None, replace(v2_shipped(R), keys=keys, expects=None))
    for seed, name in enumerate(keys, 5):
        identity = V2Identity(int(V2IdType.FQDN), name.encode())
        own = replace(v2_shipped(I), identity=identity, keys={"*": keys[name]})
        assert meets(gate, own, seed, "ikev2-child").pump().up
        other = replace(own, keys={"*": b"of somebody else"})
        assert meets(gate, other, seed + 10, "ikev2-child").pump().sas(I) == []


def test_forged_messages_in_the_middle_of_a_login_leave_no_trace() -> None:
    pair = V2Pair(name=EAP).start().pump(4)
    run = pair.peers[R].sessions[-1].sa.login
    assert run is not None
    last, ledger = run.last, run.first.maker.ledger
    for number in range(1, 20):
        pair.feed(R, pair.pending[:-2] + number.to_bytes(2, "big"))
    assert (run.last, run.first.maker.ledger) == (last, ledger)
    assert pair.pump().up


def test_strangers_do_not_drive_out_what_this_side_has_begun() -> None:
    pair = V2Pair().start()
    first = V2Pair(seed=9).start().pending
    for number in range(1, 200):
        pair.feed(I, number.to_bytes(8, "big") + first[8:])
    assert pair.pump().up


@pytest.mark.parametrize("how", ["peer is dead", "initial contact", "deleted"])
def test_nothing_is_made_under_an_ike_sa_that_is_over(how: str) -> None:
    pair = V2Pair().start().pump()
    pair.sa(R).drop(how)
    pair.put(R)
    made = len(pair.sas(R))
    pair.ask(I, lambda peer, there: peer.start_quick(there, pair.now)).pump()
    assert len(pair.sas(R)) == made
    assert pair.refusals(R) == ["This IKE SA is over"]


def test_no_sign_of_life_comes_from_an_ike_sa_that_is_over() -> None:
    pair = V2Pair().start().pump()
    pair.sa(R).drop("initial contact")
    pair.liveness(I).pump()
    assert pair.peers[I].busy
    pair.wait(200)
    assert pair.sa(I).ended


def test_both_may_end_an_ike_sa_at_the_same_time() -> None:
    pair = V2Pair().start().pump()
    pair.delete(I, ike=True)
    pair.delete(R, ike=True)
    pair.pump()
    assert not any(pair.peers[role].busy for role in (I, R))
    assert pair.failures(I) == pair.failures(R) == []


def test_a_delete_that_comes_late_is_answered() -> None:
    pair = V2Pair().start().pump()
    request = pair.sealed(R, INFORMATIONAL, 0, [payload(DELETE, b"\1\0\0\0")])
    pair.delete(I, ike=True).pump()
    assert len(pair.feed(I, request)) == 1


def test_ike_sas_that_are_over_do_not_pile_up() -> None:
    pair = V2Pair().start().pump()
    for _ in range(40):
        pair.rekey_ike(I).pump()
    assert all(len(pair.peers[role].sessions) < 20 for role in (I, R))
    assert pair.rekey_child(R).pump().refusals(R) == []


def routes(pair: V2Pair) -> list[str]:
    return [event.value for event in pair.of(NetworkChanged, R) if event.what == "route"]


def test_a_route_leads_to_who_is_proven_not_to_a_name_that_was_only_said() -> None:
    boss = V2Identity(int(V2IdType.KEY_ID), b"boss")
    pair = meets(gateway(), user("alice", "wonderland", identity=boss, asks_address=True), 5).pump()
    assert routes(pair) == ["10.9.0.1/32 through the tunnel to alice"]


def test_a_route_leads_to_nobody_in_particular_where_nobody_is_proven() -> None:
    name = "ikev2-remote-access"
    boss = V2Identity(int(V2IdType.FQDN), b"boss.example")
    liar = replace(v2_shipped(I, name), method="null", identity=boss)
    door = replace(v2_shipped(R, name), accepts_null=True, address_pool=POOL, expects=None)
    pair = V2Pair(liar, door, name=name).start().pump()
    assert routes(pair) == ["10.9.0.1/32 through the tunnel to an unproven peer"]


# ---------------------------------------------------------------- internal addresses

CLIENT = "ikev2-remote-access"


def leases(pair: V2Pair) -> list[bytes]:
    return [a.sa.lease for a in pair.peers[R].sessions if a.usable]


def test_two_machines_of_one_user_behind_one_nat_have_two_addresses() -> None:
    config = replace(v2_shipped(R, CLIENT), address_pool=POOL)
    pair = V2Pair(None, config, name=CLIENT, seed=3).start().pump()
    meets(pair, v2_shipped(I, CLIENT), 4, CLIENT).pump()
    assert leases(pair) == POOL[:2]


def test_two_who_prove_nothing_share_nothing() -> None:
    config = replace(v2_shipped(R, CLIENT), address_pool=POOL, accepts_null=True, expects=None)
    nobody = replace(v2_shipped(I, CLIENT), method="null", identity=V2Identity(int(V2IdType.NULL), b""))
    pair = V2Pair(nobody, config, name=CLIENT, seed=3).start().pump()
    meets(pair, nobody, 4, CLIENT).pump()
    assert leases(pair) == POOL[:2]


def test_a_new_authentication_keeps_the_address() -> None:
    config = replace(v2_shipped(R, CLIENT), address_pool=POOL[:1])
    pair = V2Pair(None, config, name=CLIENT).start().pump()
    pair.ask(I, lambda peer, there: peer.start_reauthentication(there, pair.now)).pump()
    assert leases(pair) == POOL[:1]
    assert pair.sa(I).local == pair.sa(R).remote
    assert pair.refusals(R) == []


def test_whoever_has_forgotten_everything_gets_the_address_of_before() -> None:
    config = replace(v2_shipped(R, CLIENT), address_pool=POOL[:1])
    pair = V2Pair(replace(v2_shipped(I, CLIENT), initial_contact=True), config, name=CLIENT).start().pump()
    pair.peers[I].restart()
    meets(pair, replace(v2_shipped(I, CLIENT), initial_contact=True), 5, CLIENT).pump()
    assert leases(pair) == POOL[:1]


def test_nobody_is_given_an_address_for_the_asking_that_somebody_else_has() -> None:
    pair = gateway()
    first = meets(pair, user("alice", "wonderland", asks_address=True), 5).pump()
    second = meets(pair, user("boss", "secret", asks_address=True), 6)
    second.peers[I].sessions[-1].replaces = first.peers[I].sessions[-1]
    second.pump()
    assert leases(pair) == POOL[:2]
