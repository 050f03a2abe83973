from __future__ import annotations

from collections.abc import Iterable

import pytest
from textual.binding import Binding, BindingType

from explorer.tui.keys import COMPARISON_KEYS, KEYS, LESSON_KEYS, Key, bindings, comparison_bindings, footer_keys
from explorer.tui.screens.comparison import ComparisonScreen
from explorer.tui.screens.exchange import PANES, ExchangeScreen
from explorer.tui.screens.help import HelpScreen
from explorer.tui.screens.lessons import LessonsScreen
from explorer.tui.screens.partner import PartnerScreen
from explorer.tui.screens.study import StudyScreen
from explorer.tui.widgets.line_view import Pane

ALL_KEYS = (*KEYS, *LESSON_KEYS)
STRIPPED = {"↑↓": ("up", "down"), "→ ←": ("right", "left"), "bksp": ("backspace",), "ctrl+p": ("ctrl+p",)}


def declared(source: Iterable[BindingType]) -> list[Binding]:
    found = list(Binding.make_bindings(source))
    assert found
    return found


OWNERS = (ExchangeScreen, StudyScreen, Pane, HelpScreen, LessonsScreen, PartnerScreen, ComparisonScreen)
OURS = {owner: declared(owner.BINDINGS) for owner in OWNERS}


def test_every_binding_has_an_id_and_says_what_it_does_or_is_silent() -> None:
    for owner, made in OURS.items():
        for binding in made:
            assert binding.id, (owner, binding)
            silent = not binding.show and not binding.description
            assert binding.tooltip or silent, (owner, binding)


def test_no_two_bindings_share_an_id() -> None:
    ids = [binding.id for made in (bindings(), comparison_bindings(), StudyScreen.BINDINGS, Pane.BINDINGS)
           for binding in made if isinstance(binding, Binding)]
    assert len(ids) == len(set(ids))


def test_no_key_has_two_meanings_on_one_screen() -> None:
    meanings: dict[str, set[str]] = {}
    for owner in (ExchangeScreen, StudyScreen):
        for binding in OURS[owner]:
            meanings.setdefault(binding.key, set()).add(binding.action)
    assert [key for key, actions in meanings.items() if len(actions) > 1] == []


@pytest.mark.parametrize("key", [*ALL_KEYS, *COMPARISON_KEYS], ids=lambda key: f"{key.group} {key.glyph}")
def test_every_key_has_an_action_a_glyph_a_label_and_a_sentence(key: Key) -> None:
    owner = ComparisonScreen if key in COMPARISON_KEYS else StudyScreen
    assert callable(getattr(owner, f"action_{key.action.partition('(')[0]}"))
    assert key.glyph
    assert len(key.label.split()) <= 2
    assert key.help[0].isupper()
    assert not key.help.endswith(".")


def test_every_action_of_every_binding_exists() -> None:
    for owner, made in OURS.items():
        for binding in made:
            name = f"action_{binding.action.partition('(')[0]}"
            assert callable(getattr(StudyScreen if owner is ExchangeScreen else owner, name)), binding


def test_digits_are_the_panes_in_their_order() -> None:
    digits = {key.keys: key.action for key in KEYS if key.keys.isdecimal()}
    assert digits == {str(n): f"digit({n})" for n in range(1, len(PANES) + 1)}


@pytest.mark.parametrize("lesson", [False, True])
def test_every_key_in_the_footer_does_something(lesson: bool) -> None:
    bound = {binding.key for owner in (ExchangeScreen, StudyScreen, Pane) for binding in OURS[owner]} | {"ctrl+p"}
    glyphs = {key.glyph: tuple(key.keys.split(",")) for key in ALL_KEYS} | STRIPPED
    for pane in PANES:
        for busy in (False, True):
            for narrow in (False, True):
                for shown, label in footer_keys(pane, lesson=lesson, narrow=narrow, can_return=busy, playing=busy):
                    assert set(glyphs[shown]) <= bound, shown
                    assert label


def test_return_and_pause_are_offered_when_there_is_something_to_return_from_or_to_pause() -> None:
    for busy in (False, True):
        shown = [key for key, _ in footer_keys("message", lesson=False, narrow=False, can_return=busy, playing=busy)]
        assert ("bksp" in shown, "space" in shown) == (busy, busy)
