"""The keys of RFC 2409, a line a formula.  Pure: nothing is reported from here."""

from __future__ import annotations

from typing import NamedTuple

from explorer.crypto.algorithms import CbcCipher, HashFunction, is_unfit_des_key
from explorer.crypto.expression import Concat, Expr, Hash, LastBlock, ModExp, Octet, Prf
from explorer.crypto.groups import ModpGroup
from explorer.crypto.term import Nature, Term, constant, derive

PHASE_1 = "phase 1"
"""Scope of everything that belongs to the first ISAKMP SA; the scopes of later ones begin with it."""


def phase1_scope(number: int) -> str:
    """Scope of the ``number``-th ISAKMP SA."""
    return PHASE_1 if number == 1 else f"{PHASE_1} #{number}"


class Prfs:
    """The prf of one SA: HMAC with the negotiated hash (RFC 2409 §4)."""

    def __init__(self, function: HashFunction) -> None:
        self.function = function

    def __call__(self, key: Expr, data: Expr) -> Prf:
        """One application of it."""
        return Prf(self.function, key, data)


class Phase1Keys(NamedTuple):
    """SKEYID and the three keys made from it (RFC 2409 §5)."""

    SKEYID: Term
    SKEYID_d: Term
    SKEYID_a: Term
    SKEYID_e: Term


def public_value(group: ModpGroup, symbol: str, x: Term, scope: str) -> Term:
    """g^x mod p, as many octets as the prime."""
    base = constant("g", bytes((group.generator,)), group.citation)
    prime = constant("p", group.prime.to_bytes(group.size, "big"), group.citation)
    power = ModExp(group, base, x, prime)
    return derive(symbol, power, "RFC 2409 §5", scope=scope, nature=Nature.PUBLIC, owner=x.owner)


def shared_secret(group: ModpGroup, symbol: str, received: Term, x: Term, scope: str) -> Term:
    """g^xy mod p, as many octets as the prime."""
    prime = constant("p", group.prime.to_bytes(group.size, "big"), group.citation)
    return derive(symbol, ModExp(group, received, x, prime), "RFC 2409 §5", scope=scope)


def skeyid_with_psk(prf: Prfs, psk: Term, Ni_b: Term, Nr_b: Term) -> Term:
    """SKEYID of authentication with a pre-shared key."""
    return derive("SKEYID", prf(psk, Ni_b | Nr_b), "RFC 2409 §5", scope=Ni_b.scope)


def skeyid_with_signatures(prf: Prfs, Ni_b: Term, Nr_b: Term, g_xy: Term) -> Term:
    """SKEYID of authentication with signatures."""
    return derive("SKEYID", prf(Ni_b | Nr_b, g_xy), "RFC 2409 §5", scope=Ni_b.scope)


def skeyid_with_encryption(prf: Prfs, Ni_b: Term, Nr_b: Term, CKY_I: Term, CKY_R: Term) -> Term:
    """SKEYID of authentication with public key encryption: the nonces are the secret, and the hash is no prf."""
    return derive("SKEYID", prf(Hash(prf.function, Ni_b | Nr_b), CKY_I | CKY_R), "RFC 2409 §5", scope=Ni_b.scope)


def phase1_keys(prf: Prfs, SKEYID: Term, g_xy: Term, CKY_I: Term, CKY_R: Term) -> Phase1Keys:
    """Keys for deriving, authenticating and encrypting; each is as long as the prf's output."""
    cite, scope = "RFC 2409 §5", SKEYID.scope
    SKEYID_d = derive("SKEYID_d", prf(SKEYID, g_xy | CKY_I | CKY_R | 0), cite, scope=scope)
    SKEYID_a = derive("SKEYID_a", prf(SKEYID, SKEYID_d | g_xy | CKY_I | CKY_R | 1), cite, scope=scope)
    SKEYID_e = derive("SKEYID_e", prf(SKEYID, SKEYID_a | g_xy | CKY_I | CKY_R | 2), cite, scope=scope)
    return Phase1Keys(SKEYID, SKEYID_d, SKEYID_a, SKEYID_e)


def encryption_key(prf: Prfs, SKEYID_e: Term, cipher: CbcCipher) -> tuple[Term, ...]:
    """Ka, last, after the blocks of the expansion, if SKEYID_e is shorter than the key (Appendix B)."""
    return expand(prf, SKEYID_e, cipher, "Ka", "K")


def expand(prf: Prfs, secret: Term, cipher: CbcCipher, symbol: str, block: str) -> tuple[Term, ...]:
    """A cipher's key out of a secret that may be shorter, last, after the blocks it is cut from (Appendix B)."""
    cite, scope = "RFC 2409 Appendix B", secret.scope
    blocks: list[Term] = []
    if len(secret.octets) < cipher.key_size:
        blocks.append(derive(f"{block}1", prf(secret, Octet(0)), cite, scope=scope))
        while sum(len(b.octets) for b in blocks) < cipher.key_size:
            blocks.append(derive(f"{block}{len(blocks) + 1}", prf(secret, blocks[-1]), cite, scope=scope))
    material: Expr = Concat(tuple(blocks)) if blocks else secret
    start = _first_fit_des_key(material.octets) if cipher.key_size == 8 else 0
    return (*blocks, derive(symbol, material[start : start + cipher.key_size], cite, scope=scope))


def _first_fit_des_key(material: bytes) -> int:
    """Offset of the first eight octets that are no weak or semi-weak DES key (RFC 2409 Appendix B)."""
    fits = (at for at in range(0, len(material) - 7, 8) if not is_unfit_des_key(material[at : at + 8]))
    return next(fits, 0)


def nonce_key(prf: Prfs, symbol: str, nonce: Term, cookie: Term) -> Term:
    """``Ne_i`` or ``Ne_r``, of which the revised mode makes the key for one side's payloads (RFC 2409 §5.3)."""
    return derive(symbol, prf(nonce, cookie), "RFC 2409 §5.3", scope=nonce.scope)


def phase1_iv(function: HashFunction, g_xi: Term, g_xr: Term, cipher: CbcCipher) -> Term:
    """The first initialization vector: the hash itself, not the prf (Appendix B)."""
    return derive("IV", Hash(function, g_xi | g_xr)[: cipher.block], "RFC 2409 Appendix B", scope=g_xi.scope)


def phase2_iv(function: HashFunction, last_block: Term, M_ID: Term, cipher: CbcCipher, scope: str) -> Term:
    """The first initialization vector under one Message ID (Appendix B)."""
    return derive("IV", Hash(function, last_block | M_ID)[: cipher.block], "RFC 2409 Appendix B", scope=scope)


def last_block(symbol: str, ciphertext: Term, cipher: CbcCipher, scope: str) -> Term:
    """The last block of a message, which is the next one's initialization vector (Appendix B)."""
    return derive(symbol, LastBlock(ciphertext, cipher.block), "RFC 2409 Appendix B", scope=scope)


def hash_i(
    prf: Prfs, SKEYID: Term, g_xi: Term, g_xr: Term, CKY_I: Term, CKY_R: Term, SAi_b: Term, IDii_b: Term
) -> Term:
    """The initiator's proof; SAi_b is its whole offer as it was on the wire."""
    seed = g_xi | g_xr | CKY_I | CKY_R | SAi_b | IDii_b
    return derive("HASH_I", prf(SKEYID, seed), "RFC 2409 §5", scope=SKEYID.scope)


def hash_r(
    prf: Prfs, SKEYID: Term, g_xi: Term, g_xr: Term, CKY_I: Term, CKY_R: Term, SAi_b: Term, IDir_b: Term
) -> Term:
    """The responder's proof, with its own values first; the offer is still the initiator's."""
    seed = g_xr | g_xi | CKY_R | CKY_I | SAi_b | IDir_b
    return derive("HASH_R", prf(SKEYID, seed), "RFC 2409 §5", scope=SKEYID.scope)


def nat_hash(symbol: str, function: HashFunction, CKY_I: Term, CKY_R: Term, place: Term) -> Term:
    """NAT-D: the hash of the cookies, an address and a port (RFC 3947 §3.2); ``place`` is the last two."""
    return derive(symbol, Hash(function, CKY_I | CKY_R | place), "RFC 3947 §3.2", scope=CKY_I.scope)


def quick_hash(symbol: str, prf: Prfs, SKEYID_a: Term, data: Expr, scope: str) -> Term:
    """HASH(1), HASH(2) or HASH(3) of an exchange under the ISAKMP SA."""
    return derive(symbol, prf(SKEYID_a, data), "RFC 2409 §5.5", scope=scope)


def keymat(prf: Prfs, SKEYID_d: Term, seed: Expr, size: int, suffix: str, scope: str) -> tuple[Term, ...]:
    """KEYMAT of ``size`` octets, last, after its blocks; ``seed`` is [g(qm)^xy |] protocol | SPI | Ni_b | Nr_b."""
    cite = "RFC 2409 §5.5"
    blocks = [derive(f"K1_{suffix}", prf(SKEYID_d, seed), cite, scope=scope)]
    while sum(len(block.octets) for block in blocks) < size:
        feed = blocks[-1] | seed
        blocks.append(derive(f"K{len(blocks) + 1}_{suffix}", prf(SKEYID_d, feed), cite, scope=scope))
    return (*blocks, derive(f"KEYMAT_{suffix}", Concat(tuple(blocks))[:size], cite, scope=scope))
