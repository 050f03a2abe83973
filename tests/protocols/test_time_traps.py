"""What several clocks that run out at once, or one that cannot be obeyed, must not do."""

from __future__ import annotations

from dataclasses import replace

from insider import AGGRESSIVE_PSK, hasty
from pair import I, Pair, R, end, quick, shipped

from explorer.events import Role, SaEnded
from explorer.protocols.ikev1.config import Config
from explorer.registry.isakmp import ExchangeType


def living(config: Config, seconds: int, **changes: object) -> Config:
    """The same with an ISAKMP SA of that life."""
    phase1 = tuple(replace(policy, lifetime=seconds) for policy in config.phase1)
    return replace(config, phase1=phase1, **changes)  # type: ignore[arg-type]


def ended(pair: Pair, role: Role) -> list[tuple[str, str]]:
    return [(event.protocol, event.how) for event in pair.of(SaEnded, role)]


def test_who_cannot_begin_a_phase_1_tries_once_to_renew_it() -> None:
    known = {"branch.example.com": b"correct horse battery staple"}
    responder = living(hasty(R, AGGRESSIVE_PSK), 1000, keys=known, rekeys=True)
    pair = Pair(living(hasty(I, AGGRESSIVE_PSK), 1000), responder).start().pump().rekey().pump()
    assert pair.up
    pair.wait(2000)
    assert len(pair.refusals(R)) == 1
    assert ended(pair, R) == [("ISAKMP", "expired")]


def late(pair: Pair, role: Role, now: float) -> list[int]:
    """Everything that is due by then in one call; the exchange types of what a peer sends."""
    pair.now = now
    pair.peers[role].handle_timer(now)
    return [octets[18] for octets in pair.collect(role)]


def test_a_dead_peer_and_the_end_of_its_ipsec_sas_may_fall_together() -> None:
    pair = Pair().reach(9)
    pair.peers[I].start_dpd(end(R), 0.0)
    for now in (5.0, 10.0, 100_000.0):
        late(pair, I, now)
    assert ended(pair, I) == [("ESP", "peer is dead")] * 2 + [("ISAKMP", "peer is dead")]


def test_an_isakmp_sa_with_an_heir_and_its_ipsec_sas_may_end_together() -> None:
    pair = Pair(living(quick(shipped(I)), 1000), living(quick(shipped(R)), 1000)).reach(9)
    pair.now = 500.0
    pair.start().pump()
    late(pair, I, 3700.0)
    assert ended(pair, I) == [("ISAKMP", "expired")] * 2 + [("ESP", "expired")] * 2


def test_nothing_is_sent_under_an_isakmp_sa_that_ends_first() -> None:
    pair = Pair(living(quick(shipped(I)), 3000, rekeys=True), living(quick(shipped(R)), 3000, rekeys=True)).reach(9)
    assert ExchangeType.QUICK_MODE not in late(pair, I, 3550.0)
    assert pair.peers[I].sessions[0].ended
