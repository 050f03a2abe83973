from __future__ import annotations

import hmac
from dataclasses import replace

import pytest
from conftest import recording
from v2_pair import I, R, V2Pair, v2_shipped

from explorer.events import Role
from explorer.protocols.ikev2.config import Ppk
from explorer.trace.model import Key

NAME = "ikev2-ppk"


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
