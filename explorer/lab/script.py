"""What a scenario does: each line of its script is one action of one peer."""

from __future__ import annotations

import re
from typing import NamedTuple

from explorer.events import Role

ACTIONS = (
    "phase 1",
    "phase 2",
    "ping",
    "rekey",
    "rekey ike",
    "reauthenticate",
    "restart",
    "move",
    "resume",
    "new group",
    "dpd",
    "delete phase 2",
    "delete phase 1",
    "wait N",
)
"""Those of both sides may end in ``by responder``; ``A and B`` begins both at once."""


_ALONE = ("phase 1", "wait", "restart", "move", "resume")
"""What nothing else can begin together with."""


_INITIATORS = ("phase 1", "move", "resume")
"""What only the initiator can do."""


class Action(NamedTuple):
    """One line: what, who does it, and for ``wait`` how many seconds."""

    what: str
    by: Role
    seconds: float = 0.0


def parse_actions(text: str) -> list[Action] | None:
    """One line of a script: what begins at the same moment, or ``None`` if any of it is no action."""
    actions = [action for part in text.split(" and ") if (action := parse_action(part)) is not None]
    if len(actions) != text.count(" and ") + 1 or (len(actions) > 1 and any(a.what in _ALONE for a in actions)):
        return None
    return actions


def parse_action(text: str) -> Action | None:
    """One line of a script, or ``None`` if it is none."""
    if match := re.fullmatch(r"wait (\d{1,9})", text):
        return Action("wait", Role.INITIATOR, float(match[1]))
    what = text.removesuffix(" by responder")
    by_responder = what != text
    if what not in ACTIONS or what == "wait N" or (by_responder and what in _INITIATORS):
        return None
    return Action(what, Role.RESPONDER if by_responder else Role.INITIATOR)
