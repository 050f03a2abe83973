"""Judging an answer: right, a foreseen mistake, or what the chosen thing really is."""

from __future__ import annotations

import re
from typing import NamedTuple

from explorer.course.model import Question
from explorer.course.reference import Thing, look_up
from explorer.errors import ExplorerError
from explorer.explanations import of_field, of_term
from explorer.trace.model import Key
from explorer.trace.trace import Trace
from explorer.wire.field import Spec


class Answer(NamedTuple):
    """What the learner gave: a selection, or something typed."""

    key: Key | None = None
    message: int = 0
    spec: Spec | None = None
    typed: str = ""


class Judgement(NamedTuple):
    """Whether it was right, and what to say."""

    right: bool
    reply: str


def judge(trace: Trace, question: Question, answer: Answer) -> Judgement:
    """Hold an answer against the run."""
    if question.kind != "select" and not answer.typed.strip():
        return Judgement(False, f"Nothing is typed yet: {question.expects}.")
    if question.kind == "select" and answer.key is None and answer.spec is None:
        return Judgement(False, f"Nothing is selected yet: {question.expects}.")
    for reference in (question.answer, *question.also):
        if _matches(trace, reference, answer):
            return Judgement(True, fill(trace, question.explanation))
    for mistake in question.mistakes:
        if _matches(trace, mistake.answer, answer):
            return Judgement(False, fill(trace, mistake.reply))
    return Judgement(False, _what_it_is(question, answer))


def solution(trace: Trace, reference: str) -> Answer:
    """The answer that a reference asks for, as a learner would give it."""
    wanted = look_up(trace, reference)
    if isinstance(wanted, bytes):
        return Answer(typed=wanted.hex(" "))
    if isinstance(wanted, int):
        return Answer(typed=str(wanted))
    return Answer(wanted.key, wanted.message, _spec_of(trace, wanted))


def _spec_of(trace: Trace, wanted: Thing) -> Spec | None:
    if not wanted.spec or wanted.place is None:
        return None
    for tree in trace.step(wanted.message).envelope.trees:
        for field in tree.root.walk():
            if field.spec.key == wanted.spec:
                return field.spec
    return None


def _matches(trace: Trace, reference: str, answer: Answer) -> bool:
    wanted = look_up(trace, reference)
    if isinstance(wanted, bytes):
        return _typed_octets(answer) == wanted.hex()
    if isinstance(wanted, int):
        return _typed_number(answer) == wanted
    if wanted.spec:
        return answer.spec is not None and (answer.message, answer.spec.key) == (wanted.message, wanted.spec)
    return answer.key == wanted.key


def _typed_octets(answer: Answer) -> str:
    """What was typed as lower-case hex digits; blanks, colons and ``0x`` are as one likes."""
    return re.sub(r"[\s:]", "", answer.typed.lower()).removeprefix("0x")


def _typed_number(answer: Answer) -> int | None:
    """What was typed as a number, decimal or with ``0x``."""
    text = answer.typed.strip().lower()
    try:
        return int(text.removeprefix("0x"), 16) if text.startswith("0x") else int(text, 10)
    except ValueError:
        return None


def _what_it_is(question: Question, answer: Answer) -> str:
    """Never "wrong" alone: say what the chosen thing is."""
    if question.kind == "octets":
        typed = _typed_octets(answer)
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2})+", typed):
            return f"“{answer.typed.strip()}” is not octets: pairs of hex digits are expected."
        return f"Those {len(typed) // 2} octets are not the ones that are asked for."
    if question.kind == "number":
        if _typed_number(answer) is None:
            return f"“{answer.typed.strip()}” is not a number."
        return f"It is not {answer.typed.strip()}."
    if answer.spec is not None:
        words = of_field(answer.spec)
        if words is not None:
            return f"That is {answer.spec.label} of message {answer.message}. {words.what}"
    if answer.key is not None:
        words = of_term(answer.key.scope, answer.key.symbol)
        if words is not None:
            return f"That is {answer.key.symbol}. {words.what}"
    return "That is another thing than the one that is asked for."


def fill(trace: Trace, text: str) -> str:
    """Prose with its references filled in: ``{octets 0..4 of term CKY-I}`` becomes the octets of this run.

    Raises:
        ExplorerError: a reference points at nothing.
    """

    def replace(match: re.Match[str]) -> str:
        value = look_up(trace, match[1])
        if isinstance(value, Thing):
            raise ExplorerError(f"{match[0]}: expected octets, a size, a value or a message number in prose")
        return value.hex(" ") if isinstance(value, bytes) else str(value)

    return re.sub(r"\{([^{}]+)\}", replace, text)
