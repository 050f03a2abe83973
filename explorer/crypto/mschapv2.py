"""MSCHAPv2 (RFC 2759 §8) and the keys that come of it (RFC 3079 §3), a line a formula, under the names of the RFCs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from explorer.crypto import proof
from explorer.crypto.algorithms import DES_CBC, MD5, SHA1
from explorer.crypto.expression import Concat, Expr, Plain, Token
from explorer.crypto.md4 import md4
from explorer.crypto.proof_mschapv2 import prove_md4, prove_response
from explorer.crypto.term import Nature, Term, derive

SIGN_TO_CLIENT = b"Magic server to client signing constant"
PAD_TO_ITERATE = b"Pad to make it do more than one iteration"
"""Magic1 and Magic2 of RFC 2759 §8.7; 39 and 41 octets, and not those of RFC 3079."""

MASTER = b"This is the MPPE Master Key"
CLIENT_SENDS = b"On the client side, this is the send key; on the server side, it is the receive key."
SERVER_SENDS = b"On the client side, this is the receive key; on the server side, it is the send key."
"""Magic1 to Magic3 of RFC 3079 §3.4; 27, 84 and 84 octets."""

_PAD1, _PAD2 = bytes(40), b"\xf2" * 40
CHALLENGE_SIZE, RESPONSE_SIZE = 16, 24


class Call(Expr):
    """``NtPasswordHash(password)``: a function of a specification, under its own name."""

    __slots__ = ("arguments", "proof", "word")

    def __init__(self, word: str, arguments: Sequence[Expr], octets: bytes, proof: str) -> None:
        self.octets = octets
        self.word = word
        self.arguments = tuple(arguments)
        self.proof = proof

    def inputs(self) -> tuple[Expr, ...]:
        """Its arguments."""
        return self.arguments

    def tokens(self) -> Iterator[Token]:
        """``word(a, b)``."""
        yield Token(f"{self.word}(")
        for index, argument in enumerate(self.arguments):
            yield Token(", " if index else "")
            yield from argument.tokens()
        yield Token(")")

    def command(self) -> str:
        """Given by who calls the function."""
        return self.proof


def _sha1(word: str, arguments: Sequence[Expr], hashed: Sequence[bytes], size: int) -> Call:
    """The first ``size`` octets of SHA-1 over some octets."""
    octets = SHA1.digest(b"".join(hashed))[:size]
    return Call(word, arguments, octets, proof.cut(proof.digest("sha1", hashed), 0, size))


def utf16(password: bytes) -> bytes:
    """Two octets a character, the lower one first (RFC 2759 §8.3); what is no UTF-8 is taken octet by octet."""
    try:
        text = password.decode("utf-8")
    except UnicodeDecodeError:
        text = password.decode("latin-1")
    return text.encode("utf-16-le")


def without_domain(name: bytes) -> bytes:
    r"""The user's name alone, of ``DOMAIN\user`` (RFC 2759 §4)."""
    return name.rpartition(b"\\")[2]


def password_hashes(password: Term, scope: str) -> tuple[Term, Term]:
    """PasswordHash, which is worth as much as the password, and the hash of that (RFC 2759 §8.3, §8.4)."""
    wide = utf16(password.octets)
    first = Call("NtPasswordHash", (password,), md4(wide), prove_md4(wide))
    once = derive("PasswordHash", first, "RFC 2759 §8.3", scope=scope, nature=Nature.SECRET)
    second = Call("HashNtPasswordHash", (once,), md4(once.octets), prove_md4(once.octets))
    return once, derive("PasswordHashHash", second, "RFC 2759 §8.4", scope=scope, nature=Nature.SECRET)


def challenge_hash(peer: Term, authenticator: Term, user: Term, scope: str) -> Term:
    """Challenge = ChallengeHash(PeerChallenge, AuthenticatorChallenge, user): 8 octets (RFC 2759 §8.2)."""
    hashed = (peer.octets, authenticator.octets, without_domain(user.octets))
    made = _sha1("ChallengeHash", (peer, authenticator, user), hashed, 8)
    return derive("Challenge", made, "RFC 2759 §8.2", scope=scope)


def des_key(seven: bytes) -> bytes:
    """56 bits with a parity bit, which nobody looks at, behind each seven (RFC 2759 §8.6)."""
    bits = int.from_bytes(seven, "big")
    return bytes((bits >> shift & 0x7F) << 1 for shift in range(49, -1, -7))


def nt_response(challenge: Term, password_hash: Term, scope: str) -> Term:
    """NT-Response = ChallengeResponse(Challenge, PasswordHash): three times DES, 24 octets (RFC 2759 §8.5)."""
    padded = password_hash.octets + bytes(5)
    keys = [des_key(padded[at : at + 7]) for at in (0, 7, 14)]
    octets = b"".join(DES_CBC.encrypt(key, bytes(8), challenge.octets) for key in keys)
    made = Call("ChallengeResponse", (challenge, password_hash), octets, prove_response(challenge.octets, keys))
    return derive("NT-Response", made, "RFC 2759 §8.5", scope=scope)


def authenticator_response(hash_hash: Term, response: Term, challenge: Term, scope: str) -> tuple[Term, Term]:
    """The server's proof, ``S=`` and 40 digits, after the 20 octets that they write (RFC 2759 §8.7)."""
    inner = SHA1.digest(hash_hash.octets + response.octets + SIGN_TO_CLIENT)
    hashed = (inner, challenge.octets, PAD_TO_ITERATE)
    made = _sha1("GenerateAuthenticatorResponse", (hash_hash, response, challenge), hashed, 20)
    digest = derive("AuthenticatorDigest", made, "RFC 2759 §8.7", scope=scope)
    text = b"S=" + digest.octets.hex().upper().encode("ascii")
    shown = Call("text", (Plain("“S=”", b"S="), digest), text, proof.print_octets([text]))
    return digest, derive("AuthenticatorResponse", shown, "RFC 2759 §5, §8.7", scope=scope)


class Msk(NamedTuple):
    """What both sides have after a login, and nobody else."""

    MasterKey: Term
    MasterReceiveKey: Term
    MasterSendKey: Term
    MSK: Term


def msk(hash_hash: Term, response: Term, scope: str) -> Msk:
    """MSK = MasterReceiveKey | MasterSendKey | 32 zero octets, as the server sees them (RFC 3079 §3.3, §3.4)."""
    hashed = (hash_hash.octets, response.octets, MASTER)
    made = _sha1("GetMasterKey", (hash_hash, response), hashed, 16)
    master = derive("MasterKey", made, "RFC 3079 §3.4", scope=scope)
    keys = []
    for symbol, word, magic in (
        ("MasterReceiveKey", "the client's sending", CLIENT_SENDS),
        ("MasterSendKey", "the server's sending", SERVER_SENDS),
    ):
        one = _sha1("GetAsymmetricStartKey", (master, Plain(word, magic)), (master.octets, _PAD1, magic, _PAD2), 16)
        keys.append(derive(symbol, one, "RFC 3079 §3.4", scope=scope))
    whole = Concat((*keys, Plain("32 zero octets", bytes(32))))
    return Msk(master, keys[0], keys[1], derive("MSK", whole, "RFC 3079 §3, RFC 3748 §7.10", scope=scope))


def md5_response(identifier: int, password: Term, challenge: Term, scope: str) -> Term:
    """MD5(identifier | password | challenge), as CHAP has it (RFC 3748 §5.4, RFC 1994 §4.1)."""
    data = Concat((Plain("identifier", bytes((identifier,))), password, challenge))
    parts = [part.octets for part in data.parts]
    made = Call("MD5", (data,), MD5.digest(b"".join(parts)), proof.digest("md5", parts))
    return derive("MD5-Response", made, "RFC 3748 §5.4", scope=scope)
