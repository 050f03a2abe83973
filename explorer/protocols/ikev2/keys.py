"""The keys of RFC 7296, RFC 9370 and RFC 8784, a line a formula.  Pure: nothing is reported from here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from explorer.crypto.expression import Concat, Expr
from explorer.crypto.prfs import Mac, PrfFunction, prf_plus
from explorer.crypto.term import Nature, Term, constant, derive
from explorer.protocols.ikev2.suites import Suite

IKE_SA = "IKE SA"
"""Scope of everything that belongs to the first IKE SA; the scopes of others begin with it."""

KEY_PAD = b"Key Pad for IKEv2"
"""17 ASCII characters, without a terminator (RFC 7296 §2.15)."""


def ike_scope(number: int) -> str:
    """Scope of the ``number``-th IKE SA that was begun with a proof of its own."""
    return IKE_SA if number == 1 else f"{IKE_SA} #{number}"


def nonce_key(prf: PrfFunction, Ni: Term, Nr: Term) -> Expr:
    """Both nonces as a key; a prf with keys of one size takes half of it from each (RFC 7296 §2.14)."""
    if prf.fixed_key:
        half = prf.key_size // 2
        return Ni[:half] | Nr[:half]
    return Ni | Nr


class IkeKeys(NamedTuple):
    """The seven keys of an IKE SA (RFC 7296 §2.14), and the terms on the way to them.

    A cipher with an integrity value of its own has no ``SK_a``; its salts are ``salt_e``.
    """

    SK_d: Term
    SK_ai: Term | None
    SK_ar: Term | None
    SK_ei: Term
    SK_er: Term
    SK_pi: Term
    SK_pr: Term
    salt_ei: Term | None
    salt_er: Term | None
    made: tuple[Term, ...]


def first_skeyseed(prf: PrfFunction, Ni: Term, Nr: Term, g_ir: Term, scope: str) -> Term:
    """SKEYSEED = prf(Ni | Nr, g^ir): the nonces are the key."""
    return derive("SKEYSEED", Mac(prf, nonce_key(prf, Ni, Nr), g_ir), "RFC 7296 §2.14", scope=scope)


def rekeyed_skeyseed(
    prf: PrfFunction, SK_d: Term, secrets: Sequence[Term], Ni: Term, Nr: Term, scope: str
) -> Term:
    """SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr | SK(1) | …), the prf being the old SA's (RFC 7296 §2.18)."""
    seed = Concat((secrets[0], Ni, Nr, *secrets[1:]))
    return derive("SKEYSEED", Mac(prf, SK_d, seed), "RFC 7296 §2.18, RFC 9370 §2.2.4", scope=scope)


RESUMPTION = b"Resumption"
"""Ten ASCII characters, without a terminator (RFC 5723 §5.1)."""


def resumed_skeyseed(prf: PrfFunction, SK_d: Term, Ni: Term, Nr: Term, scope: str) -> Term:
    """SKEYSEED = prf(SK_d (old), "Resumption" | Ni | Nr): no key exchange (RFC 5723 §5.1)."""
    seed = constant('"Resumption"', RESUMPTION, "RFC 5723 §5.1") | Ni | Nr
    return derive("SKEYSEED", Mac(prf, SK_d, seed), "RFC 5723 §5.1", scope=scope)


def resumed_auth(symbol: str, prf: PrfFunction, SK_p: Term, octets: Expr, scope: str) -> Term:
    """AUTH = prf(SK_p, octets): who had the old keys can make the new ones (RFC 5723 §5.1)."""
    return derive(symbol, Mac(prf, SK_p, octets), "RFC 5723 §5.1", scope=scope)


def further_skeyseed(prf: PrfFunction, SK_d: Term, secret: Term, Ni: Term, Nr: Term, n: int, scope: str) -> Term:
    """SKEYSEED(n) = prf(SK_d(n-1), SK(n) | Ni | Nr), after an additional key exchange (RFC 9370 §2.2.2)."""
    return derive(f"SKEYSEED({n})", Mac(prf, SK_d, secret | Ni | Nr), "RFC 9370 §2.2.2", scope=scope)


def ike_keys(
    suite: Suite, SKEYSEED: Term, Ni: Term, Nr: Term, SPIi: Term, SPIr: Term, suffix: str = "", prime: str = ""
) -> IkeKeys:
    """{SK_d | SK_ai | SK_ar | SK_ei | SK_er | SK_pi | SK_pr} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr).

    Args:
        suffix: which generation of keys it is, such as ``(1)``.
        prime: what marks those three keys that a PPK is still to be mixed into (RFC 8784 §3).
    """
    cite, scope, prf = "RFC 7296 §2.14", SKEYSEED.scope, suite.prf
    encryption, integrity = suite.encryption, suite.integrity
    a_size = integrity.key_size if integrity is not None else 0
    e_size = encryption.key_size + encryption.salt_size
    p_size = prf.key_size
    total = 3 * p_size + 2 * a_size + 2 * e_size
    stream = prf_plus(prf, SKEYSEED, Ni | Nr | SPIi | SPIr, total, f"SK_all{suffix}", scope, "RFC 7296 §2.13")
    whole, made, at = stream[-1], list(stream), 0
    names = [("SK_d", p_size), ("SK_ai", a_size), ("SK_ar", a_size), ("SK_ei", e_size), ("SK_er", e_size)]
    found: dict[str, Term | None] = {}
    for name, size in [*names, ("SK_pi", p_size), ("SK_pr", p_size)]:
        salt = encryption.salt_size if name.startswith("SK_e") else 0
        mark = prime if name in _MIXED else ""
        found[name] = _cut(name + suffix + mark, whole, at, at + size - salt, cite, scope, made)
        if salt:
            side = name[-1]
            name_ = f"salt_e{side}"
            found[name_] = _cut(name_ + suffix, whole, at + size - salt, at + size, "RFC 5282 §7.1", scope, made)
        at += size
    return IkeKeys(
        **{name: found.get(name) for name in IkeKeys._fields if name != "made"},  # type: ignore[arg-type]
        made=tuple(made),
    )


def _cut(symbol: str, whole: Term, start: int, end: int, cite: str, scope: str, made: list[Term]) -> Term | None:
    if start == end:
        return None
    term = derive(symbol, whole[start:end], cite, scope=scope)
    made.append(term)
    return term


class ChildKeys(NamedTuple):
    """Keys of a pair of Child SAs; the initiator is the one of the exchange that made them (RFC 7296 §2.17)."""

    by_side: dict[str, tuple[Term | None, Term | None, Term | None]]
    made: tuple[Term, ...]


def child_keys(
    suite: Suite, prf: PrfFunction, SK_d: Term, secrets: Sequence[Term], Ni: Term, Nr: Term, scope: str
) -> ChildKeys:
    """KEYMAT = prf+(SK_d, [g^ir (new) |] Ni | Nr [| SK(1) …]): each direction's encryption key, salt, integrity key."""
    parts = (*secrets[:1], Ni, Nr, *secrets[1:])
    encryption, integrity = suite.encryption, suite.integrity
    a_size = integrity.key_size if integrity is not None else 0
    one = encryption.key_size + encryption.salt_size + a_size
    stream = prf_plus(prf, SK_d, Concat(parts), 2 * one, "KEYMAT", scope, "RFC 7296 §2.17")
    made, whole, by_side = list(stream), stream[-1], {}
    # Keys of packets from the initiator come first; they are named by who receives, like the SPI.
    for side, at in (("r", 0), ("i", one)):
        middle = at + encryption.key_size
        end = middle + encryption.salt_size
        e = _cut(f"ESP_e{side}", whole, at, middle, "RFC 7296 §2.17", scope, made)
        salt = _cut(f"salt_{side}", whole, middle, end, "RFC 4106 §8.1", scope, made)
        a = _cut(f"ESP_a{side}", whole, end, at + one, "RFC 7296 §2.17", scope, made)
        by_side[side] = (e, salt, a)
    return ChildKeys(by_side, tuple(made))


_MIXED = ("SK_d", "SK_pi", "SK_pr")
"""Keys that a PPK is mixed into; what encrypts the IKE SA itself is not among them (RFC 8784 §3)."""


def mix_ppk(prf: PrfFunction, PPK: Term, keys: IkeKeys) -> IkeKeys:
    """SK_d = prf+(PPK, SK_d'), and likewise SK_pi and SK_pr (RFC 8784 §3); ``made`` are the new terms."""
    made: list[Term] = []
    mixed = {}
    for name in _MIXED:
        key = getattr(keys, name)
        symbol = key.symbol.removesuffix("'")
        made += prf_plus(prf, PPK, key, len(key.octets), symbol, key.scope, "RFC 8784 §3")
        mixed[name] = made[-1]
    return keys._replace(**mixed, made=tuple(made))


def auth_octets(
    message: Expr, nonce: Term, prf: PrfFunction, SK_p: Term, identity: Term, extra: Sequence[Expr]
) -> Concat:
    """What is signed: the own first message, the peer's nonce, the own identity under SK_p, and any IntAuth.

    Before a login the responder's SK_p is without the PPK, after it with it: then there are two, told by the prime.
    """
    side = "I" if SK_p.symbol.startswith("SK_pi") else "R"
    prime = "'" if SK_p.symbol.endswith("'") else ""
    maced = derive(f"MACedIDFor{side}{prime}", Mac(prf, SK_p, identity), "RFC 7296 §2.15", scope=SK_p.scope)
    return Concat((message, nonce, maced, *extra))


def shared_key_auth(symbol: str, prf: PrfFunction, secret: Term, octets: Expr, scope: str) -> Term:
    """AUTH = prf(prf(Shared Secret, "Key Pad for IKEv2"), octets) (RFC 7296 §2.15)."""
    pad = constant("Key Pad for IKEv2", KEY_PAD, "RFC 7296 §2.15")
    return derive(symbol, Mac(prf, Mac(prf, secret, pad), octets), "RFC 7296 §2.15", scope=scope)


def sealed_term(symbol: str, expression: Expr, scope: str) -> Term:
    """Ciphertext of one message."""
    return derive(symbol, expression, "RFC 7296 §3.14", scope=scope, nature=Nature.ENCRYPTED)
