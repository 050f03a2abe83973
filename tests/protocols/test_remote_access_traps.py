"""XAUTH, the configuration method and hybrid authentication: nobody is in before it has logged in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from insider import CLIENT_MODE, EXTENSION, HYBRID, PUSH, Insider, between, established, hasty, learned
from pair import I, Pair, R, end, is_told

from explorer.events import Concluded, NetworkChanged, Refused, Role, SaEnded, Verified
from explorer.protocols.ikev1.config import Client, Config, Gateway
from explorer.protocols.ikev1.session import MOST_ANSWERS, MOST_EXCHANGES, Session
from explorer.registry.isakmp import ExchangeType, PayloadType
from explorer.wire.attributes import Attribute, basic, of_octets
from explorer.wire.payloads import AttributesPayload, Payload
from explorer.wire.structure import build

ALL = [HYBRID, CLIENT_MODE, PUSH, EXTENSION]
WITH_ADDRESS = [HYBRID, CLIENT_MODE, PUSH]
REQUEST, REPLY, SET, ACK = 1, 2, 3, 4
ADDRESS, TYPE, USER, PASSWORD, STATUS = 1, 16520, 16521, 16522, 16527
FOREIGN = b"\xcb\0\x71\x09"
ID_1, ID_2 = b"\1\1\1\1", b"\2\2\2\2"


def client(name: str, **changes: object) -> Config:
    config = hasty(I, name)
    assert config.client is not None
    return replace(config, client=replace(config.client, **changes))  # type: ignore[arg-type]


def gateway(name: str, **changes: object) -> Config:
    config = hasty(R, name)
    assert config.gateway is not None
    return replace(config, gateway=replace(config.gateway, **changes))  # type: ignore[arg-type]


def attributes(message: int, *values: Attribute, identifier: int = 1) -> tuple[int, Payload]:
    return int(PayloadType.ATTRIBUTES), AttributesPayload(message=message, identifier=identifier, attributes=values)


def transacted(pair: Pair, role: Role, message: int, *values: Attribute, message_id: bytes = ID_1) -> list[bytes]:
    """One message of the configuration method, from somebody who holds the keys of the ISAKMP SA."""
    octets = Insider(pair, role.other).says(ExchangeType.TRANSACTION, message_id, attributes(message, *values))
    return pair.feed(role, octets)


def before_the_login(name: str) -> Pair:
    """The ISAKMP SA stands, and the gateway's question waits on the wire."""
    pair = between(name).start()
    while pair.state(R) != "ISAKMP SA up" or pair.state(I) != "ISAKMP SA up":
        pair.pump(1)
    return pair


def quick_mode_is_refused(pair: Pair) -> bool:
    """Whether the gateway still lets nobody in; the client tries whatever it has been told."""
    pair.session(I).access.authorized = True
    before = len(pair.refusals(R))
    pair.rekey().pump()
    return len(pair.refusals(R)) > before and not any("ESP" in sa for sa in pair.sas(R))


# ---------------------------------------------------------------- the order of things


@pytest.mark.parametrize("name", ALL)
def test_after_the_login_everything_is_as_usual(name: str) -> None:
    pair = established(name)
    assert all(pair.session(role).access.authorized for role in (I, R))
    assert pair.rekey().pump().up


@pytest.mark.parametrize("name", ALL)
def test_before_the_login_neither_side_begins_quick_mode(name: str) -> None:
    pair = before_the_login(name)
    for role in (I, R):
        with pytest.raises(LookupError):
            pair.rekey(role)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", [ExchangeType.QUICK_MODE, ExchangeType.NEW_GROUP_MODE])
def test_before_the_login_the_gateway_takes_nothing_else(name: str, kind: ExchangeType) -> None:
    pair = before_the_login(name)
    answers = pair.feed(R, Insider(pair).says(kind, ID_1))
    assert pair.refusals(R)[-1].notify == "AUTHENTICATION-FAILED"
    assert "before the user has logged in" in pair.refusals(R)[-1].reason
    assert all(is_told(answer) for answer in answers)
    assert pair.pump().rekey().pump().up


@pytest.mark.parametrize("name", ALL)
def test_informational_messages_are_heard_all_along(name: str) -> None:
    pair = before_the_login(name)
    pair.feed(R, Insider(pair).tells(ID_1))
    assert not pair.refusals(R)


@pytest.mark.parametrize("name", ALL)
def test_trap_27_each_transaction_has_a_message_id_of_its_own(name: str) -> None:
    pair = established(name)
    ids = [octets[20:24] for octets in pair.sent if octets[18] == ExchangeType.TRANSACTION]
    assert len(ids) == 2 * len(set(ids))
    assert bytes(4) not in ids
    assert all(ids.count(one) == 2 for one in ids)


@pytest.mark.parametrize("name", ALL)
def test_trap_27_the_gateway_asks_first(name: str) -> None:
    pair = before_the_login(name)
    transactions = [role for role, octets in pair.wire if octets[18] == ExchangeType.TRANSACTION]
    assert transactions == [I]


# ---------------------------------------------------------------- who is proven when


def proofs(pair: Pair, role: Role) -> list[str]:
    return [event.symbol for event in pair.of(Verified, role) if event.proves]


def test_in_hybrid_mode_the_user_is_proven_only_by_the_login() -> None:
    pair = before_the_login(HYBRID)
    assert proofs(pair, I) == ["SIG_R"]
    assert proofs(pair, R) == []
    pair.pump()
    assert proofs(pair, R) == ["password"]


def test_with_a_group_key_somebody_of_the_group_is_proven_first() -> None:
    pair = before_the_login(CLIENT_MODE)
    assert proofs(pair, R) == ["HASH_I"]
    assert proofs(pair.pump(), R) == ["HASH_I", "password"]


def test_a_password_is_never_in_the_clear() -> None:
    pair = established(HYBRID)
    assert b"wonderland" not in b"".join(pair.sent)
    assert learned(pair, I, "password") == b"wonderland"


# ---------------------------------------------------------------- a login that fails


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("bob", "wonderland"), ("alice", ""), ("", ""),
                                                ("alice", "wonderland "), ("Alice", "wonderland")])
def test_a_wrong_login_ends_the_isakmp_sa(name: str, user: str, password: str) -> None:
    pair = Pair(client(name, user=user, password=password), hasty(R, name)).start().pump()
    assert "are not those of any user" in pair.refusals(R)[0].reason
    assert pair.refusals(R)[0].notify == "AUTHENTICATION-FAILED"
    assert pair.refusals(I)[0].reason == "The gateway does not accept the login"
    assert "Remote access: the login failed" in pair.failures(R)
    for role in (I, R):
        assert [event.how for event in pair.of(SaEnded, role)] == ["deleted"]
        assert pair.sas(role) == ["ISAKMP both"]
        with pytest.raises(LookupError):
            pair.rekey(role)
    assert not pair.peers[I].busy
    assert not pair.peers[R].busy


def test_a_user_without_name_and_password_is_turned_away() -> None:
    pair = Pair(replace(hasty(I, HYBRID), client=None), hasty(R, HYBRID)).start().pump()
    assert pair.refusals(R)
    assert pair.session(R).ended
    assert not pair.peers[R].busy


@pytest.mark.parametrize("values", [
    (), (of_octets(USER, b"alice"),), (of_octets(PASSWORD, b"wonderland"),), (of_octets(ADDRESS, FOREIGN),),
    (of_octets(USER, b""), of_octets(PASSWORD, b"")), (basic(16520, 0),),
], ids=["nothing", "no password", "no name", "an address", "empty", "a kind"])
@pytest.mark.parametrize("name", [HYBRID, CLIENT_MODE])
def test_half_a_login_is_none(name: str, values: tuple[Attribute, ...]) -> None:
    pair = before_the_login(name)
    question = next(octets for _, octets in pair.wire if octets[18] == ExchangeType.TRANSACTION)
    insider = Insider(pair)
    inside = insider.opened(question)
    identifier = int.from_bytes(inside[24 + 6 : 24 + 8], "big")
    reply = insider.says(ExchangeType.TRANSACTION, question[20:24], attributes(REPLY, *values, identifier=identifier),
                         iv=question[-insider.cipher.block :])
    pair.feed(R, reply)
    assert not pair.session(R).access.authorized
    assert pair.session(R).access.address == b""
    assert quick_mode_is_refused(pair)


# ---------------------------------------------------------------- what a gateway may ask for


def asked(pair: Pair, *values: Attribute) -> bytes:
    """The inside of the client's answer to a login request that has a Message ID of its own."""
    insider = Insider(pair, R)
    request = insider.says(ExchangeType.TRANSACTION, ID_2, attributes(REQUEST, *values))
    (answer,) = pair.feed(I, request)
    return insider.opened(answer, request[-insider.cipher.block :])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("values", [
    (basic(TYPE, 1),), (basic(TYPE, 2),), (basic(TYPE, 40000),), (of_octets(TYPE, b"\1\0\0"),),
    (of_octets(TYPE, b"\xff" * 3000),), (of_octets(16525, b"challenge"),), (of_octets(16523, b""),),
], ids=["RADIUS-CHAP", "OTP", "private", "long", "very long", "challenge", "passcode"])
def test_a_login_of_a_kind_that_is_not_known_fails_and_gives_no_password(
    name: str, values: tuple[Attribute, ...]
) -> None:
    pair = before_the_login(name)
    inside = asked(pair, *values, of_octets(USER, b""), of_octets(PASSWORD, b""))
    assert b"wonderland" not in inside
    assert build(basic(STATUS, 0)) in inside
    assert build(values[0]) in inside or values[0].type != TYPE
    assert "a login that is not known here" in pair.refusal(I).reason


def test_the_usual_kind_of_login_is_answered_whether_it_is_named_or_not() -> None:
    for kind in ((), (basic(TYPE, 0),), (of_octets(TYPE, b""),)):
        assert b"wonderland" in asked(before_the_login(HYBRID), *kind, of_octets(USER, b""), of_octets(PASSWORD, b""))


def test_what_is_asked_for_many_times_is_said_once() -> None:
    inside = asked(before_the_login(HYBRID), *[of_octets(USER, b"")] * 15000, of_octets(PASSWORD, b""))
    assert inside.count(b"alice") == inside.count(b"wonderland") == 1


@pytest.mark.parametrize("name", ALL)
def test_a_user_who_is_logged_in_is_not_asked_again(name: str) -> None:
    pair = established(name)
    answers = transacted(pair, I, REQUEST, of_octets(USER, b""), of_octets(PASSWORD, b""), message_id=ID_2)
    assert pair.refusals(I)[-1].reason == "The user has logged in already"
    assert all(is_told(answer) for answer in answers)
    assert pair.rekey().pump().up


@pytest.mark.parametrize("value", [of_octets(STATUS, b"\1\0\0"), of_octets(STATUS, b"\xff" * 3000), basic(STATUS, 7)])
def test_a_status_that_means_nothing_is_no_success(value: Attribute) -> None:
    pair = before_the_login(CLIENT_MODE)
    transacted(pair, I, SET, value)
    assert not pair.session(I).access.authorized
    assert pair.refusal(I).reason == "The gateway does not accept the login"


def test_trap_27_an_answer_under_another_identifier_logs_nobody_in() -> None:
    pair = before_the_login(CLIENT_MODE)
    question = pair.pending
    insider = Insider(pair)
    login = attributes(REPLY, of_octets(USER, b"alice"), of_octets(PASSWORD, b"wonderland"), identifier=0x4242)
    pair.feed(R, insider.says(ExchangeType.TRANSACTION, question[20:24], login, iv=question[-insider.cipher.block :]))
    assert "Identifier 16962 of the answer is not" in pair.refusal(R).reason
    assert not pair.session(R).access.authorized


def test_an_answer_without_an_identifier_is_understood_as_strongswan_sends_it() -> None:
    pair = before_the_login(CLIENT_MODE)
    question = pair.pending
    insider = Insider(pair)
    login = attributes(REPLY, of_octets(USER, b"alice"), of_octets(PASSWORD, b"wonderland"), identifier=0)
    pair.feed(R, insider.says(ExchangeType.TRANSACTION, question[20:24], login, iv=question[-insider.cipher.block :]))
    assert pair.session(R).access.authorized


def test_a_login_is_no_quick_mode() -> None:
    pair = before_the_login(CLIENT_MODE).pump(1)
    _, reply = pair.wire[0]
    pair.feed(R, reply[:18] + bytes((ExchangeType.QUICK_MODE,)) + reply[19:])
    assert pair.refusal(R).notify == "INVALID-EXCHANGE-TYPE"
    assert not pair.session(R).access.authorized


# ---------------------------------------------------------------- what a client may not do


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("kind", [SET, ACK, REPLY, REQUEST])
def test_a_client_cannot_declare_its_own_login_successful(name: str, kind: int) -> None:
    pair = before_the_login(name)
    transacted(pair, R, kind, basic(STATUS, 1))
    assert not pair.session(R).access.authorized
    assert quick_mode_is_refused(pair)


@pytest.mark.parametrize("name", ALL)
def test_a_client_that_failed_cannot_either(name: str) -> None:
    pair = Pair(client(name, password="wrong"), hasty(R, name)).start()
    while not pair.refusals(R):
        pair.pump(1)
    transacted(pair, R, SET, basic(STATUS, 1))
    assert not pair.session(R).access.authorized
    assert not any("ESP" in sa for sa in pair.sas(R))


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_client_cannot_choose_its_own_address(name: str, when: str) -> None:
    pair = before_the_login(name) if when == "before" else established(name)
    held = pair.session(R).access.address
    transacted(pair, R, SET, of_octets(ADDRESS, FOREIGN))
    assert pair.session(R).access.address == held
    assert not [event for event in pair.of(NetworkChanged, R) if event.what == "internal address"]


@pytest.mark.parametrize("name", WITH_ADDRESS)
def test_no_address_is_given_before_the_login(name: str) -> None:
    pair = before_the_login(name)
    answers = transacted(pair, R, REQUEST, of_octets(ADDRESS, b""))
    assert pair.session(R).access.address == b""
    inside = [Insider(pair).opened(answer, Insider(pair).iv(ID_1)) for answer in answers if not is_told(answer)]
    assert not any(b"\x0a\3\0" in octets for octets in inside)


def test_quick_mode_is_for_the_address_that_was_given_and_no_other() -> None:
    pair = established(CLIENT_MODE)
    pair.session(I).access.address = FOREIGN
    pair.rekey().pump()
    assert pair.refusals(R)[-1].notify == "INVALID-ID-INFORMATION"
    assert pair.sas(R) == ["ISAKMP both"]


# ---------------------------------------------------------------- what others may not do


@pytest.mark.parametrize("role", [I, R])
def test_peers_without_remote_access_take_no_address(role: Role) -> None:
    pair = Pair().start().pump()
    transacted(pair, role, SET, of_octets(ADDRESS, FOREIGN))
    assert pair.session(role).access.address == b""
    assert pair.rekey().pump().up, "and protect what they were configured to"


@pytest.mark.parametrize("role", [I, R])
@pytest.mark.parametrize("status", [0, 1])
def test_peers_without_remote_access_hear_no_status(role: Role, status: int) -> None:
    pair = Pair().start().pump()
    transacted(pair, role, SET, basic(STATUS, status))
    assert pair.session(role).access.authorized
    assert not pair.session(role).access.refused
    assert pair.rekey().pump().up


@pytest.mark.parametrize("role", [I, R])
def test_peers_without_remote_access_give_nothing_away(role: Role) -> None:
    pair = Pair().start().pump()
    wanted = of_octets(USER, b""), of_octets(PASSWORD, b""), of_octets(ADDRESS, b"")
    for answer in transacted(pair, role, REQUEST, *wanted):
        inside = Insider(pair, role.other)
        assert len(answer) < 120
        assert b"wonderland" not in inside.opened(answer)


@pytest.mark.parametrize("message", [REPLY, ACK, 0, 99])
def test_an_answer_to_nothing_begins_no_transaction(message: int) -> None:
    pair = established(CLIENT_MODE)
    transacted(pair, R, message, of_octets(ADDRESS, FOREIGN))
    assert pair.refusals(R)[-1].notify == "ATTRIBUTES-NOT-SUPPORTED"
    assert "begins no transaction" in pair.refusals(R)[-1].reason
    assert pair.rekey().pump().up


@pytest.mark.parametrize("number", [4, 5, 6, 7, 8, 9])
@pytest.mark.parametrize("at", [28, 44, -1])
def test_trap_5_a_garbled_transaction_does_not_move_the_vector(number: int, at: int) -> None:
    pair = between(CLIENT_MODE).start().pump(number - 1)
    role, octets = pair.wire[0]
    at %= len(octets)
    pair.feed(role, octets[:at] + bytes((octets[at] ^ 0x55,)) + octets[at + 1 :])
    assert pair.pump().rekey().pump().up


@pytest.mark.parametrize("number", range(4, 10))
def test_trap_5_a_repeated_transaction_gets_the_identical_answer(number: int) -> None:
    pair = between(CLIENT_MODE).start().pump(number - 1)
    role, octets = pair.wire.popleft()
    answers = pair.feed(role, octets)
    again = pair.feed(role, octets)
    assert again == answers[: len(again)]
    assert len(again) == (0 if number % 2 else 1)
    pair.wire.extend((role.other, answer) for answer in answers)
    assert pair.pump().rekey().pump().up


def test_two_users_get_two_addresses() -> None:
    gate = gateway(CLIENT_MODE, users={"alice": "wonderland", "bob": "builder"})
    first = Pair(client(CLIENT_MODE, user="alice", password="wonderland"), gate).start().pump()
    held = first.session(R).access.address
    second = Pair(client(CLIENT_MODE, user="bob", password="builder"), gate, seed=9)
    second.peers[R] = first.peers[R]
    second.heard[R].clear()
    second.start().pump()
    assert second.session(R) is not first.peers[R].sessions[0]
    assert second.session(R).access.address not in (b"", held)


def short_lived(config: Config) -> Config:
    """Phase 1 is done again, login and all, before the IPsec SAs end."""
    return replace(
        config,
        rekeys=True,
        phase1=tuple(replace(policy, lifetime=300) for policy in config.phase1),
        phase2=tuple(replace(policy, lifetime=1000) for policy in config.phase2))


def test_a_user_keeps_address_and_sas_through_another_login() -> None:
    one = gateway(CLIENT_MODE, pool=gateway(CLIENT_MODE).gateway.pool[:1])  # type: ignore[union-attr]
    pair = Pair(short_lived(client(CLIENT_MODE)), one).start().pump()
    pair.rekey().pump()
    held = pair.session(R).access.address
    pair.wait(280)
    old, new = pair.peers[R].sessions
    assert (old.ended, new.usable, new.access.address) == (True, True, held)
    assert (len(list(old.holdings)), len(list(new.holdings))) == (0, 1)
    assert [e.reason for role in (I, R) for e in pair.of(Refused, role)] == []


def test_an_address_comes_back_when_nothing_needs_it_any_more() -> None:
    one = gateway(CLIENT_MODE, pool=gateway(CLIENT_MODE).gateway.pool[:1])  # type: ignore[union-attr]
    pair = Pair(client(CLIENT_MODE), one).start().pump()
    pair.peers[I].start_delete(end(R), pair.now, isakmp=True)
    pair.put(I).pump()
    assert "route withdrawn" in [e.what for e in pair.of(NetworkChanged, R)]
    again = Pair(client(CLIENT_MODE), one, seed=9)
    again.peers[R] = pair.peers[R]
    assert again.start().pump().session(R).access.address == pair.session(I).access.address


def test_an_empty_pool_is_said_and_gives_no_address_twice() -> None:
    users = {"alice": "wonderland", "bob": "builder"}
    one = gateway(CLIENT_MODE, users=users, pool=gateway(CLIENT_MODE).gateway.pool[:1])  # type: ignore[union-attr]
    first = Pair(client(CLIENT_MODE, user="alice", password="wonderland"), one).start().pump()
    second = Pair(client(CLIENT_MODE, user="bob", password="builder"), one, seed=9)
    second.peers[R] = first.peers[R]
    second.start().pump()
    assert second.session(R).access.address == b""
    assert "No internal address is left" in [e.reason for e in second.of(Refused, R)]


def test_a_client_with_a_network_of_its_own_asks_for_nothing() -> None:
    pair = established(EXTENSION)
    assert [e.exchange for e in pair.of(Concluded, I) if e.exchange.startswith("Mode Config")] == []
    assert pair.session(I).access.address == pair.session(R).access.address == b""
    assert pair.rekey().pump().up
    assert [e.what for e in pair.of(NetworkChanged, R)] == ["route"]


@pytest.mark.parametrize("name", WITH_ADDRESS)
def test_both_sides_know_the_same_address(name: str) -> None:
    pair = established(name)
    assert pair.session(I).access.address == pair.session(R).access.address != b""


def test_names_that_are_no_text_never_raise() -> None:
    odd = Client("alice", "wonderland")
    pair = Pair(replace(hasty(I, CLIENT_MODE), client=odd), gateway(CLIENT_MODE, users={}))
    assert isinstance(pair.peers[R].config.gateway, Gateway)
    pair.start().pump()
    assert [type(event) for event in pair.refusals(R)][:1] == [Refused]


# ---------------------------------------------------------------- what is kept


def asked_again_and_again(pair: Pair, times: int) -> Session:
    for number in range(1, times + 1):
        transacted(pair, R, REQUEST, of_octets(ADDRESS, b""), message_id=number.to_bytes(4, "big"))
    return pair.session(R)


def test_before_the_login_only_so_many_messages_are_taken() -> None:
    pair = between(HYBRID).start()
    while pair.state(I) != "ISAKMP SA up":
        pair.pump(1)
    session = asked_again_and_again(pair, MOST_EXCHANGES + 10)
    assert len(session.exchanges) == MOST_EXCHANGES
    assert session.progress <= MOST_EXCHANGES + 3
    assert pair.pump().session(R).access.authorized, "the gateway's own question is still answered"


def test_after_the_login_only_so_much_is_remembered() -> None:
    session = asked_again_and_again(established(HYBRID), MOST_ANSWERS + 80)
    assert len(session.exchanges) <= MOST_EXCHANGES + 4
    assert session.progress <= MOST_ANSWERS + 1
