"""Authentication with signatures: whose signature, over what, by which key (RFC 2409 §5.1, RFC 2408 §5.9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from by_hand import CERT, ID, SIG, chain, private, rsa
from insider import AGGRESSIVE_RSA, MAIN_ECDSA, MAIN_RSA, between, hasty, learned
from pair import I, Pair, R, is_told

from explorer.crypto.algorithms import AES_128_CBC
from explorer.crypto.credential import Credential
from explorer.events import Role, Verified
from explorer.lab.credentials import load_authority, load_certificate, load_credential
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.identity import Identity
from explorer.protocols.ikev1.phase1 import Phase1
from explorer.protocols.ikev1.signatures import Signatures

RSA = [MAIN_RSA, AGGRESSIVE_RSA]
ALL = [*RSA, MAIN_ECDSA]
A_DAY = 86400.0
DIGEST_INFO = bytes.fromhex("3021300906052b0e03021a05000414")


def changed(name: str, role: Role, **changes: object) -> Pair:
    """Both peers, one of them configured in another way."""
    configs: dict[Role, Config] = {r: hasty(r, name) for r in (I, R)}
    configs[role] = replace(configs[role], **changes)  # type: ignore[arg-type]
    return Pair(configs[I], configs[R])


def turned_down(pair: Pair, by: Role, notify: str, reason: str) -> None:
    pair.start().pump()
    refused = pair.refusals(by)[0]
    assert refused.notify == notify
    assert reason in refused.reason
    assert pair.sas(by) == []
    assert not [event for event in pair.of(Verified, by) if event.proves]


def mixed(certificate: str, key: str) -> Credential:
    """A certificate together with somebody else's key."""
    return Credential(load_certificate(certificate), load_credential(key)[1])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("role", [I, R])
def test_both_sides_prove_themselves(name: str, role: Role) -> None:
    pair = between(name).start().pump()
    (proof,) = [event for event in pair.of(Verified, role) if event.proves]
    assert proof.proves is role.other
    assert proof.symbol == ("SIG_R" if role is I else "SIG_I")


@pytest.mark.parametrize("name", RSA)
@pytest.mark.parametrize("liar", [I, R])
def test_a_signature_by_another_key_than_the_certificates_is_refused(name: str, liar: Role) -> None:
    own = "initiator-rsa" if liar is I else "responder-rsa"
    pair = changed(name, liar, credential=mixed(own, "stranger-rsa"))
    turned_down(pair, liar.other, "INVALID-SIGNATURE", "is no signature of HASH_")


@pytest.mark.parametrize("name", RSA)
@pytest.mark.parametrize("liar", [I, R])
def test_a_certificate_of_an_unknown_authority_is_refused(name: str, liar: Role) -> None:
    pair = changed(name, liar, credential=load_credential("stranger-rsa"),
                   identity=Identity(2, b"responder.lab.example"))
    turned_down(pair, liar.other, "INVALID-CERTIFICATE", "is not signed by any authority that this side trusts")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("role", [I, R])
def test_whoever_trusts_nobody_believes_nobody(name: str, role: Role) -> None:
    turned_down(changed(name, role, authorities=()), role, "INVALID-CERTIFICATE", "is not signed by any authority")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("liar", [I, R])
def test_somebody_certified_cannot_say_that_it_is_somebody_else(name: str, liar: Role) -> None:
    pair = changed(name, liar, identity=Identity(2, b"bank.example"))
    turned_down(pair, liar.other, "INVALID-ID-INFORMATION", "the peer says that it is bank.example")


@pytest.mark.parametrize("name", RSA)
@pytest.mark.parametrize("role", [I, R])
def test_somebody_proven_may_still_not_be_the_one_that_was_expected(name: str, role: Role) -> None:
    pair = changed(name, role, expects=Identity(2, b"another.lab.example")).start().pump()
    assert pair.refusals(role)[0].notify == "INVALID-ID-INFORMATION"
    assert "not the one that this side is configured for" in pair.refusals(role)[0].reason
    assert pair.sas(role) == []


@pytest.mark.parametrize("name", RSA)
@pytest.mark.parametrize("liar", [I, R])
def test_the_name_in_the_certificate_may_be_the_identity_itself(name: str, liar: Role) -> None:
    own = "initiator-rsa" if liar is I else "responder-rsa"
    subject = load_certificate(own).subject
    configs = {r: replace(hasty(r, name), expects=None) for r in (I, R)}
    configs[liar] = replace(configs[liar], identity=Identity(9, subject))
    pair = Pair(configs[I], configs[R]).start().pump()
    assert pair.state(I) == pair.state(R) == "ISAKMP SA up"
    configs[liar] = replace(configs[liar], identity=Identity(9, subject[:-1] + b"X"))
    turned_down(Pair(configs[I], configs[R]), liar.other, "INVALID-ID-INFORMATION", "The certificate is for")


@pytest.mark.parametrize("kind", [3, 11])
@pytest.mark.parametrize("liar", [I, R])
def test_the_name_of_a_host_proves_no_user_and_no_key_of_the_same_letters(liar: Role, kind: int) -> None:
    configs = {r: replace(hasty(r, RSA[0]), expects=None) for r in (I, R)}
    configs[liar] = replace(configs[liar], identity=Identity(kind, configs[liar].identity.data))
    turned_down(Pair(configs[I], configs[R]), liar.other, "INVALID-ID-INFORMATION", "The certificate is for")


@pytest.mark.parametrize("role", [I, R])
@pytest.mark.parametrize(("epoch", "reason"), [(0.0, "is not valid before 1998-01-01"),
                                               (2777068801.0, "is not valid after 2058-01-01")])
def test_a_certificate_is_held_against_the_peers_own_clock(role: Role, epoch: float, reason: str) -> None:
    turned_down(changed(MAIN_RSA, role, epoch=epoch), role, "INVALID-CERTIFICATE", reason)


def test_time_that_passes_ends_a_certificate() -> None:
    pair = changed(MAIN_RSA, R, epoch=2777068800.0 - A_DAY)
    pair.now = 2 * A_DAY
    turned_down(pair, R, "INVALID-CERTIFICATE", "is not valid after")


@pytest.mark.parametrize("liar", [I, R])
def test_a_certificate_of_another_kind_of_key_than_was_agreed_on_is_refused(liar: Role) -> None:
    own = "initiator" if liar is I else "responder"
    pair = changed(MAIN_RSA, liar, credential=mixed(f"{own}-ecdsa", f"{own}-rsa"))
    turned_down(pair, liar.other, "INVALID-SIGNATURE", "key for P-256, RSA was agreed on")
    pair = changed(MAIN_ECDSA, liar, credential=load_credential(f"{own}-rsa")).start().pump()
    assert pair.refusals(I) + pair.refusals(R)
    assert pair.sas(liar.other) == []


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("liar", [I, R])
def test_a_certificate_for_ed25519_is_refused_whatever_was_agreed_on(name: str, liar: Role) -> None:
    own = "initiator" if liar is I else "responder"
    kind = "ecdsa" if name == MAIN_ECDSA else "rsa"
    pair = changed(name, liar, credential=mixed(f"{own}-ed25519", f"{own}-{kind}"))
    config = pair.peers[liar.other].config
    pair.peers[liar.other].config = replace(config, authorities=(load_authority("lab-ca-ed25519"),))
    turned_down(pair, liar.other, "INVALID-SIGNATURE", "key for Ed25519, ")


@pytest.mark.parametrize("kind", ["ecdsa", "ed25519"])
@pytest.mark.parametrize("name", RSA)
@pytest.mark.parametrize("role", [I, R])
def test_a_key_of_another_kind_than_was_agreed_on_signs_nothing(name: str, role: Role, kind: str) -> None:
    own = f"initiator-{kind}" if role is I else f"responder-{kind}"
    pair = changed(name, role, credential=load_credential(own)).start().pump()
    assert pair.refusals(role)
    assert pair.sas(I) == pair.sas(R) == []


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("role", [I, R])
def test_whoever_has_no_certificate_proves_nothing(name: str, role: Role) -> None:
    pair = changed(name, role, credential=None).start().pump()
    assert pair.refusals(role)[0].notify == "CERTIFICATE-UNAVAILABLE"
    assert pair.sas(I) == pair.sas(R) == []


def test_a_refusal_while_answering_leaves_everything_as_it_was() -> None:
    pair = changed(MAIN_RSA, R, credential=None).start().pump(4)
    fifth = pair.pending
    for _ in range(3):
        pair.feed(R, fifth)
    assert [refused.reason for refused in pair.refusals(R)] == ["This side has no certificate"] * 3


def test_an_authority_that_is_a_peer_is_believed_as_itself_only() -> None:
    pair = changed(MAIN_RSA, R, authorities=(load_authority("other-ca"), load_certificate("initiator-rsa")))
    assert pair.start().pump().state(R) == "ISAKMP SA up"
    turned_down(changed(MAIN_RSA, R, authorities=(load_authority("other-ca"),)), R, "INVALID-CERTIFICATE", "trusts")


# ---------------------------------------------------------------- the fifth message, taken apart


class Fifth:
    """The initiator's proof, opened and sealed again by somebody who has the keys."""

    def __init__(self) -> None:
        self.pair = between(MAIN_RSA).start().pump(4)
        self.key, self.iv = learned(self.pair, I, "Ka"), learned(self.pair, I, "IV")
        octets = self.pair.pending
        self.head = octets[:24]
        plain = AES_128_CBC.decrypt(self.key, self.iv, octets[28:])
        self.bodies = {kind: payload[4:] for kind, payload in chain(octets[16], plain)}

    def with_bodies(self, bodies: dict[int, bytes]) -> bytes:
        kinds = list(bodies)
        plain = b"".join(
            bytes((following, 0)) + (4 + len(bodies[kind])).to_bytes(2, "big") + bodies[kind]
            for kind, following in zip(kinds, [*kinds[1:], 0], strict=True)
        )
        sealed = AES_128_CBC.encrypt(self.key, self.iv, plain + bytes(-len(plain) % 16))
        head = self.head[:16] + bytes((kinds[0],)) + self.head[17:]
        return head + (28 + len(sealed)).to_bytes(4, "big") + sealed

    def refused(self, bodies: dict[int, bytes], notify: str, reason: str) -> None:
        """Turned down, and then the genuine message still finds everything as it was."""
        answers = self.pair.feed(R, self.with_bodies(bodies))
        assert [is_told(answer) for answer in answers] == [True]
        assert self.pair.refusal(R).notify == notify
        assert reason in self.pair.refusal(R).reason
        assert self.pair.pump().state(R) == "ISAKMP SA up"


@pytest.fixture
def fifth() -> Fifth:
    return Fifth()


def test_the_fifth_message_is_made_here_as_the_peer_makes_it(fifth: Fifth) -> None:
    assert fifth.with_bodies(fifth.bodies) == fifth.pair.pending
    assert list(fifth.bodies) == [ID, CERT, SIG]


def signature(block: bytes) -> bytes:
    n, _, d = private("initiator-rsa")
    return rsa(block, d, n)


def padded(content: bytes, kind: bytes = b"\1", filler: bytes = b"\xff") -> bytes:
    size = (private("initiator-rsa")[0].bit_length() + 7) // 8
    return b"\0" + kind + filler * (size - 3 - len(content)) + b"\0" + content


BAD: dict[str, Callable[[bytes, bytes], bytes]] = {
    "with a name of the hash": lambda _, own: signature(padded(DIGEST_INFO + own)),
    "of type 2": lambda _, own: signature(padded(own, b"\2")),
    "with other padding": lambda _, own: signature(padded(own, filler=b"\xfe")),
    "trailing octets": lambda good, own: signature((b"\0\1" + b"\xff" * 8 + b"\0" + own).ljust(len(good), b"\0")),
    "of nothing": lambda *_: signature(padded(b"")),
    "all zeros": lambda good, _: bytes(len(good)),
    "an octet short": lambda good, _: good[:-1],
    "an octet long": lambda good, _: b"\0" + good,
}


@pytest.mark.parametrize("what", BAD)
def test_trap_18_a_signature_is_over_the_bare_hash(fifth: Fifth, what: str) -> None:
    good, own = fifth.bodies[SIG], learned(fifth.pair, I, "HASH_I")
    fifth.refused({**fifth.bodies, SIG: BAD[what](good, own)}, "INVALID-SIGNATURE", "is no signature of HASH_I")


def test_what_the_bad_ones_are_made_of_makes_a_good_one(fifth: Fifth) -> None:
    assert signature(padded(learned(fifth.pair, I, "HASH_I"))) == fifth.bodies[SIG]


@pytest.mark.parametrize(("body", "notify", "reason"), [
    (b"", "INVALID-CERT-ENCODING", "encoded as none"),
    (b"\1abc", "INVALID-CERT-ENCODING", "encoded as"),
    (b"\5abc", "INVALID-CERT-ENCODING", "encoded as"),
    (b"\4", "INVALID-CERTIFICATE", ""),
    (b"\4" + bytes(100), "INVALID-CERTIFICATE", ""),
])
def test_a_certificate_that_is_none_is_refused(fifth: Fifth, body: bytes, notify: str, reason: str) -> None:
    if not body:
        fifth.pair.feed(R, fifth.with_bodies({**fifth.bodies, CERT: body}))
        assert fifth.pair.refusals(R)
        assert fifth.pair.pump().state(R) == "ISAKMP SA up"
        return
    fifth.refused({**fifth.bodies, CERT: body}, notify, reason)


def test_any_octet_of_the_certificate_changed_is_noticed() -> None:
    for at in range(1, len(Fifth().bodies[CERT]), 97):
        fifth = Fifth()
        body = bytearray(fifth.bodies[CERT])
        body[at] ^= 0x20
        fifth.pair.feed(R, fifth.with_bodies({**fifth.bodies, CERT: bytes(body)}))
        assert fifth.pair.refusals(R), at
        assert fifth.pair.sas(R) == []


def test_without_a_certificate_the_one_known_beforehand_counts() -> None:
    fifth = Fifth()
    without = {kind: body for kind, body in fifth.bodies.items() if kind != CERT}
    fifth.refused(without, "CERTIFICATE-UNAVAILABLE", "No certificate has come")
    known = Fifth()
    known.pair.peers[R].config = replace(hasty(R, MAIN_RSA), peer_certificate=load_certificate("initiator-rsa"))
    session = known.pair.session(R)
    session.phase1.party = session.party._replace(config=known.pair.peers[R].config)
    assert known.pair.swap(known.with_bodies(without)).pump().state(R) == "ISAKMP SA up"


def test_a_proof_of_one_run_proves_nothing_in_the_next() -> None:
    first, second = Fifth(), Fifth()
    second.pair = Pair(hasty(I, MAIN_RSA), hasty(R, MAIN_RSA), seed=8).start().pump(4)
    second.key, second.iv = learned(second.pair, I, "Ka"), learned(second.pair, I, "IV")
    second.head = second.pair.pending[:24]
    second.refused(first.bodies, "INVALID-SIGNATURE", "is no signature")


def test_a_hash_in_the_place_of_a_signature_is_refused(fifth: Fifth) -> None:
    bodies = {ID: fifth.bodies[ID], CERT: fifth.bodies[CERT], 8: learned(fifth.pair, I, "HASH_I")}
    fifth.refused(bodies, "INVALID-PAYLOAD-TYPE", "Hash payload out of place")


@pytest.mark.parametrize("known", ["initiator-ed25519", "initiator-ecdsa"])
def test_a_certificate_that_is_known_beforehand_must_have_the_kind_of_key_too(
    known: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def prove_without_certificate(method: Signatures, x: Phase1) -> None:
        proves(method, x)
        if x.role is I:
            del x.ledger._terms["CERT_I"]

    proves = Signatures.prove
    monkeypatch.setattr(Signatures, "prove", prove_without_certificate)
    pair = changed(MAIN_RSA, R, peer_certificate=load_certificate(known))
    turned_down(pair, R, "INVALID-SIGNATURE", "RSA was agreed on")
