from __future__ import annotations

import time
from typing import Any

import pytest
from known import cases, term
from proving import proved

from explorer.crypto.ciphers import CHACHA20_POLY1305, ENCRYPTIONS, NULL, TRIPLE_DES, Encryption, Seal

Case = dict[str, Any]
KNOWN = cases("strongswan_ciphers")
EACH = pytest.mark.parametrize("encryption", ENCRYPTIONS.values(), ids=lambda e: e.label)
AEAD = pytest.mark.parametrize("encryption", [e for e in ENCRYPTIONS.values() if e.is_aead], ids=lambda e: e.label)
OTHERS = pytest.mark.parametrize(
    "encryption", [e for e in ENCRYPTIONS.values() if not e.is_aead], ids=lambda e: e.label
)


def of_case(case: Case) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(case[name]) for name in ("key", "salt", "iv", "plain", "aad", "sealed"))


def keys(encryption: Encryption) -> tuple[bytes, bytes, bytes]:
    material = bytes(range(100))
    salt, iv = encryption.salt_size, encryption.iv_size
    return material[: encryption.key_size], material[40 : 40 + salt], material[50 : 50 + iv]


def sealed(encryption: Encryption, size: int, aad: bytes | None = b"header") -> Seal:
    key, salt, iv = keys(encryption)
    header = None if aad is None else term("A", aad)
    plain = term("inner payloads", bytes(x & 255 for x in range(size)))
    return Seal(encryption, term("SK_ei", key), term("salt", salt) if salt else None, term("IV", iv), plain, header)


@pytest.mark.parametrize("case", KNOWN, ids=lambda c: c["name"])
def test_known_answers(case: Case) -> None:
    encryption = ENCRYPTIONS[case["encryption"]]
    key, salt, iv, plain, aad, whole = of_case(case)
    ciphertext, icv = encryption.seal(key, salt, iv, plain, aad)
    assert ciphertext + icv == whole
    assert len(icv) == encryption.icv_size
    assert encryption.open(key, salt, iv, ciphertext, icv, aad) == plain


@pytest.mark.parametrize("case", cases("cbc_ciphers"), ids=lambda c: c["name"])
def test_known_answers_of_cbc(case: Case) -> None:
    if case["cipher"] != "DES-CBC":
        key, iv, plain, ciphertext = (bytes.fromhex(case[k]) for k in ("key", "iv", "plain", "ciphertext"))
        encryption = ENCRYPTIONS[case["cipher"]]
        assert encryption.seal(key, b"", iv, plain) == (ciphertext, b"")
        assert encryption.open(key, b"", iv, ciphertext) == plain


def test_every_authenticated_cipher_has_a_known_answer() -> None:
    answered = {case["encryption"] for case in KNOWN}
    assert {e.label for e in ENCRYPTIONS.values() if e.is_aead} <= answered
    assert {f"AES-CTR-{bits}" for bits in (128, 192, 256)} <= answered


def test_there_is_what_ikev2_has() -> None:
    sizes = {(e.label, e.key_size, e.salt_size, e.iv_size, e.block, e.icv_size) for e in ENCRYPTIONS.values()}
    assert len(sizes) == 28
    for bits in (128, 192, 256):
        assert (f"AES-CBC-{bits}", bits // 8, 0, 16, 16, 0) in sizes
        assert (f"AES-CTR-{bits}", bits // 8, 4, 8, 1, 0) in sizes
        for icv in (8, 12, 16):
            assert (f"AES-GCM-{icv}-{bits}", bits // 8, 4, 8, 1, icv) in sizes
            assert (f"AES-CCM-{icv}-{bits}", bits // 8, 3, 8, 1, icv) in sizes
    assert {TRIPLE_DES[:6], CHACHA20_POLY1305[:6], NULL[:6]} == {
        ("3DES-CBC", 24, 0, 8, 8, 0),
        ("CHACHA20-POLY1305", 32, 4, 8, 1, 16),
        ("NULL", 0, 0, 0, 1, 0),
    }


@AEAD
def test_whatever_was_changed_is_not_opened(encryption: Encryption) -> None:
    key, salt, iv = keys(encryption)
    plain, aad = b"inner payloads", b"header"
    ciphertext, icv = encryption.seal(key, salt, iv, plain, aad)
    assert encryption.open(key, salt, iv, ciphertext, icv, aad) == plain
    assert encryption.open(key, salt, iv, ciphertext, icv, b"hEader") is None
    assert encryption.open(key, salt, iv, ciphertext, icv) is None
    assert encryption.open(key, salt, iv, ciphertext, bytes(encryption.icv_size), aad) is None
    assert encryption.open(key, salt, iv, ciphertext, icv[:-1], aad) is None
    assert encryption.open(key, salt, iv, ciphertext, icv + b"\0", aad) is None
    assert encryption.open(key, salt, iv, ciphertext[:-1], icv, aad) is None
    assert encryption.open(key, salt, iv, b"", b"", aad) is None
    assert encryption.open(key, salt, iv[:-1], ciphertext, icv, aad) is None
    assert encryption.open(key, salt, bytes(8), ciphertext, icv, aad) is None


@EACH
def test_wrong_lengths_from_our_own_side_are_errors(encryption: Encryption) -> None:
    key, salt, iv = keys(encryption)
    with pytest.raises(ValueError, match=f"^{encryption.label} takes .* of key and"):
        encryption.seal(key + b"\0", salt, iv, b"")
    with pytest.raises(ValueError, match=f"^{encryption.label} takes .* of salt$"):
        encryption.open(key, salt + b"\0", iv, b"")
    with pytest.raises(ValueError, match=f"^{encryption.label} takes .* octets of IV"):
        encryption.seal(key, salt, iv + b"\0", b"")


@OTHERS
def test_what_is_no_whole_block_does_not_go(encryption: Encryption) -> None:
    key, salt, iv = keys(encryption)
    whole = encryption.seal(key, salt, iv, bytes(48))[0]
    assert encryption.open(key, salt, iv, whole) == bytes(48)
    assert encryption.open(key, salt, iv, whole, b"\0" * 8) is None
    if encryption.block > 1:
        assert encryption.open(key, salt, iv, whole[:-1]) is None
        with pytest.raises(ValueError, match=f"blocks of {encryption.block}$"):
            encryption.seal(key, salt, iv, bytes(47))


@EACH
def test_seals_prove_themselves(encryption: Encryption) -> None:
    for size, aad in ((0, b"header"), (48, b""), (48, None), (208, bytes(range(45)))):
        made = sealed(encryption, size, aad)
        assert len(made.octets) == size + encryption.icv_size
        assert proved(made) == made.octets


@AEAD
def test_any_length_proves_itself(encryption: Encryption) -> None:
    for size, aad in ((1, b"x"), (15, bytes(14)), (17, bytes(16)), (65, bytes(17))):
        made = sealed(encryption, size, aad)
        assert proved(made) == made.octets


@pytest.mark.parametrize("label", ["AES-GCM-16-256", "AES-CCM-16-256", "CHACHA20-POLY1305"])
def test_a_proof_is_not_slow(label: str) -> None:
    made = sealed(ENCRYPTIONS[label], 2000)
    start = time.perf_counter()
    assert proved(made) == made.octets
    assert time.perf_counter() - start < 1


def test_formulas_name_what_is_used() -> None:
    assert str(sealed(ENCRYPTIONS["AES-GCM-16-256"], 1)) == "AES-GCM-16-256(SK_ei, salt, IV, inner payloads, A)"
    assert str(sealed(ENCRYPTIONS["AES-CTR-128"], 1)) == "AES-CTR-128(SK_ei, salt, IV, inner payloads)"
    assert str(sealed(ENCRYPTIONS["AES-CBC-128"], 16)) == "AES-CBC-128(SK_ei, IV, inner payloads)"
    assert str(sealed(NULL, 16)) == "NULL(inner payloads)"
    made = sealed(CHACHA20_POLY1305, 3)
    assert [held.symbol for held in made.terms()] == ["SK_ei", "salt", "IV", "inner payloads", "A"]
