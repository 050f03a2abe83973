"""Keys as commands of the palette, for whoever looks for them by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, runtime_checkable

from textual.app import SystemCommand
from textual.screen import Screen

from explorer.tui.keys import Key


@runtime_checkable
class HasCommands(Protocol):
    """A screen whose keys are in the palette."""

    def commands(self) -> Iterable[SystemCommand]:
        """Its keys as commands."""


def commands_of(screen: Screen[Any], keys: Iterable[Key]) -> Iterable[SystemCommand]:
    """Every key but the digits, which say nothing that a name does not."""
    for key in keys:
        if not key.action.startswith("digit"):
            yield SystemCommand(f"{key.group}: {key.help}", f"key {key.glyph}", _runner(screen, key.action))


def _runner(screen: Screen[Any], action: str) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        await screen.run_action(action)

    return run
