from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import pytest
from conftest import MAIN, recording
from panes import SIZES

from explorer.comparison.alignment import alignment_files, find_alignment, partners_of, read_alignment
from explorer.comparison.comparison import Comparison, compare
from explorer.export.comparison_rows import header_rows, sections
from explorer.lab.run import run
from explorer.lab.scenario import load_scenario, shipped
from explorer.tui.arrangement import Box, ComparisonWish, arrange_comparison, comparison_column
from explorer.tui.lines import MARKS, Line, Target
from explorer.tui.partners import Partner, find_partners, hold_beside
from explorer.tui.render import comparison as render

PAIRS = [(alignment.left, alignment.right) for alignment in map(read_alignment, alignment_files())]
UNALIGNED = ("ikev2-hybrid-two", "ikev1-rekey")
WIDTHS = (77, 97, 117)


@cache
def compared(left: str, right: str) -> Comparison:
    return compare(recording(left), recording(right), find_alignment(left, right))


def all_lines(comparison: Comparison, width: int) -> list[Line]:
    return [
        render.heading(comparison, width),
        render.heading(comparison, width, labels=True),
        *render.message_lines(comparison, width, "left", 1),
        *render.term_lines(comparison, width),
        *render.number_lines(comparison, width),
        *render.name_lines(comparison, width),
    ]


def squeezed(lines: list[Line]) -> str:
    return re.sub(r"\s+", " ", " ".join(line.text for line in lines))


# ---------------------------------------------------------------- lines


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("names", [*PAIRS, UNALIGNED], ids=" and ".join)
def test_no_line_is_wider_than_its_pane(names: tuple[str, str], width: int) -> None:
    lines = all_lines(compared(*names), width)
    assert [line.text for line in lines if line.width > width] == []
    assert [line.text for line in lines if not line.text.isprintable()] == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("names", PAIRS, ids=" and ".join)
def test_every_message_stands_there_with_its_notation_and_its_size(names: tuple[str, str], width: int) -> None:
    comparison = compared(*names)
    assert comparison.aligned is not None
    lines = render.message_lines(comparison, width, "left", 0)
    halves = {"left": (width - 3) // 2, "right": (width - 3) // 2 + 3}
    text = {
        "left": squeezed([Line(line.pieces and [line.pieces[0]._replace(text=line.text[: halves["left"]])])
                          for line in lines]),
        "right": squeezed([Line(line.pieces and [line.pieces[0]._replace(text=line.text[halves["right"]:])])
                           for line in lines]),
    }
    for pair in comparison.aligned.messages:
        for side in ("left", "right"):
            for message in getattr(pair, side):
                assert f"{message.number} {message.notation} " in text[side]
                assert f"{message.exchange}, {message.octets} octet" in text[side]
        assert pair.says in squeezed(lines)


def test_arrows_go_from_who_sends_and_have_its_colour() -> None:
    lines = render.message_lines(compared(MAIN, "ikev2-psk"), 117, "left", 0)
    shafts = [piece for line in lines for piece in line.pieces if "─" in piece.text and piece.text.strip("─ ")]
    assert {(piece.text.strip("─ "), piece.role) for piece in shafts} == {("►", "initiator"), ("◄", "responder")}


@pytest.mark.parametrize(("own", "numbers"), [("left", [1, 3, 2, 4, 5, 7, 6, 8, 9]), ("right", [1, 2, 3, 4])])
def test_the_messages_of_ones_own_run_can_be_chosen_in_the_order_of_the_pairs(own: str, numbers: list[int]) -> None:
    lines = render.message_lines(compared(MAIN, "ikev2-psk"), 77, own, numbers[0])
    targets = [line.target for line in lines if line.target is not None]
    assert targets == [Target(message=number) for number in numbers]
    # Each row of a message can be clicked, on its own side only.
    for line in lines:
        for start, end, target in line.spans:
            assert (start, end) == ((0, 37) if own == "left" else (40, 77))
            assert target in targets


@pytest.mark.parametrize("own", ["left", "right"])
def test_the_chosen_message_is_filled_on_its_own_side_and_nothing_else_is(own: str) -> None:
    lines = render.message_lines(compared(MAIN, "ikev2-psk"), 77, own, 2)
    filled = [(at, piece.text) for at, line in enumerate(lines) for piece in line.pieces if "+selected" in piece.role]
    rows = sorted({at for at, _ in filled})
    assert all(after == before + 1 for before, after in pairwise(rows))
    assert all(sum(len(text) for at, text in filled if at == row) == 37 for row in rows)
    assert {lines[row].spans[0][2] for row in rows} == {Target(message=2)}


def test_keys_have_their_mark_and_formula() -> None:
    lines = render.term_lines(compared(MAIN, "ikev2-psk"), 117)
    at = next(at for at, line in enumerate(lines) if " SKEYID " in line.text)
    assert re.fullmatch(r" ƒ SKEYID  20 octets +│  ƒ SKEYSEED  32 octets +", lines[at].text)
    assert re.fullmatch(r"   = prf\(psk, Ni_b \| Nr_b\) +│    = prf\(Ni \| Nr, g\^ir\) +", lines[at + 1].text)
    assert any(re.match(r" ◆ xi  40 octets, drawn +│  ◆ i  32 octets, drawn", line.text) for line in lines)
    # Whose a value is can be seen without colour.
    for line in lines:
        for mark, symbol in pairwise(line.pieces):
            if symbol.bold and symbol.text.strip():
                assert mark.text.strip() == MARKS[symbol.role]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("names", [*PAIRS, UNALIGNED], ids=" and ".join)
def test_numbers_say_what_the_text_says(names: tuple[str, str], width: int) -> None:
    comparison = compared(*names)
    shown = {word for line in render.number_lines(comparison, width) for word in line.text.split()}
    rows = [*header_rows(comparison)[1:], *(row for section in sections(comparison) for row in section.rows)]
    said = {word for row in rows for word in f"{row.label} {row.left.text} {row.right.text}".split()}
    assert said <= shown


def test_a_list_is_broken_between_its_items() -> None:
    text = "\n".join(line.text for line in render.number_lines(compared(MAIN, "ikev2-psk"), 77))
    assert re.search(r"by exchange +Main Mode 6, +IKE_SA_INIT 2, +\n +Quick Mode 3 +IKE_AUTH 2", text)


def test_what_is_learnt_and_proven_has_marks_and_colours() -> None:
    comparison = compared("ikev1-aggressive-wrong-psk", "ikev2-psk")
    shown = {(piece.text, piece.role) for line in render.number_lines(comparison, 77) for piece in line.pieces}
    assert {("● ", "text"), ("▒ ", "encrypted"), ("· ", "muted"), ("✓ ", "derived")} <= shown
    assert {("► the initiator", "initiator"), ("◄ the responder", "responder")} <= shown


def test_two_that_nobody_has_aligned_are_said_to_be_so() -> None:
    comparison = compared(*UNALIGNED)
    said = "These two are compared in numbers only. Message by message: ikev1-rekey with ikev2-rekey-child."
    assert said in squeezed(render.number_lines(comparison, 77))
    assert render.message_lines(comparison, 77, "left", 1) == []
    assert render.term_lines(comparison, 77) == render.name_lines(comparison, 77) == []


def test_what_anybody_wrote_is_shown_escaped_and_measured_as_shown() -> None:
    left = run(load_scenario(MAIN))
    left.title, left.scenario, left.reason = "\x1b]0;[bold]", "x\u202ey" + "界" * 40, "a\r\n\x9b2J" + "w" * 90
    lines = all_lines(compare(left, recording("ikev2-psk"), find_alignment(MAIN, "ikev2-psk")), 77)
    assert [line.text for line in lines if not line.text.isprintable() or line.width > 77] == []
    shown = "".join(line.text for line in lines)
    assert "\\x1b]0;[bold]" in shown
    assert "x\\u202ey界" in shown


# ---------------------------------------------------------------- arrangement


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("size", [*SIZES, (110, 30), (190, 24), (189, 60), (200, 30), (400, 100)])
@pytest.mark.parametrize("rows", [0, 30, 500])
def test_the_boxes_tile_what_they_lie_in(size: tuple[int, int], aligned: bool, rows: int) -> None:
    width, height = size
    boxes = arrange_comparison(width, height, ComparisonWish("terms", aligned, rows, rows))
    cells = [(x, y) for box in boxes.values() for x in range(box.x, box.x + box.width)
             for y in range(box.y, box.y + box.height)]
    assert len(cells) == len(set(cells))
    assert all(0 <= x < width and 0 <= y < height for x, y in cells)
    if aligned:
        assert len(cells) == width * height
        assert ("names" in boxes) == (width >= 190)
        assert "terms" in boxes
    else:
        assert set(boxes) == {"title", "numbers", "footer"}
    column = comparison_column(width, aligned=aligned)
    assert all(box.width - 3 >= column - 3 for name, box in boxes.items() if name in render.TITLES)


@pytest.mark.parametrize("height", [24, 30, 60])
def test_in_a_wide_window_no_pane_is_without_room(height: int) -> None:
    boxes = arrange_comparison(200, height, ComparisonWish("messages", True, 100, 100))
    assert min(boxes[name].height for name in render.TITLES) >= min(10, (height - 2) // 2)


def test_what_is_too_small_says_so() -> None:
    assert arrange_comparison(79, 24, ComparisonWish()) == {"small": Box(0, 0, 79, 24)}


# ---------------------------------------------------------------- partners


def test_aligned_scenarios_come_first_and_all_others_after_them() -> None:
    found = find_partners(load_scenario(MAIN))
    assert [(partner.scenario.name, partner.aligned) for partner in found][:2] == [
        ("ikev2-psk", True), ("ikev1-aggressive-pke", False),
    ]
    assert sorted(partner.scenario.name for partner in found) == [name for name in shipped() if name != MAIN]


def test_partners_are_found_from_either_side() -> None:
    for left, right in PAIRS:
        assert right in partners_of(left)
        assert left in partners_of(right)
    assert partners_of("ikev2-gcm") == ()


def test_a_file_of_ones_own_with_a_shipped_name_is_aligned_with_nothing() -> None:
    import msgspec

    own = msgspec.structs.replace(load_scenario(MAIN), title="My own")
    found = find_partners(own)
    assert [partner for partner in found if partner.aligned] == []
    assert MAIN in [partner.scenario.name for partner in found]


@pytest.mark.parametrize(
    ("words", "fits"),
    [("", True), ("psk", True), ("IKEV2-p", True), ("shared key", True), ("pre-shared key", True), ("hared", False),
     ("nat", False), ("psk nat", False)],
)
def test_typed_words_are_parts_of_the_name_or_beginnings_in_the_title(words: str, fits: bool) -> None:
    assert Partner(load_scenario("ikev2-psk"), aligned=True).fits(words) is fits


@pytest.mark.parametrize(("own", "other"), [(MAIN, "ikev2-psk"), ("ikev2-psk", MAIN)])
def test_the_older_protocol_is_at_the_left_and_both_have_the_same_seed(own: str, other: str) -> None:
    beside = hold_beside(load_scenario(own), Partner(load_scenario(other), aligned=True), 7)
    comparison = beside.comparison
    assert (comparison.left.scenario, comparison.right.scenario) == (MAIN, "ikev2-psk")
    assert (comparison.left.seed, comparison.right.seed) == (7, 7)
    assert comparison.aligned is not None
    assert beside.own == ("left" if own == MAIN else "right")


def test_of_two_of_one_protocol_ones_own_is_at_the_left() -> None:
    beside = hold_beside(load_scenario("ikev2-psk"), Partner(load_scenario("ikev2-gcm"), aligned=False), 1)
    assert (beside.comparison.left.scenario, beside.own) == ("ikev2-psk", "left")
    assert beside.comparison.aligned is None
