"""What somebody without the keys can bring about, and what a message that was refused leaves behind."""

from __future__ import annotations

import pytest
from insider import CLIENT_MODE, HEADER, Insider, between
from pair import I, Pair, R, end
from test_informational_traps import fresh, notification, question
from test_phase1_traps import patched

from explorer.events import Datagram, Learned, Role
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.ikev1.observer import MOST_WATCHED, Ikev1Observer
from explorer.registry.isakmp import ExchangeType, NotifyType


def made_up(octets: bytes, kind: int, message_id: bytes) -> bytes:
    """What anybody can send who has seen the cookies go by."""
    return octets[:18] + bytes((kind, 1)) + message_id + (HEADER + 64).to_bytes(4, "big") + bytes(64)


@pytest.mark.parametrize("message_id", [b"\xaa\xbb\xcc\xdd", b""])
@pytest.mark.parametrize("kind", [ExchangeType.QUICK_MODE, ExchangeType.TRANSACTION, ExchangeType.IDENTITY_PROTECTION])
@pytest.mark.parametrize("victim", [I, R])
def test_octets_without_a_key_end_no_quick_mode(victim: Role, kind: int, message_id: bytes) -> None:
    pair = Pair().reach(7)
    number = bytes(4) if kind == ExchangeType.IDENTITY_PROTECTION else message_id or pair.pending[20:24]
    assert pair.feed(victim, made_up(pair.pending, kind, number)) == []
    assert pair.pump().up
    assert pair.failures(I) + pair.failures(R) == []


def test_octets_without_a_key_end_no_login() -> None:
    pair = between(CLIENT_MODE).start()
    while pair.pending[18] != ExchangeType.TRANSACTION:
        pair.pump(1)
    assert pair.feed(I, made_up(pair.pending, ExchangeType.TRANSACTION, b"\xaa\xbb\xcc\xdd")) == []
    assert pair.pump().session(R).access.authorized


@pytest.mark.parametrize("kind", [NotifyType.INVALID_HASH_INFORMATION, NotifyType.PAYLOAD_MALFORMED])
def test_an_error_that_names_no_sa_and_is_about_unread_octets_ends_nothing(kind: NotifyType) -> None:
    pair = Pair().reach(7)
    pair.feed(I, Insider(pair, R).tells(fresh(), notification(kind)))
    assert pair.pump().up



def test_the_eavesdropper_keeps_a_phase_1_as_long_as_it_is_used() -> None:
    pair = Pair().start().pump()
    pair.made.extend(
        Datagram(Insider(pair, R).tells(fresh(), question(bytes(16), b"\0\0\0\1")), end(R), end(I))
        for _ in range(MOST_WATCHED + 10)
    )
    observer = Ikev1Observer(SeededEntropy(1, "eavesdropper"))
    for datagram in pair.made:
        observer.see(datagram, R if datagram.source == end(R) else I)
    learned_ivs = [e for e in iter(observer.next_event, None) if isinstance(e, Learned) and e.term.symbol == "IV"]
    assert len(learned_ivs) == MOST_WATCHED + 11


def test_a_refused_message_leaves_nothing_in_the_ledger_of_its_exchange() -> None:
    pair = between(CLIENT_MODE).start()
    while pair.pending[18] != ExchangeType.TRANSACTION:
        pair.pump(1)
    pair.pump(1)
    (login,) = pair.session(R).exchanges.values()
    before = login.ledger.snapshot()
    pair.feed(R, patched(pair.pending, 40, bytes((pair.pending[40] ^ 1,))))
    assert login.ledger.snapshot() == before
