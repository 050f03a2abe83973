from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest
from conftest import MAIN, recording
from frames import screen_text
from panes import SIZES
from rich.cells import cell_len
from textual.pilot import Pilot

from explorer.course import catalogue
from explorer.course.catalogue import list_lessons
from explorer.course.judge import Answer, solution
from explorer.course.loader import load_lesson
from explorer.course.model import Lesson
from explorer.course.progress import Progress
from explorer.course.session import Session
from explorer.lab.scenario import load_scenario
from explorer.tui.app import ExplorerApp
from explorer.tui.lines import Line
from explorer.tui.render import lesson as render
from explorer.tui.screens.study import StudyScreen

SAMPLE_FILE = Path(__file__).parents[1] / "course" / "sample.md"
SAMPLE = load_lesson(SAMPLE_FILE)
WIDTHS = (42, 52, 62, 78)
SMALL, MIDDLE, LARGE = SIZES


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches what a learner has done; the list of lessons is the sample."""
    monkeypatch.setenv("IKE_EXPLORER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(catalogue, "lesson_files", lambda: [SAMPLE_FILE])
    return tmp_path / "home"


# ---------------------------------------------------------------- rows


def clipped(lines: list[Line], width: int) -> list[str]:
    return [f"{width}: {line.text!r}" for line in lines if cell_len(line.text.rstrip()) > width - 1]


def faces(session: Session, width: int) -> list[Line]:
    """The pane as it looks at first, with all hints, after a mistake, when solved, and when shown."""
    found = list(render.lines(session, width))
    question = session.question
    if question is None:
        return found
    session.typed = "0123456789abcdef " * 9
    while session.hint():
        pass
    for reference in [mistake.answer for mistake in question.mistakes]:
        session.answer(solution(session.trace, reference))
        found += render.lines(session, width)
    session.answer(Answer(typed=session.typed))
    found += render.lines(session, width)
    shown = session.show()
    session.answer(shown or Answer())
    return found + render.lines(session, width)


@pytest.mark.parametrize("lesson", [SAMPLE, *list_lessons()], ids=lambda lesson: lesson.id)
def test_no_row_of_a_lesson_is_clipped(lesson: Lesson, tmp_path: Path) -> None:
    session = Session(lesson, Progress(tmp_path / "progress.json"), lambda: 1)
    for index in range(len(lesson.steps)):
        for width in WIDTHS:
            session.go_to(index)
            assert clipped(faces(session, width), width) == [], session.step.heading


def test_a_term_in_prose_has_its_mark_and_colour(tmp_path: Path) -> None:
    session = Session(SAMPLE, Progress(tmp_path / "progress.json"), lambda: 1)
    pieces = [piece for line in render.lines(session, 42) for piece in line.pieces]
    assert ("► g^xi", "initiator") in [(piece.text, piece.role) for piece in pieces]
    assert any(piece.bold and "value" in piece.text for piece in pieces)
    assert not any("*" in piece.text or "`" in piece.text or "{" in piece.text for piece in pieces)


def test_done_steps_and_the_present_one_are_marked(tmp_path: Path) -> None:
    session = Session(SAMPLE, Progress(tmp_path / "progress.json"), lambda: 1)
    session.next_step()
    text = [line.text.strip() for line in render.lines(session, 42)]
    assert text[-5:] == ["✓ Read", "› Select", "Type octets", "Type a number", "Done"]


# ---------------------------------------------------------------- the app


@asynccontextmanager
async def taking(size: tuple[int, int] = MIDDLE) -> AsyncIterator[tuple[Pilot[None], StudyScreen, Session]]:
    seeds = count(100)
    app = ExplorerApp(recording(MAIN), load_scenario(MAIN), lambda: next(seeds))
    async with app.run_test(size=size) as pilot:
        await pilot.press("l", "enter")
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, StudyScreen)
        assert screen.session is not None
        yield pilot, screen, screen.session


async def test_a_lesson_is_read_answered_and_kept(home: Path) -> None:
    async with taking() as (pilot, screen, session):
        assert session.trace.seed == 100
        assert screen.workspace.trace is session.trace
        assert "6 Lesson · A sample [b]for[/b] tests" in screen_text(pilot.app)
        await pilot.press("n")
        assert session.index == 1
        assert screen.pane_name == "message"
        await pilot.press("enter")
        assert session.judgement is not None
        assert session.judgement.reply.startswith("That is Flags of message 3.")
        await pilot.press("n")
        assert session.index == 1
        screen._select("field 3 nonce.data")
        await pilot.press("enter")
        assert session.judgement.reply == "That is the nonce, 20 octets."
        screen._select("field 3 key_exchange.data")
        await pilot.press("enter")
        assert session.solved
        assert "It is 256 octets long." in screen_text(pilot.app)
        await pilot.press("n")
        assert (session.index, screen.pane_name) == (2, "lesson")
    assert Progress().done(SAMPLE.id) == ["Read", "Select"]
    assert Progress().step(SAMPLE.id) == 2
    assert (home / "progress.json").exists()


async def test_a_typed_answer_is_typed_into_the_lesson() -> None:
    Progress().record(SAMPLE.id, 2, [])
    async with taking() as (pilot, screen, session):
        cookie = session.trace.step(2).octets[8:12].hex()
        assert screen.pane_name == "lesson"
        await pilot.press(*"0011")
        assert session.typed == "0011"
        assert screen.pane_name == "lesson"
        await pilot.press("enter")
        assert "Those 2 octets are not the ones" in screen_text(pilot.app)
        await pilot.press("backspace", "backspace", "backspace", "backspace")
        assert (session.typed, session.judgement) == ("", None)
        await pilot.press(*cookie, "enter")
        assert session.solved
        await pilot.press("enter")
        assert session.index == 3
        await pilot.press("1", "1", "enter", "n")
        assert session.index == 4


async def test_hints_showing_and_reset_go_by_keys() -> None:
    Progress().record(SAMPLE.id, 2, [])
    async with taking() as (pilot, screen, session):
        seed = session.trace.seed
        await pilot.press("h")
        assert "Hint 1" in screen_text(pilot.app)
        await pilot.press("s")
        assert session.shown
        assert "Type octets" not in session.done
        await pilot.press("r")
        assert session.trace.seed != seed
        assert screen.workspace.trace is session.trace
        assert (session.hints, session.solved) == (0, False)
        await pilot.press("7", "r")
        assert session.typed == ""


async def test_leaving_a_lesson_returns_to_the_exchange_as_it_was() -> None:
    app = ExplorerApp(recording(MAIN), load_scenario(MAIN), lambda: 7)
    async with app.run_test(size=MIDDLE) as pilot:
        await pilot.press("g", "6", "enter", "l", "enter")
        screen = app.screen
        assert isinstance(screen, StudyScreen)
        lesson = screen.session
        assert lesson is not None
        await pilot.press("escape")
        assert (screen.session, screen.lesson_open) == (None, False)
        assert screen.workspace.trace is recording(MAIN)
        assert screen.workspace.step.number == 6
        assert screen.pane_name == "message"


async def test_a_learner_may_look_around_and_come_back() -> None:
    Progress().record(SAMPLE.id, 1, [])
    async with taking() as (pilot, screen, session):
        await pilot.press("right", "right")
        assert screen.workspace.step.number == 5
        await pilot.press("r")
        assert screen.workspace.step.number == 3
        assert screen.workspace.selection.spec == "isakmp_header.flags"
        assert session.index == 1


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=str)
async def test_a_lesson_can_be_taken_at_every_size(size: tuple[int, int]) -> None:
    Progress().record(SAMPLE.id, 1, [])
    async with taking(size) as (pilot, screen, session):
        assert "Where is the initiator's public value?" in screen_text(pilot.app)
        await pilot.press("2")
        assert screen.pane_name == "message"
        assert "Where is the initiator's public value?" in screen_text(pilot.app)
        screen._select("field 3 key_exchange.data")
        await pilot.press("enter")
        assert session.solved


@pytest.fixture
def blocked(home: Path) -> None:
    home.write_text("in the way", encoding="utf-8")


@pytest.mark.usefixtures("blocked")
async def test_progress_that_cannot_be_kept_costs_the_record_not_the_lesson() -> None:
    async with taking() as (pilot, _screen, session):
        await pilot.press("n")
        assert session.index == 1
