from __future__ import annotations

import hmac
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from known import term
from proving import proved

from explorer.content import content_folder
from explorer.crypto.expression import Expr, Plain
from explorer.crypto.rsa import (
    RsaKey,
    RsaPrivateKey,
    number,
    rsa_key,
    rsa_private_key,
    rsa_private_term,
    rsa_public_terms,
    unpadded,
)
from explorer.crypto.rsa_encryption import RsaDecrypt, RsaEncrypt, nonzero_padding
from explorer.crypto.rsa_signature import RsaRecover, RsaSign
from explorer.crypto.term import Configured, Nature, Term
from explorer.lab.credentials import load_credential

HASH_I = term("HASH_I", bytes(range(20)))
KEY_FILE = content_folder() / "credentials" / "responder-rsa.key"


@cache
def private(name: str = "responder-rsa") -> RsaPrivateKey:
    key = load_credential(name)[1]
    assert isinstance(key, RsaPrivateKey)
    return key


def numbers(key: RsaPrivateKey) -> tuple[Term, Term, Term]:
    n, e = rsa_public_terms(key.public, "I", "initiator", "phase 1")
    return n, e, rsa_private_term(key, "I", "initiator", "phase 1")


N_I, E_I, D_I = numbers(private())


def sign(digest: Expr) -> RsaSign:
    return RsaSign(private(), digest, D_I, N_I)


def recover(signature: bytes) -> RsaRecover:
    return RsaRecover(private().public, term("SIG_I", signature), N_I, E_I)


def encrypt(plaintext: bytes) -> RsaEncrypt:
    key = private().public
    padding = nonzero_padding(key, len(plaintext), lambda size: b"\x5a" * size)
    return RsaEncrypt(key, term("Ni_b", plaintext), Plain("padding", padding), E_I, N_I)


def decrypt(ciphertext: bytes) -> RsaDecrypt:
    return RsaDecrypt(private(), term("E(Ni_b)", ciphertext), D_I, N_I)


def block(octets: bytes) -> int:
    return int.from_bytes(octets.ljust(256, b"\x11"), "big")


def signed(octets: bytes) -> bytes:
    """What the private key makes of a whole block, well padded or not."""
    return number(private().power(block(octets)), 256)


def sealed(octets: bytes) -> bytes:
    """The same with the public key."""
    return number(pow(block(octets), private().e, private().n), 256)


def openssl(*arguments: str, octets: bytes) -> bytes:
    command = ["openssl", "pkeyutl", *arguments, "-inkey", str(KEY_FILE)]
    return subprocess.run(command, input=octets, capture_output=True, check=True, timeout=60).stdout


def test_a_key_says_its_length_in_octets_and_hides_its_numbers() -> None:
    assert private().size == 256
    assert (repr(private()), repr(private().public)) == ("RsaPrivateKey(2048 bits)", "RsaKey(2048 bits)")
    assert private().public == RsaKey(private().n, private().e)
    assert private().public != private("initiator-rsa").public


def test_the_numbers_of_a_key_are_terms() -> None:
    assert [t.symbol for t in (N_I, E_I, D_I)] == ["n_I", "e_I", "d_I"]
    assert [t.nature for t in (N_I, E_I, D_I)] == [Nature.PUBLIC, Nature.PUBLIC, Nature.SECRET]
    assert [t.origin for t in (N_I, D_I)] == [Configured("RFC 8017 §3.1"), Configured("RFC 8017 §3.2")]
    assert (len(N_I.octets), E_I.octets.hex(), len(D_I.octets)) == (256, "010001", 256)
    assert {(t.owner, t.scope) for t in (N_I, E_I, D_I)} == {("initiator", "phase 1")}


def test_a_signature_opens_to_the_bare_octets() -> None:
    SIG_I = sign(HASH_I)
    assert len(SIG_I.octets) == 256
    opened = number(pow(int.from_bytes(SIG_I.octets, "big"), private().e, private().n), 256)
    assert opened == b"\0\1" + b"\xff" * 233 + b"\0" + HASH_I.octets
    assert recover(SIG_I.octets).octets == HASH_I.octets
    assert SIG_I.octets == signed(opened)


@pytest.mark.parametrize("size", [0, 1, 16, 20, 32, 64, 245])
def test_digests_of_any_length_that_fits_come_back(size: int) -> None:
    digest = bytes(size)
    assert recover(sign(term("HASH_I", digest)).octets).octets == digest


def test_a_digest_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\S"):
        sign(term("HASH_I", bytes(246)))


def test_formulas_show_the_padding() -> None:
    SIG_I = term("SIG_I", sign(HASH_I).octets)
    assert str(sign(HASH_I)) == "(00 01 FF…FF 00 | HASH_I) ^ d_I mod n_I"
    assert str(RsaRecover(private(), SIG_I, N_I, E_I)) == "unpad(SIG_I ^ e_I mod n_I)"
    assert str(encrypt(b"a")) == "(00 02 | padding | 00 | Ni_b) ^ e_I mod n_I"
    assert str(decrypt(bytes(256))) == "unpad(E(Ni_b) ^ d_I mod n_I)"
    joined = term("A", b"") | term("B", b"")
    assert str(RsaRecover(private(), joined, N_I, E_I)) == "unpad((A | B) ^ e_I mod n_I)"


def test_formulas_lead_to_their_terms() -> None:
    assert sign(HASH_I).terms() == (HASH_I, D_I, N_I)
    assert [t.symbol for t in recover(b"").terms()] == ["SIG_I", "e_I", "n_I"]
    assert [t.symbol for t in encrypt(b"a").terms()] == ["Ni_b", "e_I", "n_I"]
    assert [t.symbol for t in decrypt(b"").terms()] == ["E(Ni_b)", "d_I", "n_I"]


NO_SIGNATURES = {
    "of nothing": b"",
    "of zeros": bytes(256),
    "one octet short": b"\1" * 255,
    "one octet long": b"\0" * 257,
    "of a number above the modulus": b"\xff" * 256,
    "that opens to type 2": signed(b"\0\2" + b"\xff" * 200 + b"\0"),
    "that opens to too little padding": signed(b"\0\1" + b"\xff" * 7 + b"\0"),
    "that opens to padding with another octet in it": signed(b"\0\1" + b"\xff" * 20 + b"\xfe" + b"\xff" * 20 + b"\0"),
    "that opens to padding without an end": signed(b"\0\1" + b"\xff" * 254),
    "that opens to another first octet": signed(b"\1\1" + b"\xff" * 200 + b"\0"),
}


@pytest.mark.parametrize("signature", NO_SIGNATURES.values(), ids=NO_SIGNATURES.keys())
def test_a_signature_that_is_none_opens_to_nothing(signature: bytes) -> None:
    assert recover(signature).octets == b""


def test_a_signature_by_another_key_opens_to_nothing() -> None:
    n, _, d = numbers(private("initiator-rsa"))
    assert recover(RsaSign(private("initiator-rsa"), HASH_I, d, n).octets).octets == b""


def test_what_is_encrypted_is_decrypted() -> None:
    for plaintext in (b"", b"\0", b"\0\0\1", bytes(range(20)), b"x" * 245):
        ciphertext = encrypt(plaintext).octets
        assert len(ciphertext) == 256
        assert decrypt(ciphertext).octets == plaintext


@pytest.mark.outside
def test_openssl_reads_what_is_encrypted_here_and_the_reverse() -> None:
    assert openssl("-decrypt", octets=encrypt(b"nonce").octets) == b"nonce"
    assert decrypt(openssl("-encrypt", octets=b"nonce")).octets == b"nonce"


@pytest.mark.outside
def test_openssl_signs_the_same_octets() -> None:
    assert openssl("-sign", octets=HASH_I.octets) == sign(HASH_I).octets


def test_padding_takes_what_is_drawn_and_skips_zeros() -> None:
    drawn = iter((b"\0" * 200 + b"\1" * 33, b"\2\0" * 100, b"\3" * 100))
    asked: list[int] = []

    def draw(size: int) -> bytes:
        asked.append(size)
        return next(drawn)

    assert nonzero_padding(private(), 20, draw) == b"\1" * 33 + b"\2" * 100 + b"\3" * 100
    assert asked == [233, 200, 100]


def test_a_plaintext_that_leaves_too_little_padding_is_refused() -> None:
    assert len(nonzero_padding(private(), 245, lambda size: b"\1" * size)) == 8
    with pytest.raises(ValueError, match="246 octets do not fit into this RSA key, which has room for 245"):
        nonzero_padding(private(), 246, lambda size: b"\1" * size)


@pytest.mark.parametrize("padding", [b"", b"\1" * 7, b"\1" * 232, b"\1" * 234, b"\1" * 232 + b"\0"])
def test_padding_that_is_none_is_refused(padding: bytes) -> None:
    with pytest.raises(ValueError, match="octets of padding without a zero, to fill 256"):
        RsaEncrypt(private(), HASH_I, Plain("padding", padding), E_I, N_I)


NO_CIPHERTEXTS = {
    "nothing": b"",
    "zeros": bytes(256),
    "one octet short": b"\1" * 255,
    "one octet long": b"\0" + encrypt(b"a").octets,
    "a number above the modulus": b"\xff" * 256,
    "type 1": sealed(b"\0\1" + b"\xff" * 200 + b"\0"),
    "too little padding": sealed(b"\0\2" + b"\x33" * 7 + b"\0"),
    "padding without an end": sealed(b"\0\2" + b"\x33" * 254),
}


@pytest.mark.parametrize("ciphertext", NO_CIPHERTEXTS.values(), ids=NO_CIPHERTEXTS.keys())
def test_bad_padding_leads_on_with_octets_that_only_the_key_can_tell(ciphertext: bytes) -> None:
    opened = decrypt(ciphertext)
    assert opened.octets == hmac.digest(D_I.octets, ciphertext, "sha256")[:20]
    assert opened.octets == decrypt(ciphertext).octets
    assert str(opened) == "unpad(E(Ni_b) ^ d_I mod n_I)"


@pytest.mark.outside
@pytest.mark.parametrize("ciphertext", NO_CIPHERTEXTS.values(), ids=NO_CIPHERTEXTS.keys())
def test_proofs_of_bad_ciphertexts(ciphertext: bytes) -> None:
    assert proved(decrypt(ciphertext)) == decrypt(ciphertext).octets


@pytest.mark.outside
@pytest.mark.parametrize("signature", NO_SIGNATURES.values(), ids=NO_SIGNATURES.keys())
def test_proofs_of_bad_signatures_print_nothing(signature: bytes) -> None:
    assert proved(recover(signature)) == b""


@pytest.mark.outside
@pytest.mark.parametrize("octets", [b"", b"\0", b"\0\0\1" * 5, b"x" * 64], ids=len)
def test_proofs_of_good_ones(octets: bytes) -> None:
    digest = term("HASH_I", octets)
    for made in (
        sign(digest), sign(digest | 7), recover(sign(digest).octets), encrypt(octets), decrypt(encrypt(octets).octets)
    ):
        assert proved(made) == made.octets
        assert not set("!`$") & set(made.command() or "")


@pytest.mark.outside
def test_a_result_with_a_leading_zero_is_proved_whole() -> None:
    made = next(e for e in (encrypt(bytes((a, b))) for a in range(8) for b in range(256)) if e.octets[0] == 0)
    assert proved(made) == made.octets


def test_both_kinds_of_padding_are_told_apart() -> None:
    assert unpadded(1, b"\0\1" + b"\xff" * 8 + b"\0ab") == b"ab"
    assert unpadded(2, b"\0\2" + b"\xff" * 8 + b"\0ab") == b"ab"
    assert unpadded(2, b"\0\1" + b"\xff" * 8 + b"\0ab") is None
    assert unpadded(1, b"\0\1" + b"\xff" * 7 + b"\x01\0ab") is None
    assert unpadded(2, b"\0\2" + b"\xff" * 7 + b"\0ab") is None
    assert unpadded(2, b"") is None


def test_keys_that_would_hold_up_a_peer_are_refused() -> None:
    for n, e in ((2**9000 + 1, 3), (2**2047 + 1, 2**65 + 1), (35, 3)):
        with pytest.raises(ValueError, match="expected an RSA key of 512 to 8192 bits"):
            rsa_key(rsa.RSAPublicNumbers(e, n).public_key())


def test_numbers_that_do_not_belong_together_are_refused() -> None:
    numbers = private().library.private_numbers()
    other = private("initiator-rsa").library.private_numbers()
    for wrong in ({"d": other.d}, {"dmp1": numbers.dmp1 + 2}, {"dmq1": numbers.dmq1 + 2}, {"iqmp": numbers.iqmp + 1}):
        kept = {name: getattr(numbers, name) for name in ("p", "q", "d", "dmp1", "dmq1", "iqmp")}
        mixed = rsa.RSAPrivateNumbers(**{**kept, **wrong}, public_numbers=numbers.public_numbers)
        with pytest.raises(ValueError, match="expected an RSA key whose numbers belong together"):
            rsa_private_key(mixed.private_key(unsafe_skip_rsa_key_validation=True))


def test_importing_all_of_this_imports_nothing_slow() -> None:
    names = ("rsa", "rsa_signature", "rsa_encryption", "ecdsa", "ecdsa_signature", "certificate", "private_key")
    imports = ", ".join(f"explorer.crypto.{name}" for name in names)
    primitives = "cryptography.hazmat.primitives"
    slow = ("cryptography.x509", f"{primitives}.asymmetric", f"{primitives}.serialization")
    script = f"import sys, explorer.lab.credentials, {imports}; print([m for m in sys.modules if m.startswith({slow})])"
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout == "[]\n"
