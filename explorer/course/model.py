"""What a lesson is made of."""

from __future__ import annotations

from typing import Literal

import msgspec

PaneName = Literal["exchange", "message", "bytes", "knowledge", "how"]


class FrontMatter(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The head of a lesson file; ``minutes`` is how long it takes."""

    title: str
    unit: str
    number: int
    minutes: int
    goal: str


class Directive(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a step does to the lab before it is read.

    ``scenario`` opens one on a fresh seed, ``run_to`` goes to a message, ``select`` chooses a field or a
    term, ``panes`` are the one or two that stay in sight.
    """

    scenario: str = ""
    run_to: int = 0
    select: str = ""
    panes: list[PaneName] = []


class Mistake(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A wrong answer that was foreseen, and what to say to it."""

    answer: str
    reply: str


class Question(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A check on the live run.

    ``answer`` is a reference into the run, never a value; ``also`` are further right answers.  ``hints``
    are three: where to look, the rule, the same thing with other values.
    """

    kind: Literal["select", "octets", "number"]
    ask: str
    answer: str
    explanation: str
    hints: list[str]
    also: list[str] = []
    mistakes: list[Mistake] = []

    @property
    def expects(self) -> str:
        """What sort of answer is wanted, in words."""
        return {
            "select": "select a field or a term, then press enter",
            "octets": "type octets in hex, then press enter",
            "number": "type a number, then press enter",
        }[self.kind]


class LessonStep(msgspec.Struct, frozen=True):
    """One heading of a lesson: prose, what it does to the lab, and its question, if it asks one."""

    heading: str
    prose: list[str]
    directive: Directive
    question: Question | None


class Lesson(msgspec.Struct, frozen=True):
    """A whole lesson; ``id`` is its file's name."""

    id: str
    front: FrontMatter
    steps: list[LessonStep]

    @property
    def title(self) -> str:
        """What the lesson is called."""
        return self.front.title

    @property
    def unit(self) -> str:
        """The unit that it belongs to."""
        return self.front.unit
