"""Both sides rekey one IKE SA at once: Child SAs and the internal address go with the one that stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pair import end
from v2_pair import I, R, V2Pair, v2_shipped

from explorer.events import Role
from explorer.protocols.ikev2.create_child import CreateChildSa, Purpose
from explorer.protocols.ikev2.ike_sa import IkeSa

CLIENT = "ikev2-remote-access"
POOL = [bytes((10, 9, 0, 1))]


def usable(pair: V2Pair, role: Role) -> list[IkeSa]:
    return [a.sa for a in pair.peers[role].sessions if a.usable]


def with_children(pair: V2Pair, role: Role) -> list[str]:
    return [sa.ledger.scope for sa in usable(pair, role) if sa.children]


def answers(pair: V2Pair) -> list[tuple[Role, bytes]]:
    """Both requests are delivered, both answers are on the way: to whom, and what."""
    requests = [pair.wire.popleft(), pair.wire.popleft()]
    return [(to.other, octets) for to, request in requests for octets in pair.feed(to, request)]


@pytest.mark.parametrize("lost", [I, R])
@pytest.mark.parametrize("seed", range(4))
def test_a_lost_answer_takes_no_child_sas_along(seed: int, lost: Role) -> None:
    pair = V2Pair(seed=seed).start().pump()
    pair.rekey_ike(I).rekey_ike(R)
    pair.wire.extend((to, octets) for to, octets in answers(pair) if to is lost)
    pair.pump().wait(60)
    assert with_children(pair, I) == with_children(pair, R) != []
    assert [len(sa.children) for role in (I, R) for sa in usable(pair, role) if sa.children] == [1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_the_internal_address_stays_with_the_sa_that_stays(seed: int) -> None:
    config = replace(v2_shipped(R, CLIENT), address_pool=POOL)
    pair = V2Pair(None, config, name=CLIENT, seed=seed).start().pump()
    pair.rekey_ike(I).rekey_ike(R).pump()
    (sa,) = usable(pair, R)
    assert sa.lease == POOL[0]
    assert sa.children[0].remote.text == "10.9.0.1 to 10.9.0.1"


def test_a_redundant_sa_takes_no_ticket_along() -> None:
    name = "ikev2-session-resumption"
    pair = V2Pair(name=name, seed=2).start().pump()
    pair.rekey_ike(I).rekey_ike(R).pump()
    assert len(usable(pair, I)) == 1
    pair.ask(I, lambda peer, there: peer.start_resumption(there, pair.now)).pump()
    assert pair.sa(I).resumed is not None
    assert pair.sa(I).up


def test_what_has_a_successor_already_is_not_rekeyed_again() -> None:
    pair = V2Pair().start().pump()
    old = pair.peers[I].sessions[0]
    for _ in range(5):
        asking = CreateChildSa(old.sa, I, old.sa.next_request, Purpose.REKEY_IKE)
        asking.begin()
        old.asking, old.sa.next_request = asking, old.sa.next_request + 1
        pair.feed(R, asking.outgoing.pop())
    assert len(usable(pair, R)) == 2
    assert pair.refusals(R) == ["This side has rekeyed this IKE SA already, and is about to delete it"] * 4


def test_an_sa_that_was_rekeyed_and_one_that_was_begun_anew_have_two_names() -> None:
    pair = V2Pair().start().pump()
    pair.rekey_ike(R).ask(I, lambda peer, there: peer.start_reauthentication(there, pair.now)).pump()
    for role in (I, R):
        scopes = [a.sa.ledger.scope for a in pair.peers[role].sessions]
        assert sorted(scopes) == ["IKE SA", "IKE SA #2", "IKE SA, rekey 1r"]


@pytest.mark.parametrize("role", [I, R])
def test_a_new_authentication_takes_the_place_of_what_was_rekeyed_meanwhile(role: Role) -> None:
    pair = V2Pair().start().pump()
    pair.ask(role, lambda peer, there: peer.start_reauthentication(there, pair.now)).rekey_ike(role.other).pump()
    for side in (I, R):
        assert [sa.ledger.scope for sa in usable(pair, side)] == ["IKE SA #2"]


def test_rekeying_again_and_again_in_the_middle_of_a_new_authentication_ends_in_it() -> None:
    pair = V2Pair().start().pump()
    pair.peers[I].start_reauthentication(end(R), pair.now)
    held = pair.collect(I)
    for _ in range(5):
        pair.rekey_ike(R).pump()
    pair.wire.extend((R, octets) for octets in held)
    pair.pump()
    for side in (I, R):
        assert [sa.ledger.scope for sa in usable(pair, side)] == ["IKE SA #2"]
