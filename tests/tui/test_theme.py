from __future__ import annotations

from itertools import combinations

import pytest
from rich.color import Color

from explorer.tui.lines import MARKS
from explorer.tui.theme import FAILED, ROLES, SURFACES, Palette, style

PALETTES = ("dark", "light")
HUES = ("initiator", "responder", "public", "secret", "derived", "encrypted")
TEXT_ROLES = (*HUES, "text", "muted")
Triple = tuple[float, float, float]

# Linear RGB of what a person without one kind of cone sees: Viénot, Brettel and Mollon 1999 for the first two,
# Machado, Oliveira and Fernandes 2009 at severity 1.0 for all three.
SIMULATIONS: dict[str, tuple[Triple, Triple, Triple]] = {
    "protanopia, Viénot": ((0.11238, 0.88762, 0.0), (0.11238, 0.88762, 0.0), (0.00401, -0.00401, 1.0)),
    "deuteranopia, Viénot": ((0.29275, 0.70725, 0.0), (0.29275, 0.70725, 0.0), (-0.02234, 0.02234, 1.0)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
CLOSE = {
    "dark": {frozenset({"derived", "public"}), frozenset({"secret", "public"})},
    "light": {frozenset({"failed", hue}) for hue in HUES},
}
"""Pairs that some people cannot tell apart by hue alone: mark, bold and filling do it."""


def linear(colour: str) -> Triple:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return red, green, blue


def contrast(a: str, b: str) -> float:
    weights = (0.2126, 0.7152, 0.0722)
    dark, light = sorted(sum(w * c for w, c in zip(weights, linear(x), strict=True)) for x in (a, b))
    return (light + 0.05) / (dark + 0.05)


def times(matrix: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    first, second, third = (sum(m * v for m, v in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third


def oklab(rgb: Triple) -> Triple:
    red, green, blue = (min(max(channel, 0.0), 1.0) for channel in rgb)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def distance(a: str, b: str, simulation: str) -> float:
    one, other = (oklab(times(SIMULATIONS[simulation], linear(colour))) for colour in (a, b))
    return float(sum((x - y) ** 2 for x, y in zip(one, other, strict=True)) ** 0.5)


def test_the_measures_are_right() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert oklab((1.0, 1.0, 1.0)) == pytest.approx((1, 0, 0), abs=1e-4)
    assert oklab(linear("#FF0000")) == pytest.approx((0.628, 0.225, 0.126), abs=1e-3)
    for matrix in SIMULATIONS.values():
        assert times(matrix, (1.0, 1.0, 1.0)) == pytest.approx((1, 1, 1), abs=2e-3)
    assert distance("#FF0000", "#FF0000", "protanopia") == 0


@pytest.mark.parametrize("surface", ["app", "pane", "selected", "band"])
@pytest.mark.parametrize("role", TEXT_ROLES)
@pytest.mark.parametrize("palette", PALETTES)
def test_every_role_can_be_read_on_every_surface(palette: str, role: str, surface: str) -> None:
    assert contrast(ROLES[palette][role], SURFACES[palette][surface]) >= 4.5


@pytest.mark.parametrize("palette", PALETTES)
def test_a_failure_can_be_read_on_its_filling_and_seen_on_every_surface(palette: str) -> None:
    ink, filling = FAILED[palette]
    assert contrast(ink, filling) >= 4.5
    assert all(contrast(filling, surface) >= 3 for surface in SURFACES[palette].values())


@pytest.mark.parametrize("palette", PALETTES)
def test_borders_and_inverse_titles_can_be_seen(palette: str) -> None:
    assert contrast(ROLES[palette]["border"], SURFACES[palette]["pane"]) >= 3
    for role in TEXT_ROLES:
        assert contrast(SURFACES[palette]["app"], ROLES[palette][role]) >= 4.5


@pytest.mark.parametrize("simulation", SIMULATIONS)
@pytest.mark.parametrize("palette", PALETTES)
def test_every_two_hues_can_be_told_apart_with_any_eyes(palette: str, simulation: str) -> None:
    colours = {hue: ROLES[palette][hue] for hue in HUES} | {"failed": FAILED[palette][1]}
    for a, b in combinations(colours, 2):
        if frozenset({a, b}) not in CLOSE[palette]:
            assert distance(colours[a], colours[b], simulation) >= 0.08, (a, b)


@pytest.mark.parametrize("palette", PALETTES)
def test_listed_exceptions_are_needed_and_are_told_apart_by_mark(palette: str) -> None:
    colours = {hue: ROLES[palette][hue] for hue in HUES} | {"failed": FAILED[palette][1]}
    marks = MARKS | {"failed": "✗"}
    for pair in CLOSE[palette]:
        a, b = pair
        assert marks[a] != marks[b]
        closest = min(distance(colours[a], colours[b], simulation) for simulation in SIMULATIONS)
        assert closest < 0.08 or palette == "light", pair


def test_every_hue_has_a_mark_of_its_own_and_public_has_none() -> None:
    marks = [MARKS[hue] for hue in HUES if hue != "public"]
    assert all(len(mark) == 1 for mark in marks)
    assert len(set(marks)) == len(marks)
    assert MARKS["public"] == ""


def test_both_palettes_and_the_terminals_own_have_the_same_roles_and_surfaces() -> None:
    assert len({frozenset(roles) for roles in ROLES.values()}) == 1
    assert len({frozenset(surfaces) for surfaces in SURFACES.values()}) == 1
    for name in (*ROLES["ansi"].values(), *SURFACES["ansi"].values(), *FAILED["ansi"]):
        assert Color.parse(name).triplet is None  # the terminal says what these look like


@pytest.mark.parametrize("palette", ["dark", "light", "ansi"])
def test_a_failure_is_always_filled(palette: str) -> None:
    for surface in SURFACES[palette]:
        drawn = style(Palette(palette, colour=True), "failed", surface, bold=False)
        assert drawn.bold
        assert drawn.bgcolor is not None
        assert drawn.bgcolor != style(Palette(palette, colour=True), "text", surface, bold=False).bgcolor


@pytest.mark.parametrize("role", [*TEXT_ROLES, "failed", "text-inverse", "initiator-inverse"])
def test_without_colour_nothing_is_coloured_and_the_selection_is_reversed(role: str) -> None:
    for surface in SURFACES["dark"]:
        drawn = style(Palette("dark", colour=False), role, surface, bold=True)
        assert (drawn.color, drawn.bgcolor) == (None, None)
        assert bool(drawn.reverse) == (surface == "selected" or role == "failed" or role.endswith("-inverse"))
