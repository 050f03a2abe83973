from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from explorer.course.judge import Answer, solution
from explorer.course.loader import load_lesson
from explorer.course.progress import Progress
from explorer.course.session import Session

SAMPLE = load_lesson(Path(__file__).with_name("sample.md"))
READ, SELECT, OCTETS, NUMBER, DONE = range(5)
Begin = Callable[[], Session]


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    """Opens the lesson anew, as after a restart of the program."""
    seeds = count(1)
    return lambda: Session(SAMPLE, Progress(tmp_path / "progress.json"), lambda: next(seeds))


def solve(session: Session) -> None:
    assert session.question is not None
    judgement = session.answer(solution(session.trace, session.question.answer))
    assert judgement is not None
    assert judgement.right


def at(begin: Begin, index: int) -> Session:
    session = begin()
    session.go_to(index)
    return session


def test_a_lesson_begins_with_its_first_step_on_a_fresh_run(begin: Begin) -> None:
    first, second = begin(), begin()
    assert (first.index, first.step.heading, first.trace.seed) == (0, "Read", 1)
    assert second.trace.seed == 2
    assert first.scenario.name == "ikev1-main-psk"


def test_prose_has_the_values_of_this_run(begin: Begin) -> None:
    session = begin()
    assert "has 256 octets; message 3 carries it" in session.text(session.step.prose[0])


def test_a_step_that_asks_nothing_is_done_when_it_is_reached(begin: Begin) -> None:
    session = begin()
    assert session.solved
    assert session.done == ["Read"]
    assert session.next_step()
    assert session.index == SELECT


def test_a_question_must_be_answered_before_the_next_step(begin: Begin) -> None:
    session = at(begin, SELECT)
    assert not session.solved
    assert not session.next_step()
    assert session.index == SELECT
    solve(session)
    assert session.next_step()
    assert session.index == OCTETS


def test_a_wrong_answer_gets_a_reply_and_may_be_followed_by_a_right_one(begin: Begin) -> None:
    session = at(begin, NUMBER)
    wrong = session.answer(Answer(typed="5"))
    assert wrong == (False, "So far nobody is proven.")
    assert session.judgement == wrong
    assert not session.next_step()
    right = session.answer(Answer(typed="11"))
    assert right == (True, "There are 11.")
    assert "Type a number" in session.done


def test_a_solved_question_takes_no_further_answer(begin: Begin) -> None:
    session = at(begin, NUMBER)
    solve(session)
    assert session.answer(Answer(typed="5")) is None
    assert session.solved
    assert at(begin, READ).answer(Answer(typed="5")) is None


def test_the_same_run_lasts_until_a_step_opens_another(begin: Begin) -> None:
    session = begin()
    run = session.trace
    for _ in range(4):
        if session.question is not None:
            solve(session)
        session.next_step()
    assert session.index == DONE
    assert session.trace is run


def test_there_are_as_many_hints_as_the_lesson_has(begin: Begin) -> None:
    session = at(begin, SELECT)
    assert [session.hint() for _ in range(5)] == [True, True, True, False, False]
    assert session.hints == 3
    assert not at(begin, READ).hint()


def test_an_answer_that_was_shown_does_not_count_and_is_asked_again_on_a_fresh_run(begin: Begin) -> None:
    session = at(begin, OCTETS)
    seed = session.trace.seed
    shown = session.show()
    assert shown is not None
    judgement = session.answer(shown)
    assert judgement is not None
    assert judgement.right
    assert "Type octets" not in session.done
    session.again()
    assert session.trace.seed != seed
    assert (session.shown, session.judgement, session.solved) == (False, None, False)
    assert session.answer(shown) != judgement
    assert not session.solved
    solve(session)
    assert "Type octets" in session.done


def test_an_answer_that_was_shown_does_not_lead_on(begin: Begin) -> None:
    session = at(begin, OCTETS)
    shown = session.show()
    assert shown is not None
    session.answer(shown)
    assert not session.next_step()


def test_nothing_is_shown_where_nothing_is_asked_or_all_is_answered(begin: Begin) -> None:
    session = begin()
    assert session.show() is None
    session.go_to(NUMBER)
    solve(session)
    assert session.show() is None
    assert not session.shown


def test_reset_is_the_step_as_it_was_at_first(begin: Begin) -> None:
    session = at(begin, NUMBER)
    run = session.trace
    session.typed = "5"
    session.hint()
    session.answer(Answer(typed="5"))
    session.reset()
    assert (session.hints, session.typed, session.judgement, session.shown) == (0, "", None, False)
    assert session.trace is run


def test_what_was_answered_stays_done_whatever_is_tried_later(begin: Begin) -> None:
    session = at(begin, NUMBER)
    solve(session)
    session.reset()
    session.answer(Answer(typed="5"))
    assert session.done == ["Read", "Type a number"]


def test_steps_end_at_both_ends(begin: Begin) -> None:
    session = begin()
    assert not session.previous_step()
    session.go_to(DONE)
    assert session.at_end
    assert not session.next_step()
    assert session.previous_step()
    assert session.index == NUMBER


def test_the_next_start_is_where_the_learner_was(begin: Begin) -> None:
    session = at(begin, OCTETS)
    solve(session)
    again = begin()
    assert (again.index, again.done) == (OCTETS, ["Read", "Type octets"])
    assert not again.solved


def test_progress_of_a_lesson_that_has_changed_since_is_taken_as_far_as_it_fits(tmp_path: Path) -> None:
    for step in (99, -1):
        progress = Progress(tmp_path / "progress.json")
        progress.record(SAMPLE.id, step, ["Read", "A step of long ago"])
        session = Session(SAMPLE, progress, lambda: 1)
        assert 0 <= session.index < len(SAMPLE.steps)
        assert "A step of long ago" not in session.done
        assert session.step.heading
