from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from conftest import MAIN, recording
from frames import screen_text
from panes import HOSTILE, SIZES, variant, variant_recording
from textual.pilot import Pilot
from textual.widgets import OptionList

from explorer.lab.scenario import load_scenario
from explorer.trace.model import Key
from explorer.tui.app import ExplorerApp
from explorer.tui.screens.help import HelpScreen
from explorer.tui.screens.lessons import LessonsScreen
from explorer.tui.screens.study import StudyScreen
from explorer.tui.widgets.bars import Bar
from explorer.tui.widgets.line_view import LineView, Pane
from explorer.tui.workspace import Workspace

SMALL, MIDDLE, LARGE = SIZES


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """No test touches what a learner has done."""
    monkeypatch.setenv("IKE_EXPLORER_HOME", str(tmp_path / "home"))
    yield tmp_path / "home"


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


def workspace(pilot: Pilot[None]) -> Workspace:
    return screen(pilot).workspace


def pane(pilot: Pilot[None], name: str) -> Pane:
    return screen(pilot).query_one(f"#{name}", Pane)


def seen(pilot: Pilot[None]) -> set[str]:
    return {child.id or "" for child in screen(pilot).query_one("#desk").children if child.display}


def row_of(view: LineView, text: str) -> int:
    return next(i for i, line in enumerate(view.lines) if text in line.text)


@pytest.mark.parametrize("theme", ["ike-dark", "ike-light", "nord", "textual-light", "ansi-dark", "ansi-light"])
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_it_starts_at_every_size_in_every_theme(size: tuple[int, int], theme: str) -> None:
    async with opened(size, theme) as pilot:
        shown = screen_text(pilot.app)
        assert len(shown.splitlines()) == size[1]
        assert "IKE Explorer" in shown.splitlines()[0]
        assert "The initiator offers every way it would accept to protect phase 1." in shown
        assert screen(pilot).pane_name == "message"


async def test_without_colour_it_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened() as pilot:
        await pilot.press("right")
        tree = pane(pilot, "message")
        drawn = [segment.style for y in range(10) for segment in tree.render_line(y) if segment.style is not None]
        assert drawn
        assert [style for style in drawn if style.color is not None] == []
        assert any(style.reverse for style in drawn)


async def test_another_theme_is_drawn_at_once() -> None:
    async with opened() as pilot:
        before = pane(pilot, "message").render_line(0)
        pilot.app.theme = "ike-light"
        await pilot.pause()
        after = pane(pilot, "message").render_line(0)
        assert before.text == after.text
        assert [s.style for s in before] != [s.style for s in after]


async def test_the_keys_that_move() -> None:
    async with opened() as pilot:
        state = workspace(pilot)
        await pilot.press("right", "right")
        assert (state.step.number, state.selection.key) == (3, Key("phase 1", "g^xi"))
        await pilot.press("left")
        assert state.step.number == 2
        at = state.at
        await pilot.press("shift+right")
        assert state.at == at + 1
        await pilot.press("shift+left")
        assert state.at == at
        await pilot.press("end")
        assert state.step.number == 11
        await pilot.press("right")
        assert state.step.number == 11
        await pilot.press("home")
        assert state.step.number == 1
        await pilot.press("g")
        assert "go to message" in screen_text(pilot.app)
        await pilot.press("5")
        assert (state.step.number, screen(pilot).goto) == (5, None)
        await pilot.press("g", "1")
        assert screen(pilot).goto == "1"
        await pilot.press("enter")
        assert state.step.number == 1
        await pilot.press("g", "1", "0")
        assert state.step.number == 10
        await pilot.press("g", "escape")
        assert (state.step.number, screen(pilot).goto) == (10, None)


async def test_the_keys_that_look() -> None:
    async with opened() as pilot:
        state = workspace(pilot)
        await pilot.press("right", "right")
        before = state._spot()
        await pilot.press("enter")
        assert screen(pilot).pane_name == "how"
        assert {"message", "bytes"}.isdisjoint(seen(pilot))
        assert "How it is made · g^xi" in screen_text(pilot.app)
        await pilot.press("enter")
        assert state.selection.key == Key("phase 1", "xi")
        await pilot.press("y")
        trace = recording(MAIN)
        assert pilot.app.clipboard == trace.links.first(Key("phase 1", "xi")).octets.hex()
        await pilot.press("backspace", "backspace")
        assert (state.at, state.selection) == (before.at, before.selection)
        assert screen(pilot).pane_name == "message"
        await pilot.press("y")
        assert pilot.app.clipboard == trace.links.first(Key("phase 1", "g^xi")).octets.hex()
        await pilot.press("up")
        field = state.selected_field()
        assert field is not None
        assert field.spec.key == "key_exchange.length"
        await pilot.press("g", "5", "right_square_bracket")
        assert state.layer == "datagram"
        await pilot.press("left_square_bracket")
        assert state.layer == "decrypted"


async def test_what_is_copied_is_the_selected_field_whichever_layer_is_shown() -> None:
    async with opened() as pilot:
        await pilot.press("g", "5")
        tree = pane(pilot, "message")
        target = tree.lines[row_of(tree, "Exchange type")].target
        assert target is not None
        workspace(pilot).select(target)
        await pilot.press("right_square_bracket", "y")
        assert pilot.app.clipboard == "02"


async def test_the_keys_for_panes() -> None:
    async with opened() as pilot:
        for digit, name in zip("1243", ("exchange", "message", "knowledge", "bytes"), strict=True):
            await pilot.press(digit)
            assert screen(pilot).pane_name == name
        await pilot.press("tab")
        assert screen(pilot).pane_name == "knowledge"
        await pilot.press("shift+tab")
        assert screen(pilot).pane_name == "bytes"
        await pilot.press("6", "9")
        assert screen(pilot).pane_name == "bytes"
        await pilot.press("z")
        assert seen(pilot) == {"title", "strip", "bytes", "footer"}
        await pilot.press("escape")
        assert {"exchange", "message", "bytes", "knowledge"} <= seen(pilot)
        await pilot.press("5")
        assert screen(pilot).pane_name == "how"
        await pilot.press("2")
        assert "how" not in seen(pilot)


async def test_help_and_the_list_of_lessons_open_and_close() -> None:
    async with opened() as pilot:
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("pagedown", "down", "escape")
        assert pilot.app.screen is screen(pilot)
        await pilot.press("l")
        assert isinstance(pilot.app.screen, LessonsScreen)
        assert pilot.app.screen.query_one(OptionList).option_count >= 1
        await pilot.press("escape")
        assert pilot.app.screen is screen(pilot)


async def test_play_goes_on_by_itself_and_pauses() -> None:
    async with opened() as pilot:
        await pilot.press("plus", "plus", "space")
        assert "pause" in screen_text(pilot.app)
        screen(pilot)._beat()
        assert workspace(pilot).step.number == 2
        await pilot.press("space")
        assert screen(pilot)._timer is None
        await pilot.press("end", "space")
        assert workspace(pilot).at <= 1
        await pilot.press("escape")
        assert screen(pilot)._timer is None


async def test_a_click_on_the_ladder_goes_there_and_one_on_a_row_or_an_octet_selects_it() -> None:
    async with opened() as pilot:
        state = workspace(pilot)
        ladder, tree, octets = (pane(pilot, name) for name in ("exchange", "message", "bytes"))
        await pilot.click(ladder, offset=(10, row_of(ladder, "HDR, KE, Nr") + 1))
        assert state.step.number == 4
        await pilot.click(tree, offset=(8, row_of(tree, "Exchange type") + 1 - round(tree.scroll_y)))
        assert state.selection.spec == "isakmp_header.exchange_type"
        start, _, target = octets.lines[0].spans[3]
        await pilot.click(octets, offset=(1 + start, 1))
        assert (state.selection.place, state.selection.key) == (target.place, Key("phase 1", "CKY-I"))
        assert screen(pilot).pane_name == "bytes"


async def test_a_double_click_follows_and_a_click_on_the_mark_of_a_branch_folds_it() -> None:
    async with opened() as pilot:
        state, tree, table = workspace(pilot), pane(pilot, "message"), pane(pilot, "knowledge")
        await pilot.click(tree, offset=(2, row_of(tree, "▾ ISAKMP header") + 1))
        assert "▸ ISAKMP header" in screen_text(pilot.app)
        await pilot.press("right", "right")
        await pilot.click(table, offset=(5, row_of(table, "g^xy") + 2), times=2)
        assert (state.how, state.selection.key) == (True, Key("phase 1", "g^xy"))
        await pilot.press("backspace")
        assert screen(pilot).pane_name == "knowledge"


async def test_in_how_it_is_made_a_click_chooses_and_a_double_click_follows() -> None:
    async with opened() as pilot:
        await pilot.press("right", "right", "enter")
        story, state = pane(pilot, "how"), workspace(pilot)
        offset = (6, row_of(story, "message 3, octets") + 1)
        await pilot.click(story, offset=offset)
        assert state.selection.key == Key("phase 1", "g^xi")
        assert state.how
        assert story.lines[offset[1] - 1].selected
        await pilot.click(story, offset=offset, times=2)
        assert not state.how
        assert screen(pilot).pane_name == "message"


async def test_a_click_on_the_footer_or_the_strip_does_what_it_says() -> None:
    async with opened(SMALL) as pilot:
        footer, strip = screen(pilot).query_one("#footer", Bar), screen(pilot).query_one("#strip", Bar)
        start, _, _ = footer._parts[0]
        await pilot.click(footer, offset=(start, 0))
        await pilot.pause()
        assert workspace(pilot).step.number == 2
        start, _, _ = strip.lines[0].spans[4]
        await pilot.click(strip, offset=(start + 1, 0))
        assert workspace(pilot).step.number == 5
        tabs = screen(pilot).query_one("#tabs", Bar)
        start, _, name = tabs._parts[2]
        await pilot.click(tabs, offset=(start + 1, 0))
        assert (name, screen(pilot).pane_name) == ("knowledge", "knowledge")


async def test_a_resize_keeps_step_selection_and_focus() -> None:
    async with opened() as pilot:
        await pilot.press("right", "right", "up", "4")
        before = (workspace(pilot)._spot(), screen(pilot).pane_name)
        for size in (LARGE, SMALL, (60, 20), MIDDLE):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            if size[0] < 80:
                assert "This window is 60×20; 80×24 is the least." in screen_text(pilot.app)
            else:
                assert (workspace(pilot)._spot(), screen(pilot).pane_name) == before, size
                assert len(screen_text(pilot.app).splitlines()) == size[1]


async def test_titles_are_shown_as_they_are() -> None:
    async with opened() as pilot:
        await pilot.press("g", "5")
        assert "3 Bytes · decrypted  [ ] datagram · decrypted" in screen_text(pilot.app)
        assert "2 Message 5  ►  HDR*, IDii, HASH_I" in screen_text(pilot.app)


async def test_hostile_octets_are_harmless_on_the_screen() -> None:
    app = ExplorerApp(variant_recording(*HOSTILE), variant(*HOSTILE), lambda: 7)
    async with app.run_test(size=LARGE) as pilot:
        for key in ("home", "end"):
            await pilot.press(key)
            assert screen_text(app).replace("\n", "").isprintable()


async def test_every_key_is_in_the_palette() -> None:
    async with opened() as pilot:
        names = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        assert "Look: Return to where you followed from" in names
        assert "Move: To the next message" in names
        assert len(names) == len(set(names))


async def test_q_leaves() -> None:
    async with opened() as pilot:
        await pilot.press("q")
    assert pilot.app.return_code == 0
