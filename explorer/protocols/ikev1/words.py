"""The words in which RFC 2409 writes its messages (§3.2), and the terms they stand for."""

from __future__ import annotations

from explorer.engine.notation import Word
from explorer.events import Role
from explorer.registry.isakmp import PayloadType

_I, _R = Role.INITIATOR, Role.RESPONDER

_PHASE_1 = {
    (_I, "SA"): Word("SA", PayloadType.SA, "SAi_b"),
    (_R, "SA"): Word("SA", PayloadType.SA, "SAr_b"),
    (_I, "KE"): Word("KE", PayloadType.KE, "g^xi"),
    (_R, "KE"): Word("KE", PayloadType.KE, "g^xr"),
    (_I, "Ni"): Word("Ni", PayloadType.NONCE, "Ni_b"),
    (_R, "Nr"): Word("Nr", PayloadType.NONCE, "Nr_b"),
    (_I, "IDii"): Word("IDii", PayloadType.ID, "IDii_b"),
    (_R, "IDir"): Word("IDir", PayloadType.ID, "IDir_b"),
    (_I, "HASH_I"): Word("HASH_I", PayloadType.HASH, "HASH_I", checked=True),
    (_R, "HASH_R"): Word("HASH_R", PayloadType.HASH, "HASH_R", checked=True),
}

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
}

EXTRA_WORDS: dict[int, str] = {PayloadType.VID: "VID", PayloadType.NOTIFY: "N", PayloadType.DELETE: "D"}
"""Payloads that may be chained to a message without being part of its exchange (RFC 2408 §3.16, §3.14)."""


def phase1_word(sender: Role, text: str) -> Word:
    """The word as ``sender`` means it in phase 1."""
    return _PHASE_1[sender, text]


def quick_word(sender: Role, text: str) -> Word:
    """The word as ``sender`` means it in Quick Mode."""
    return _QUICK[sender, text]
