"""Nobody but who has begun an IKE SA asks for IKE_AUTH or IKE_INTERMEDIATE under it (RFC 7296 §1.2)."""

from __future__ import annotations

from v2_pair import IKE_AUTH, I, R, V2Pair, changed

from explorer.events import SaInstalled

INTERMEDIATE = 43


def test_an_initiator_does_not_take_its_own_proof_for_the_peers() -> None:
    """Whoever answers IKE_SA_INIT, without the pre-shared key, sends the initiator's IKE_AUTH back as a request."""
    stranger = changed(R, keys={"*": b"another key"})
    pair = V2Pair(changed(I, expects=None), stranger).start().pump(2)
    payloads = pair.inside(pair.pending)
    reflected = pair.sealed(R, IKE_AUTH, 0, payloads)
    pair.wire.clear()
    pair.feed(I, reflected)
    assert pair.of(SaInstalled, I) == []
    assert not pair.sa(I).up


def test_an_initiator_answers_no_request_for_an_intermediate_exchange() -> None:
    """Octets in the clear that anybody could have made."""
    pair = V2Pair().start().pump(2)
    spis = b"".join(pair.sa(I).spis)
    octets = spis + bytes((0, 0x20, INTERMEDIATE, 0)) + bytes(4) + (28).to_bytes(4, "big")
    assert pair.feed(I, octets) == []
    assert pair.refusals(I) != []
