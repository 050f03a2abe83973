from __future__ import annotations

import hmac

import pytest
from conftest import recording
from v2_pair import I, R, V2Pair, payload

from explorer.events import Role, SaEnded
from explorer.trace.model import Key

NAME = "ikev2-hybrid-rekey"


def octets(scope: str, symbol: str) -> bytes:
    (found,) = {term.octets for _, _, term in recording(NAME).links.terms(Key(scope, symbol))}
    return found


def prf(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def test_keys_of_a_child_are_made_of_all_secrets_together() -> None:
    create, followup = "CREATE_CHILD_SA 3", "IKE_FOLLOWUP_KE 4"
    seed = octets(create, "g^ir") + octets(create, "Ni") + octets(create, "Nr") + octets(followup, "SK(1)")
    assert octets(create, "KEYMAT")[:32] == prf(octets("IKE SA", "SK_d(1)"), seed + b"\1")


def test_keys_of_an_ike_sa_are_made_of_all_secrets_together() -> None:
    create, followup = "CREATE_CHILD_SA 0r", "IKE_FOLLOWUP_KE 1r"
    seed = octets(create, "g^ir") + octets(create, "Ni") + octets(create, "Nr") + octets(followup, "SK(1)")
    assert octets("IKE SA, rekey 1r", "SKEYSEED") == prf(octets("IKE SA", "SK_d(1)"), seed)


@pytest.mark.parametrize("role", [I, R])
def test_nothing_changes_before_the_last_secret_is_there(role: Role) -> None:
    pair = V2Pair(name=NAME).start().pump()
    pair.rekey_ike(role).pump(2)
    for side in (I, R):
        assert [a.sa.number for a in pair.peers[side].sessions] == [1]
    pair.pump()
    for side in (I, R):
        assert [a.sa.generation for a in pair.peers[side].sessions if a.usable] == [1]
        assert [event.protocol for event in pair.of(SaEnded, side)] == ["IKE"]


def test_a_followup_of_nothing_is_refused() -> None:
    pair = V2Pair(name=NAME).start().pump()
    notify = payload(41, bytes((0, 0)) + (16441).to_bytes(2, "big") + bytes(8))
    key = payload(34, bytes((0, 36, 0, 0)) + bytes(1184))
    pair.feed(R, pair.sealed(I, 44, 3, [key, notify]))
    assert "No exchange waits" in pair.refusals(R)[0]


def test_a_followup_of_something_else_is_told_so() -> None:
    pair = V2Pair(name=NAME).start().pump()
    pair.rekey_child(I).pump(2)
    request = pair.pending
    inside = pair.inside(request)
    other = payload(41, bytes((0, 0)) + (16441).to_bytes(2, "big") + bytes(8))
    swapped = [payload(kind, body[4:]) if kind != 41 else other for kind, body in inside]
    (answer,) = pair.feed(R, pair.sealed(I, 44, int.from_bytes(request[20:24], "big"), swapped))
    assert [body[6:8] for _, body in pair.inside(answer)] == [(47).to_bytes(2, "big")]
    assert len(pair.sa(R).children) == 1


@pytest.mark.parametrize("seed", range(4))
def test_both_rekey_the_ike_sa_at_once_with_two_key_exchanges_each(seed: int) -> None:
    pair = V2Pair(name=NAME, seed=seed).start().pump()
    pair.rekey_ike(I).rekey_ike(R).pump()
    usable = {role: [a.sa for a in pair.peers[role].sessions if a.usable] for role in (I, R)}
    (ours,), (theirs,) = usable[I], usable[R]
    assert ours.spis == theirs.spis
