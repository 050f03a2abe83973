"""ML-KEM as a key exchange method: a key goes one way, what was encapsulated for it comes back.

The library's asymmetric half is imported by whoever uses it: a run without this method never pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from explorer.crypto import ml_kem, proof
from explorer.crypto.expression import Expr, Token
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.ml_kem import ML_KEM_768, ML_KEM_1024, Parameters
from explorer.crypto.term import Term

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import mlkem

CITATION = "draft-ietf-ipsecme-ikev2-mlkem-08 §2"


class EncapsulationKey(Expr):
    """``ek of ML-KEM-768.KeyGen(d | z)`` (FIPS 203 §7.1).

    It has no proof: openssl 3.0 has no ML-KEM, and a page of lattice arithmetic would convince nobody.
    """

    __slots__ = ("parameters", "seed")

    def __init__(self, parameters: Parameters, seed: Expr) -> None:
        self.octets = _encapsulation_key(parameters, seed.octets)
        self.parameters = parameters
        self.seed = seed

    def inputs(self) -> tuple[Expr, ...]:
        """The 64 octets d | z."""
        return (self.seed,)

    def tokens(self) -> Iterator[Token]:
        """Under the name of FIPS 203."""
        yield Token(f"ek of {self.parameters.label}.KeyGen(")
        yield from self.seed.tokens()
        yield Token(")")

    def command(self) -> None:
        """None."""
        return


class Encapsulation(Expr):
    """``c of ML-KEM-768.Encaps(ek, m)``: the ciphertext (FIPS 203 §7.2).

    It has no proof, as :class:`EncapsulationKey` has none.
    """

    __slots__ = ("key", "m", "parameters")

    def __init__(self, parameters: Parameters, key: Expr, m: Expr) -> None:
        self.octets = ml_kem.encapsulate(parameters, key.octets, m.octets)[1]
        self.parameters = parameters
        self.key = key
        self.m = m

    def inputs(self) -> tuple[Expr, ...]:
        """The key received and the 32 octets drawn for it."""
        return (self.key, self.m)

    def tokens(self) -> Iterator[Token]:
        """Under the name of FIPS 203."""
        yield Token(f"c of {self.parameters.label}.Encaps(")
        yield from self.key.tokens()
        yield Token(", ")
        yield from self.m.tokens()
        yield Token(")")

    def command(self) -> None:
        """None."""
        return


class EncapsulatedSecret(Expr):
    """``octets 0–31 of SHA3-512(m | SHA3-256(ek))``: the secret of who encapsulates (FIPS 203 Algorithm 17).

    There is no lattice in it, so this one can be proved.
    """

    __slots__ = ("key", "m")

    def __init__(self, key: Expr, m: Expr) -> None:
        self.octets = ml_kem.encapsulated_secret(key.octets, m.octets)
        self.key = key
        self.m = m

    def inputs(self) -> tuple[Expr, ...]:
        """The 32 octets drawn and the key received."""
        return (self.m, self.key)

    def tokens(self) -> Iterator[Token]:
        """Two hashes."""
        yield Token(f"octets 0–{ml_kem.SECRET_SIZE - 1} of SHA3-512(")
        yield from self.m.tokens()
        yield Token(" | SHA3-256(")
        yield from self.key.tokens()
        yield Token("))")

    def command(self) -> str:
        """Both hashes by openssl."""
        inner = proof.digest("sha3-256", [self.key.octets])
        m = self.m.octets.hex().upper()
        outer = f"printf %s {m} $({inner} | tr a-f A-F) | basenc --base16 -d | openssl dgst -sha3-512 -r"
        return proof.cut(outer, 0, ml_kem.SECRET_SIZE)


class Decapsulation(Expr):
    """``ML-KEM-768.Decaps(dk of ML-KEM-768.KeyGen(d | z), c)``: the secret of whose key it is (FIPS 203 §7.3).

    A ciphertext that was not made for this key gives a secret that nobody else has, and no error.
    It has no proof, as :class:`EncapsulationKey` has none.
    """

    __slots__ = ("ciphertext", "parameters", "seed")

    def __init__(self, parameters: Parameters, seed: Expr, ciphertext: Expr) -> None:
        self.octets = _decapsulated(parameters, seed.octets, ciphertext.octets)
        self.parameters = parameters
        self.seed = seed
        self.ciphertext = ciphertext

    def inputs(self) -> tuple[Expr, ...]:
        """The 64 octets d | z and what was received."""
        return (self.seed, self.ciphertext)

    def tokens(self) -> Iterator[Token]:
        """Under the names of FIPS 203."""
        label = self.parameters.label
        yield Token(f"{label}.Decaps(dk of {label}.KeyGen(")
        yield from self.seed.tokens()
        yield Token("), ")
        yield from self.ciphertext.tokens()
        yield Token(")")

    def command(self) -> None:
        """None."""
        return


class MlKemMethod(KeyExchangeMethod):
    """The initiator draws d | z and sends a key, the responder draws m and sends a ciphertext.

    Who is initiator is said by the exchange: in a rekey that the responder of the SA starts, it is that one.
    """

    def __init__(self, number: int, parameters: Parameters) -> None:
        self.number = number
        self.label = parameters.label
        self.parameters = parameters
        self.public_size, self.response_size = parameters.key_size, parameters.ciphertext_size
        self.secret_size = ml_kem.SECRET_SIZE
        self.private_size, self.response_private_size = ml_kem.SEED_SIZE, ml_kem.MESSAGE_SIZE
        self.citation = CITATION

    def public(self, private: Term) -> Expr:
        """The encapsulation key."""
        return EncapsulationKey(self.parameters, private)

    def response(self, private: Term, received: Term) -> Expr:
        """The ciphertext made for the key received."""
        return Encapsulation(self.parameters, received, private)

    def secret(self, private: Term, received: Term, *, initiator: bool) -> Expr:
        """By decapsulating what was received, or from what was drawn for the key received."""
        if initiator:
            return Decapsulation(self.parameters, private, received)
        return EncapsulatedSecret(received, private)

    def is_usable(self, octets: bytes, *, from_initiator: bool) -> bool:
        """A key's length and coefficients (FIPS 203 §7.2), or a ciphertext's length (FIPS 203 §7.3)."""
        if from_initiator:
            return ml_kem.is_usable_key(self.parameters, octets)
        return len(octets) == self.parameters.ciphertext_size


def _encapsulation_key(parameters: Parameters, seed: bytes) -> bytes:
    held = _library_key(parameters, seed)
    if held is None:
        return ml_kem.key_pair(parameters, seed).encapsulation_key
    return held.public_key().public_bytes_raw()


def _decapsulated(parameters: Parameters, seed: bytes, ciphertext: bytes) -> bytes:
    held = _library_key(parameters, seed)
    if held is None:
        return ml_kem.decapsulate(parameters, ml_kem.key_pair(parameters, seed), ciphertext)
    return held.decapsulate(ciphertext)


def _library_key(parameters: Parameters, seed: bytes) -> mlkem.MLKEM768PrivateKey | mlkem.MLKEM1024PrivateKey | None:
    """The library's key, or ``None``: it has no ML-KEM-512."""
    from cryptography.hazmat.primitives.asymmetric import mlkem

    if parameters == ML_KEM_768:
        return mlkem.MLKEM768PrivateKey.from_seed_bytes(seed)
    return mlkem.MLKEM1024PrivateKey.from_seed_bytes(seed) if parameters == ML_KEM_1024 else None
