"""RSA signatures as IKEv1 makes them: PKCS #1 padding of type 1 over the bare octets (RFC 2409 §5.1)."""

from __future__ import annotations

from collections.abc import Iterator

from explorer.crypto.expression import Expr, Token
from explorer.crypto.rsa import RsaKey, RsaPrivateKey, as_base, number, power_tokens, unpadded
from explorer.crypto.term import Term


class RsaSign(Expr):
    """``(00 01 FF…FF 00 | digest) ^ d mod n``, as many octets as the modulus.

    RFC 2409 §5.1 wants "private key encryption": the object identifier of a hash, which PKCS #1
    signatures have in front of the digest, is not there.

    Raises:
        ValueError: the digest does not fit: it is longer than the modulus less 11 octets.
    """

    __slots__ = ("d", "digest", "key", "n")

    def __init__(self, key: RsaPrivateKey, digest: Expr, d: Term, n: Term) -> None:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

        self.octets = key.library.sign(digest.octets, PKCS1v15(), NoDigestInfo())
        self.key = key
        self.digest = digest
        self.d = d
        self.n = n

    def inputs(self) -> tuple[Expr, ...]:
        """The digest and the private key's two numbers."""
        return (self.digest, self.d, self.n)

    def tokens(self) -> Iterator[Token]:
        """With the padding written out."""
        yield Token("(00 01 FF…FF 00 | ")
        yield from self.digest.tokens()
        yield Token(")")
        yield from power_tokens(self.d, self.n)

    def command(self) -> str:
        """Python pads and raises to the power."""
        digest, size = self.digest.octets.hex(), self.key.size
        block = f"int('0001' + 'ff' * {size - 3 - len(self.digest.octets)} + '00' + '{digest}', 16)"
        return f"python3 -c \"print('%0{2 * size}x' % pow({block}, 0x{self.d.octets.hex()}, 0x{self.n.octets.hex()}))\""


class RsaRecover(Expr):
    """``unpad(signature ^ e mod n)``: the octets that were signed.

    Empty if the signature does not open to a padding of type 1, is not as long as the modulus or, as
    a number, not below it (RFC 8017 §8.2.2).  It never raises: the signature came from somebody else.
    """

    __slots__ = ("e", "key", "n", "signature")

    def __init__(self, key: RsaKey, signature: Expr, n: Term, e: Term) -> None:
        self.octets = _recover(key, signature.octets)
        self.key = key
        self.signature = signature
        self.n = n
        self.e = e

    def inputs(self) -> tuple[Expr, ...]:
        """The signature and the public key's two numbers."""
        return (self.signature, self.e, self.n)

    def tokens(self) -> Iterator[Token]:
        """Taking off the padding is a word."""
        yield Token("unpad(")
        yield from as_base(self.signature)
        yield from power_tokens(self.e, self.n)
        yield Token(")")

    def command(self) -> str:
        """Python raises to the power and looks for the padding; nothing is printed where there is none."""
        return (
            f"python3 -c \"import re; s = '{self.signature.octets.hex()}'; n = '{self.n.octets.hex()}'; "
            f"m = '%0*x' % (len(n), pow(int('0' + s, 16), 0x{self.e.octets.hex()}, int(n, 16))); "
            "m = re.fullmatch('0001(?:ff){8,}00(.*)', m) if len(s) == len(n) and s < n else None; "
            'print(m[1] if m else \'\')"'
        )


def _recover(key: RsaKey, signature: bytes) -> bytes:
    s = int.from_bytes(signature, "big")
    if len(signature) != key.size or s >= key.n:
        return b""
    return unpadded(1, number(pow(s, key.e, key.n), key.size)) or b""
