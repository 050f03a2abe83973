from __future__ import annotations

from pathlib import Path

import pytest
from conftest import MAIN, recording
from driver import LARGE, on_top, opened, pane, row_of, screen, seen, workspace
from frames import screen_text
from panes import HOSTILE, SIZES, variant, variant_recording
from textual.widgets import OptionList

from explorer.trace.model import Key
from explorer.tui.app import ExplorerApp
from explorer.tui.screens.help import HelpScreen
from explorer.tui.screens.lessons import LessonsScreen
from explorer.tui.screens.study import StudyScreen


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches what a learner has done."""
    monkeypatch.setenv("IKE_EXPLORER_HOME", str(tmp_path / "home"))


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
        rows = [tree.render_line(y) for y in range(tree.size.height)]
        drawn = [segment.style for row in rows for segment in row if segment.style is not None]
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
        await pilot.press("5", "enter")
        assert (state.step.number, screen(pilot).goto) == (5, None)
        await pilot.press("g", "1")
        assert screen(pilot).goto == "1"
        await pilot.press("enter")
        assert state.step.number == 1
        await pilot.press("g", "1", "0", "enter")
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
        await pilot.press("g", "5", "enter", "right_square_bracket")
        assert state.layer == "datagram"
        await pilot.press("left_square_bracket")
        assert state.layer == "decrypted"


async def test_what_is_copied_is_the_selected_field_whichever_layer_is_shown() -> None:
    async with opened() as pilot:
        await pilot.press("g", "5", "enter")
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
        assert on_top(pilot) is HelpScreen
        await pilot.press("pagedown", "down", "escape")
        assert on_top(pilot) is StudyScreen
        await pilot.press("l")
        assert on_top(pilot) is LessonsScreen
        assert pilot.app.screen.query_one(OptionList).option_count >= 1
        await pilot.press("escape")
        assert on_top(pilot) is StudyScreen


async def test_play_goes_on_by_itself_and_pauses() -> None:
    async with opened() as pilot:
        await pilot.press("plus")
        assert screen(pilot)._speed == 3
        await pilot.press("minus", "minus", "minus", "space")
        assert screen(pilot)._speed == 0
        assert "pause" in screen_text(pilot.app)
        screen(pilot)._beat()
        assert workspace(pilot).step.number == 2
        await pilot.press("space")
        assert screen(pilot)._timer is None
        await pilot.press("end", "space")
        assert workspace(pilot).at <= 1
        await pilot.press("escape")
        assert screen(pilot)._timer is None


async def test_titles_are_shown_as_they_are() -> None:
    async with opened() as pilot:
        await pilot.press("g", "5", "enter")
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
