from __future__ import annotations

from itertools import combinations, product

import pytest

from explorer.tui.arrangement import Box, Wish, arrange

SIZES = ((80, 24), (109, 30), (110, 34), (110, 24), (120, 40), (189, 50), (190, 50), (200, 60), (300, 24))
TABS = ("exchange", "message", "bytes", "knowledge", "how")
LESSON_PANES = ((), ("message",), ("bytes", "knowledge"), ("exchange", "message"), ("message", "bytes", "how"))
WISHES = [
    *(Wish(tab=tab, how=how, ladder=ladder) for tab, how, ladder in product(TABS, (False, True), (5, 16, 40))),
    *(Wish(zoom=pane, lesson=lesson) for pane, lesson in product((*TABS, "lesson"), (False, True))),
    *(Wish(tab=tab, how=how, lesson=True, lesson_panes=panes)
      for tab, how, panes in product(("message", "lesson"), (False, True), LESSON_PANES)),
]


def cells(box: Box) -> set[tuple[int, int]]:
    return set(product(range(box.x, box.x + box.width), range(box.y, box.y + box.height)))


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_boxes_lie_inside_the_screen_do_not_overlap_and_leave_no_gap(size: tuple[int, int]) -> None:
    width, height = size
    for wish in WISHES:
        boxes = arrange(width, height, wish)
        assert all(box.width > 0 and box.height > 0 for box in boxes.values()), wish
        assert all(b.x >= 0 and b.x + b.width <= width and b.y >= 0 and b.y + b.height <= height
                   for b in boxes.values()), wish
        assert not any(_overlap(a, b) for a, b in combinations(boxes.values(), 2)), wish
        assert sum(box.width * box.height for box in boxes.values()) == width * height, (wish, boxes)


def _overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_no_pane_is_too_small_to_be_read(size: tuple[int, int]) -> None:
    for wish in WISHES:
        panes = {name: box for name, box in arrange(*size, wish).items() if name in (*TABS, "lesson")}
        assert panes, wish
        for name, box in panes.items():
            assert box.height >= (5 if name in ("message", "bytes") else 8), (wish, name, box)
            assert box.width >= 44, (wish, name, box)


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (1, 1), (200, 10)])
def test_a_window_that_is_too_small_says_so_and_nothing_else(size: tuple[int, int]) -> None:
    for wish in WISHES:
        assert arrange(*size, wish) == {"small": Box(0, 0, *size)}


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_title_is_first_and_footer_last(size: tuple[int, int]) -> None:
    for wish in WISHES:
        boxes = arrange(*size, wish)
        assert boxes["title"] == Box(0, 0, size[0], 1)
        assert boxes["footer"] == Box(0, size[1] - 1, size[0], 1)


def test_a_narrow_screen_has_a_strip_a_caption_of_five_rows_and_one_tab() -> None:
    boxes = arrange(80, 24, Wish())
    assert (boxes["strip"], boxes["caption"], boxes["tabs"]) == (Box(0, 1, 80, 1), Box(0, 2, 80, 5), Box(0, 7, 80, 1))
    assert (boxes["message"].height, boxes["bytes"].height) == (8, 7)
    for tab in ("exchange", "knowledge", "how"):
        assert arrange(80, 24, Wish(tab=tab))[tab] == Box(0, 8, 80, 15)


def test_two_columns_are_44_wide_and_the_rest() -> None:
    boxes = arrange(120, 40, Wish())
    assert boxes["exchange"] == Box(0, 1, 44, 18)
    assert boxes["knowledge"] == Box(0, 19, 44, 20)
    assert boxes["caption"] == Box(44, 1, 76, 9)
    assert (boxes["message"].width, boxes["bytes"].height) == (76, 12)
    assert {"strip", "tabs", "how", "lesson"}.isdisjoint(boxes)


@pytest.mark.parametrize(("width", "columns"), [(190, (56, 54)), (220, (76, 64)), (300, (110, 110))])
def test_what_a_wide_window_has_to_spare_is_the_ladders(width: int, columns: tuple[int, int]) -> None:
    boxes = arrange(width, 60, Wish())
    assert (boxes["exchange"].width, boxes["how"].width) == columns
    assert boxes["knowledge"].width == columns[0]
    assert boxes["message"].width == 80


def test_three_columns_are_56_80_and_the_rest() -> None:
    boxes = arrange(200, 60, Wish())
    assert [boxes[name].width for name in ("exchange", "knowledge", "caption", "message", "bytes", "how")] == [
        56, 56, 80, 80, 80, 64]
    assert (boxes["caption"].height, boxes["bytes"].height) == (10, 24)


def test_in_the_middle_how_takes_the_place_of_message_and_bytes() -> None:
    before, after = arrange(120, 40, Wish()), arrange(120, 40, Wish(how=True))
    assert cells(after["how"]) == cells(before["message"]) | cells(before["bytes"])
    assert all(after[name] == before[name] for name in ("exchange", "knowledge", "caption"))


@pytest.mark.parametrize("size", [(120, 40), (200, 60)], ids=str)
def test_a_lesson_stands_at_the_right(size: tuple[int, int]) -> None:
    boxes = arrange(*size, Wish(lesson=True, lesson_panes=("bytes", "knowledge")))
    assert boxes["lesson"].x + boxes["lesson"].width == size[0]
    assert {"bytes", "knowledge"} <= set(boxes)


def test_beside_a_lesson_the_strip_takes_the_ladders_place() -> None:
    boxes = arrange(120, 40, Wish(lesson=True, lesson_panes=("message",)))
    assert set(boxes) == {"title", "footer", "strip", "lesson", "message"}
    assert boxes["lesson"].width == 44


def test_who_knows_what_keeps_at_least_eight_rows_under_a_long_ladder() -> None:
    for height in range(24, 61):
        for width in (110, 190):
            assert arrange(width, height, Wish(ladder=40))["knowledge"].height >= 8


def test_one_pane_alone_has_everything_below_the_strip() -> None:
    for size in SIZES:
        assert arrange(*size, Wish(zoom="bytes"))["bytes"] == Box(0, 2, size[0], size[1] - 3)
