from __future__ import annotations

import hmac
from dataclasses import replace

import pytest
from conftest import recording
from v2_hand import notifications
from v2_pair import I, R, V2Pair, v2_shipped

from explorer.errors import NoSaError
from explorer.events import Learned, Role, SaEnded
from explorer.protocols.ikev2.config import V2Config, V2Gateway, V2Identity, V2Login
from explorer.protocols.ikev2.resume import IkeSessionResume
from explorer.registry.ikev2 import V2IdType
from explorer.trace.model import Key

NAME = "ikev2-session-resumption"
RESUME = 38
TICKET_NACK = 16412
TICKET_AT = 28 + 36 + 8
"""Of the ticket in the request: header, nonce payload, and what stands in front of a notification's data."""


def config(role: Role, **changes: object) -> V2Config:
    return replace(v2_shipped(role), resumption=True, **changes)  # type: ignore[arg-type]


def with_ticket(**responder: object) -> V2Pair:
    pair = V2Pair(config(I), config(R, **responder)).start().pump()
    assert pair.up
    return pair


def resume(pair: V2Pair) -> V2Pair:
    return pair.ask(I, lambda peer, there: peer.start_resumption(there, pair.now))


def openings(pair: V2Pair) -> list[int]:
    """Exchange types of the requests with which IKE SAs have begun, and of their answers."""
    return [octets[18] for octets in pair.sent if octets[18] in (34, RESUME)]


def octets(scope: str, symbol: str) -> bytes:
    (found,) = {term.octets for _, _, term in recording(NAME).links.terms(Key(scope, symbol))}
    return found


def prf(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def test_the_keys_come_of_the_old_sk_d_and_of_nonces() -> None:
    Ni, Nr = octets("IKE SA #2, resumed", "Ni"), octets("IKE SA #2, resumed", "Nr")
    SK_d = octets("IKE SA", "SK_d")
    assert octets("IKE SA #2, resumed", "SKEYSEED") == prf(SK_d, b"Resumption" + Ni + Nr)
    assert octets("IKE SA #2, resumed", "SK_d_old") == SK_d
    made = {key.symbol for key in recording(NAME).links.keys if key.scope == "IKE SA #2, resumed"}
    assert made.isdisjoint({"i", "r", "KEi", "KEr", "g^ir"})


@pytest.mark.parametrize(("side", "message", "nonce"), [("i", 13, "Nr"), ("r", 14, "Ni")])
def test_auth_is_made_with_the_new_keys_and_without_a_pad(side: str, message: int, nonce: str) -> None:
    whole = recording(NAME).step(message).octets
    SK_p = octets("IKE SA #2, resumed", f"SK_p{side}")
    identity = octets("IKE_AUTH 1 #2, resumed", f"ID{side}_b")
    signed = whole + octets("IKE SA #2, resumed", nonce) + prf(SK_p, identity)
    assert octets("IKE_AUTH 1 #2, resumed", f"AUTH{side}") == prf(SK_p, signed)


def test_a_ticket_replaces_a_login() -> None:
    steps = [step for step in recording(NAME).steps if step.envelope.exchange != "ESP"]
    exchanges = [step.envelope.exchange for step in steps]
    assert exchanges[-4:] == ["IKE_SESSION_RESUME"] * 2 + ["IKE_AUTH"] * 2
    assert len(exchanges) == 14


def test_the_initiator_never_learns_what_is_in_its_ticket() -> None:
    learned = {
        (entry.party, entry.event.term.symbol)
        for entry in recording(NAME).entries if isinstance(entry.event, Learned)
    }
    for symbol in ("TICKET_STATE", "TICKET_KEY", "TICKET_SALT"):
        assert (R, symbol) in learned
        assert (I, symbol) not in learned


def test_both_sides_drop_the_former_sas_without_a_word() -> None:
    pair = with_ticket()
    former = pair.sa(I).spis
    resume(pair).pump()
    for role in (I, R):
        ended = [(event.protocol, event.how) for event in pair.of(SaEnded, role)]
        assert ended == [("ESP", "replaced"), ("ESP", "replaced"), ("IKE", "replaced")]
        assert pair.sa(role).spis != former
        assert pair.sa(role).up
    assert openings(pair) == [34, 34, RESUME, RESUME]
    assert len(pair.sent) == 8


def test_the_successor_of_a_rekeyed_sa_goes_as_well() -> None:
    pair = with_ticket().rekey_ike(R).pump()
    resume(pair).pump()
    for role in (I, R):
        assert [a.sa.ended for a in pair.peers[role].sessions] == [True, True, False]


def test_a_ticket_serves_once_and_the_next_one_comes_with_it() -> None:
    pair = with_ticket()
    resume(pair)
    with pytest.raises(NoSaError):
        resume(pair)
    pair.pump()
    resume(pair).pump()
    assert pair.refusals(I) == pair.refusals(R) == []
    assert openings(pair) == [34, 34, RESUME, RESUME, RESUME, RESUME]


@pytest.mark.parametrize("without", [I, R])
def test_there_is_no_ticket_where_one_side_wants_none(without: Role) -> None:
    configs = {role: replace(config(role), resumption=role is not without) for role in (I, R)}
    pair = V2Pair(configs[I], configs[R]).start().pump()
    with pytest.raises(NoSaError):
        resume(pair)


def test_a_restart_loses_no_ticket_and_no_ticket_key() -> None:
    pair = with_ticket()
    for role in (I, R):
        pair.peers[role].restart()
    resume(pair).pump()
    assert all(pair.sa(role).up for role in (I, R))
    assert openings(pair)[2:] == [RESUME, RESUME]


def begins_anew(pair: V2Pair, reason: str) -> None:
    """The ticket was not taken, and both have come together without it."""
    pair.pump()
    assert pair.refusals(R) == [reason]
    assert "TICKET_NACK" in pair.told(I)
    assert openings(pair)[2:] == [RESUME, RESUME, 34, 34]
    assert all(pair.sa(role).up and pair.sa(role).resumed is None for role in (I, R))


@pytest.mark.parametrize("at", [0, 7, 8, 60, -1])
def test_a_changed_ticket_is_none(at: int) -> None:
    pair = resume(with_ticket())
    request = bytearray(pair.pending)
    request[TICKET_AT + at if at >= 0 else len(request) - 1] ^= 1
    begins_anew(pair.swap(bytes(request)), "The ticket is none of this side's")


@pytest.mark.parametrize("size", [0, 1, 8, 24])
def test_neither_is_a_piece_of_one(size: int) -> None:
    pair = resume(with_ticket())
    request = pair.pending[: TICKET_AT + size]
    head = request[:24] + len(request).to_bytes(4, "big") + request[28:64]
    pair.swap(head + request[64:66] + (8 + size).to_bytes(2, "big") + request[68:])
    begins_anew(pair, "The ticket is none of this side's")


def test_nobody_takes_tickets_of_another_gateway() -> None:
    pair = with_ticket()
    stranger = V2Pair(config(I), config(R), seed=8).start().pump()
    pair.peers[R] = stranger.peers[R]
    resume(pair)
    begins_anew(pair, "The ticket is none of this side's")


def test_who_has_made_no_ticket_takes_none() -> None:
    pair = with_ticket()
    pair.peers[R] = V2Pair(config(I), config(R)).peers[R]
    resume(pair)
    begins_anew(pair, "This side has not made any ticket")


def test_a_ticket_is_good_for_an_hour_on_each_side() -> None:
    late = with_ticket()
    late.now = 3601
    with pytest.raises(NoSaError):
        resume(late)
    pair = with_ticket()
    pair.now = 3599
    resume(pair)
    pair.now = 3601
    begins_anew(pair, "The ticket's time is over")


def test_algorithms_that_are_no_longer_wanted_do_not_come_back_with_a_ticket() -> None:
    pair = with_ticket()
    other = v2_shipped(R, "ikev2-gcm")
    pair.peers[R].config = replace(pair.peers[R].config, ike=other.ike)
    resume(pair).pump(2)
    assert pair.refusals(R) == ["The ticket's algorithms are not accepted any more"]


def test_a_responder_may_want_a_cookie_first() -> None:
    pair = with_ticket(wants_cookies=True)
    resume(pair).pump()
    assert openings(pair)[4:] == [RESUME] * 4
    assert all(pair.sa(role).resumed is not None for role in (I, R))


def test_nobody_becomes_somebody_else_with_a_ticket() -> None:
    pair = with_ticket()
    own = pair.peers[I].config
    other = replace(own, identity=replace(own.identity, data=b"mallory.lab.example"))
    pair.peers[I].config = other
    pair.peers[R].config = replace(pair.peers[R].config, expects=None)
    resume(pair).pump()
    (reason,) = pair.refusals(R)
    assert reason.startswith("The ticket is ")
    assert not pair.sa(R).up


def test_a_stolen_ticket_is_of_no_use_without_the_keys() -> None:
    pair = with_ticket()
    resume(pair)
    init = pair.peers[I].sessions[-1].init
    assert isinstance(init, IkeSessionResume)
    other = V2Pair(config(I), config(R), seed=8).start().pump().sa(I).keys
    init.ticket = init.ticket._replace(SK_d=other.SK_d)
    pair.pump()
    assert not any(a.sa.up and a.sa.resumed is not None for a in pair.peers[R].sessions)
    assert not any(a.sa.up and a.sa.resumed is not None for a in pair.peers[I].sessions)


def test_who_makes_no_child_sa_at_first_makes_none_when_it_resumes() -> None:
    pair = V2Pair(config(I, childless=True), config(R, childless=True)).start().pump()
    resume(pair).pump()
    assert pair.sas(I) == pair.sas(R) == ["IKE both", "IKE both"]


@pytest.mark.parametrize("size", [5_000, 32_600, 60_000, 65_100])
def test_a_long_name_gets_no_ticket_and_its_owner_is_told(size: int) -> None:
    long = V2Identity(int(V2IdType.KEY_ID), b"x" * size)
    pair = V2Pair(config(I, identity=long), config(R, expects=None)).start().pump()
    assert pair.up
    assert TICKET_NACK in notifications(pair.inside(pair.sent[3]))
    with pytest.raises(NoSaError):
        resume(pair)


def test_a_user_with_a_long_name_gets_none_either() -> None:
    name = b"x" * 60_000
    user = replace(v2_shipped(I, "ikev2-eap"), resumption=True, login=V2Login(name, b"secret"))
    gateway = replace(v2_shipped(R, "ikev2-eap"), resumption=True, gateway=V2Gateway({name: b"secret"}))
    pair = V2Pair(user, gateway, name="ikev2-eap").start().pump()
    assert pair.up
    with pytest.raises(NoSaError):
        resume(pair)


def test_what_was_ended_on_purpose_does_not_come_back() -> None:
    pair = with_ticket().delete(R, ike=True).pump()
    with pytest.raises(NoSaError):
        resume(pair)
