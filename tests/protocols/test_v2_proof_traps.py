from __future__ import annotations

import pytest
from by_hand import chain
from v2_changes import (
    AUTHENTICATION_FAILED,
    INVALID_SYNTAX,
    either,
    patched,
    remade,
    resealed,
    up,
    with_body,
)
from v2_hand import (
    AUTH,
    CBC,
    IDI,
    IKE_AUTH,
    INFORMATIONAL,
    NONCE,
    body,
    notifications,
    one,
    prf,
)
from v2_pair import I, R, V2Pair, changed, payload, v2_shipped

from explorer.events import Role, Verified

# ---------------------------------------------------------------- trap 31


@pytest.mark.parametrize("size", [16, 17, 64, 256])
def test_trap_31_nonces_of_any_allowed_size(size: int) -> None:
    pair = up(changed(I, nonce_size=size), changed(R, nonce_size=256))
    assert len(body(pair.sent[0], NONCE)) == size


@pytest.mark.parametrize("size", [0, 15, 257])
def test_a_nonce_of_another_size_is_refused(size: int) -> None:
    pair = V2Pair().start()
    (answer,) = pair.feed(R, with_body(pair.pending, NONCE, bytes(size)))
    assert list(notifications(chain(answer[16], answer[28:]))) == [INVALID_SYNTAX]
    assert "Ni" in pair.refusals(R)[0]
    assert pair.peers[R].sessions == []
    assert pair.pump().up


# ---------------------------------------------------------------- traps 33 to 35


@pytest.mark.parametrize("flags", [0x00, 0x10, 0x20, 0x28, 0x30])
def test_trap_33_a_first_request_under_another_flag(flags: int) -> None:
    pair = V2Pair().start()
    assert pair.feed(R, patched(pair.pending, 19, bytes((flags,)))) == []
    assert len(pair.refusals(R)) == 1
    assert pair.pump().up


@either
@pytest.mark.parametrize("flags", [0x00, 0x08, 0x20, 0x28])
def test_trap_33_a_request_under_a_flag_that_is_not_its_senders(role: Role, flags: int) -> None:
    pair = up()
    right = 0x08 if role is I else 0x00
    octets = pair.sealed(role, INFORMATIONAL, 2 if role is I else 0, [], flags=flags or 0x40)
    answers = pair.feed(role.other, octets)
    if (flags or 0x40) & 0x28 == right:
        assert len(answers) == 1
    else:
        assert answers == []
        assert len(pair.refusals(role.other)) == 1


@pytest.mark.parametrize("number", range(4))
def test_traps_34_and_35_every_octet_of_an_encrypted_message_counts(number: int) -> None:
    pair = V2Pair(name="ikev2-gcm" if number % 2 else "ikev2-psk").start()
    pair.pump(2 + number // 2)
    role, genuine = pair.wire[0]
    for at in range(16, len(genuine)):
        before = len(pair.of(Verified, role))
        assert pair.feed(role, patched(genuine, at, bytes((genuine[at] ^ 1,)))) == []
        assert [e for e in pair.of(Verified, role)[before:] if e.proves is not None] == []
        assert pair.sas(role) == []
    assert pair.pump().up


@pytest.mark.parametrize("padding", [0, 16, 32, 240])
def test_trap_34_more_padding_than_is_needed_and_any_octets_in_it(padding: int) -> None:
    pair = up()
    octets = pair.sealed(I, INFORMATIONAL, 2, [], padding=b"\xa5" * (15 + padding))
    (answer,) = pair.feed(R, octets)
    assert pair.inside(answer) == []


@pytest.mark.parametrize("length", [16, 17, 255])
def test_trap_34_a_pad_length_beyond_the_payload(length: int) -> None:
    pair = up()
    octets = pair.sealed(I, INFORMATIONAL, 2, [], padding=bytes(15))
    plain = bytes(15) + bytes((length,))
    (answer,) = pair.feed(R, resealed(octets, pair.keys(), plain, initiator=True))
    assert list(notifications(pair.inside(answer))) == [INVALID_SYNTAX]
    assert len(pair.refusals(R)) == 1


# ---------------------------------------------------------------- traps 37 and 38


@pytest.mark.parametrize("at", [1, 2, 3])
def test_trap_37_reserved_octets_of_an_identity_are_covered_as_they_came(at: int) -> None:
    pair = V2Pair().start().pump(2)
    request = pair.inside(pair.pending)
    whole = one(request, IDI)
    odd = patched(whole, at, b"\x77")
    covered = pair.sent[0] + body(pair.sent[1], NONCE) + prf(CBC, pair.keys().pi, odd)
    psk = next(iter(v2_shipped(I).keys.values()))
    auth = bytes((2, 0, 0, 0)) + prf(CBC, prf(CBC, psk, b"Key Pad for IKEv2"), covered)
    payloads = [payload(k, odd if k == IDI else auth if k == AUTH else p[4:]) for k, p in request]
    pair.swap(pair.sealed(I, IKE_AUTH, 1, payloads)).pump()
    assert pair.sas(R)[:1] == ["IKE both"]


@pytest.mark.parametrize("pad", [b"Key Pad for IKEv2\0", b"Key pad for IKEv2", b""])
def test_trap_38_another_pad_is_another_proof(pad: bytes) -> None:
    pair = V2Pair().start().pump(2)
    request = pair.inside(pair.pending)
    covered = pair.sent[0] + body(pair.sent[1], NONCE) + prf(CBC, pair.keys().pi, one(request, IDI))
    psk = next(iter(v2_shipped(I).keys.values()))
    auth = bytes((2, 0, 0, 0)) + prf(CBC, prf(CBC, psk, pad), covered)
    payloads = [payload(k, auth if k == AUTH else p[4:]) for k, p in request]
    (answer,) = pair.feed(R, pair.sealed(I, IKE_AUTH, 1, payloads))
    assert list(notifications(pair.inside(answer))) == [AUTHENTICATION_FAILED]
    assert pair.sas(R) == []


def test_trap_37_the_second_message_is_covered_as_it_came() -> None:
    pair = V2Pair().start().pump(1)
    genuine = pair.pending
    vendor = [*chain(genuine[16], genuine[28:]), payload(43, b"somebody in the middle")]
    pair.swap(remade(genuine, vendor)).pump()
    assert pair.sas(I) == []
    assert "AUTHr" in " ".join(pair.refusals(I))
    assert not pair.sa(R).up or pair.sa(R).ended
