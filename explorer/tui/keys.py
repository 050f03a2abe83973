"""The one registry of keys: what each does, where it is shown, and how help speaks of it."""

from __future__ import annotations

from typing import NamedTuple

from textual.binding import Binding


class Key(NamedTuple):
    """One action.

    Attributes:
        keys: as Textual names them.
        action: the method behind it.
        glyph: how it is shown to people.
        label: one or two words for the footer.
        help: a sentence for help and palette.
        group: heading under which help lists it.
    """

    keys: str
    action: str
    glyph: str
    label: str
    help: str
    group: str


KEYS = (
    Key("right", "next_message", "→", "next", "To the next message", "Move"),
    Key("left", "previous_message", "←", "back", "To the previous message", "Move"),
    Key("shift+right", "move_event(1)", "shift+→", "event", "To the next event", "Move"),
    Key("shift+left", "move_event(-1)", "shift+←", "event back", "To the event before", "Move"),
    Key("home", "first", "home", "first", "To the first message", "Move"),
    Key("end", "last", "end", "last", "To the last message", "Move"),
    Key("g", "goto", "g", "go to", "Go to a message by its number", "Move"),
    Key("space", "play", "space", "play", "Play, or pause", "Move"),
    Key("plus,equals_sign", "speed(1)", "+", "faster", "Play faster", "Move"),
    Key("minus", "speed(-1)", "-", "slower", "Play slower", "Move"),
    Key(
        "enter",
        "follow",
        "enter",
        "follow",
        "Follow what is selected to how it is made; open a branch",
        "Look",
    ),
    Key("backspace", "back", "bksp", "return", "Return to where you followed from", "Look"),
    Key("1", "digit(1)", "1", "ladder", "Go to the pane Exchange", "Panes"),
    Key("2", "digit(2)", "2", "tree", "Go to the pane Message", "Panes"),
    Key("3", "digit(3)", "3", "bytes", "Go to the pane Bytes", "Panes"),
    Key("4", "digit(4)", "4", "who", "Go to the pane Who knows what", "Panes"),
    Key("5", "digit(5)", "5", "how", "Go to the pane How it is made", "Panes"),
    Key("6", "digit(6)", "6", "lesson", "Go to the lesson", "Panes"),
    Key("tab", "next_pane(1)", "tab", "pane", "To the next pane", "Panes"),
    Key("shift+tab", "next_pane(-1)", "shift+tab", "pane back", "To the pane before", "Panes"),
    Key("z", "zoom", "z", "alone", "Show this pane alone, or all again", "Panes"),
    Key("left_square_bracket", "layer(-1)", "[", "layer", "To the layer before: datagram, decrypted, …", "Look"),
    Key("right_square_bracket", "layer(1)", "]", "layer", "To the next layer: datagram, decrypted, …", "Look"),
    Key("y", "copy", "y", "copy", "Copy what is selected: octets, or the proof command", "Look"),
    Key("c", "compare", "c", "compare", "Hold this run beside that of another scenario", "Look"),
    Key("l", "lessons", "l", "lesson", "Open a lesson beside the exchange, or close it", "Course"),
    Key("question_mark", "help", "?", "help", "Explain what is selected, the marks and the keys", "Look"),
    Key("q", "quit", "q", "quit", "Leave", "Program"),
)

LESSON_KEYS = (
    Key("n", "next_step", "n", "next step", "To the next step of the lesson", "Lesson"),
    Key("b", "previous_step", "b", "step back", "To the step before", "Lesson"),
    Key("h", "hint", "h", "hint", "A hint: where to look, the rule, the same with other values", "Lesson"),
    Key("s", "show_me", "s", "show me", "Show the answer; it is then asked on a fresh run", "Lesson"),
    Key("r", "reset_step", "r", "reset", "The step as it was at first", "Lesson"),
    Key("escape", "escape", "esc", "leave", "Leave the lesson, a pane alone, or the play", "Lesson"),
)
"""Keys that mean something while a lesson is open."""

COMPARISON_KEYS = (
    Key("enter", "open", "enter", "open", "Open the chosen message of one's own run", "Comparison"),
    Key("1", "digit(1)", "1", "messages", "To the pane Message by message", "Comparison"),
    Key("2", "digit(2)", "2", "keys", "To the pane Key by key", "Comparison"),
    Key("3", "digit(3)", "3", "numbers", "To the pane In numbers", "Comparison"),
    Key("4", "digit(4)", "4", "names", "To the pane Names", "Comparison"),
    Key("tab,right", "next_pane(1)", "tab", "pane", "To the next pane", "Comparison"),
    Key("shift+tab,left", "next_pane(-1)", "shift+tab", "pane back", "To the pane before", "Comparison"),
    Key("home", "edge(-1)", "home", "top", "To the first row", "Comparison"),
    Key("end", "edge(1)", "end", "bottom", "To the last row", "Comparison"),
    Key("question_mark", "help", "?", "help", "Explain the marks and the keys", "Comparison"),
    Key("escape,q,c,backspace", "close", "esc", "return", "Return to the exchange", "Comparison"),
)
"""Keys that mean something while two runs stand side by side."""

# Digits that no pane has are wanted by "go to" alone, so they are in no list.
_SILENT = tuple(Binding(digit, f"digit({digit})", show=False, id=f"digit.{digit}") for digit in "7890")


def bindings() -> list[Binding]:
    """The keys as Textual wants them."""
    made = [
        Binding(
            key.keys, key.action, key.help, show=False, tooltip=key.help, id=f"key.{index}", priority=key.keys == "tab"
        )
        for index, key in enumerate(KEYS)
    ]
    return [*made, *_SILENT, Binding("escape", "escape", show=False, id="key.escape")]


def lesson_bindings() -> list[Binding]:
    """The keys of a lesson as Textual wants them; escape is every screen's."""
    return [
        Binding(key.keys, key.action, key.help, show=False, tooltip=key.help, id=f"lesson.{key.action}")
        for key in LESSON_KEYS
        if key.keys != "escape"
    ]


def comparison_bindings() -> list[Binding]:
    """The keys of a comparison as Textual wants them."""
    return [
        Binding(
            key.keys, key.action, key.help, show=False, tooltip=key.help, id=f"comparison.{index}",
            priority=key.keys.startswith("tab"),
        )
        for index, key in enumerate(COMPARISON_KEYS)
    ]


def footer_keys(pane: str, *, lesson: bool, narrow: bool, can_return: bool, playing: bool) -> list[tuple[str, str]]:
    """Keys and labels for the footer, most useful first, for the pane that has the focus."""
    inside = {"exchange": "message", "knowledge": "term", "bytes": "field", "how": "input"}.get(pane, "field")
    keys = [("→", "next"), ("←", "back"), ("↑↓", inside), ("enter", "follow")]
    if can_return:
        keys.append(("bksp", "return"))
    if lesson:
        keys.append(("6", "lesson"))
    keys.append(("tab", "pane"))
    if playing:
        keys.append(("space", "pause"))
    if not narrow:
        keys += [("shift+→", "event"), ("y", "copy")]
        keys += [] if lesson else [("l", "lesson")]
        keys += [("ctrl+p", "all")]
    return [*keys[: 6 if narrow else 9], ("?", "help")]
