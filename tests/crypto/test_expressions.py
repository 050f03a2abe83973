from __future__ import annotations

import pytest
from known import term

from explorer.crypto.algorithms import (
    AES_128_CBC,
    DES_CBC,
    INTEGRITY,
    MD5,
    SHA1,
    SHA2_256,
    TRIPLE_DES_CBC,
    is_unfit_des_key,
)
from explorer.crypto.expression import Concat, Encrypt, Framed, Hash, LastBlock, ModExp, Octet, Plain, Prf, Slice
from explorer.crypto.groups import modp_group
from explorer.crypto.term import Configured, Derived, Drawn, Nature, Term, constant, derive
from explorer.octets import Buffer, Span
from explorer.protocols.ikev1.keys import (
    Prfs,
    encryption_key,
    keymat,
    phase1_iv,
    phase1_keys,
    phase2_iv,
    public_value,
    shared_secret,
    skeyid_with_psk,
    skeyid_with_signatures,
)

A, B, C = term("A", b"aa"), term("B", b"bbb"), term("C", b"c" * 16)
PRF = Prfs(SHA1)


def test_concatenation_flattens() -> None:
    joined = A | B | 0 | C
    assert str(joined) == "A | B | 0 | C"
    assert joined.octets == b"aabbb\0" + b"c" * 16
    assert [type(part) for part in joined.parts] == [Term, Term, Octet, Term]
    assert str(3 | (A | B)) == "3 | A | B"
    assert joined.inputs() == joined.parts


def test_slices_say_which_octets() -> None:
    assert str((A | B)[:3]) == "octets 0–2 of (A | B)"
    assert str(B[1:]) == "octets 1–2 of B"
    assert (A | B)[1:4].octets == b"abb"
    assert isinstance(B[1:], Slice)
    assert B[:2].inputs() == (B,)


def test_formulas_are_written_as_the_rfc_writes_them() -> None:
    assert str(Prf(SHA1, A, B | C)) == "prf(A, B | C)"
    assert str(Prf(SHA1, A, B, word="HMAC-SHA-1")) == "HMAC-SHA-1(A, B)"
    assert str(Hash(MD5, A | B)) == "hash(A | B)"
    assert str(LastBlock(C, 8)) == "last block of C"
    assert str(Encrypt(AES_128_CBC, C, C, C | Plain("padding", bytes(16)))) == "AES-CBC-128(C, C, C | padding)"
    assert str(Framed("IDii", b"\x08\0\0\x06", A)) == "IDii"


def test_powers_put_brackets_around_powers() -> None:
    group = modp_group(1)
    g, p, x = constant("g", b"\2", ""), constant("p", group.prime.to_bytes(96, "big"), ""), term("xi", b"\7")
    assert str(ModExp(group, g, x, p)) == "g ^ xi mod p"
    assert str(ModExp(group, term("g^xr", b"\3"), x, p)) == "(g^xr) ^ xi mod p"


def test_terms_are_the_nearest_named_inputs_each_once() -> None:
    inner = derive("D", A | B, "here")
    outer = Prf(SHA1, inner, A | inner | 5 | Framed("X", b"\0\0\0\7", B) | Plain("padding", b"\0"))
    assert outer.terms() == (inner, A, B)
    assert derive("E", outer, "there").made_of() == (inner, A, B)
    assert inner.inputs() == ()
    assert A.made_of() == ()


def test_tokens_of_a_formula_link_to_its_terms() -> None:
    tokens = Prf(SHA1, A, B | 1 | Framed("IDii", b"\0\0\0\7", C)).tokens()
    assert [(token.text, token.term) for token in tokens if token.term is not None] == [("A", A), ("B", B), ("IDii", C)]


def test_a_framed_body_keeps_its_header() -> None:
    framed = Framed("IDii", b"\x08\0\0\x06", A)
    assert framed.octets == b"\x08\0\0\x06aa"
    assert framed.terms() == (A,)


def test_every_origin_has_its_citation() -> None:
    assert term("x", b"").citation == "test"
    assert derive("D", A, "RFC 2409 §5").citation == "RFC 2409 §5"
    assert Term("s", b"", Drawn("nonce", "RFC 2409")).citation == "RFC 2409"
    assert Term("s", b"", Configured("§5.4")).citation == "§5.4"
    assert Term("s", b"a", Span(Buffer("d", b"a"), 0, 1)).citation == ""
    assert constant("g", b"\2", "RFC 3526").nature is Nature.CONSTANT
    derived = derive("D", A | B, "x")
    assert isinstance(derived.origin, Derived)
    assert derived.expression is derived.origin.expression
    assert A.expression is None
    assert "16 octets" in repr(C)


def test_terms_are_compared_by_identity() -> None:
    assert term("A", b"aa") != A
    assert len({A, term("A", b"aa")}) == 2


def test_trap_1_expansion_only_where_the_key_is_too_short() -> None:
    SKEYID_e = term("SKEYID_e", bytes(range(20)))
    (Ka,) = encryption_key(PRF, SKEYID_e, AES_128_CBC)
    assert Ka.octets == SKEYID_e.octets[:16]
    assert str(Ka.expression) == "octets 0–15 of SKEYID_e"
    K1, K2, Ka = encryption_key(PRF, SKEYID_e, TRIPLE_DES_CBC)
    assert (str(K1.expression), str(K2.expression)) == ("prf(SKEYID_e, 0)", "prf(SKEYID_e, K1)")
    assert str(Ka.expression) == "octets 0–23 of (K1 | K2)"
    assert Ka.octets == (K1.octets + K2.octets)[:24]


def test_trap_3_and_4_vectors_come_from_the_hash_itself() -> None:
    IV = phase1_iv(SHA1, A, B, AES_128_CBC)
    assert IV.octets == SHA1.digest(b"aabbb")[:16]
    assert str(IV.expression) == "octets 0–15 of hash(A | B)"
    assert phase2_iv(SHA1, C, A, DES_CBC, "q").octets == SHA1.digest(b"c" * 16 + b"aa")[:8]


def test_trap_8_the_kinds_of_skeyid_have_their_own_keys_and_data() -> None:
    assert str(skeyid_with_psk(PRF, term("psk", b"k"), A, B).expression) == "prf(psk, A | B)"
    assert str(skeyid_with_signatures(PRF, A, B, C).expression) == "prf(A | B, C)"


def test_trap_9_each_key_contains_the_one_before() -> None:
    keys = phase1_keys(PRF, term("SKEYID", b"s"), term("g^xy", b"x"), term("CKY-I", b"i" * 8), term("CKY-R", b"r" * 8))
    assert [str(key.expression) for key in keys[1:]] == [
        "prf(SKEYID, g^xy | CKY-I | CKY-R | 0)",
        "prf(SKEYID, SKEYID_d | g^xy | CKY-I | CKY-R | 1)",
        "prf(SKEYID, SKEYID_a | g^xy | CKY-I | CKY-R | 2)",
    ]


def test_trap_15_keymat_feeds_the_last_block_in_front() -> None:
    K1, K2, KEYMAT = keymat(PRF, term("SKEYID_d", b"d"), 3 | A | B | C, 36, "i", "q")
    assert str(K2.expression) == "prf(SKEYID_d, K1_i | 3 | A | B | C)"
    assert str(KEYMAT.expression) == "octets 0–35 of (K1_i | K2_i)"
    assert KEYMAT.octets == (K1.octets + K2.octets)[:36]


def test_trap_16_shared_secrets_are_padded_to_the_length_of_the_prime() -> None:
    group = modp_group(1)
    short = next(x for x in range(2, 5000) if group.power(3, x)[0] == 0)
    g_xr, xi = term("g^xr", (3).to_bytes(96, "big")), term("xi", short.to_bytes(2, "big"))
    secret = shared_secret(group, "g^xy", g_xr, xi, "")
    assert len(secret.octets) == 96
    assert secret.octets[0] == 0
    x = term("xi", b"\5", owner="initiator")
    assert public_value(group, "g^xi", x, "").octets == (32).to_bytes(96, "big")
    assert public_value(group, "g^xi", x, "").owner == "initiator"


WEAK = [bytes.fromhex(k) for k in ("0101010101010101", "fefefefefefefefe", "1f1f1f1f0e0e0e0e", "01fe01fe01fe01fe",
                                   "e0fee0fef1fef1fe", "0000000000000000", "ffffffffffffffff")]


@pytest.mark.parametrize("weak", WEAK, ids=bytes.hex)
def test_trap_29_weak_and_semi_weak_des_keys_are_passed_over(weak: bytes) -> None:
    assert is_unfit_des_key(weak)
    SKEYID_e = term("SKEYID_e", weak + weak + bytes(range(1, 9)))
    (Ka,) = encryption_key(PRF, SKEYID_e, DES_CBC)
    assert Ka.octets == bytes(range(1, 9))
    assert str(Ka.expression) == "octets 16–23 of SKEYID_e"


def test_trap_29_an_ordinary_des_key_is_the_first_eight_octets() -> None:
    assert not is_unfit_des_key(bytes(range(1, 9)))
    (Ka,) = encryption_key(PRF, term("SKEYID_e", bytes(range(20))), DES_CBC)
    assert Ka.octets == bytes(range(8))


SIZES = [("HMAC-MD5", 12, 16), ("HMAC-SHA1", 12, 20), ("HMAC-SHA2-256", 16, 32), ("HMAC-SHA2-384", 24, 48),
         ("HMAC-SHA2-512", 32, 64)]


@pytest.mark.parametrize(("label", "icv", "key"), SIZES)
def test_trap_30_sizes_of_integrity_algorithms(label: str, icv: int, key: int) -> None:
    assert (INTEGRITY[label].icv_size, INTEGRITY[label].key_size) == (icv, key)


def test_an_unknown_group_is_an_error() -> None:
    with pytest.raises(StopIteration):
        modp_group(3)


def test_the_default_word_of_a_prf_is_prf() -> None:
    assert Prfs(SHA2_256)(A, B).word == "prf"
    assert Concat((A,)).octets == A.octets
