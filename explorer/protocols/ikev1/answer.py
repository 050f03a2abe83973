"""The responder's SA payload: one offer, taken out of the initiator's octets and sent back as it was."""

from __future__ import annotations

from collections.abc import Sequence

from explorer.crypto.expression import Concat, Expr, Octet, Plain
from explorer.crypto.term import Nature, Term, derive
from explorer.engine.refusal import Refusal
from explorer.registry.ipsec import Situation
from explorer.registry.isakmp import NotifyType, PayloadType
from explorer.wire.field import Field
from explorer.wire.payloads import Proposal, SecurityAssociation, Transform
from explorer.wire.structure import build, read

_FIXED = 16
"""DOI, Situation and the fixed part of the proposal: octets of an SA body in front of the SPI."""


def parse_sa(body: bytes) -> SecurityAssociation:
    """An SA payload from its body, the octets that ``SAi_b`` stands for.

    Raises:
        Refusal: the SA is of another DOI than IPsec's, or a RESERVED octet inside it is not zero.
    """
    if body[:4] != bytes((0, 0, 0, 1)):
        raise Refusal("Only the IPsec DOI is known here", "RFC 2407 §4.2", NotifyType.DOI_NOT_SUPPORTED)
    sa = _read(body)[0]
    if sa.situation != Situation.IDENTITY_ONLY:
        raise Refusal(
            "Only the situation “identity only” is known here", "RFC 2407 §4.2", NotifyType.SITUATION_NOT_SUPPORTED
        )
    transforms = [transform for proposal in sa.proposals for transform in proposal.transforms]
    if any(p.reserved for p in sa.proposals) or any(t.reserved or t.reserved2 for t in transforms):
        raise Refusal("A RESERVED octet is not zero", "RFC 2408 §5.3", NotifyType.PAYLOAD_MALFORMED)
    return sa


def contents(transform: Transform) -> tuple[int, list[tuple[int, int]]]:
    """What a transform says, whatever the order and the form in which it says it."""
    return transform.transform_id, sorted((attribute.type, attribute.number) for attribute in transform.attributes)


def _read(body: bytes) -> tuple[SecurityAssociation, Field]:
    octets = bytes((0, 0)) + (len(body) + 4).to_bytes(2, "big") + body
    return read(SecurityAssociation, octets, 0, len(octets))


def answer(offer: Term, proposal: Proposal, transform: Transform, spi: Term | None, owner: str) -> Term:
    """``SAr_b``: the chosen transform as it stands in the offer, alone, under the responder's own SPI."""
    return answer_bundle(offer, [(proposal, transform, spi)], owner)


def answer_bundle(offer: Term, chosen: Sequence[tuple[Proposal, Transform, Term | None]], owner: str) -> Term:
    """``SAr_b`` for one proposal, or for several of one number.

    Of each transform only the Next Payload octet differs, since no other follows (RFC 2408 §4.2, RFC 2409 §5).
    """
    _, tree = _read(offer.octets)
    kept = tuple(
        proposal.replace(
            next_payload=None,
            length=None,
            spi=spi.octets if spi is not None else b"",
            spi_size=None,
            transform_count=None,
            transforms=(transform.replace(next_payload=None),),
        )
        for proposal, transform, spi in chosen
    )
    body = build(SecurityAssociation(proposals=kept))[4:]
    parts: list[Expr] = []
    at = 0
    for index, (proposal, transform, spi) in enumerate(chosen):
        head = _FIXED if index == 0 else _FIXED - 8
        word = "DOI | Situation | proposal header" if index == 0 else "proposal header"
        parts.append(Plain(word, body[at : at + head]))
        if spi is not None:
            parts.append(spi)
        holder = next(field for field in tree.walk() if field.value is not None and field.value == proposal)
        place = next(field for field in holder.walk() if field.value is not None and field.value == transform)
        parts += [Octet(int(PayloadType.NONE)), offer[place.start - 3 : place.end - 4]]
        at += head + (len(spi.octets) if spi is not None else 0) + place.end - place.start
    return derive(
        "SAr_b", Concat(tuple(parts)), "RFC 2408 §4.2", scope=offer.scope, nature=Nature.PUBLIC, owner=owner
    )
