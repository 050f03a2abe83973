"""Notifications, deletions and signs of life: who may say what, and what it ends (RFC 2408 §3.14, §3.15, RFC 3706)."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from insider import HEADER, Insider, between, established, learned
from pair import I, Pair, R, end, is_told, quick, shipped
from test_phase1_traps import patched

from explorer.crypto.algorithms import SHA1
from explorer.events import Concluded, Learned, Notified, Role, SaEnded, SaInstalled
from explorer.octets import Buffer
from explorer.protocols.ikev1.holdings import MOST_QUESTIONS, QUESTION_WAIT
from explorer.protocols.ikev1.policies import Phase2Policy
from explorer.registry.isakmp import ExchangeType, NotifyType, PayloadType, ProtocolId
from explorer.wire.message import build_chain, read_message
from explorer.wire.payloads import CountedNotification, Delete, Notification, Payload, PlainNotification
from explorer.wire.structure import build

ALIVE = "ikev1-informational"
OTHER = Phase2Policy(1, 12, 256, 2, 1, 3600, None)
PROTOCOLS = {"ISAKMP": 1, "AH": 2, "ESP": 3}
_ids = count(0x51000000)


def fresh() -> bytes:
    return next(_ids).to_bytes(4, "big")


def notification(kind: int, spi: bytes = b"", protocol: int = 1, data: bytes = b"") -> tuple[int, Payload]:
    return int(PayloadType.NOTIFY), PlainNotification(protocol=protocol, notify_type=kind, spi=spi, data=data)


def question(spi: bytes, number: bytes) -> tuple[int, Payload]:
    asked = CountedNotification(protocol=1, notify_type=int(NotifyType.R_U_THERE), spi=spi, data=number)
    return int(PayloadType.NOTIFY), asked


def deletion(*spis: bytes, protocol: str = "ESP") -> tuple[int, Payload]:
    made = Delete(protocol=PROTOCOLS[protocol], spi_size=len(spis[0]), spi_count=len(spis), spis=b"".join(spis))
    return int(PayloadType.DELETE), made


def in_the_clear(cookies: bytes, *payloads: tuple[int, Payload], message_id: bytes = b"\1\2\3\4") -> bytes:
    rest = build_chain(list(payloads))
    head = cookies + bytes((payloads[0][0], 0x10, ExchangeType.INFORMATIONAL, 0)) + message_id
    return head + (HEADER + len(rest)).to_bytes(4, "big") + rest


def inbound(pair: Pair, role: Role) -> bytes:
    return [e.sa.spis[0].octets for e in pair.of(SaInstalled, role) if e.sa.direction == "inbound"][-1]


def ended(pair: Pair, role: Role) -> list[tuple[str, str]]:
    return [(event.protocol, event.how) for event in pair.of(SaEnded, role)]


# ---------------------------------------------------------------- a refusal is told


def test_before_the_isakmp_sa_a_refusal_is_told_in_the_clear() -> None:
    pair = Pair(None, replace(quick(shipped(R)), phase1=(replace(quick(shipped(R)).phase1[0], group=2),))).start()
    (told,) = pair.feed(R, pair.pending)
    message = read_message(Buffer("d", told))
    assert not message.header.encrypted
    assert message.header.exchange_type == ExchangeType.INFORMATIONAL
    assert message.header.message_id
    assert message.header.initiator_cookie == pair.pending[:8]
    (said,) = message.payloads
    assert isinstance(said, Notification)
    assert said.notify_type == NotifyType.NO_PROPOSAL_CHOSEN
    assert said.protocol == ProtocolId.ISAKMP
    assert said.spi == told[:16], "both cookies"


def test_under_the_isakmp_sa_it_is_told_with_a_hash_and_by_the_peers_spi() -> None:
    pair = Pair(None, replace(quick(shipped(R)), phase2=(OTHER,))).reach(6)
    offered = inside_of_first(pair)
    (told,) = pair.feed(R, pair.pending)
    assert told[18:20] == bytes((ExchangeType.INFORMATIONAL, 1))
    assert told[20:24] != pair.pending[20:24], "never under the Message ID that it is about"
    insider = Insider(pair)
    plain = insider.opened(told)
    notified = build(PlainNotification(protocol=3, notify_type=14, spi=offered))
    assert plain[24 : 24 + len(notified)] == notified
    assert plain[4:24] == SHA1.hmac(insider.a, told[20:24] + notified)


def inside_of_first(pair: Pair) -> bytes:
    return learned(pair, I, "SPI_i")


@pytest.mark.parametrize("number", [3, 5])
def test_each_exchange_complains_once(number: int) -> None:
    pair = Pair().reach(number - 1)
    octets = pair.pending
    garbled = [patched(octets, 40, bytes((octets[40] ^ mask,))) for mask in (1, 2, 4)]
    garbled = [patched(octets, 29, b"\1") if number == 3 else one for one in garbled]
    told = [pair.feed(R, one) for one in garbled]
    assert [len(answers) for answers in told] == [1, 0, 0]
    assert len(pair.refusals(R)) == 3
    assert pair.finish().up


def test_nobody_complains_about_a_complaint() -> None:
    pair = Pair().reach(6)
    octets = Insider(pair).tells(fresh(), notification(14, b"spi!", 3))
    assert pair.feed(R, patched(octets, 40, bytes((octets[40] ^ 1,)))) == []
    assert pair.refusals(R)
    garbled = in_the_clear(pair.sent[1][:16], notification(14))
    assert pair.feed(R, garbled) == []


# ---------------------------------------------------------------- what a notification ends


@pytest.mark.parametrize("number", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("role", [I, R])
def test_a_notification_in_the_clear_ends_a_half_open_phase_1(role: Role, number: int) -> None:
    pair = Pair().reach(number - 1)
    if role is R and pair.state(R) == "ISAKMP SA up":
        return
    cookies = pair.pending[:16] if role is R else pair.sent[-1][:16]
    assert pair.feed(role, in_the_clear(cookies, notification(14))) == []
    said = "the peer says NO-PROPOSAL-CHOSEN (in the clear: anybody could have said it)"
    assert pair.failures(role) == [f"Main Mode: {said}"]
    assert [event.protected for event in pair.of(Notified, role)] == [False]
    pair.pump()
    assert pair.sas(role) == []


@pytest.mark.parametrize("role", [I, R])
@pytest.mark.parametrize("kind", [1, 14, 24, 29])
def test_once_the_isakmp_sa_stands_it_ends_nothing(role: Role, kind: int) -> None:
    pair = Pair().reach(7)
    cookies = pair.sent[1][:16]
    assert pair.feed(role, in_the_clear(cookies, notification(kind))) == []
    assert pair.refusals(role)
    assert not pair.of(Notified, role)
    assert not pair.failures(role)
    assert pair.pump().up


@pytest.mark.parametrize("role", [I, R])
def test_a_deletion_in_the_clear_ends_nothing_at_any_time(role: Role) -> None:
    for delivered in range(1, 10):
        pair = Pair().reach(delivered)
        cookies = (pair.sent[1] if delivered > 1 else pair.sent[0])[:16]
        pair.feed(role, in_the_clear(cookies, deletion(cookies, protocol="ISAKMP")))
        assert not pair.failures(role)
        assert ended(pair, role) == []
        assert pair.finish().up


@pytest.mark.parametrize("what", ["another cookie", "another address"])
def test_it_must_at_least_have_the_cookie_and_the_address(what: str) -> None:
    pair = Pair().reach(3)
    cookies = pair.sent[1][:16] if what == "another address" else b"x" * 8 + pair.sent[1][8:16]
    octets = in_the_clear(cookies, notification(14))
    pair.feed(I, octets, "10.0.0.7" if what == "another address" else "")
    assert not pair.failures(I)
    assert pair.finish().up


@pytest.mark.parametrize("role", [I, R])
@pytest.mark.parametrize("delivered", range(1, 6))
@pytest.mark.parametrize("foreign", [b"x" * 8, bytes(8)], ids=["another", "none"])
def test_once_the_responder_cookie_is_known_it_must_have_it(role: Role, delivered: int, foreign: bytes) -> None:
    pair = Pair().reach(delivered)
    if role is I and delivered == 1:
        return
    pair.feed(role, in_the_clear(pair.sent[0][:8] + foreign, notification(14)))
    assert pair.refusal(role).notify == "INVALID-COOKIE"
    assert not pair.failures(role)
    assert pair.finish().up


@pytest.mark.parametrize("kind", [16384, 24576, 24577, 24578, 40960])
def test_a_status_ends_nothing(kind: int) -> None:
    pair = Pair().reach(3)
    data = build(PlainNotification(protocol=1, notify_type=kind))[4:] if kind != 24576 else b""
    assert isinstance(data, bytes)
    pair.feed(I, in_the_clear(pair.sent[1][:16], notification(kind)))
    assert not pair.failures(I)
    assert pair.finish().up


def test_a_protected_refusal_ends_the_quick_mode_of_its_spi_and_no_other() -> None:
    pair = Pair().reach(6).rekey()
    spis = [e.term.octets for e in pair.of(Learned, I) if e.term.symbol == "SPI_i"]
    assert len(spis) == 2
    pair.feed(I, Insider(pair, R).tells(fresh(), notification(14, spis[0], 3)))
    assert pair.failures(I) == ["Quick Mode: the peer says NO-PROPOSAL-CHOSEN"]
    pair.pump()
    assert len([sa for sa in pair.sas(I) if sa == "ESP inbound"]) == 1
    assert inbound(pair, I) == spis[1]


def test_a_refusal_that_names_nothing_ends_one_at_most() -> None:
    pair = Pair().reach(6).rekey()
    pair.feed(I, Insider(pair, R).tells(fresh(), notification(14, b"", 3)))
    assert len(pair.failures(I)) <= 1
    pair.pump()
    assert "ESP inbound" in pair.sas(I)


def test_a_refusal_whose_hash_is_wrong_ends_nothing() -> None:
    pair = Pair().reach(6)
    spi = inside_of_first(pair)
    insider = Insider(pair, R)
    insider.a = b"another key for the hash"
    assert pair.feed(I, insider.tells(fresh(), notification(14, spi, 3))) == []
    assert pair.refusal(I).notify == "INVALID-HASH-INFORMATION"
    assert not pair.failures(I)
    assert pair.pump().up


def test_what_comes_after_the_end_is_refused_and_makes_no_sa() -> None:
    pair = Pair().reach(3)
    pair.feed(I, in_the_clear(pair.sent[1][:16], notification(14)))
    pair.pump()
    assert pair.refusals(I)
    assert pair.sas(I) == pair.sas(R) == []


# ---------------------------------------------------------------- deletions


@pytest.mark.parametrize("by", [I, R])
def test_a_deletion_names_the_senders_inbound_sas(by: Role) -> None:
    pair = Pair().reach(9)
    pair.peers[by].start_delete(end(by.other), 0.0)
    pair.put(by)
    plain = Insider(pair).opened(pair.pending)
    made = Delete(protocol=3, spi_size=4, spi_count=1, spis=inbound(pair, by))
    assert plain[24 : 24 + 16] == build(made)
    pair.pump()
    for role in (I, R):
        assert ended(pair, role) == [("ESP", "deleted")] * 2


def test_the_receivers_own_inbound_spi_deletes_nothing() -> None:
    pair = Pair().reach(9)
    pair.feed(R, Insider(pair).tells(fresh(), deletion(inbound(pair, R))))
    assert ended(pair, R) == []


@pytest.mark.parametrize("protocol", ["AH", "ISAKMP"])
def test_an_spi_belongs_to_its_protocol(protocol: str) -> None:
    pair = Pair().reach(9)
    pair.feed(R, Insider(pair).tells(fresh(), deletion(inbound(pair, I), protocol=protocol)))
    assert ended(pair, R) == []


def test_several_spis_in_one_deletion() -> None:
    pair = Pair().reach(9)
    first = inbound(pair, I)
    pair.rekey().pump()
    pair.feed(R, Insider(pair).tells(fresh(), deletion(first, b"none", inbound(pair, I))))
    assert ended(pair, R) == [("ESP", "deleted")] * 4


@pytest.mark.parametrize("by", [I, R])
def test_without_the_isakmp_sa_the_ipsec_sas_live_on_to_their_end(by: Role) -> None:
    pair = Pair().reach(9)
    pair.peers[by].start_delete(end(by.other), 0.0, isakmp=True)
    pair.put(by).pump()
    for role in (I, R):
        assert ended(pair, role) == [("ISAKMP", "deleted")]
        with pytest.raises(LookupError):
            pair.rekey(role)
    old = pair.sent[-2]
    assert pair.feed(by, old) == []
    assert pair.refusals(by)[-1].notify == "INVALID-COOKIE"


def test_cookies_of_another_sa_delete_nothing() -> None:
    pair = Pair().reach(9)
    pair.feed(R, Insider(pair).tells(fresh(), deletion(b"c" * 16, protocol="ISAKMP")))
    assert ended(pair, R) == []
    swapped = pair.sent[1][8:16] + pair.sent[1][:8]
    pair.feed(R, Insider(pair).tells(fresh(), deletion(swapped, protocol="ISAKMP")))
    assert ended(pair, R) == []


def test_a_deletion_of_nothing_deletes_nothing() -> None:
    pair = Pair().reach(9)
    for size, number in ((0, 9), (4, 0)):
        made = Delete(protocol=3, spi_size=size, spi_count=number, spis=b"")
        pair.feed(R, Insider(pair).tells(fresh(), (int(PayloadType.DELETE), made)))
    assert ended(pair, R) == []


# ---------------------------------------------------------------- signs of life


def asked(pair: Pair, by: Role = I) -> int:
    """The number of the question that goes out."""
    pair.peers[by].start_dpd(end(by.other), pair.now)
    pair.put(by)
    body = [e.term.octets for e in pair.of(Learned, by) if e.term.symbol == "N_b"][-1]
    return int.from_bytes(body[-4:], "big")


def test_numbers_rise_by_one_and_begin_anywhere() -> None:
    pair = established(ALIVE)
    numbers = []
    for _ in range(4):
        numbers.append(asked(pair))
        pair.pump()
    assert [n - numbers[0] for n in numbers] == [0, 1, 2, 3]
    assert 0 < numbers[0] < 1 << 31
    assert [event.notify for event in pair.of(Notified, I)].count("R-U-THERE-ACK") == 4
    other = between(ALIVE, seed=9).start().pump()
    assert asked(other) != numbers[0]


def test_both_sides_count_for_themselves() -> None:
    pair = established(ALIVE)
    assert asked(pair.pump(), I) != asked(pair.pump(), R)
    pair.pump()
    assert not pair.refusals(I)
    assert not pair.refusals(R)


def test_a_question_without_an_answer_is_asked_again_and_then_the_peer_is_dead() -> None:
    pair = established(ALIVE).rekey().pump()
    first = asked(pair)
    pair.lose()
    times, numbers = [], [first]
    while (due := pair.peers[I].next_timer()) is not None and due <= QUESTION_WAIT * (MOST_QUESTIONS + 1):
        pair.now = due
        pair.peers[I].handle_timer(due)
        if pair.collect(I):
            times.append(due)
            body = [e.term.octets for e in pair.of(Learned, I) if e.term.symbol == "N_b"][-1]
            numbers.append(int.from_bytes(body[-4:], "big"))
    assert len(numbers) == MOST_QUESTIONS
    assert numbers == sorted(numbers)
    assert ended(pair, I) == [("ESP", "peer is dead")] * 2 + [("ISAKMP", "peer is dead")]
    assert [event.exchange for event in pair.of(Concluded, I) if event.outcome == "failed"] == ["Dead peer detection"]
    assert pair.peers[I].next_timer() is None


def test_an_answer_stops_the_questions() -> None:
    pair = established(ALIVE)
    asked(pair)
    pair.pump().wait(QUESTION_WAIT * (MOST_QUESTIONS + 2))
    assert ended(pair, I) == []
    assert len([octets for octets in pair.sent if is_told(octets)]) == 2


def test_an_answer_to_another_question_does_not() -> None:
    pair = established(ALIVE)
    number = asked(pair)
    pair.lose()
    insider = Insider(pair, R)
    wrong = CountedNotification(protocol=1, notify_type=int(NotifyType.R_U_THERE_ACK), spi=insider.cookies,
                                data=(number + 1).to_bytes(4, "big"))
    pair.feed(I, insider.tells(fresh(), (int(PayloadType.NOTIFY), wrong)))
    assert pair.session(I).holdings.question_due == QUESTION_WAIT


@pytest.mark.parametrize(("spi", "number"), [(b"c" * 16, b"\0\0\0\7"), (None, b""), (None, b"\0\0\7"),
                                             (None, b"\0\0\0\0\7")])
def test_a_question_that_is_none_stays_without_an_answer(spi: bytes | None, number: bytes) -> None:
    pair = established(ALIVE)
    insider = Insider(pair)
    assert pair.feed(R, insider.tells(fresh(), question(spi or insider.cookies, number))) == []
    assert pair.rekey().pump().up


def test_an_old_question_stays_without_an_answer() -> None:
    pair = established(ALIVE)
    insider = Insider(pair)
    answers = [len(pair.feed(R, insider.tells(fresh(), question(insider.cookies, number.to_bytes(4, "big")))))
               for number in (5, 6, 5, 4, 7)]
    assert answers == [1, 1, 0, 0, 1]


def test_a_question_in_the_clear_is_no_question() -> None:
    pair = established(ALIVE)
    cookies = pair.sent[1][:16]
    assert pair.feed(R, in_the_clear(cookies, question(cookies, b"\0\0\0\1"))) == []
    half = between(ALIVE).start().pump(3)
    assert half.feed(R, in_the_clear(half.sent[1][:16], question(half.sent[1][:16], b"\0\0\0\1"))) == []
    assert half.pump().state(R) == "ISAKMP SA up"


# ---------------------------------------------------------------- the first contact


def said_initial_contact(pair: Pair) -> list[bytes]:
    wanted = build(PlainNotification(protocol=1, notify_type=24578, spi=pair.sent[1][:16]))[4:]
    sealed = [octets for octets in pair.sent if octets[18] == 2 and octets[19] & 1]
    return [octets for octets in sealed if wanted in first_phase(pair, octets)]


def first_phase(pair: Pair, octets: bytes) -> bytes:
    """The inside of the fifth or sixth message."""
    phase1 = pair.session(I).phase1
    assert phase1.first_iv is not None
    iv = phase1.first_iv.octets if octets == pair.sent[4] else pair.sent[4][-phase1.policy.cipher.block :]
    return phase1.policy.cipher.decrypt(learned(pair, I, "Ka"), iv, octets[HEADER:])


def with_initial_contact(octets: bytes) -> bytes:
    """A message in the clear with one payload more, as anybody on the way can make it."""
    kind_at, at = 16, 28
    while octets[kind_at]:
        kind_at, at = at, at + int.from_bytes(octets[at + 2 : at + 4], "big")
    _, told = notification(NotifyType.INITIAL_CONTACT, octets[:16])
    made = octets[:kind_at] + bytes((PayloadType.NOTIFY,)) + octets[kind_at + 1 :] + build(told)
    return made[:24] + len(made).to_bytes(4, "big") + made[28:]


@pytest.mark.parametrize("message", [1, 3])
def test_initial_contact_in_the_clear_ends_nothing(message: int) -> None:
    pair = Pair().reach(9).start().pump(message - 1)
    pair.swap(with_initial_contact(pair.pending)).pump()
    assert "INITIAL-CONTACT" in [event.notify for event in pair.of(Notified, R)]
    assert ended(pair, R) == []


def test_trap_24_initial_contact_goes_with_message_5_alone() -> None:
    pair = established(ALIVE)
    assert said_initial_contact(pair) == [pair.sent[4]]
    assert [(event.notify, event.protected) for event in pair.of(Notified, R)] == [("INITIAL-CONTACT", False)]


def test_trap_24_never_in_aggressive_mode() -> None:
    name = "ikev1-aggressive-psk"
    config = replace(shipped(I, name), initial_contact=True)
    pair = Pair(config, shipped(R, name)).start().pump()
    assert pair.state(R) == "ISAKMP SA up"
    assert not pair.of(Notified, R)


def test_whoever_holds_an_sa_already_does_not_say_it() -> None:
    pair = established(ALIVE).start().pump()
    assert len(pair.peers[I].sessions) == 2
    assert len(pair.of(Notified, R)) == 1


def test_who_knows_of_no_older_sa_has_lost_what_it_had() -> None:
    pair = Pair(replace(quick(shipped(I)), initial_contact=True), quick(shipped(R))).start().pump()
    pair.rekey().pump()
    pair.peers[I].sessions.clear()
    pair.start().pump()
    ended = [(event.protocol, event.how) for event in pair.of(SaEnded, R)]
    assert ended == [("ESP", "initial contact"), ("ESP", "initial contact"), ("ISAKMP", "initial contact")]
    assert [session.usable for session in pair.peers[R].sessions] == [False, True]


def test_first_contact_of_one_peer_says_nothing_of_another() -> None:
    pair = Pair(quick(shipped(I)), quick(shipped(R))).start().pump()
    somebody_else = replace(shipped(I).identity, data=bytes((10, 0, 0, 99)))
    named = replace(quick(shipped(I)), initial_contact=True, identity=somebody_else)
    other = Pair(named, seed=9)
    other.peers[R] = pair.peers[R]
    other.start().pump()
    assert "INITIAL-CONTACT" in [event.notify for event in other.of(Notified, R)]
    assert pair.session(I).usable
    assert not pair.peers[R].sessions[0].ended


def test_initial_contact_ends_ipsec_sas_that_have_outlived_their_isakmp_sa() -> None:
    pair = Pair(replace(quick(shipped(I)), initial_contact=True)).reach(9)
    pair.peers[I].start_delete(end(R), 0.0, isakmp=True)
    pair.put(I).pump()
    pair.peers[I].sessions.clear()
    pair.start().pump()
    assert ended(pair, R) == [("ISAKMP", "deleted"), ("ESP", "initial contact"), ("ESP", "initial contact")]


def test_whoever_still_holds_ipsec_sas_says_no_initial_contact() -> None:
    pair = Pair(replace(quick(shipped(I)), initial_contact=True)).reach(9)
    pair.peers[I].start_delete(end(R), 0.0, isakmp=True)
    pair.put(I).pump().start().pump()
    assert ended(pair, R) == [("ISAKMP", "deleted")]
    assert [event.notify for event in pair.of(Notified, R)].count("INITIAL-CONTACT") == 1, "the first time"


def test_initial_contact_may_come_in_an_exchange_of_its_own() -> None:
    """RFC 2407 §4.6.3."""
    pair = Pair().reach(9).start().pump()
    insider = Insider(pair, I)
    pair.feed(R, insider.tells(fresh(), notification(NotifyType.INITIAL_CONTACT, insider.cookies)))
    assert ("ISAKMP", "initial contact") in ended(pair, R)
    assert pair.session(R).usable
