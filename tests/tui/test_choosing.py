"""Lists to choose from: what is selected looks as it does everywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from driver import SMALL, opened
from frames import screen_text
from textual.color import Color
from textual.widgets import OptionList

from explorer.tui.theme import SURFACES


@pytest.mark.parametrize("theme", ["ike-light", "ike-dark"])
@pytest.mark.parametrize("key", ["c", "l", "ctrl+p"])
async def test_the_row_under_the_cursor_has_the_mark_and_the_surface_of_what_is_selected(
    key: str, theme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IKE_EXPLORER_HOME", str(tmp_path))
    async with opened(SMALL, theme) as pilot:
        await pilot.press(key)
        await pilot.pause(0.3)
        options = pilot.app.screen.query_one(OptionList)
        await pilot.press("down")
        await pilot.pause()
        rows = [options.render_line(y) for y in range(options.scrollable_content_region.height)]
        marked = [row for row in rows if row.text.startswith("▌")]
        assert marked
        assert len(marked) < len(rows)
        surface = Color.parse(SURFACES[theme.removeprefix("ike-")]["selected"]).rgb
        grounds = [segment.style.bgcolor for row in marked for segment in row if segment.style]
        assert {ground.triplet for ground in grounds if ground and ground.triplet} == {surface}
        # The mark stands where nothing else does.
        assert all(row.text[1] == " " for row in marked)


async def test_the_palette_has_nothing_that_is_two_columns_wide() -> None:
    async with opened(SMALL) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause(0.3)
        shown = screen_text(pilot.app)
        assert "Search for commands" in shown
        assert max(shown) < "\U00010000"
        await pilot.press("escape")
        await pilot.pause()
        assert "Search for commands" not in screen_text(pilot.app)
