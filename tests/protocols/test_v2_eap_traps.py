from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from v2_changes import AUTHENTICATION_FAILED, INVALID_SYNTAX
from v2_hand import AUTH, CBC, IDI, IDR, IKE_AUTH, INFORMATIONAL, NONCE, SA, TSI, TSR, body, notifications, one, prf
from v2_pair import I, Payloads, R, V2Pair, payload, v2_shipped

from explorer.events import Role
from explorer.protocols.ikev2.config import V2Gateway, V2Login
from explorer.registry.ikev2 import V2IdType

EAP = 48
MSCHAP, MD5 = "ikev2-eap", "ikev2-eap-md5"
PAD = b"Key Pad for IKEv2"
each = pytest.mark.parametrize("name", [MSCHAP, MD5])


def until(pair: V2Pair, count: int) -> V2Pair:
    """Begun, and ``count`` messages delivered."""
    return pair.start().pump(count)


def eap(octets: str) -> tuple[int, bytes]:
    return payload(EAP, bytes.fromhex(octets))


def nobody(pair: V2Pair) -> bool:
    """Neither side has any SA, and neither waits for anything that could still make one."""
    return pair.sas(I) == pair.sas(R) == []


def ask(pair: V2Pair, number: int, payloads: Payloads) -> Payloads:
    """A request of an initiator that does as it likes, and what is inside the answer."""
    (answer,) = pair.feed(R, pair.sealed(I, IKE_AUTH, number, payloads))
    return pair.inside(answer)


def shared_auth(pair: V2Pair, key: bytes, side: Role) -> bytes:
    """AUTH by hand: method 2 over the first message as ever (RFC 7296 §2.15, §2.16)."""
    keys = pair.keys()
    request, answer = pair.sent[:2]
    first = pair.inside(pair.sent[2])
    ni, nr = body(request, NONCE), body(answer, NONCE)
    if side is I:
        octets = request + nr + prf(CBC, keys.pi, one(first, IDI))
    else:
        octets = answer + ni + prf(CBC, keys.pr, one(pair.inside(pair.sent[3]), IDR))
    return b"\2\0\0\0" + prf(CBC, prf(CBC, key, PAD), octets)


# ---------------------------------------------------------------- what must be where


@each
def test_all_is_up_and_only_the_last_pair_makes_sas(name: str) -> None:
    pair = until(V2Pair(name=name), 2)
    while pair.wire:
        assert nobody(pair)
        last = pair.inside(pair.pending)
        pair.pump(1)
        if len(pair.wire) == 1 and AUTH in dict(last) and IDR not in dict(last):
            break
    pair.pump()
    assert pair.up
    assert pair.refusals(I) == pair.refusals(R) == []


@each
def test_the_first_request_has_no_auth_and_the_first_answer_no_child(name: str) -> None:
    pair = until(V2Pair(name=name), 99)
    inside = [pair.inside(octets) for octets in pair.sent[2:]]
    kinds = [[kind for kind, _ in payloads] for payloads in inside]
    assert AUTH not in kinds[0]
    assert {IDI, SA, TSI, TSR} <= set(kinds[0])
    assert {IDR, AUTH, EAP} <= set(kinds[1])
    assert SA not in kinds[1]
    assert kinds[-2] == [AUTH]
    assert kinds[-1] == [AUTH, SA, TSI, TSR]
    assert all(between == [EAP] for between in kinds[2:-2])
    numbers = [int.from_bytes(octets[20:24], "big") for octets in pair.sent[2:]]
    assert numbers == [n for n in range(1, len(numbers) // 2 + 1) for _ in range(2)]


def test_without_a_key_of_the_login_auth_is_made_with_sk_p() -> None:
    pair = until(V2Pair(name=MD5), 99)
    keys = pair.keys()
    auth_i, auth_r = (one(pair.inside(octets), AUTH) for octets in pair.sent[-2:])
    assert auth_i == shared_auth(pair, keys.pi, I)
    assert auth_r == shared_auth(pair, keys.pr, R)


def test_with_a_key_of_the_login_auth_is_made_with_the_msk() -> None:
    pair = until(V2Pair(name=MSCHAP), 99)
    login = pair.sa(I).login
    assert login is not None
    assert login.side.MSK is not None
    assert len(login.side.MSK.octets) == 64
    auth_i, auth_r = (one(pair.inside(octets), AUTH) for octets in pair.sent[-2:])
    assert auth_i == shared_auth(pair, login.side.MSK.octets, I)
    assert auth_r == shared_auth(pair, login.side.MSK.octets, R)


# ---------------------------------------------------------------- who leaves something out


@each
def test_an_initiator_that_skips_the_login_gets_nothing(name: str) -> None:
    pair = until(V2Pair(name=name), 4)
    auth = payload(AUTH, shared_auth(pair, pair.keys().pi, I))
    assert list(notifications(ask(pair, 2, [auth]))) == [INVALID_SYNTAX]
    assert nobody(pair)
    # And it cannot go on from there.
    assert pair.feed(R, pair.sealed(I, IKE_AUTH, 3, [auth])) == []
    assert nobody(pair)


def test_sk_p_is_no_proof_after_a_login_that_has_made_a_key() -> None:
    pair = until(V2Pair(name=MSCHAP), 10)
    assert [kind for kind, _ in pair.inside(pair.pending)] == [AUTH]
    auth = payload(AUTH, shared_auth(pair, pair.keys().pi, I))
    assert list(notifications(ask(pair, 5, [auth]))) == [AUTHENTICATION_FAILED]
    assert nobody(pair)


def test_a_gateway_takes_no_psk_from_who_should_log_in() -> None:
    first = replace(v2_shipped(I, MSCHAP), method="psk", login=None, keys={"*": b"secret"})
    second = replace(v2_shipped(R, MSCHAP), keys={"*": b"secret"})
    pair = until(V2Pair(first, second), 99)
    assert pair.told(I) == ["AUTHENTICATION_FAILED"]
    assert nobody(pair)


def test_who_wants_no_logins_makes_no_sa_without_auth() -> None:
    pair = until(V2Pair(responder=replace(v2_shipped(R, MSCHAP), gateway=None), initiator=v2_shipped(I, MSCHAP)), 99)
    assert nobody(pair)
    assert len(pair.refusals(R)) == 1


# ---------------------------------------------------------------- a false gateway


def test_nothing_is_said_to_a_gateway_that_proves_itself_with_a_shared_key() -> None:
    first = replace(v2_shipped(I, MSCHAP), keys={"*": b"secret"})
    second = replace(v2_shipped(R, MSCHAP), method="psk", credential=None, keys={"*": b"secret"})
    pair = until(V2Pair(first, second), 99)
    assert "signature" in pair.refusals(I)[0]
    assert all(EAP not in dict(pair.inside(octets)) for octets in pair.sent[4:])
    assert nobody(pair)


@pytest.mark.parametrize("number", [1, 2, 3])
def test_success_before_the_method_is_through_is_refused(number: int) -> None:
    pair = until(V2Pair(name=MSCHAP), 2 * number + 1)
    kept = [p for p in pair.inside(pair.pending) if p[0] != EAP]
    pair.swap(pair.sealed(R, IKE_AUTH, number, [*kept, eap("03010004")], answer=True)).pump()
    assert any("Success" in reason for reason in pair.refusals(I))
    assert nobody(pair)


def test_a_gateway_that_does_not_know_the_password_is_found_out() -> None:
    pair = until(V2Pair(name=MSCHAP), 7)
    words = b"S=" + b"0" * 40 + b" M=OK"
    packet = b"\x1a\3\2" + (4 + len(words)).to_bytes(2, "big") + words
    packet = b"\1\3" + (4 + len(packet)).to_bytes(2, "big") + packet
    pair.swap(pair.sealed(R, IKE_AUTH, 3, [payload(EAP, packet)], answer=True)).pump()
    assert "AuthenticatorResponse" in pair.refusals(I)[0]
    assert list(notifications(pair.inside(pair.sent[-2]))) == [AUTHENTICATION_FAILED]
    assert pair.sent[-2][18] == INFORMATIONAL
    assert nobody(pair)
    assert pair.sa(R).ended


def test_requests_do_not_go_on_for_ever() -> None:
    pair = until(V2Pair(name=MD5), 5)
    for number in range(2, 40):
        pair.feed(I, pair.sealed(R, IKE_AUTH, number, [eap("01070005 01")], answer=True))
    assert "without end" in pair.failures(I)[0]
    assert nobody(pair)


# ---------------------------------------------------------------- a user who is none


@each
@pytest.mark.parametrize("login", [V2Login(b"alice", b"wrong"), V2Login(b"mallory", b"wonderland"), V2Login(b"", b"")])
def test_a_wrong_user_or_password_ends_in_the_same_way(name: str, login: V2Login) -> None:
    pair = until(V2Pair(replace(v2_shipped(I, name), login=login), v2_shipped(R, name)), 99)
    assert nobody(pair)
    assert pair.told(I) == ["AUTHENTICATION_FAILED"]
    assert pair.sa(I).ended
    assert pair.sa(R).ended
    inside = pair.inside(pair.sent[-1])
    assert one(inside, EAP)[0] == 4
    assert list(notifications(inside)) == [AUTHENTICATION_FAILED]


@each
def test_a_method_that_the_user_does_not_speak(name: str) -> None:
    other = "eap-md5" if name == MSCHAP else "eap-mschapv2"
    users = {b"alice": b"wonderland"}
    pair = until(V2Pair(v2_shipped(I, name), replace(v2_shipped(R, name), gateway=V2Gateway(users, other))), 99)
    nak = one(pair.inside(pair.sent[4]), EAP)
    assert nak[4:] == (b"\3\x1a" if name == MSCHAP else b"\3\4")
    assert nobody(pair)


@pytest.mark.parametrize("packet", [
    "0209000a 01616c696365",  # a name under another number
    "01010006 0400",  # a request
    "02010005 01",  # a name that nobody asked for
    "02010006 0d00",  # TLS
    "03010004",  # success, of the user
    "02010006 031a",  # Nak
    "05010004",  # no code
])
def test_a_response_to_something_else_ends_the_login(packet: str) -> None:
    pair = until(V2Pair(name=MD5), 4)
    inside = ask(pair, 2, [eap(packet)])
    assert one(inside, EAP)[0] == 4
    assert list(notifications(inside)) == [AUTHENTICATION_FAILED]
    assert pair.feed(R, pair.sealed(I, IKE_AUTH, 3, [eap("0201000a 01616c696365")])) == []
    assert nobody(pair)


@pytest.mark.parametrize("body", ["02", "02010003", "02010009 04", "0201000a 1a020100 0009", "03010005 00"])
def test_an_eap_payload_that_cannot_be_read(body: str) -> None:
    pair = until(V2Pair(name=MD5), 4)
    assert list(notifications(ask(pair, 2, [eap(body)]))) == [INVALID_SYNTAX]
    assert nobody(pair)


def test_who_has_logged_in_is_known_by_that_name_and_not_by_idi() -> None:
    """IDi is proven by nothing: INITIAL_CONTACT under it must not drop what belongs to somebody else."""
    pair = until(V2Pair(name=MSCHAP), 99)
    assert pair.sa(R).peer_identity == bytes((V2IdType.KEY_ID, 0, 0, 0)) + b"alice"


@each
def test_every_message_may_be_lost_once(name: str) -> None:
    pair = V2Pair(name=name).start()
    seen: set[bytes] = set()
    for _ in range(40):
        while pair.wire:
            if pair.pending not in seen:
                seen.add(pair.pending)
                pair.wire.popleft()
            else:
                pair.pump(1)
        if pair.up:
            break
        due = min(at for peer in pair.peers.values() if (at := peer.next_timer()) is not None)
        pair.now = max(pair.now, due)
        for role, peer in pair.peers.items():
            peer.handle_timer(pair.now)
            pair.put(role)
    assert pair.up


# ---------------------------------------------------------------- together with other things


def test_a_new_authentication_is_a_new_login() -> None:
    pair = until(V2Pair(name=MSCHAP), 99)
    pair.ask(I, lambda peer, there: peer.start_reauthentication(there, pair.now)).pump()
    assert pair.sas(R).count("IKE both") == pair.sas(I).count("IKE both") == 2
    first, second = (a.sa.login.side.MSK for a in pair.peers[I].sessions[-2:] if a.sa.login is not None)
    assert first is not None
    assert second is not None
    assert first.octets != second.octets


@pytest.mark.parametrize("name", ["ikev2-hybrid-mlkem"])
def test_auth_of_a_login_covers_the_intermediate_exchanges(name: str) -> None:
    """M-ID is that of the first IKE_AUTH, however many follow (RFC 9242 §3.3.2)."""
    configs = []
    for role in (I, R):
        ours, theirs = v2_shipped(role, MSCHAP), v2_shipped(role, name)
        configs.append(replace(ours, ike=theirs.ike, intermediate=True))
    pair = until(V2Pair(*configs), 99)
    assert pair.up
    assert pair.refusals(I) == pair.refusals(R) == []


# ---------------------------------------------------------------- anything at all

BODIES = [bytes.fromhex(octets) for octets in (
    "01010005 01", "02010005 01", "0201000a 01616c696365", "01010006 0400", "02010006 0400", "01010007 040100",
    "0101000b 1a010100 060000", "0101000b 1a030100 06533d", "02020006 1a03", "02020006 1a04", "03010004", "04010004",
    "0201000c 1a020100 07310000", "01010009 1a010100 04", "01010005 02",
)]
packets = st.one_of(st.binary(max_size=70), st.sampled_from(BODIES))
said = st.lists(st.tuples(st.sampled_from([EAP, EAP, EAP, AUTH, 41, IDI, IDR, SA]), packets), min_size=1, max_size=3)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([MSCHAP, MD5]), st.integers(3, 11), st.lists(said, min_size=1, max_size=3))
def test_neither_side_raises_and_no_sa_comes_of_it(name: str, delivered: int, messages: list[Payloads]) -> None:
    pair = until(V2Pair(name=name), delivered)
    if pair.up:
        return
    role, octets = pair.wire[0]
    number, before = int.from_bytes(octets[20:24], "big"), len(pair.sas(R))
    genuine = pair.inside(octets)
    for payloads in messages:
        # What comes with the packet may be genuine: then the packet itself is looked at.
        for kept in ([], [(kind, p) for kind, p in genuine if kind != EAP]):
            parts = [*kept, *(payload(kind, body) for kind, body in payloads if not kept or kind == EAP)]
            pair.feed(role, pair.sealed(role.other, IKE_AUTH, number, parts, answer=role is I))
            if role is R:
                number = max(number, pair.sa(R).expected)
    assert len(pair.sas(R)) == before or AUTH in dict(genuine)
