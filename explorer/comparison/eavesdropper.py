"""What somebody on the wire has learned at the end of a run, by subject."""

from __future__ import annotations

import re
from typing import NamedTuple

from explorer.events import Role
from explorer.trace.knowledge import Cell, Holding
from explorer.trace.model import Key
from explorer.trace.trace import Trace

_SUBJECTS = (
    ("name of the initiator", r"phase 1/IDii_b|IKE_AUTH [^/]*/IDi_b"),
    ("name of the responder", r"phase 1/IDir_b|IKE_AUTH [^/]*/IDr_b( wanted)?"),
    ("certificates", r"phase 1/CERT_[IR]|IKE_AUTH [^/]*/CERT[ir]"),
    ("proofs of identity", r"phase 1/(HASH|SIG)_[IR]|IKE_AUTH [^/]*/AUTH[ir]"),
    ("offers for IKE itself", r"phase 1/SAi_b|IKE SA/SAi"),
    ("offers for packets", r"Quick Mode [^/]*/SAi_b|[^/]*/SAi_child"),
    ("whose packets", r"Quick Mode [^/]*/IDc[ir]_b|[^/]*/TS[ir]_b( wanted)?"),
    ("secret of a key exchange", r"[^/]*/(g(\(qm\))?\^xy|g\^ir|SK\(\d+\))"),
    ("keys for packets", r"[^/]*/(ESP|AH)_[ea][ir]"),
)
"""Subject, and the rows (``scope/symbol``) that are about it, in both protocols' terms."""
_OPENNESS = {Holding.OWN: 2, Holding.SINCE: 2, Holding.SEALED: 1, Holding.NONE: 0}


class Learnt(NamedTuple):
    """How an eavesdropper stands to one subject.

    ``holding`` is the best that it has of any row: ``since`` a message, ``sealed``, ``none``; or ``absent``, where the
    run has nothing about it.  ``message`` is the first that gave it away, or carried the ciphertext; else 0.
    """

    subject: str
    holding: str
    message: int


def learnt(trace: Trace) -> tuple[Learnt, ...]:
    """Every subject, in a fixed order."""
    return tuple(_about(trace, subject, re.compile(pattern)) for subject, pattern in _SUBJECTS)


def _about(trace: Trace, subject: str, pattern: re.Pattern[str]) -> Learnt:
    keys = [key for key in trace.links.keys if pattern.fullmatch(f"{key.scope}/{key.symbol}")]
    if not keys:
        return Learnt(subject, "absent", 0)
    cells = [_cell(trace, key) for key in keys]
    best = min(cells, key=lambda cell: (-_OPENNESS[cell.holding], cell.step))
    if best.holding is Holding.NONE:
        return Learnt(subject, "none", 0)
    return Learnt(subject, "sealed" if best.holding is Holding.SEALED else "since", best.step)


def _cell(trace: Trace, key: Key) -> Cell:
    return trace.knowledge.cell(key, Role.EAVESDROPPER, len(trace) - 1)
