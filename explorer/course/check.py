"""The proof that a lesson works: unsolved at the start, solved by its solution, every reference resolves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from explorer.course.catalogue import lesson_files
from explorer.course.judge import Answer, fill, judge, solution
from explorer.course.loader import load_lesson
from explorer.course.model import Lesson, LessonStep, Question
from explorer.course.reference import look_up
from explorer.errors import ExplorerError
from explorer.lab.run import run
from explorer.lab.scenario import load_scenario
from explorer.trace.trace import Trace

SEEDS = (1, 2, 3)
"""A solution must hold for more than one run."""

MOST_WORDS = 90
"""Words that are read before something is asked."""

_LITERAL_OCTETS = re.compile(r"\b(?:[0-9a-f]{2} ){2,}[0-9a-f]{2}\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{8,}\b")


def check_files(paths: Sequence[Path] | None) -> list[str]:
    """Every problem of these lessons, one line each; of all that are shipped where none is named."""
    problems: list[str] = []
    for path in paths or lesson_files():
        try:
            lesson = load_lesson(path)
            problems += [f"{path}: {problem}" for problem in _problems(lesson)]
        except ExplorerError as error:
            problems.append(str(error))
    return problems


def _problems(lesson: Lesson) -> Iterator[str]:
    if not lesson.steps[0].directive.scenario:
        yield f"step {lesson.steps[0].heading!r}: expected the first step to open a scenario"
        return
    if not any(step.question for step in lesson.steps):
        yield "expected at least one check"
    for step in lesson.steps:
        yield from (f"step {step.heading!r}: {problem}" for problem in _static(step))
    for seed in SEEDS:
        trace: Trace | None = None
        for step in lesson.steps:
            try:
                if step.directive.scenario:
                    trace = run(load_scenario(step.directive.scenario), seed)
                if trace is not None:
                    yield from (f"step {step.heading!r}, seed {seed}: {problem}" for problem in _live(trace, step))
            except ExplorerError as error:
                yield f"step {step.heading!r}, seed {seed}: {error}"


def _static(step: LessonStep) -> Iterator[str]:
    words = sum(len(paragraph.split()) for paragraph in step.prose)
    if words > MOST_WORDS:
        yield f"{words} words, expected at most {MOST_WORDS}"
    question = step.question
    texts = [*step.prose]
    if question is not None:
        texts += [question.ask, question.explanation, *question.hints]
        if len(question.hints) != 3 or not all(hint.strip() for hint in question.hints):
            yield "expected three hints that are not empty"
        if not question.ask.strip() or not question.explanation.strip():
            yield "expected a question and an explanation that are not empty"
        if any(not mistake.reply.strip() for mistake in question.mistakes):
            yield "expected every mistake to have a reply"
    for text in texts:
        found = _LITERAL_OCTETS.search(re.sub(r"\{[^}]*\}", "", text))
        if found is not None:
            yield f"literal octets {found[0]!r}; expected a reference in braces"


def _live(trace: Trace, step: LessonStep) -> Iterator[str]:
    directive = step.directive
    if directive.run_to > len(trace.steps):
        yield f"run_to {directive.run_to}; expected at most {len(trace.steps)}"
    if directive.select:
        look_up(trace, directive.select)
    for text in step.prose:
        fill(trace, text)
    if step.question is not None:
        yield from _question(trace, step, step.question)


def _question(trace: Trace, step: LessonStep, question: Question) -> Iterator[str]:
    for text in (question.ask, question.explanation, *question.hints, *(m.reply for m in question.mistakes)):
        fill(trace, text)
    start = solution(trace, step.directive.select) if step.directive.select else Answer()
    if judge(trace, question, start).right:
        yield "the answer is selected before the learner has done anything"
    for reference in (question.answer, *question.also):
        if not judge(trace, question, solution(trace, reference)).right:
            yield f"{reference!r} does not solve it"
    for mistake in question.mistakes:
        judgement = judge(trace, question, solution(trace, mistake.answer))
        if judgement.right or judgement.reply != fill(trace, mistake.reply):
            yield f"the mistake {mistake.answer!r} is not refused with its own reply"
    kinds = {"select": Answer, "octets": bytes, "number": int}
    value = look_up(trace, question.answer)
    expected = kinds[question.kind]
    if expected is not Answer and not isinstance(value, expected):
        yield f"{question.answer!r} is not of the kind {question.kind}"
    if expected is Answer and isinstance(value, bytes | int):
        yield f"{question.answer!r} is nothing to select"
