"""Offers, Child SAs and rekeying recomputed with nothing of the program's crypto."""

from __future__ import annotations

import hmac

import pytest
from by_hand import decrypt
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from v2_hand import (
    CBC,
    CREATE_CHILD_SA,
    DELETE,
    GCM,
    IKE_AUTH,
    INFORMATIONAL,
    KE,
    NONCE,
    NOTIFY,
    REKEY_SA,
    SA,
    SA_INIT,
    TSI,
    TSR,
    Keys,
    Kind,
    V2Hand,
    agreed,
    body,
    hand,
    notifications,
    one,
    prf,
    prf_plus,
    seven,
)

from explorer.events import Role


def proposals(sa: bytes) -> list[tuple[int, bytes]]:
    """Protocol and SPI of each."""
    found, at = [], 0
    while at < len(sa):
        size = sa[at + 6]
        found.append((sa[at + 5], sa[at + 8 : at + 8 + size]))
        at += int.from_bytes(sa[at + 2 : at + 4], "big")
    return found


def test_trap_43_the_first_offers_have_no_spi_and_those_of_a_child_have_four_octets() -> None:
    run = hand("ikev2-psk")
    assert {(protocol, spi) for o in (run.first, run.second) for protocol, spi in proposals(body(o, SA))} == {(1, b"")}
    for octets in run.of(IKE_AUTH):
        for protocol, spi in proposals(one(run.inside(octets), SA)):
            assert (protocol, len(spi)) == (3, 4)
            assert int.from_bytes(spi, "big") > 255


def esp(run: V2Hand, spi: bytes) -> list[bytes]:
    return [octets for octets in run.m if octets[:4] == spi]


def check_esp(run: V2Hand, octets: bytes, key: bytes) -> None:
    """A packet of the SA opens with this part of KEYMAT."""
    if run.kind.aead:
        plain = AESGCM(key[:32]).decrypt(key[32:] + octets[8:16], octets[16:], octets[:8])
    else:
        assert hmac.new(key[16:], octets[:-16], "sha256").digest()[:16] == octets[-16:]
        plain = decrypt(key[:16], octets[8:24], octets[24:-16])
    assert plain[-1] == 4


@pytest.mark.parametrize(("name", "kind"), [("ikev2-psk", CBC), ("ikev2-gcm", GCM), ("ikev2-modp", CBC)])
def test_trap_45_keys_of_the_first_child(name: str, kind: Kind) -> None:
    run = hand(name, kind)
    size = 36 if kind.aead else 48
    keymat = prf_plus(kind, run.keys.d, run.ni + run.nr, 2 * size)
    assert run.term("KEYMAT", "IKE_AUTH 1") == keymat
    request, answer = (run.inside(octets) for octets in run.of(IKE_AUTH))
    ((_, spi_i),) = proposals(one(request, SA))
    ((_, spi_r),) = proposals(one(answer, SA))
    # What goes from the initiator to the responder has the responder's SPI, and the first keys.
    assert esp(run, spi_i)
    assert esp(run, spi_r)
    for octets in esp(run, spi_r):
        check_esp(run, octets, keymat[:size])
    for octets in esp(run, spi_i):
        check_esp(run, octets, keymat[size:])


def test_trap_45_the_first_child_has_no_key_exchange_of_its_own() -> None:
    run = hand("ikev2-child")
    for octets in run.of(IKE_AUTH):
        sa = one(run.inside(octets), SA)
        assert KE not in [kind for kind, _ in run.inside(octets)]
        assert bytes.fromhex("0400") not in [sa[at : at + 2] for at in range(12, len(sa), 4)]


def with_ke(run: V2Hand, scope: str, request: bytes, answer: bytes, keys: Keys) -> tuple[bytes, bytes, bytes]:
    """Shared secret, or nothing, and both nonces of a CREATE_CHILD_SA."""
    asked, answered = run.inside(request, keys), run.inside(answer, keys)
    ni, nr = one(asked, NONCE), one(answered, NONCE)
    if KE not in [kind for kind, _ in answered]:
        return b"", ni, nr
    ke = one(answered, KE)
    return agreed(int.from_bytes(ke[:2], "big"), run.term("i", scope), ke[4:]), ni, nr


@pytest.mark.parametrize("name", ["ikev2-child", "ikev2-rekey-child"])
def test_trap_45_keys_of_later_children(name: str) -> None:
    run = hand(name)
    messages = run.of(CREATE_CHILD_SA)
    assert messages
    for request, answer in zip(messages[::2], messages[1::2], strict=True):
        by_responder = "" if request[19] & 8 else "r"
        scope = f"CREATE_CHILD_SA {int.from_bytes(request[20:24], 'big')}{by_responder}"
        secret, ni, nr = with_ke(run, scope, request, answer, run.keys)
        keymat = prf_plus(run.kind, run.keys.d, secret + ni + nr, 96)
        assert run.term("KEYMAT", scope) == keymat
        ((_, spi_i),) = proposals(one(run.inside(request), SA))
        ((_, spi_r),) = proposals(one(run.inside(answer), SA))
        for octets in esp(run, spi_r):
            check_esp(run, octets, keymat[:48])
        for octets in esp(run, spi_i):
            check_esp(run, octets, keymat[48:])
    assert any(esp(run, spi) for octets in messages for _, spi in proposals(one(run.inside(octets), SA)))


def test_trap_46_rekey_sa_and_delete_name_what_their_sender_receives_with() -> None:
    run = hand("ikev2-rekey-child")
    spis = {role: proposals(one(run.inside(octets), SA))[0][1] for role, octets in zip(
        (Role.INITIATOR, Role.RESPONDER), run.of(IKE_AUTH), strict=True)}
    request, answer = run.of(CREATE_CHILD_SA)[:2]
    starter = Role.INITIATOR if request[19] & 8 else Role.RESPONDER
    kind, first = run.inside(request)[0]
    assert kind == NOTIFY
    assert first[4:] == bytes((3, 4)) + REKEY_SA.to_bytes(2, "big") + spis[starter]
    assert REKEY_SA not in notifications(run.inside(answer))
    gone, too = run.of(INFORMATIONAL)[:2]
    assert one(run.inside(gone), DELETE) == bytes((3, 4, 0, 1)) + spis[starter]
    assert one(run.inside(too), DELETE) == bytes((3, 4, 0, 1)) + spis[starter.other]


def test_trap_46_the_ike_sa_itself_is_deleted_without_an_spi() -> None:
    for name in ("ikev2-delete", "ikev2-rekey-ike"):
        run = hand(name)
        deleted = [one(inside, DELETE) for octets in run.of(INFORMATIONAL)
                   if (inside := run.inside(octets)) and inside[0][0] == DELETE]
        assert bytes((1, 0, 0, 0)) in deleted


class Rekeyed:
    """The IKE SAs of a run, one after the other."""

    def __init__(self, run: V2Hand) -> None:
        self.run = run
        self.spis, self.keys, self.flags, self.names = [run.spis], [run.keys], [8], [""]
        while messages := run.of(CREATE_CHILD_SA, self.spis[-1]):
            request, answer = messages[:2]
            number = int.from_bytes(request[20:24], "big")
            by_responder = "" if bool(request[19] & 8) is (self.flags[-1] == 8) else "r"
            scope = f"CREATE_CHILD_SA {number}{by_responder}{self.names[-1]}"
            old = self.keys[-1]
            secret, ni, nr = with_ke(run, scope, request, answer, old)
            ((_, spi_i),) = proposals(one(run.inside(request, old), SA))
            ((_, spi_r),) = proposals(one(run.inside(answer, old), SA))
            self.skeyseed = prf(run.kind, old.d, secret, ni, nr)
            self.flags.append(8 if by_responder == "" else 0)
            self.keys.append(seven(run.kind, self.skeyseed, ni + nr + spi_i + spi_r))
            self.spis.append(spi_i + spi_r)
            self.names.append(f", rekey {len(self.spis) - 1}{by_responder}")


def test_trap_44_keys_of_a_rekeyed_ike_sa() -> None:
    run = hand("ikev2-rekey-ike")
    rekeyed = Rekeyed(run)
    assert len(rekeyed.spis) == 3
    assert run.term("SKEYSEED", "IKE SA" + rekeyed.names[2]) == rekeyed.skeyseed
    for which, keys in zip(rekeyed.names[1:], rekeyed.keys[1:], strict=True):
        for name, octets in keys._asdict().items():
            assert run.term(f"SK_{name}", f"IKE SA{which}") == octets
    for spis, keys in zip(rekeyed.spis[1:], rekeyed.keys[1:], strict=True):
        mine = [octets for octets in run.ike if octets[:16] == spis]
        assert mine
        for octets in mine:
            run.inside(octets, keys)


def test_trap_44_message_ids_begin_again_in_both_directions() -> None:
    run = hand("ikev2-rekey-ike")
    for spis in Rekeyed(run).spis[1:]:
        mine = [octets for octets in run.ike if octets[:16] == spis]
        assert mine[0][20:24] == bytes(4)


def test_trap_43_offers_for_a_rekeyed_ike_sa_have_its_new_spis() -> None:
    run = hand("ikev2-rekey-ike")
    request, answer = run.of(CREATE_CHILD_SA)
    for octets in (request, answer):
        assert [(p, len(spi)) for p, spi in proposals(one(run.inside(octets), SA))] == [(1, 8)]
        assert not {TSI, TSR} & {kind for kind, _ in run.inside(octets)}


def test_trap_33_keys_and_flag_i_belong_to_the_original_initiator_of_each_ike_sa() -> None:
    run = hand("ikev2-rekey-ike")
    steps = [(step.sender, octets) for step, octets in zip(run.trace.steps, run.m, strict=True) if octets in run.ike]
    rekeyed = Rekeyed(run)
    starters = [Role.INITIATOR, Role.INITIATOR, Role.RESPONDER]
    for spis, keys, starter in zip(rekeyed.spis, rekeyed.keys, starters, strict=True):
        mine = [(sender, octets) for sender, octets in steps if octets[:16] == spis and octets[18] != SA_INIT]
        assert mine
        for sender, octets in mine:
            assert bool(octets[19] & 8) is (sender is starter)
            run.inside(octets, keys)
    requests = [(sender, octets) for sender, octets in steps if not octets[19] & 0x20]
    assert {sender for sender, _ in requests} == {Role.INITIATOR, Role.RESPONDER}
