"""What may be negotiated and what was: algorithms by transform type (RFC 7296 §2.7, §3.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from explorer.crypto.ciphers import ENCRYPTIONS, Encryption
from explorer.crypto.key_exchange import METHODS
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.prfs import INTEGRITY_FUNCTIONS, PRFS, IntegrityFunction, PrfFunction
from explorer.events import Comparison, Negotiation, Verdict
from explorer.registry.ikev2 import V2ProtocolId
from explorer.registry.ikev2_transforms import (
    EncryptionId,
    EsnId,
    IntegrityId,
    PrfId,
    TransformType,
    V2Attribute,
)
from explorer.wire.attributes import basic
from explorer.wire.ikev2 import V2Proposal, V2SecurityAssociation, V2Transform, transform_class, transform_name
from explorer.wire.structure import build

_T = TransformType
_AEAD = frozenset((
    EncryptionId.AES_CCM_8,
    EncryptionId.AES_CCM_12,
    EncryptionId.AES_CCM_16,
    EncryptionId.AES_GCM_8,
    EncryptionId.AES_GCM_12,
    EncryptionId.AES_GCM_16,
    EncryptionId.CHACHA20_POLY1305,
))
_PREFIX = {
    EncryptionId.TRIPLE_DES: "3DES-CBC",
    EncryptionId.NULL: "NULL",
    EncryptionId.CHACHA20_POLY1305: "CHACHA20-POLY1305",
    EncryptionId.AES_CBC: "AES-CBC",
    EncryptionId.AES_CTR: "AES-CTR",
    EncryptionId.AES_CCM_8: "AES-CCM-8",
    EncryptionId.AES_CCM_12: "AES-CCM-12",
    EncryptionId.AES_CCM_16: "AES-CCM-16",
    EncryptionId.AES_GCM_8: "AES-GCM-8",
    EncryptionId.AES_GCM_12: "AES-GCM-12",
    EncryptionId.AES_GCM_16: "AES-GCM-16",
}


class Choice(NamedTuple):
    """One algorithm; ``key_length`` is bits, for ciphers with several sizes."""

    kind: int
    transform_id: int
    key_length: int | None = None

    @property
    def text(self) -> str:
        """What it is called."""
        name = transform_name(self.kind, self.transform_id)
        return f"{name}-{self.key_length}" if self.key_length is not None else name

    def transform(self) -> V2Transform:
        """As it is offered."""
        attributes = (basic(V2Attribute.KEY_LENGTH, self.key_length),) if self.key_length is not None else ()
        return transform_class(self.kind)(kind=self.kind, transform_id=self.transform_id, attributes=attributes)

    @classmethod
    def of(cls, transform: V2Transform) -> Choice:
        """As it is on the wire."""
        return cls(transform.kind, transform.transform_id, transform.key_length)


@dataclass(frozen=True)
class Offer:
    """One proposal: for each type of transform the algorithms to choose from, most preferred first."""

    number: int
    protocol: int
    choices: tuple[Choice, ...]

    @property
    def kinds(self) -> list[int]:
        """The types of transform in it, in order of appearance."""
        return list(dict.fromkeys(choice.kind for choice in self.choices))

    def of_kind(self, kind: int) -> list[Choice]:
        """What may be chosen for one type."""
        return [choice for choice in self.choices if choice.kind == kind]

    @property
    def label(self) -> str:
        """What people call it."""
        return f"proposal {self.number}"

    def without_key_exchange(self) -> Offer:
        """The first Child SA never has a key exchange of its own (RFC 7296 §1.2)."""
        kept = tuple(c for c in self.choices if c.kind != _T.KE and c.kind < _T.ADDKE1)
        return Offer(self.number, self.protocol, kept)

    def proposal(self, number: int, spi: bytes) -> V2Proposal:
        """As it is sent."""
        transforms = tuple(choice.transform() for choice in self.choices)
        return V2Proposal(number=number, protocol=self.protocol, spi=spi, transforms=transforms)


_PURPOSES: Mapping[int, str] = {
    _T.ENCR: "encryption",
    _T.PRF: "prf",
    _T.INTEG: "integrity",
    _T.KE: "key exchange",
    _T.ESN: "sequence numbers",
}


@dataclass(frozen=True)
class Suite:
    """What was agreed on: one algorithm for each type."""

    protocol: int
    choices: tuple[Choice, ...]

    def _of(self, kind: int) -> Choice | None:
        return next((choice for choice in self.choices if choice.kind == kind), None)

    @cached_property
    def encryption(self) -> Encryption:
        """The cipher."""
        choice = self._of(_T.ENCR)
        assert choice is not None
        label = _PREFIX[EncryptionId(choice.transform_id)]  # type: ignore[call-arg]
        return ENCRYPTIONS[f"{label}-{choice.key_length}" if choice.key_length is not None else label]

    @cached_property
    def prf(self) -> PrfFunction:
        """What keys are made with."""
        choice = self._of(_T.PRF)
        assert choice is not None
        return PRFS[PrfId.name_of(choice.transform_id).removeprefix("PRF_").replace("_", "-")]

    @cached_property
    def integrity(self) -> IntegrityFunction | None:
        """What makes the ICV, where the cipher does not."""
        choice = self._of(_T.INTEG)
        if choice is None or choice.transform_id == IntegrityId.NONE:
            return None
        return INTEGRITY_FUNCTIONS[IntegrityId.name_of(choice.transform_id).removeprefix("AUTH_").replace("_", "-")]

    @cached_property
    def key_exchange(self) -> KeyExchangeMethod | None:
        """The first key exchange, or ``None`` for a Child SA without one of its own."""
        choice = self._of(_T.KE)
        return METHODS[choice.transform_id] if choice is not None and choice.transform_id else None

    @cached_property
    def additional(self) -> list[KeyExchangeMethod]:
        """Further key exchanges, in their order (RFC 9370 §2.2.1)."""
        found = [choice for choice in self.choices if choice.kind >= _T.ADDKE1 and choice.transform_id]
        return [METHODS[choice.transform_id] for choice in sorted(found, key=lambda choice: choice.kind)]

    @cached_property
    def esn(self) -> bool:
        """Whether sequence numbers have 64 bits."""
        choice = self._of(_T.ESN)
        return choice is not None and choice.transform_id == EsnId.EXTENDED

    @cached_property
    def icv_size(self) -> int:
        """Octets of the integrity check value."""
        return self.encryption.icv_size if self.integrity is None else self.integrity.icv_size

    @cached_property
    def sizes(self) -> tuple[int, int]:
        """Octets of the explicit IV and of the ICV."""
        return self.encryption.iv_size, self.icv_size

    def algorithms(self) -> tuple[tuple[str, str], ...]:
        """In words."""
        found = []
        for choice in self.choices:
            text = self.encryption.label if choice.kind == _T.ENCR else choice.text
            name = _PURPOSES.get(choice.kind)
            found.append((name or f"additional key exchange {choice.kind - _T.ADDKE1 + 1}", text))
        return tuple(found)

    def proposal(self, number: int, spi: bytes) -> V2Proposal:
        """The answer: exactly one transform of each type."""
        transforms = tuple(choice.transform() for choice in self.choices)
        return V2Proposal(number=number, protocol=self.protocol, spi=spi, transforms=transforms)

    def without_key_exchange(self) -> Suite:
        """What is left where keys are made without one."""
        kept = tuple(c for c in self.choices if c.kind != _T.KE and c.kind < _T.ADDKE1)
        return Suite(self.protocol, kept)


def sa_body(proposals: Sequence[V2Proposal]) -> bytes:
    """The body of an SA payload."""
    return build(V2SecurityAssociation(proposals=tuple(proposals)))[4:]


def choose(
    own: Sequence[Offer], offered: Sequence[V2Proposal], prefer_method: int | None = None
) -> tuple[Negotiation, tuple[Suite, V2Proposal] | None]:
    """The responder's own proposals in order, each against every offered one; its own order of algorithms decides.

    Args:
        prefer_method: the key exchange method of the KE payload that came along: taken if it may be, which saves a
            round trip (RFC 7296 §2.7).
    """
    comparisons: list[Comparison] = []
    name = V2ProtocolId.name_of(own[0].protocol) if own else ""
    for offer in own:
        for proposal in offered:
            verdicts, suite = _compare(offer, proposal, prefer_method)
            comparisons.append(Comparison(offer.label, proposal.number, 0, tuple(verdicts), proposal))
            if suite is not None and comparisons[-1].ok:
                return Negotiation(name, tuple(comparisons), agreed=True), (suite, proposal)
    return Negotiation(name, tuple(comparisons), agreed=False), None


def _compare(offer: Offer, proposal: V2Proposal, prefer_method: int | None) -> tuple[list[Verdict], Suite | None]:
    if proposal.protocol != offer.protocol:
        said, wanted = V2ProtocolId.name_of(proposal.protocol), V2ProtocolId.name_of(offer.protocol)
        return [Verdict("Protocol", said, wanted, ok=False)], None
    theirs = [Choice.of(transform) for transform in proposal.transforms]
    verdicts: list[Verdict] = []
    chosen: list[Choice] = []
    for kind in dict.fromkeys([*offer.kinds, *(choice.kind for choice in theirs)]):
        ours, others = offer.of_kind(kind), [choice for choice in theirs if choice.kind == kind]
        found = next((c for c in _in_order(ours, kind, prefer_method) if c in others), None)
        neither = not ours and all(not choice.transform_id for choice in others)
        verdicts.append(_verdict(kind, ours, others, ok=found is not None or neither or _none_fits(ours, others)))
        if found is not None:
            chosen.append(found)
    return verdicts, Suite(offer.protocol, tuple(sorted(chosen, key=lambda choice: choice.kind)))


def _in_order(ours: Sequence[Choice], kind: int, prefer_method: int | None) -> Iterator[Choice]:
    """One's own order, but for the method that has come already."""
    if kind == _T.KE and prefer_method is not None:
        yield from (choice for choice in ours if choice.transform_id == prefer_method)
    yield from ours


def _none_fits(ours: Sequence[Choice], others: Sequence[Choice]) -> bool:
    """A type that is not there is the same as one that may be NONE (RFC 7296 §3.3.3, RFC 9370 §2.2.1)."""
    return not others and any(not choice.transform_id for choice in ours)


def _verdict(kind: int, ours: Sequence[Choice], others: Sequence[Choice], *, ok: bool) -> Verdict:
    def said(choices: Sequence[Choice]) -> str:
        return " or ".join(choice.text for choice in choices) or "absent"

    return Verdict(TransformType.name_of(kind), said(others), said(ours), ok)


def is_aead(transform_id: int) -> bool:
    """Whether a cipher has an integrity value of its own."""
    return transform_id in _AEAD
