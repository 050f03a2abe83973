"""Public key encryption (RFC 2409 §5.2, §5.3): what may be told apart, and what must not be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from by_hand import expanded, prf, private, rsa
from insider import AGGRESSIVE_PKE, AGGRESSIVE_REVISED, MAIN_PKE, MAIN_REVISED, between, hasty, learned
from pair import I, Pair, R, is_told

from explorer.crypto.algorithms import AES_128_CBC
from explorer.events import Refused, Role
from explorer.lab.credentials import load_certificate, load_credential
from explorer.octets import Buffer
from explorer.protocols.ikev1.authentication import authentication_of
from explorer.protocols.ikev1.identity import Identity
from explorer.registry.isakmp import PayloadType
from explorer.wire.message import Message, build_chain, read_message
from explorer.wire.payloads import EncryptedBody, Hash, Payload

ALL = [MAIN_PKE, MAIN_REVISED, AGGRESSIVE_PKE, AGGRESSIVE_REVISED]
MAIN = [MAIN_PKE, MAIN_REVISED]
N, E, _ = private("responder-rsa")
SIZE = (N.bit_length() + 7) // 8


def delivered_before_the_share(name: str) -> int:
    return 2 if "main" in name else 0


def waiting(name: str) -> Pair:
    """The initiator's encrypted bodies are on the wire."""
    return between(name).start().pump(delivered_before_the_share(name))


def parts(pair: Pair, octets: bytes) -> tuple[Message, list[tuple[int, Payload]]]:
    method = pair.peers[I].sessions[0].phase1.method
    assert method is not None
    message = read_message(Buffer("d", octets), authentication_of(method.number).dialect)
    return message, list(zip(message.types, message.payloads, strict=True))


def with_body(pair: Pair, kind: int, body: bytes) -> bytes:
    """The waiting message with another body in one of its payloads."""
    message, payloads = parts(pair, pair.pending)
    kinds = [number for number, _ in payloads]
    payload: Payload = Hash(data=body) if kind == PayloadType.HASH else EncryptedBody(data=body)
    made = [(k, payload if k == kind else p.replace(next_payload=None)) for k, p in payloads]
    rest = build_chain([(k, p.replace(length=None, next_payload=None)) for k, p in made])
    assert kind in kinds
    return pair.pending[:24] + (28 + len(rest)).to_bytes(4, "big") + rest if message else b""


def sealed(plain: bytes, padding: bytes | None = None, start: bytes = b"\0\2") -> bytes:
    """PKCS #1 type 2 by hand, for the responder."""
    filled = b"\x5a" * (SIZE - 3 - len(plain)) if padding is None else padding
    return rsa(start + filled + b"\0" + plain, E, N)


BAD_PADDING: dict[str, Callable[[], bytes]] = {
    "type 1": lambda: sealed(b"n" * 20, start=b"\0\1"),
    "no leading zero": lambda: sealed(b"n" * 20, start=b"\1\2"),
    "seven octets of padding": lambda: sealed(b"n" * (SIZE - 10), b"\x5a" * 7),
    "no zero at all": lambda: rsa(b"\0\2" + b"\x5a" * (SIZE - 2), E, N),
    "the modulus itself": lambda: N.to_bytes(SIZE, "big"),
    "nothing but zeros": lambda: bytes(SIZE),
    "an octet short": lambda: sealed(b"n" * 20)[:-1],
    "an octet long": lambda: b"\0" + sealed(b"n" * 20),
    "empty": lambda: b"",
}


def story(pair: Pair, octets: bytes) -> list[tuple[str, object]]:
    """All that whoever sends this instead can see of the responder: what it answers, now and to the proof."""
    genuine = pair.pending
    pair.swap(octets)
    answers = pair.feed(R, pair.pending)
    seen: list[tuple[str, object]] = [("answers", [(answer[16:20], len(answer)) for answer in answers])]
    pair.wire.clear()
    for answer in answers:
        pair.wire.extend((R, proof) for proof in pair.feed(I, answer))
    while pair.wire:
        seen += [("told", (octets[18:20], len(octets))) for octets in pair.feed(*pair.wire.popleft())]
    seen.append(("refused", [refused.notify for refused in pair.refusals(R)]))
    assert genuine != octets
    return seen


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("padding", BAD_PADDING)
def test_trap_19_bad_padding_of_a_nonce_looks_like_another_nonce(name: str, padding: str) -> None:
    pair = waiting(name)
    other = story(pair, with_body(pair, PayloadType.NONCE, sealed(b"another nonce for 20")))
    pair = waiting(name)
    assert story(pair, with_body(pair, PayloadType.NONCE, BAD_PADDING[padding]())) == other


@pytest.mark.parametrize("size", [0, 1, 7])
@pytest.mark.parametrize("name", [MAIN_PKE, AGGRESSIVE_PKE])
def test_a_nonce_of_a_wrong_size_inside_good_padding_is_no_oracle_either(name: str, size: int) -> None:
    pair = waiting(name)
    other = story(pair, with_body(pair, PayloadType.NONCE, sealed(b"another nonce for 20")))
    pair = waiting(name)
    assert story(pair, with_body(pair, PayloadType.NONCE, sealed(b"n" * size))) == other


@pytest.mark.parametrize("padding", BAD_PADDING)
def test_trap_19_bad_padding_of_an_identity_is_noticed_only_with_the_proof(padding: str) -> None:
    pair = waiting(MAIN_PKE)
    answers = pair.feed(R, with_body(pair, PayloadType.ID, BAD_PADDING[padding]()))
    assert [answer[18] for answer in answers] == [2]
    assert not pair.refusals(R)
    pair.wire.clear()
    pair.wire.extend((I, answer) for answer in answers)
    pair.pump()
    assert pair.refusals(R)
    assert pair.sas(R) == []


def test_a_replacement_for_bad_padding_is_the_same_each_time_and_nobody_elses() -> None:
    first, again, other = (waiting(MAIN_PKE) for _ in range(3))
    for pair, body in ((first, bytes(SIZE)), (again, bytes(SIZE)), (other, b"\0" * (SIZE - 1) + b"\1")):
        pair.feed(R, with_body(pair, PayloadType.NONCE, body))
    nonces = [learned_nonce(pair) for pair in (first, again, other)]
    assert nonces[0] == nonces[1]
    assert nonces[0] != nonces[2]
    assert {len(nonce) for nonce in nonces} == {20}


def learned_nonce(pair: Pair) -> bytes:
    return pair.session(R).phase1.ledger["Ni_b"].octets


# ---------------------------------------------------------------- which key


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("body", [b"", b"h" * 19, b"h" * 20, b"h" * 32])
def test_a_hash_of_another_certificate_is_refused(name: str, body: bytes) -> None:
    pair = waiting(name)
    octets = with_body(pair, PayloadType.HASH, body)
    answers = pair.feed(R, octets)
    assert all(is_told(answer) for answer in answers)
    assert pair.refusal(R).notify == "INVALID-CERTIFICATE"
    assert "names a certificate that is not this side's" in pair.refusal(R).reason
    assert pair.pump().state(I) == pair.state(R) == "ISAKMP SA up"


@pytest.mark.parametrize("name", MAIN)
def test_the_name_of_the_key_may_be_left_out(name: str) -> None:
    pair = waiting(name)
    _, payloads = parts(pair, pair.pending)
    octets = pair.pending
    kept = [(k, p.replace(next_payload=None)) for k, p in payloads if k != PayloadType.HASH]
    rest = build_chain(kept)
    left = octets[:16] + bytes((kept[0][0],)) + octets[17:24] + (28 + len(rest)).to_bytes(4, "big") + rest
    pair.swap(left).pump()
    assert pair.state(R) == "ISAKMP SA up"


@pytest.mark.parametrize("name", ALL)
def test_whoever_has_not_the_private_key_cannot_go_on(name: str) -> None:
    """Somebody else answers in the responder's place, with a key of its own."""
    impostor = replace(hasty(R, name), credential=load_credential("stranger-rsa"))
    pair = Pair(hasty(I, name), impostor).start().pump()
    assert pair.sas(I) == pair.sas(R) == []
    assert pair.refusals(I) or pair.failures(I)


@pytest.mark.parametrize("name", ALL)
def test_an_initiator_whose_private_key_is_another_proves_nothing(name: str) -> None:
    impostor = replace(hasty(I, name), credential=load_credential("stranger-rsa"))
    pair = Pair(impostor, hasty(R, name)).start().pump()
    assert pair.sas(I) == pair.sas(R) == []


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("missing", ["the peer's", "its own"])
def test_without_the_keys_beforehand_nothing_is_begun(name: str, missing: str) -> None:
    config = hasty(I, name)
    own = missing == "its own"
    config = replace(config, credential=None) if own else replace(config, peer_certificate=None)
    pair = Pair(config, hasty(R, name)).start()
    assert not pair.wire
    assert not pair.peers[I].sessions
    assert pair.refusal(I).notify == "CERTIFICATE-UNAVAILABLE"


@pytest.mark.parametrize("name", ALL)
def test_a_key_that_is_not_rsa_is_no_key_for_encryption(name: str) -> None:
    pair = Pair(replace(hasty(I, name), peer_certificate=load_certificate("responder-ecdsa")), hasty(R, name)).start()
    assert not pair.wire
    assert "no RSA public key of the peer" in pair.refusal(I).reason


@pytest.mark.parametrize("name", ALL)
def test_an_identity_that_does_not_fit_into_the_key_is_refused_before_anything_is_sent(name: str) -> None:
    config = replace(hasty(I, name), identity=Identity(2, b"x" * (SIZE - 11 - 4 + 1)))
    pair = Pair(config, hasty(R, name)).start().pump(delivered_before_the_share(name))
    if "revised" in name:
        assert pair.wire, "Ke has no such limit"
        assert not pair.refusals(I)
    else:
        assert "IDii_b is too long" in pair.refusal(I).reason
        assert not [octets for _, octets in pair.wire if not is_told(octets)]


@pytest.mark.parametrize("name", ALL)
def test_the_identity_must_be_the_one_that_was_expected(name: str) -> None:
    stranger = replace(hasty(I, name), identity=Identity(2, b"stranger.lab.example"))
    pair = Pair(stranger, hasty(R, name)).start().pump()
    assert pair.refusals(R)[0].notify == "INVALID-ID-INFORMATION"
    assert pair.sas(R) == []


class Nobody(Identity):
    """An identity with fewer octets than any has."""

    @property
    def body(self) -> bytes:
        return self.data


@pytest.mark.parametrize("size", [0, 1, 2, 3])
@pytest.mark.parametrize("role", [I, R])
@pytest.mark.parametrize("name", ALL)
def test_an_encrypted_identity_that_is_too_short_is_refused(name: str, role: Role, size: int) -> None:
    configs = {r: hasty(r, name) for r in (I, R)}
    configs[role] = replace(configs[role], identity=Nobody(2, bytes(size)))
    pair = Pair(configs[I], configs[R]).start().pump()
    assert pair.refusals(role.other)
    assert pair.sas(role.other) == []


# ---------------------------------------------------------------- the revised mode's own cipher


def revised(name: str, change: Callable[[bytes, bytes], dict[int, bytes]]) -> Pair:
    """The initiator's message with bodies that somebody made who knows its nonce; ``change`` gets Ke and KE."""
    pair = waiting(name)
    nonce, cookie = learned(pair, I, "Ni_b"), learned(pair, I, "CKY-I")
    key = expanded(prf(nonce, cookie), 16)
    for kind, body in change(key, learned(pair, I, "g^xi")).items():
        pair.swap(with_body(pair, kind, body))
    return pair


def enciphered(key: bytes, plain: bytes, iv: bytes = bytes(16)) -> bytes:
    return AES_128_CBC.encrypt(key, iv, plain)


REVISED = [MAIN_REVISED, AGGRESSIVE_REVISED]


@pytest.mark.parametrize("name", REVISED)
@pytest.mark.parametrize("cut", [1, 15])
def test_a_body_of_broken_blocks_is_refused(name: str, cut: int) -> None:
    pair = revised(name, lambda key, share: {PayloadType.KE: enciphered(key, share + bytes(16))[:-cut]})
    pair.feed(R, pair.pending)
    assert "not whole blocks of 16" in pair.refusal(R).reason


@pytest.mark.parametrize("name", REVISED)
def test_an_empty_body_is_refused(name: str) -> None:
    pair = revised(name, lambda *_: {PayloadType.KE: b""})
    pair.feed(R, pair.pending)
    assert "has 0 octets" in pair.refusal(R).reason


@pytest.mark.parametrize("name", REVISED)
@pytest.mark.parametrize("count", [15, 16, 111, 200, 255])
def test_padding_that_counts_more_than_there_is_leaves_no_public_value(name: str, count: int) -> None:
    pair = revised(name, lambda key, share: {PayloadType.KE: enciphered(key, share + bytes(15) + bytes((count,)))})
    answers = pair.feed(R, pair.pending)
    if count == 15:
        assert not any(is_told(answer) for answer in answers)
        return
    assert pair.refusal(R).notify == "INVALID-KEY-INFORMATION"
    assert pair.sas(R) == []


@pytest.mark.parametrize("name", REVISED)
def test_the_identity_goes_on_from_the_last_block_of_the_public_value(name: str) -> None:
    def made(key: bytes, share: bytes) -> dict[int, bytes]:
        identity = b"\2\0\0\0initiator.lab.example"
        padding = -(len(identity) + 1) % 16
        ke = enciphered(key, share + bytes(15) + b"\x0f")
        return {PayloadType.KE: ke,
                PayloadType.ID: enciphered(key, identity + bytes(padding) + bytes((padding,)), ke[-16:])}

    assert revised(name, made).pump().state(R) == "ISAKMP SA up", "made by hand, and right"

    def fresh_vector(key: bytes, _: bytes) -> dict[int, bytes]:
        return {PayloadType.ID: enciphered(key, b"\2\0\0\0initiator.lab.example" + bytes(6) + b"\6")}

    assert revised(name, fresh_vector).pump().sas(R) == []


# ---------------------------------------------------------------- nothing moves


@pytest.mark.parametrize("name", MAIN)
def test_a_refused_share_leaves_everything_as_it_was(name: str) -> None:
    pair = waiting(name)
    genuine = pair.pending
    pair.feed(R, with_body(pair, PayloadType.HASH, b"h" * 20))
    assert [type(event) for event in pair.heard[R]].count(Refused) == 1
    assert "g^xi" not in pair.session(R).phase1.ledger
    assert "Ni_b" not in pair.session(R).phase1.ledger
    assert pair.pending == genuine
    assert pair.pump().state(R) == "ISAKMP SA up"


@pytest.mark.parametrize("name", ALL)
def test_what_public_key_encryption_hides_is_not_on_the_wire(name: str) -> None:
    pair = between(name).start().pump()
    wire = b"".join(pair.sent)
    for hidden in (b"initiator.lab.example", b"responder.lab.example", learned(pair, I, "Ni_b"),
                   learned(pair, R, "Nr_b")):
        assert hidden not in wire
    assert (learned(pair, I, "g^xi") in wire) == ("revised" not in name)
