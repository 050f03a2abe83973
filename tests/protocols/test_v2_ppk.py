from __future__ import annotations

import hmac
from dataclasses import replace

import pytest
from conftest import recording
from v2_hand import notifications
from v2_pair import I, R, V2Pair, v2_shipped

from explorer.events import Learned, Role
from explorer.protocols.ikev2.config import Ppk
from explorer.trace.model import Key

NAME = "ikev2-ppk"
PPK_IDENTITY = 16436


def with_ppk(role: Role, ppk: Ppk | None) -> V2Pair:
    config = replace(v2_shipped(role, NAME), ppk=ppk)
    pair = V2Pair(config, None, name=NAME) if role is I else V2Pair(None, config, name=NAME)
    return pair.start().pump()


def octets(symbol: str) -> bytes:
    (found,) = {term.octets for _, _, term in recording(NAME).links.terms(Key("IKE SA", symbol))}
    return found


@pytest.mark.parametrize("name", ["SK_d", "SK_pi", "SK_pr"])
def test_trap_55_three_keys_are_mixed_and_no_others(name: str) -> None:
    mixed = hmac.digest(octets("PPK"), octets(f"{name}'") + b"\1", "sha256")
    assert octets(name) == mixed
    for other in ("SK_ei", "SK_er", "SK_ai", "SK_ar"):
        assert Key("IKE SA", f"{other}'") not in recording(NAME).links.keys


@pytest.mark.parametrize("role", [I, R])
@pytest.mark.parametrize("ppk", [Ppk(b"quantum-safe", b"another secret"), Ppk(b"another name", bytes(32)), None])
def test_whoever_lacks_it_gets_no_sa(role: Role, ppk: Ppk | None) -> None:
    pair = with_ppk(role, ppk)
    assert pair.sas(I) == pair.sas(R) == []
    assert pair.refusals(I) + pair.refusals(R) != []
    assert not pair.peers[I].busy


def test_a_rekeyed_sa_inherits_it() -> None:
    pair = V2Pair(name=NAME).start().pump()
    pair.rekey_ike(I).pump().rekey_child(R).pump()
    assert pair.refusals(I) == pair.refusals(R) == []
    assert pair.sa(I).secured


# ---------------------------------------------------------------- with a login, RFC 8784 §3

PPK = Ppk(b"quantum-safe", bytes(range(32)))
logins = pytest.mark.parametrize("name", ["ikev2-eap", "ikev2-eap-md5"])


def login(name: str, user: Ppk | None, gateway: Ppk | None) -> V2Pair:
    configs = [replace(v2_shipped(role, name), ppk=ppk) for role, ppk in ((I, user), (R, gateway))]
    return V2Pair(*configs, name=name).start().pump()


@logins
def test_who_logs_in_names_the_ppk_with_its_proof(name: str) -> None:
    pair = login(name, PPK, PPK)
    assert pair.up
    assert pair.refusals(I) == pair.refusals(R) == []
    naming = [n for n, message in enumerate(pair.sent[2:], 1) if PPK_IDENTITY in notifications(pair.inside(message))]
    last = len(pair.sent) - 2
    assert naming == [last - 1, last]


@logins
def test_before_the_login_the_responder_signs_without_the_ppk_and_after_it_with_it(name: str) -> None:
    pair = login(name, PPK, PPK)
    of_id = [event.term for event in pair.of(Learned, I) if event.term.symbol.startswith("MACedIDForR")]
    keys = {event.term.symbol: event.term.octets for event in pair.of(Learned, I)}
    assert [term.symbol for term in of_id] == ["MACedIDForR'", "MACedIDForR"]
    for term, key in zip(of_id, ("SK_pr'", "SK_pr"), strict=True):
        assert term.octets == hmac.digest(keys[key], v2_shipped(R, name).identity.body, "sha256")


@logins
@pytest.mark.parametrize(
    ("user", "gateway"),
    [(None, PPK), (PPK, None), (PPK, replace(PPK, secret=bytes(32))), (PPK, replace(PPK, name=b"another"))])
def test_nobody_logs_in_without_it(name: str, user: Ppk | None, gateway: Ppk | None) -> None:
    pair = login(name, user, gateway)
    assert pair.sas(I) == pair.sas(R) == []
    assert pair.refusals(I) + pair.refusals(R) != []


def test_who_has_none_is_not_even_asked_for_its_password() -> None:
    pair = login("ikev2-eap", None, PPK)
    assert pair.refusals(R) == ["The peer does not mix in a PPK, and this side wants it"]
    assert len(pair.sent) == 4
