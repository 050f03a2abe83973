"""The whole screen, held against kept frames; ``UPDATE_FRAMES=1`` rewrites them."""

from __future__ import annotations

from pathlib import Path

import pytest
from driver import opened
from frames import kept, screen_text
from panes import SIZES


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_third_message_looks_as_it_did(
    size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IKE_EXPLORER_HOME", str(tmp_path))
    async with opened(size) as pilot:
        await pilot.press("g", "3")
        await pilot.pause()
        frame = screen_text(pilot.app)
    assert frame == kept(f"message-3-{size[0]}x{size[1]}", frame)
