"""The app under test: opened, and asked what it shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from conftest import MAIN, recording
from panes import SIZES
from textual.pilot import Pilot

from explorer.lab.scenario import load_scenario
from explorer.tui.app import ExplorerApp
from explorer.tui.screens.study import StudyScreen
from explorer.tui.widgets.line_view import LineView, Pane
from explorer.tui.workspace import Workspace

SMALL, MIDDLE, LARGE = SIZES


@asynccontextmanager
async def opened(size: tuple[int, int] = MIDDLE, theme: str = "ike-dark") -> AsyncIterator[Pilot[None]]:
    app = ExplorerApp(recording(MAIN), load_scenario(MAIN), lambda: 7)
    app.theme = theme
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield pilot


def screen(pilot: Pilot[None]) -> StudyScreen:
    found = pilot.app.screen_stack[0]
    assert isinstance(found, StudyScreen)
    return found


def on_top(pilot: Pilot[None]) -> type[object]:
    return type(pilot.app.screen)


def workspace(pilot: Pilot[None]) -> Workspace:
    return screen(pilot).workspace


def pane(pilot: Pilot[None], name: str) -> Pane:
    return screen(pilot).query_one(f"#{name}", Pane)


def seen(pilot: Pilot[None]) -> set[str]:
    return {child.id or "" for child in screen(pilot).query_one("#desk").children if child.display}


def row_of(view: LineView, text: str) -> int:
    return next(i for i, line in enumerate(view.lines) if text in line.text)
