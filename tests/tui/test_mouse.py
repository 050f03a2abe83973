from __future__ import annotations

from pathlib import Path

import pytest
from driver import LARGE, MIDDLE, SMALL, opened, pane, row_of, screen, workspace
from frames import screen_text

from explorer.trace.model import Key
from explorer.tui.widgets.bars import Bar
from explorer.tui.widgets.line_view import Pane


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches what a learner has done."""
    monkeypatch.setenv("IKE_EXPLORER_HOME", str(tmp_path / "home"))


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
        assert (state.how, story.lines[offset[1] - 1].selected) == (True, True)
        await pilot.click(story, offset=offset, times=2)
        assert (state.how, state.layer) == (False, "datagram")
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


async def test_a_term_in_the_caption_can_be_clicked() -> None:
    async with opened() as pilot:
        await pilot.press("right", "right")
        caption = pilot.app.screen.query_one("#caption", Pane)
        row, line = next((i, line) for i, line in enumerate(caption.lines) if "Feeds" in line.text)
        start, _, target = line.spans[0]
        await pilot.click("#caption", offset=(start + caption.gutter.left, row + caption.gutter.top))
        assert workspace(pilot).selection.key == target.key == Key("phase 1", "g^xy")
