from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from v2_pair import I, R, V2Pair, changed, payload

from explorer.protocols.ikev2.config import V2Config
from explorer.protocols.ikev2.suites import Choice

SA, KE = 33, 34


def either_method(config: V2Config) -> V2Config:
    (offer,) = config.child
    choices = (*(c for c in offer.choices if c.kind != 4), Choice(4, 31), Choice(4, 19))
    return replace(config, child=(replace(offer, choices=choices),))


def test_the_initiator_refuses_a_method_for_which_it_has_sent_no_value() -> None:
    pair = V2Pair(either_method(changed(I)), either_method(changed(R))).start().pump()
    pair.ask(I, lambda peer, there: peer.start_quick(there, 0.0)).pump(1)
    honest = pair.inside(pair.pending)
    number = int.from_bytes(pair.pending[20:24], "big")
    point = derive_private_key(5, SECP256R1()).public_key().public_numbers()
    value = point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    crooked = []
    for kind, octets in honest:
        if kind == SA:
            crooked.append((kind, octets.replace(bytes((4, 0, 0, 31)), bytes((4, 0, 0, 19)))))
        elif kind == KE:
            crooked.append(payload(KE, bytes((0, 19, 0, 0)) + value))
        else:
            crooked.append((kind, octets))
    before = len(pair.sas(I))
    pair.feed(I, pair.sealed(R, 36, number, crooked, answer=True))
    assert pair.failures(I) != []
    assert len(pair.sas(I)) == before
