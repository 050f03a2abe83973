"""What several clocks that run out at once, or one that cannot be obeyed, must not do."""

from __future__ import annotations

from dataclasses import replace

from insider import AGGRESSIVE_PSK, hasty
from pair import I, Pair, R

from explorer.events import Role, SaEnded
from explorer.protocols.ikev1.config import Config


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
