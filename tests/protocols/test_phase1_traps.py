from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from pair import ADDRESSES, MAIN, I, Pair, R, is_told, quick, shipped

from explorer.crypto.groups import modp_group
from explorer.events import Decrypted, Learned, Making, Role, SaInstalled, Sent, Verified
from explorer.octets import Buffer
from explorer.protocols.ikev1.identity import Identity
from explorer.protocols.ikev1.policies import Phase1Policy
from explorer.wire.attributes import basic, variable
from explorer.wire.message import HEADER_SIZE, build_chain, read_message, typed
from explorer.wire.payloads import KeyExchange, Nonce, Payload, Proposal, SecurityAssociation
from explorer.wire.structure import build

PRIME = modp_group(1).prime


def patched(octets: bytes, at: int, new: bytes) -> bytes:
    return octets[:at] + new + octets[at + len(new) :]


def remade(octets: bytes, *payloads: Payload) -> bytes:
    header = read_message(Buffer("d", octets)).header
    chain = build_chain(typed([p.replace(next_payload=None, length=None) for p in payloads])) if payloads else b""
    kind = typed(payloads)[0][0] if payloads else 0
    return build(header.replace(length=HEADER_SIZE + len(chain), next_payload=kind)) + chain


def with_share(octets: bytes, share: bytes | None = None, nonce: bytes | None = None) -> bytes:
    ke, ni = read_message(Buffer("d", octets)).payloads
    assert isinstance(ke, KeyExchange)
    assert isinstance(ni, Nonce)
    return remade(octets, ke if share is None else KeyExchange(data=share), ni if nonce is None else Nonce(data=nonce))


def with_sa(octets: bytes, change: Callable[[Proposal], tuple[Proposal, ...]]) -> bytes:
    (sa,) = read_message(Buffer("d", octets)).payloads
    assert isinstance(sa, SecurityAssociation)
    proposals = change(sa.proposals[0].replace(spi_size=None, transform_count=None, length=None, next_payload=None))
    return remade(octets, SecurityAssociation(proposals=proposals))


def refused_then_done(pair: Pair, reason: str, *broken: bytes) -> None:
    """Refused, and at most said so; then the genuine message finds everything as it was."""
    role, genuine = pair.wire[0]
    state = pair.state(role)
    for octets in broken:
        assert octets != genuine
        before = len(pair.refusals(role))
        answers = pair.feed(role, octets)
        assert len(answers) <= 1
        assert all(is_told(answer) for answer in answers)
        assert len(pair.refusals(role)) == before + 1
        assert reason in pair.refusals(role)[-1].reason
        assert pair.refusals(role)[-1].citation
        assert pair.state(role) == state
    assert pair.finish().up


def assert_only_said_again(pair: Pair, role: Role, since: int, times: int) -> None:
    """A repeated message is no news: its answer goes out once more, and nothing is learned."""
    news = pair.heard[role][since:]
    assert [type(event) for event in news] == [Making, Sent] * times
    assert all(event.again for event in news if isinstance(event, Sent))


@pytest.mark.parametrize("number", [5, 6])
@pytest.mark.parametrize("at", [28, 40, 59, 60, 75])
def test_trap_5_a_garbled_message_does_not_move_the_vector(number: int, at: int) -> None:
    pair = Pair().reach(number - 1)
    garbled = patched(pair.pending, at, bytes((pair.pending[at] ^ 0x55,)))
    refused_then_done(pair, "", garbled)


def test_trap_5_half_blocks_do_not_move_the_vector() -> None:
    pair = Pair().reach(4)
    short = patched(pair.pending[:-1], 24, (len(pair.pending) - 1).to_bytes(4, "big"))
    refused_then_done(pair, "not whole blocks of 16", short)


@pytest.mark.parametrize("number", range(1, 7))
def test_trap_5_a_repeated_message_gets_the_identical_answer(number: int) -> None:
    pair = Pair().reach(number - 1)
    role, octets = pair.wire.popleft()
    answers = pair.feed(role, octets)
    said = len(pair.heard[role])
    for _ in range(2):
        assert pair.feed(role, octets) == answers
    assert_only_said_again(pair, role, said, 2 * len(answers))
    pair.wire.extend((role.other, answer) for answer in answers)
    assert pair.finish().up


def test_trap_5_a_repeated_first_message_after_the_end_gets_the_first_answer() -> None:
    pair = Pair().reach(9)
    assert pair.feed(R, pair.sent[0]) == [pair.sent[1]]
    assert pair.feed(R, pair.sent[4]) == [pair.sent[5]]
    assert pair.feed(I, pair.sent[5]) == []


def test_trap_10_hash_r_covers_the_offer_and_not_the_choice() -> None:
    two = tuple(Phase1Policy(n, 7, bits, 2, 1, 1, 86400) for n, bits in ((10, 256), (20, 128)))
    pair = Pair(replace(quick(shipped(I)), phase1=two)).reach(9)
    assert pair.up
    terms = {e.term.symbol: e.term for e in pair.of(Learned, R)}
    assert "SAi_b" in [t.symbol for t in terms["HASH_R"].made_of()]
    assert "SAr_b" not in [t.symbol for t in terms["HASH_R"].made_of()]
    assert len(read_message(Buffer("d", pair.sent[0])).body(0).octets) > len(terms["SAr_b"].octets)


@pytest.mark.parametrize(("protocol", "port"), [(0, 0), (17, 500)])
def test_trap_11_ports_that_an_identity_may_have(protocol: int, port: int) -> None:
    config = quick(shipped(I))
    identity = Identity(1, b"\x0a\0\0\1", protocol, port)
    assert Pair(replace(config, identity=identity)).reach(9).up


@pytest.mark.parametrize(("protocol", "port"), [(17, 0), (17, 501), (6, 500), (0, 500), (17, 4500)])
@pytest.mark.parametrize("role", [I, R])
def test_trap_11_any_other_port_is_refused(role: object, protocol: int, port: int) -> None:
    configs = {r: quick(shipped(r)) for r in (I, R)}
    liar = I if role is I else R
    configs[liar] = replace(configs[liar], identity=Identity(1, b"\x0a\0\0\1", protocol, port))
    pair = Pair(configs[I], configs[R]).start().pump()
    assert pair.refusals(liar.other)[0].notify == "INVALID-ID-INFORMATION"
    assert pair.sas(liar.other) == []


@pytest.mark.parametrize("value", [0, 1, PRIME - 1, PRIME, PRIME + 1])
@pytest.mark.parametrize("number", [3, 4])
def test_a_trivial_public_value_is_refused(number: int, value: int) -> None:
    pair = Pair().reach(number - 1)
    refused_then_done(pair, "is trivial", with_share(pair.pending, value.to_bytes(96, "big")))
    assert pair.refusals(R if number == 3 else I)[0].notify == "INVALID-KEY-INFORMATION"


@pytest.mark.parametrize("size", [1, 95, 97, 128])
@pytest.mark.parametrize("number", [3, 4])
def test_trap_16_a_public_value_of_another_length_is_refused(number: int, size: int) -> None:
    pair = Pair().reach(number - 1)
    refused_then_done(pair, f"has {size} octets", with_share(pair.pending, b"\2" * size))


def test_this_sides_own_public_value_sent_back_is_refused() -> None:
    pair = Pair().reach(3)
    own = next(e.term.octets for e in pair.of(Learned, I) if e.term.symbol == "g^xi")
    refused_then_done(pair, "is this side's own value sent back", with_share(pair.pending, own))


@pytest.mark.parametrize("size", [0, 7, 257])
@pytest.mark.parametrize("number", [3, 4])
def test_a_nonce_has_8_to_256_octets(number: int, size: int) -> None:
    pair = Pair().reach(number - 1)
    refused_then_done(pair, "expected 8 to 256", with_share(pair.pending, nonce=b"n" * size))


def test_trap_17_the_key_is_chosen_by_the_peers_address() -> None:
    keys = {"10.0.0.9": b"another", ADDRESSES[I]: shipped(R).keys[ADDRESSES[I]]}
    pair = Pair(None, replace(quick(shipped(R)), keys=keys)).reach(2)
    stranger = b"stranger"
    (answer,) = pair.feed(R, stranger + pair.sent[0][8:], "10.0.0.7")
    assert not pair.refusals(R), "whose key it will be does not matter yet"
    told = pair.feed(R, stranger + answer[8:16] + pair.pending[16:], "10.0.0.7")
    assert pair.refusal(R).reason == "No pre-shared key for 10.0.0.7"
    assert [is_told(octets) for octets in told] == [True]
    assert pair.made[-1].destination.address == "10.0.0.7"
    assert pair.finish().up


def test_a_first_message_copied_from_elsewhere_does_not_shut_its_author_out() -> None:
    pair = Pair().start()
    assert pair.feed(R, pair.pending, "10.0.0.7")
    assert pair.finish().up


def test_trap_17_a_wrong_key_is_an_undecryptable_message_5() -> None:
    pair = Pair(None, replace(quick(shipped(R)), keys={ADDRESSES[I]: b"wrong"})).start().pump()
    assert [is_told(octets) for octets in pair.sent] == [False] * 5 + [True]
    refusal = pair.refusal(R)
    assert refusal.reason.startswith("It decrypts to nonsense")
    assert "different keys" in refusal.reason
    assert refusal.notify == "PAYLOAD-MALFORMED"
    assert pair.state(R) == "waits for 5"
    assert pair.failures(I) == [
        "Main Mode: the peer says PAYLOAD-MALFORMED (in the clear: anybody could have said it)"]
    for role in (I, R):
        assert not pair.of(SaInstalled, role)
        assert not pair.of(Verified, role)
    assert not pair.of(Decrypted, R)


def test_trap_28_a_message_id_in_phase_1_is_refused() -> None:
    for number in (1, 2, 3, 5, 6):
        pair = Pair().reach(number - 1)
        refused_then_done(pair, "Message ID must be 0 in phase 1", patched(pair.pending, 20, b"\0\0\0\1"))


def test_trap_28_cookies_are_never_swapped() -> None:
    for number in (2, 3, 4, 5, 6):
        pair = Pair().reach(number - 1)
        octets = pair.pending
        refused_then_done(pair, "No negotiation has these cookies", octets[8:16] + octets[:8] + octets[16:])


def test_a_message_without_a_responder_cookie_is_only_ever_the_first() -> None:
    for number in (2, 3, 4, 5, 6):
        pair = Pair().reach(number - 1)
        refused_then_done(pair, "", patched(pair.pending, 8, bytes(8)))


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_reserved_octet_that_is_not_zero_is_refused(number: int) -> None:
    pair = Pair().reach(number - 1)
    refused_then_done(pair, "RESERVED", patched(pair.pending, 29, b"\1"))


@pytest.mark.parametrize("at", [41, 49, 54])
def test_a_reserved_octet_inside_the_sa_is_refused(at: int) -> None:
    pair = Pair().start()
    refused_then_done(pair, "RESERVED", patched(pair.pending, at, b"\1"))


def test_a_choice_may_come_back_with_its_attributes_in_another_order() -> None:
    pair = Pair().reach(1)
    answer = with_sa(pair.pending, lambda p: (p.replace(transforms=(
        p.transforms[0].replace(length=None, attributes=(
            *p.transforms[0].attributes[3:5][::-1], *p.transforms[0].attributes[:3],
            *p.transforms[0].attributes[5:])),)),))
    assert pair.feed(I, answer)
    assert pair.refusals(I) == []


ANSWERS: list[tuple[str, Callable[[Proposal], tuple[Proposal, ...]]]] = [
    ("another value", lambda p: (p.replace(transforms=(
        p.transforms[0].replace(length=None, attributes=(basic(1, 5), *p.transforms[0].attributes[1:])),)),)),
    ("another form", lambda p: (p.replace(transforms=(
        p.transforms[0].replace(length=None, attributes=(*p.transforms[0].attributes[:-1], variable(12, 86401))),)),)),
    ("an attribute less", lambda p: (p.replace(transforms=(
        p.transforms[0].replace(length=None, attributes=p.transforms[0].attributes[1:]),)),)),
    ("two transforms", lambda p: (p.replace(transforms=(
        p.transforms[0].replace(next_payload=None), p.transforms[0].replace(next_payload=None, number=2))),)),
    ("no transform", lambda p: (p.replace(transforms=()),)),
    ("two proposals", lambda p: (p, p.replace(number=2))),
    ("no proposal", lambda _: ()),
    ("another transform id", lambda p: (p.replace(transforms=(p.transforms[0].replace(transform_id=2),)),)),
    ("another protocol", lambda p: (p.replace(protocol=3),)),
]


@pytest.mark.parametrize("change", [a[1] for a in ANSWERS], ids=[a[0] for a in ANSWERS])
def test_a_changed_choice_in_message_2_is_refused(change: Callable[[Proposal], tuple[Proposal, ...]]) -> None:
    pair = Pair().reach(1)
    refused_then_done(pair, "", with_sa(pair.pending, change))


@pytest.mark.parametrize(("name", "reason"), [("two proposals", "exactly one proposal"), ("no proposal", "exactly one"),
                                              ("no transform", "No offer fits"), ("another protocol", "No offer"),
                                              ("an attribute less", "No offer fits")])
def test_trap_22_an_offer_has_exactly_one_proposal_and_a_fitting_transform(name: str, reason: str) -> None:
    pair = Pair().start()
    refused_then_done(pair, reason, with_sa(pair.pending, dict(ANSWERS)[name]))


@pytest.mark.parametrize("size", [8, 16])
def test_trap_22_an_spi_in_phase_1_is_ignored(size: int) -> None:
    pair = Pair().start()
    answers = pair.feed(R, with_sa(pair.pending, lambda p: (p.replace(spi=b"s" * size),)))
    assert len(answers) == 1
    assert not pair.refusals(R)


def test_trap_20_lifetimes_are_compared_by_value_and_returned_by_octets() -> None:
    pair = Pair().start()
    offer = with_sa(pair.pending, lambda p: (p.replace(transforms=(
        p.transforms[0].replace(length=None, attributes=(*p.transforms[0].attributes[:-1], variable(12, 3600, 5))),)),))
    (answer,) = pair.feed(R, offer)
    assert build(variable(12, 3600, 5)) in answer


def test_missing_and_misplaced_payloads_are_refused() -> None:
    pair = Pair().reach(2)
    ke, ni = read_message(Buffer("d", pair.pending)).payloads
    octets = pair.pending
    refused_then_done(pair, "HDR, KE, Ni [, NAT-D(1), NAT-D(2)] expected", remade(octets, ke), remade(octets, ni),
                      remade(octets, ke, ni, ke), remade(octets))


def test_the_order_of_ke_and_ni_is_free() -> None:
    pair = Pair().reach(2)
    ke, ni = read_message(Buffer("d", pair.pending)).payloads
    assert pair.feed(R, remade(pair.pending, ni, ke))
    assert not pair.refusals(R)


def test_encryption_comes_when_it_must_and_not_before() -> None:
    for number in (1, 2, 3, 4):
        pair = Pair().reach(number - 1)
        refused_then_done(pair, "the message is encrypted", patched(pair.pending, 19, b"\1"))
    pair = Pair().reach(4)
    clear = remade(pair.sent[2], Nonce(data=b"n" * 20))
    refused_then_done(pair, "the message is in the clear", clear)


def test_another_version_or_exchange_is_refused() -> None:
    pair = Pair().start()
    refused_then_done(pair, "Version is 2.0", patched(pair.pending, 17, b"\x20"))
    for kind, word in ((4, "KE is missing"), (5, "No ISAKMP SA"), (33, "No ISAKMP SA"), (200, "DOI specific")):
        pair = Pair().start()
        refused_then_done(pair, word, patched(pair.pending, 18, bytes((kind,))))


def test_another_doi_is_refused() -> None:
    pair = Pair().start()
    refused_then_done(pair, "Only the IPsec DOI", patched(pair.pending, 32, b"\0\0\0\2"))


def test_names_of_scenarios_are_those_that_ship() -> None:
    assert shipped(I, MAIN).address == ADDRESSES[I]
