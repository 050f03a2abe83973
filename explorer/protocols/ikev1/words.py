"""The words in which the RFCs write their messages (RFC 2409 §3.2), and the terms they stand for."""

from __future__ import annotations

from explorer.engine.notation import Word
from explorer.events import Role
from explorer.registry.isakmp import PayloadType

_I, _R = Role.INITIATOR, Role.RESPONDER


def _phase_1(role: Role) -> list[Word]:
    """Each side's words; small letters name the side as the RFC does: IDii is the initiator's, IDir the responder's."""
    i = "i" if role is _I else "r"
    other, big = ("r", "I") if role is _I else ("i", "R")
    return [
        Word("SA", PayloadType.SA, f"SA{i}_b"),
        Word("KE", PayloadType.KE, f"g^x{i}"),
        Word(f"N{i}", PayloadType.NONCE, f"N{i}_b"),
        Word(f"IDi{i}", PayloadType.ID, f"IDi{i}_b"),
        Word("CERT", PayloadType.CERT, f"CERT_{big}"),
        Word("CERTREQ", PayloadType.CERTREQ, f"CERTREQ_{big}"),
        Word(f"SIG_{big}", PayloadType.SIG, f"SIG_{big}"),
        Word(f"HASH_{big}", PayloadType.HASH, f"HASH_{big}", checked=True),
        Word("HASH(1)", PayloadType.HASH, "HASH(1)", checked=True),
        Word(f"<IDi{i}_b>PubKey_{other}", PayloadType.ID, f"<IDi{i}_b>PubKey_{other}", sealed=f"IDi{i}_b"),
        Word(f"<N{i}_b>PubKey_{other}", PayloadType.NONCE, f"<N{i}_b>PubKey_{other}", sealed=f"N{i}_b"),
        Word(f"<KE_b>Ke_{i}", PayloadType.KE, f"<KE_b>Ke_{i}", sealed=f"g^x{i}"),
        Word(f"<IDi{i}_b>Ke_{i}", PayloadType.ID, f"<IDi{i}_b>Ke_{i}", sealed=f"IDi{i}_b"),
        Word("NAT-D(1)", PayloadType.NAT_D, f"NAT-D_{i}1", checked=True),
        Word("NAT-D(2)", PayloadType.NAT_D, f"NAT-D_{i}2", checked=True),
    ]


_PHASE_1 = {(role, word.text): word for role in (_I, _R) for word in _phase_1(role)}

_QUICK = {
    (_I, "SA"): Word("SA", PayloadType.SA, "SAi_b"),
    (_R, "SA"): Word("SA", PayloadType.SA, "SAr_b"),
    (_I, "Ni"): Word("Ni", PayloadType.NONCE, "Ni_b"),
    (_R, "Nr"): Word("Nr", PayloadType.NONCE, "Nr_b"),
    (_I, "KE"): Word("KE", PayloadType.KE, "g(qm)^xi"),
    (_R, "KE"): Word("KE", PayloadType.KE, "g(qm)^xr"),
    (_I, "HASH(1)"): Word("HASH(1)", PayloadType.HASH, "HASH(1)", checked=True),
    (_R, "HASH(2)"): Word("HASH(2)", PayloadType.HASH, "HASH(2)", checked=True),
    (_I, "HASH(3)"): Word("HASH(3)", PayloadType.HASH, "HASH(3)", checked=True),
    (_I, "IDci"): Word("IDci", PayloadType.ID, "IDci_b"),
    (_I, "IDcr"): Word("IDcr", PayloadType.ID, "IDcr_b"),
    (_R, "IDci"): Word("IDci", PayloadType.ID, "IDci_b"),
    (_R, "IDcr"): Word("IDcr", PayloadType.ID, "IDcr_b"),
    (_R, "N"): Word("N", PayloadType.NOTIFY, "N_b"),
}

_UNDER_THE_SA = {
    (_I, "HASH(1)"): Word("HASH(1)", PayloadType.HASH, "HASH(1)", checked=True),
    (_R, "HASH(2)"): Word("HASH(2)", PayloadType.HASH, "HASH(2)", checked=True),
    (_I, "N"): Word("N", PayloadType.NOTIFY, "N_b"),
    (_I, "D"): Word("D", PayloadType.DELETE, "D_b"),
    (_I, "SA"): Word("SA", PayloadType.SA, "SAi_b"),
    (_R, "SA"): Word("SA", PayloadType.SA, "SAr_b"),
    (_I, "ATTR1"): Word("ATTR1", PayloadType.ATTRIBUTES, "ATTR1_b"),
    (_R, "ATTR2"): Word("ATTR2", PayloadType.ATTRIBUTES, "ATTR2_b"),
}

EXTRA_WORDS: dict[int, str] = {
    PayloadType.VID: "VID",
    PayloadType.NOTIFY: "N",
    PayloadType.DELETE: "D",
    PayloadType.CERT: "CERT",
    PayloadType.CERTREQ: "CERTREQ",
    PayloadType.NAT_D: "NAT-D",
    PayloadType.NAT_OA: "NAT-OA",
    PayloadType.NAT_D_DRAFT: "NAT-D",
    PayloadType.NAT_OA_DRAFT: "NAT-OA",
}
"""Payloads that may be chained to a message without being part of its exchange (RFC 2408 §3.16, §3.14)."""


def phase1_word(sender: Role, text: str) -> Word:
    """The word as ``sender`` means it in phase 1."""
    return _PHASE_1[sender, text]


def quick_word(sender: Role, text: str) -> Word:
    """The word as ``sender`` means it in Quick Mode."""
    return _QUICK[sender, text]


def protected_word(sender: Role, text: str) -> Word:
    """The word as ``sender`` means it in the small exchanges under an ISAKMP SA."""
    return _UNDER_THE_SA[sender, text]
