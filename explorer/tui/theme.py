"""Colour is meaning: the roles of the screen, dark and light, and the surfaces they stand on."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.style import Style

ROLES: dict[str, dict[str, str]] = {
    "dark": {
        "initiator": "#45B3FB",
        "responder": "#F2BE72",
        "public": "#E6EAF0",
        "text": "#E6EAF0",
        "secret": "#FAF04A",
        "derived": "#A6F7C6",
        "encrypted": "#D788AE",
        "muted": "#98A3B3",
        "border": "#66758A",
    },
    "light": {
        "initiator": "#0061B1",
        "responder": "#713900",
        "public": "#1B1F27",
        "text": "#1B1F27",
        "secret": "#755E00",
        "derived": "#005A4C",
        "encrypted": "#5B2480",
        "muted": "#565C66",
        "border": "#8A8373",
    },
    "ansi": {
        "initiator": "bright_blue",
        "responder": "yellow",
        "public": "default",
        "text": "default",
        "secret": "bright_yellow",
        "derived": "green",
        "encrypted": "magenta",
        "muted": "default",
        "border": "default",
    },
}
FAILED = {"dark": ("#0F141A", "#FE7551"), "light": ("#FFFDF8", "#A3001B"), "ansi": ("black", "red")}
"""Ink and filling of the badge: a failure is never coloured text alone."""

SURFACES: dict[str, dict[str, str]] = {
    "dark": {"app": "#0F141A", "pane": "#151B23", "selected": "#2A3644", "band": "#1E2731"},
    "light": {"app": "#F4F1EA", "pane": "#FFFDF8", "selected": "#E3DDCE", "band": "#EFEBE1"},
    "ansi": {"app": "default", "pane": "default", "selected": "bright_black", "band": "default"},
}


class Palette(NamedTuple):
    """Which colours: ``dark``, ``light`` or ``ansi``; or none, under ``NO_COLOR``."""

    name: str
    colour: bool


@lru_cache(maxsize=1024)
def style(palette: Palette, role: str, surface: str, bold: bool) -> Style:
    """How a piece is drawn.

    Args:
        role: a colour role, with ``-inverse`` where ink and surface change places.
        surface: what it stands on.
    """
    inverse = role.endswith("-inverse")
    name = role.removesuffix("-inverse")
    if not palette.colour:
        # Marks, bold and reverse carry the meaning then.
        return Style(bold=bold or None, reverse=(inverse or surface == "selected" or name == "failed") or None)
    ground = SURFACES[palette.name][surface]
    if name == "failed":
        ink, filling = FAILED[palette.name]
        return Style(color=ink, bgcolor=filling, bold=True)
    ink = ROLES[palette.name][name]
    if not inverse:
        return Style(color=ink, bgcolor=ground, bold=bold)
    if palette.name == "ansi":
        return Style(color=ink, bold=True, reverse=True)
    return Style(color=SURFACES[palette.name]["app"], bgcolor=ink, bold=True)
