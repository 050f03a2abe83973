from __future__ import annotations

import pytest
from v2_changes import (
    AUTHENTICATION_FAILED,
    either,
    up,
)
from v2_hand import (
    CREATE_CHILD_SA,
    DELETE,
    IKE_AUTH,
    INFORMATIONAL,
    NOTIFY,
    REKEY_SA,
    SA,
    SA_INIT,
    notifications,
    one,
)
from v2_pair import I, R, V2Pair, changed, payload

from explorer.events import Role
from explorer.protocols.ikev2.config import Selector, V2Identity

# ---------------------------------------------------------------- trap 43


@pytest.mark.parametrize("size", [0, 3, 5, 8])
def test_trap_43_a_child_with_an_spi_of_another_size_is_refused(size: int) -> None:
    pair = V2Pair().start().pump(2)
    payloads = pair.inside(pair.pending)
    sa = one(payloads, SA)
    other = bytes((0, 0)) + (len(sa) - 4 + size).to_bytes(2, "big") + sa[4:6] + bytes((size,)) + sa[7:8]
    other += b"\7" * size + sa[12:]
    swapped = [payload(k, other if k == SA else p[4:]) for k, p in payloads]
    pair.swap(pair.sealed(I, IKE_AUTH, 1, swapped)).pump()
    assert "ESP inbound" not in pair.sas(R) + pair.sas(I)
    assert "SPI" in " ".join(pair.refusals(R))


@pytest.mark.parametrize("size", [0, 4, 7, 9])
def test_trap_43_an_ike_sa_is_rekeyed_only_with_an_spi_of_eight_octets(size: int) -> None:
    pair = up()
    pair.rekey_ike(I)
    payloads = pair.inside(pair.pending)
    sa = one(payloads, SA)
    other = bytes((0, 0)) + (len(sa) - 8 + size).to_bytes(2, "big") + sa[4:6] + bytes((size,)) + sa[7:8]
    other += b"\7" * size + sa[16:]
    swapped = [payload(k, other if k == SA else p[4:]) for k, p in payloads]
    pair.feed(R, pair.sealed(I, CREATE_CHILD_SA, 2, swapped))
    assert len(pair.refusals(R)) == 1
    assert pair.sas(R).count("IKE both") == 1


# ---------------------------------------------------------------- trap 46


@either
def test_trap_46_rekeying_what_is_not_there(role: Role) -> None:
    pair = up()
    pair.rekey_child(role)
    payloads = pair.inside(pair.pending)
    own = {spi: at for at, spi in enumerate((pair.sa(role).children[0].outbound.octets, b"\1\2\3\4"))}
    for spi, at in own.items():
        named = bytes((3, 4)) + REKEY_SA.to_bytes(2, "big") + spi
        swapped = [payload(NOTIFY, named), *(payload(k, p[4:]) for k, p in payloads[1:])]
        number = int.from_bytes(pair.pending[20:24], "big") + at
        (answer,) = pair.feed(role.other, pair.sealed(role, CREATE_CHILD_SA, number, swapped))
        (told,) = notifications(pair.inside(answer)).items()
        assert told == (44, bytes((3, 4, 0, 44)) + spi), "it says which one (RFC 7296 §2.25)"
    assert len(pair.sa(role.other).children) == 1


@either
def test_trap_46_deleting_what_is_not_there_is_answered_with_nothing(role: Role) -> None:
    pair = up()
    number = 2 if role is I else 0
    gone = payload(DELETE, bytes((3, 4, 0, 1)) + pair.sa(role).children[0].outbound.octets)
    (answer,) = pair.feed(role.other, pair.sealed(role, INFORMATIONAL, number, [gone]))
    assert pair.inside(answer) == []
    assert len(pair.sa(role.other).children) == 1
    assert pair.ended(role.other, "ESP") == []


@either
def test_trap_46_several_children_in_one_delete(role: Role) -> None:
    pair = up()
    pair.ask(role, lambda peer, there: peer.start_quick(there, pair.now)).pump()
    pair.delete(role)
    (told,) = [p for k, p in pair.inside(pair.pending) if k == DELETE]
    assert told[4:8] == bytes((3, 4, 0, 2))
    assert len(told) == 16
    pair.pump()
    assert pair.sa(I).children == pair.sa(R).children == []
    assert len(pair.ended(I, "ESP")) == len(pair.ended(R, "ESP")) == 4
    assert not pair.sa(I).ended


# ---------------------------------------------------------------- trap 51


@pytest.mark.parametrize("seed", range(6))
def test_trap_51_both_rekey_a_child_at_once(seed: int) -> None:
    pair = V2Pair(seed=seed).start().pump()
    pair.rekey_child(I).rekey_child(R).pump()
    assert not pair.peers[I].busy
    assert not pair.peers[R].busy
    (ours,), (theirs,) = pair.sa(I).children, pair.sa(R).children
    assert (ours.inbound.octets, ours.outbound.octets) == (theirs.outbound.octets, theirs.inbound.octets)


@pytest.mark.parametrize("seed", range(6))
def test_trap_51_both_rekey_the_ike_sa_at_once(seed: int) -> None:
    pair = V2Pair(seed=seed).start().pump()
    pair.rekey_ike(I).rekey_ike(R).pump()
    usable = {role: [a.sa for a in pair.peers[role].sessions if a.usable] for role in (I, R)}
    (ours,), (theirs,) = usable[I], usable[R]
    assert ours.spis == theirs.spis
    assert len(ours.children) == len(theirs.children) == 1
    assert not pair.liveness(I).liveness(R).pump().peers[I].busy


# ---------------------------------------------------------------- the life of an SA


@either
@pytest.mark.parametrize("ike", [False, True], ids=["Child SA", "IKE SA"])
def test_a_delete_is_the_end_on_both_sides(role: Role, *, ike: bool) -> None:
    pair = up()
    pair.delete(role, ike=ike).pump()
    for side in (I, R):
        assert len(pair.ended(side, "ESP")) == 2
        assert len(pair.ended(side, "IKE")) == int(ike)
        assert not pair.peers[side].busy
    if ike:
        with pytest.raises(LookupError):
            pair.liveness(role)


@either
def test_an_exchange_that_has_no_place_is_answered_and_changes_nothing(role: Role) -> None:
    pair = up()
    number = 2 if role is I else 0
    for exchange, error in ((SA_INIT, 7), (IKE_AUTH, 7), (43, 7), (44, 47), (99, 7)):
        (answer,) = pair.feed(role.other, pair.sealed(role, exchange, number, []))
        assert (answer[18], list(notifications(pair.inside(answer)))) == (exchange, [error])
        number += 1
    assert len(pair.refusals(role.other)) == 5
    assert pair.sas(role.other) == ["IKE both", "ESP inbound", "ESP outbound"]
    assert not pair.sa(role.other).ended


@either
def test_in_the_clear_an_exchange_that_has_no_place_is_not_answered(role: Role) -> None:
    pair = up()
    octets = pair.sealed(role, 99, 2 if role is I else 0, [])
    forged = octets[:16] + bytes(1) + octets[17:24] + (28).to_bytes(4, "big")
    assert pair.feed(role.other, forged) == []


@either
def test_a_peer_that_says_that_we_have_failed_is_believed(role: Role) -> None:
    pair = up()
    failed = payload(NOTIFY, bytes((0, 0)) + AUTHENTICATION_FAILED.to_bytes(2, "big"))
    (answer,) = pair.feed(role.other, pair.sealed(role, INFORMATIONAL, 2 if role is I else 0, [failed]))
    assert answer[19] & 0x20
    assert len(pair.ended(role.other, "IKE")) == 1
    assert len(pair.ended(role.other, "ESP")) == 2


def test_a_proof_that_fails_leaves_nothing_on_either_side() -> None:
    pair = V2Pair(changed(I, keys={"*": b"one"}), changed(R, keys={"*": b"another"})).start().pump()
    for side in (I, R):
        assert pair.sas(side) == []
        assert not pair.peers[side].busy
        assert not any(a.usable for a in pair.peers[side].sessions)
    assert pair.told(I) == ["AUTHENTICATION_FAILED"]


def test_somebody_else_than_expected() -> None:
    pair = V2Pair(changed(I, expects=V2Identity(2, b"somebody.else"))).start().pump()
    assert pair.sas(I) == []
    assert not any(a.usable for role in (I, R) for a in pair.peers[role].sessions)


@pytest.mark.parametrize("changes", [
    {"local": Selector.network("10.99.0.0/16")}, {"remote": Selector.network("10.99.0.0/16")}])
def test_selectors_that_do_not_meet_cost_only_the_child(changes: dict[str, Selector]) -> None:
    pair = V2Pair(responder=changed(R, **changes)).start().pump()
    assert pair.sas(I) == pair.sas(R) == ["IKE both"]
    assert pair.told(I) == ["TS_UNACCEPTABLE"]
    assert not pair.liveness(I).liveness(R).pump().peers[I].busy


def test_an_answer_with_wider_selectors_than_asked_for_is_cut_or_refused() -> None:
    pair = V2Pair(changed(I, local=Selector.network("192.168.1.10/32"))).start().pump(3)
    payloads = pair.inside(pair.pending)
    wide = bytes((1, 0, 0, 0)) + bytes((7, 0, 0, 16, 0, 0, 0xFF, 0xFF)) + bytes(4) + b"\xff" * 4
    swapped = [payload(k, wide if k in (44, 45) else p[4:]) for k, p in payloads]
    pair.feed(I, pair.sealed(R, IKE_AUTH, 1, swapped, answer=True))
    for child in pair.sa(I).children:
        assert child.local.narrowed(Selector.network("192.168.1.10/32")) == child.local


# ---------------------------------------------------------------- requests under an IKE SA that is over


def test_nothing_is_repeated_under_an_ike_sa_that_has_ended() -> None:
    """The initiator has lost everything and says so, while the responder waits for a sign of life of before."""
    pair = V2Pair(changed(I, initial_contact=True)).start().pump().liveness(R)
    pair.wire.clear()
    pair.peers[I].restart()
    pair.start().pump()
    pair.now = 1.0
    pair.liveness(R)
    pair.wire.clear()
    old, new = (association.sa for association in pair.peers[R].sessions)
    assert old.ended
    pair.now = 3.1
    pair.peers[R].handle_timer(pair.now)
    assert {octets[:16] for octets in pair.collect(R)} == {b"".join(new.spis)}
