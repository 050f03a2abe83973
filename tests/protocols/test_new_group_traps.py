"""New Group Mode (RFC 2409 §5.6): nobody is talked into a group that it was not told to trust."""

from __future__ import annotations

from dataclasses import replace

import pytest
from insider import Insider, hasty
from pair import I, Pair, R, end, is_told

from explorer.crypto.groups import modp_group
from explorer.events import Concluded, NetworkChanged, Role
from explorer.protocols.ikev1.config import Config, PrivateGroup
from explorer.registry.isakmp import ExchangeType, PayloadType
from explorer.wire.attributes import basic, of_octets
from explorer.wire.payloads import IsakmpTransform, Proposal, SecurityAssociation

NAME = "ikev1-new-group"
PRIME = modp_group(1).prime.to_bytes(96, "big")
OWN = PrivateGroup(32768, PRIME, 2)


def config(role: Role, group: PrivateGroup | None = OWN, pfs: int | None = None) -> Config:
    made = hasty(role, NAME)
    phase2 = tuple(replace(policy, group=pfs) for policy in made.phase2)
    return replace(made, private_groups=() if group is None else (group,), phase2=phase2)


def pair(first: PrivateGroup | None = OWN, second: PrivateGroup | None = OWN, pfs: int | None = None) -> Pair:
    return Pair(config(I, first, pfs), config(R, second, pfs)).start().pump()


def propose(made: Pair, by: Role = I) -> Pair:
    made.peers[by].start_new_group(end(by.other), 0.0)
    return made.put(by).pump()


def agreed(made: Pair, role: Role) -> list[str]:
    return [event.value for event in made.of(NetworkChanged, role) if event.what == "private group"]


@pytest.mark.parametrize("by", [I, R])
def test_both_sides_know_the_group_afterwards(by: Role) -> None:
    made = propose(pair(), by)
    assert agreed(made, I) == agreed(made, R) == ["number 32768, 768 bits"]
    assert {event.outcome for role in (I, R) for event in made.of(Concluded, role)} == {"completed"}


@pytest.mark.parametrize("by", [I, R])
def test_pfs_may_use_it_then(by: Role) -> None:
    made = propose(pair(pfs=32768), by).rekey().pump()
    assert made.up
    assert len(made.session(I).exchanges) == 2
    secrets = [made.session(role).exchanges[number].ledger["g(qm)^xy"].octets
               for role in (I, R) for number in list(made.session(role).exchanges)[-1:]]
    assert secrets[0] == secrets[1]
    assert len(secrets[0]) == 96


@pytest.mark.parametrize(("what", "own"), [
    ("nothing", None),
    ("another number", PrivateGroup(32769, PRIME, 2)),
    ("another prime", PrivateGroup(32768, PRIME[:-1] + b"\xfd", 2)),
    ("another generator", PrivateGroup(32768, PRIME, 3)),
])
def test_a_group_that_was_not_configured_is_refused(what: str, own: PrivateGroup | None) -> None:
    assert what
    made = propose(pair(second=own))
    assert made.refusal(R).notify == "ATTRIBUTES-NOT-SUPPORTED"
    assert "trust that group" in made.refusal(R).reason
    assert made.failures(I) == ["New Group Mode: the peer says ATTRIBUTES-NOT-SUPPORTED"]
    assert agreed(made, I) == agreed(made, R) == []
    assert made.session(R).private_groups == ()
    assert made.rekey().pump().up, "the ISAKMP SA stands as before"


@pytest.mark.parametrize("role", [I, R])
def test_pfs_in_a_group_that_was_not_agreed_on_is_refused_and_never_raises(role: Role) -> None:
    made = pair(pfs=32768)
    if role is R:
        made.session(I).private_groups = (OWN,)
    made.rekey().pump()
    assert "has not been agreed on" in made.refusals(role)[0].reason
    assert made.sas(I) == made.sas(R) == ["ISAKMP both"]


def test_nobody_begins_it_without_a_group_or_before_there_is_an_sa() -> None:
    half = Pair(config(I), config(R)).start()
    with pytest.raises(LookupError):
        half.peers[I].start_new_group(end(R), 0.0)


@pytest.mark.parametrize("change", ["prime", "generator", "number", "more"])
def test_an_answer_that_differs_is_refused(change: str) -> None:
    made = pair()
    made.peers[I].start_new_group(end(R), 0.0)
    made.put(I)
    octets = made.pending
    answer = {"prime": PRIME[:-1] + b"\xfd", "generator": PRIME, "number": PRIME, "more": PRIME}[change]
    attributes = (basic(4, 32769 if change == "number" else 32768), basic(5, 1), of_octets(6, answer),
                  of_octets(7, b"\3" if change == "generator" else b"\2"))
    transform = IsakmpTransform(number=1, transform_id=1, attributes=attributes)
    transforms = (transform, transform.replace(number=2)) if change == "more" else (transform,)
    sa = SecurityAssociation(proposals=(Proposal(number=1, protocol=1, transforms=transforms),))
    insider = Insider(made, R)
    forged = insider.says(ExchangeType.NEW_GROUP_MODE, octets[20:24], (int(PayloadType.SA), sa), iv=octets[-16:])
    assert all(is_told(one) for one in made.feed(I, forged))
    assert "differs from what was offered" in made.refusal(I).reason
    assert agreed(made, I) == []
    assert agreed(made.pump(), I) == ["number 32768, 768 bits"]


@pytest.mark.parametrize("at", [28, 44, -1])
@pytest.mark.parametrize("number", [1, 2])
def test_trap_5_a_garbled_message_does_not_move_the_vector(number: int, at: int) -> None:
    made = pair()
    made.peers[I].start_new_group(end(R), 0.0)
    made.put(I).pump(number - 1)
    role, octets = made.wire[0]
    at %= len(octets)
    made.feed(role, octets[:at] + bytes((octets[at] ^ 0x55,)) + octets[at + 1 :])
    assert agreed(made.pump(), I) == ["number 32768, 768 bits"]
