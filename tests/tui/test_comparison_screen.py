from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from driver import LARGE, MIDDLE, SMALL, on_top, opened, screen, workspace
from frames import kept, screen_text
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from explorer.errors import ExplorerError
from explorer.tui.screens.comparison import PANES, ComparisonScreen
from explorer.tui.screens.help import HelpScreen
from explorer.tui.screens.partner import PartnerScreen
from explorer.tui.screens.study import StudyScreen
from explorer.tui.widgets.bars import Bar
from explorer.tui.widgets.line_view import Pane

THEMES = ["ike-dark", "ike-light", "nord", "ansi-dark"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches what a learner has done."""
    monkeypatch.setenv("IKE_EXPLORER_HOME", str(tmp_path / "home"))


async def compare(pilot: Pilot[None], typed: str = "") -> ComparisonScreen:
    """From the exchange to the comparison with the first of what is offered."""
    await pilot.press("c", *typed, "enter")
    await pilot.app.workers.wait_for_complete()
    await pilot.pause()
    found = pilot.app.screen
    assert isinstance(found, ComparisonScreen)
    return found


def panes(found: ComparisonScreen) -> set[str]:
    return {child.id or "" for child in found.query_one("#desk").children if child.display} & set(PANES)


def focus(found: ComparisonScreen) -> str:
    return found.focused.id or "" if found.focused is not None else ""


def names(pilot: Pilot[None]) -> list[str | None]:
    listed = pilot.app.screen.query_one(OptionList)
    return [listed.get_option_at_index(at).id for at in range(listed.option_count)]


# ---------------------------------------------------------------- choosing


async def test_c_offers_what_is_aligned_first_and_says_so() -> None:
    async with opened(SMALL) as pilot:
        await pilot.press("c")
        await pilot.pause()
        assert on_top(pilot) is PartnerScreen
        assert names(pilot)[:4] == [None, "ikev2-psk", None, "ikev1-aggressive-pke"]
        shown = screen_text(pilot.app)
        assert "Aligned with this one: message by message, key by key" in shown
        assert "Others: in numbers" in shown
        assert pilot.app.screen.query_one(OptionList).highlighted == 1


async def test_typing_narrows_the_list_and_arrows_move_in_it() -> None:
    async with opened(SMALL) as pilot:
        await pilot.press("c", *"gcm")
        await pilot.pause()
        assert names(pilot) == [None, "ikev2-gcm"]
        await pilot.press("backspace", "backspace", "backspace", "down", "down")
        await pilot.pause()
        listed = pilot.app.screen.query_one(OptionList)
        assert listed.get_option_at_index(listed.highlighted or 0).id == "ikev1-aggressive-psk"
        await pilot.press("up")
        assert listed.get_option_at_index(listed.highlighted or 0).id == "ikev1-aggressive-pke"
        await pilot.press("pagedown")
        await pilot.pause()
        assert (listed.highlighted or 0) > 5


async def test_nothing_found_is_said_and_enter_does_nothing_then() -> None:
    async with opened(SMALL) as pilot:
        await pilot.press("c", *"zzz")
        await pilot.pause()
        assert "No scenario has all of this" in screen_text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert on_top(pilot) is PartnerScreen


@pytest.mark.parametrize("no_colour", [True, False])
async def test_in_the_terminals_own_colours_the_row_under_the_cursor_is_underlined(
    no_colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if no_colour:
        monkeypatch.setenv("NO_COLOR", "1")
    async with opened(SMALL, "ansi-dark") as pilot:
        await pilot.press("c", "down")
        await pilot.pause()
        listed = pilot.app.screen.query_one(OptionList)
        underlined = [
            y for y in range(listed.size.height)
            if all(segment.style is not None and segment.style.underline for segment in listed.render_line(y))
        ]
        assert underlined == [listed.highlighted]


async def test_control_characters_cannot_be_pasted() -> None:
    async with opened(SMALL) as pilot:
        await pilot.press("c")
        typed = pilot.app.screen.query_one(Input)
        typed.insert_text_at_cursor("a\x1b]0;b")
        assert typed.value.isprintable()


async def test_escape_returns_to_where_one_was() -> None:
    async with opened() as pilot:
        await pilot.press("g", "4", "enter", "3")
        before = (workspace(pilot).at, workspace(pilot).selection, screen(pilot).pane_name)
        await pilot.press("c", "escape")
        await pilot.pause()
        assert on_top(pilot) is StudyScreen
        await compare(pilot)
        await pilot.press("escape")
        await pilot.pause()
        assert on_top(pilot) is StudyScreen
        assert (workspace(pilot).at, workspace(pilot).selection, screen(pilot).pane_name) == before


async def test_escape_while_both_are_running_shows_nothing_afterwards() -> None:
    async with opened() as pilot:
        await pilot.press("c", "enter", "escape")
        await pilot.pause(0.5)
        assert on_top(pilot) is StudyScreen


async def test_a_click_on_a_scenario_runs_both() -> None:
    async with opened(SMALL) as pilot:
        await pilot.press("c")
        await pilot.pause()
        await pilot.click(OptionList, offset=(10, 3))
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        found = pilot.app.screen
        assert isinstance(found, ComparisonScreen)
        assert found.comparison.right.scenario == "ikev1-aggressive-pke"


async def test_the_palette_has_it_and_its_own_keys_by_name() -> None:
    async with opened() as pilot:
        titles = [command.title for command in pilot.app.get_system_commands(pilot.app.screen)]
        assert "Look: Hold this run beside that of another scenario" in titles
        await compare(pilot)
        commands = {command.title: command.callback for command in pilot.app.get_system_commands(pilot.app.screen)}
        assert "Look: Hold this run beside that of another scenario" not in commands
        await commands["Comparison: Return to the exchange"]()
        await pilot.pause()
        assert on_top(pilot) is StudyScreen


async def test_a_content_file_that_is_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ExplorerError("main-psk.toml: [left]: wrong")

    async with opened() as pilot:
        with monkeypatch.context() as patched:
            patched.setattr("explorer.tui.comparing.find_partners", broken)
            await pilot.press("c")
            await pilot.pause()
            assert on_top(pilot) is StudyScreen
            assert [note.message for note in pilot.app._notifications] == ["main-psk.toml: [left]: wrong"]
        monkeypatch.setattr("explorer.tui.screens.partner.hold_beside", broken)
        await pilot.press("c", "enter")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert on_top(pilot) is PartnerScreen
        assert len(pilot.app._notifications) == 2
        assert "enter runs both" in screen_text(pilot.app)


# ---------------------------------------------------------------- the comparison


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=str)
async def test_it_opens_at_every_size_in_every_theme(size: tuple[int, int], theme: str) -> None:
    async with opened(size, theme) as pilot:
        found = await compare(pilot)
        shown = screen_text(pilot.app)
        assert len(shown.splitlines()) == size[1]
        assert "HDR, SK {IDi, IDr, AUTH, SAi2," in shown
        assert "esc return" in shown
        assert focus(found) == "messages"
        assert panes(found) == (set(PANES) if size == LARGE else {"messages"})


@pytest.mark.parametrize("size", [SMALL, MIDDLE, LARGE], ids=str)
async def test_it_looks_as_it_did(size: tuple[int, int]) -> None:
    async with opened(size) as pilot:
        await compare(pilot)
        frame = screen_text(pilot.app)
    assert frame == kept(f"comparison-{size[0]}x{size[1]}", frame)


async def test_both_have_the_seed_of_the_run() -> None:
    async with opened() as pilot:
        found = await compare(pilot)
        assert found.comparison.left.seed == found.comparison.right.seed == workspace(pilot).trace.seed
        assert f"seed {workspace(pilot).trace.seed}" in screen_text(pilot.app).splitlines()[0]


async def test_without_colour_it_has_none_and_the_chosen_message_is_reversed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(SMALL) as pilot:
        pane = (await compare(pilot)).query_one("#messages", Pane)
        drawn = [segment.style for y in range(pane.size.height) for segment in pane.render_line(y) if segment.style]
        assert [style for style in drawn if style.color is not None] == []
        assert any(style.reverse for style in drawn)


async def test_keys_go_from_pane_to_pane() -> None:
    async with opened(SMALL) as pilot:
        found = await compare(pilot)
        for key, name in (("tab", "terms"), ("right", "numbers"), ("right", "names"), ("tab", "messages"),
                          ("left", "names"), ("2", "terms"), ("shift+tab", "messages"), ("3", "numbers")):
            await pilot.press(key)
            await pilot.pause()
            assert (focus(found), panes(found)) == (name, {name})


async def test_scrolling_reaches_the_last_row_of_every_pane() -> None:
    async with opened(SMALL) as pilot:
        found = await compare(pilot)
        for digit, name in enumerate(PANES, 1):
            await pilot.press(str(digit), "end")
            await pilot.pause()
            pane = found.query_one(f"#{name}", Pane)
            assert pane.top + pane.room >= len(pane.lines)
            await pilot.press("home")
            assert pane.top == 0


async def test_arrows_walk_over_ones_own_messages_with_their_whole_pair_in_sight() -> None:
    async with opened(SMALL) as pilot:
        found = await compare(pilot)
        pane = found.query_one("#messages", Pane)
        walked = [found.message]
        for _ in range(20):
            await pilot.press("down")
            await pilot.pause()
            walked.append(found.message)
            assert pane.cursor is not None
            assert pane.top <= pane.cursor < pane.top + pane.room
            below = next((at for at in range(pane.cursor, len(pane.lines)) if not pane.lines[at].pieces),
                         len(pane.lines))
            assert below <= pane.top + pane.room
        assert list(dict.fromkeys(walked)) == [1, 3, 2, 4, 5, 7, 6, 8, 9]
        for _ in range(20):
            await pilot.press("up")
        assert (found.message, pane.top) == (1, 0)


async def test_it_opens_at_the_message_that_one_is_at() -> None:
    async with opened(SMALL) as pilot:
        await pilot.press("end", "left", "left")
        assert workspace(pilot).step.number == 9
        found = await compare(pilot)
        pane = found.query_one("#messages", Pane)
        assert found.message == 9
        assert pane.top + pane.room == len(pane.lines)


async def test_a_packet_is_in_no_pair_so_the_message_before_it_is_chosen() -> None:
    async with opened(SMALL) as pilot:
        await pilot.press("end")
        assert workspace(pilot).step.number == 11
        assert (await compare(pilot)).message == 9


async def test_enter_opens_the_chosen_message() -> None:
    async with opened(SMALL) as pilot:
        await compare(pilot)
        await pilot.press("down", "down", "down", "enter")
        await pilot.pause()
        assert on_top(pilot) is StudyScreen
        assert (workspace(pilot).step.number, screen(pilot).pane_name) == (4, "message")


async def test_enter_opens_nothing_elsewhere() -> None:
    async with opened(SMALL) as pilot:
        await compare(pilot)
        await pilot.press("2", "enter")
        await pilot.pause()
        assert on_top(pilot) is ComparisonScreen


async def test_a_click_chooses_two_open_and_tabs_and_footer_can_be_clicked() -> None:
    async with opened(SMALL) as pilot:
        found = await compare(pilot)
        pane = found.query_one("#messages", Pane)
        row = next(at for at, line in enumerate(pane.lines) if "Main Mode, 88 octets" in line.text)
        await pilot.click(pane, offset=(10, row + 2))
        await pilot.pause()
        assert found.message == 2
        tabs = found.query_one("#tabs", Bar)
        await pilot.click(tabs, offset=(tabs.lines[0].text.index("In numbers"), 0))
        await pilot.pause()
        assert focus(found) == "numbers"
        await pilot.press("1")
        await pilot.pause()
        await pilot.click(pane, offset=(10, row + 2), times=2)
        await pilot.pause()
        assert on_top(pilot) is StudyScreen
        assert workspace(pilot).step.number == 2
        footer = (await compare(pilot)).query_one("#footer", Bar)
        await pilot.click(footer, offset=(footer.lines[0].text.index("esc"), 0))
        await pilot.pause()
        assert on_top(pilot) is StudyScreen


async def test_what_nobody_has_aligned_is_one_pane() -> None:
    for size in (SMALL, LARGE):
        async with opened(size) as pilot:
            found = await compare(pilot, "gcm")
            assert (panes(found), focus(found)) == ({"numbers"}, "numbers")
            await pilot.press("1", "tab", "enter")
            await pilot.pause()
            assert (panes(found), focus(found)) == ({"numbers"}, "numbers")
            assert "compared in numbers only" in screen_text(pilot.app)


async def test_a_resize_keeps_pane_and_message_and_the_exchange_fits_when_one_returns() -> None:
    async with opened(LARGE) as pilot:
        found = await compare(pilot)
        await pilot.press("down", "3")
        await pilot.pause()
        for width, height in (SMALL, (70, 20), MIDDLE):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            if width < 80:
                assert "80×24 is the least" in screen_text(pilot.app)
            else:
                assert (panes(found), focus(found), found.message) == ({"numbers"}, "numbers", 3)
        await pilot.press("escape")
        await pilot.pause()
        assert screen(pilot)._drawn_at == Size(*MIDDLE)
        assert all(len(row) <= MIDDLE[0] for row in screen_text(pilot.app).splitlines())


async def test_another_theme_is_drawn_at_once() -> None:
    async with opened() as pilot:
        pane = (await compare(pilot)).query_one("#messages", Pane)
        before = [segment.style for segment in pane.render_line(1)]
        pilot.app.theme = "ike-light"
        await pilot.pause()
        assert [segment.style for segment in pane.render_line(1)] != before


async def test_help_explains_the_marks_and_the_keys_of_a_comparison() -> None:
    async with opened() as pilot:
        await compare(pilot)
        await pilot.press("question_mark")
        await pilot.pause()
        assert on_top(pilot) is HelpScreen
        shown = "\n".join(line.text for line in pilot.app.screen.query_one(Pane).lines)
        assert "Open the chosen message of one's own run" in shown
        assert "To the next step of the lesson" not in shown
        await pilot.press("escape")
        await pilot.pause()
        assert on_top(pilot) is ComparisonScreen


async def test_playing_pauses_while_one_compares() -> None:
    async with opened() as pilot:
        await pilot.press("space", "c")
        await pilot.pause()
        assert screen(pilot)._timer is None


async def test_a_lessons_run_is_compared_with_its_own_seed() -> None:
    async with opened() as pilot:
        await pilot.press("l", "enter")
        await pilot.pause()
        session = screen(pilot).session
        assert session is not None
        await pilot.press("tab")
        await pilot.pause()
        assert screen(pilot).pane_name != "lesson"
        found = await compare(pilot)
        assert found.comparison.left.scenario == session.scenario.name
        assert found.comparison.left.seed == session.trace.seed


def test_nothing_of_comparisons_is_imported_before_somebody_wants_one() -> None:
    code = (
        "import sys, explorer.tui.app\n"
        "print([name for name in sys.modules if 'compari' in name or name.endswith(('partner', 'partners'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "[]\n"
