from __future__ import annotations

import pytest
from v2_hand import AUTH, CBC, IDI, IDR, IKE_AUTH, NONCE, body, prf
from v2_pair import I, R, V2Pair, payload

from explorer.events import Role

OTHER = b"\2\0\0\0bank.example"


def proof(pair: V2Pair, prover: Role, key: bytes) -> tuple[int, bytes]:
    """An AUTH payload that is right for another name, as only somebody inside the login can make it."""
    keys, (request, answer) = pair.keys(), pair.sent[:2]
    mine, other, SK_p = (request, answer, keys.pi) if prover is I else (answer, request, keys.pr)
    octets = mine + body(other, NONCE) + prf(CBC, SK_p, OTHER)
    return payload(AUTH, b"\2\0\0\0" + prf(CBC, prf(CBC, key, b"Key Pad for IKEv2"), octets))


@pytest.mark.parametrize("prover", [I, R])
@pytest.mark.parametrize("name", ["ikev2-eap", "ikev2-eap-md5"])
def test_nobody_becomes_somebody_else_in_the_middle_of_a_login(name: str, prover: Role) -> None:
    pair = V2Pair(name=name).start()
    while True:
        reader, octets = pair.wire[0]
        inside = pair.inside(octets) if octets[18] == IKE_AUTH else []
        if reader is not prover and len(pair.sent) > 4 and any(kind == AUTH for kind, _ in inside):
            break
        pair.pump(1)
    login = pair.peers[R].sessions[-1].sa.login
    assert login is not None
    MSK = login.side.MSK
    key = MSK.octets if MSK is not None else (pair.keys().pi if prover is I else pair.keys().pr)
    swapped = [proof(pair, prover, key) if kind == AUTH else (kind, octets_) for kind, octets_ in inside]
    named = [payload(IDI if prover is I else IDR, OTHER), *swapped]
    number = int.from_bytes(octets[20:24], "big")
    pair.feed(prover.other, pair.sealed(prover, IKE_AUTH, number, named, answer=prover is R))
    assert pair.sas(prover.other) == []
    assert pair.refusals(prover.other) != []
