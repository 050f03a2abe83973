"""The rows of the ladder: whole notations, marks, ports and who has done what."""

from __future__ import annotations

import pytest
from conftest import recording
from panes import at_message

from explorer.tui.render import exchange
from explorer.tui.screens.help import help_lines

LARGE, MIDDLE = 54, 42


def ladder(name: str, width: int, number: int = 0) -> list[str]:
    trace = recording(name)
    return [line.text for line in exchange.lines(at_message(trace, number or len(trace.steps)), width)]


@pytest.mark.parametrize("name", ["ikev2-psk", "ikev2-lossy", "ikev2-reauth", "ikev1-main-psk", "ikev2-wrong-psk"])
def test_no_payload_is_left_out_in_a_wide_window(name: str) -> None:
    assert [row for row in ladder(name, LARGE) if "…" in row and "··" not in row] == []


@pytest.mark.parametrize("name", ["ikev2-rsa", "ikev2-remote-access", "ikev2-mobike", "ikev1-aggressive-revised-pke"])
def test_in_a_very_wide_window_nothing_is_cut_at_all(name: str) -> None:
    assert [row for row in ladder(name, 108) if "…" in row] == []


def test_late_notifications_lose_their_names_before_a_payload_is_left_out() -> None:
    assert any("HDR,SK {IDi,IDr,AUTH,SAi2,TSi,TSr,N(…)} " in row for row in ladder("ikev2-ppk", LARGE))
    assert any("HDR,SAi1,KEi,Ni,N(…),N(…) " in row for row in ladder("ikev2-nat-t", MIDDLE))
    # What a message is about keeps its name.
    assert any("HDR, SK {N(COOKIE2)} " in row for row in ladder("ikev2-mobike", MIDDLE))


@pytest.mark.parametrize("width", [LARGE, MIDDLE])
@pytest.mark.parametrize("name", ["ikev2-lossy", "ikev2-mobike", "ikev2-ppk", "ikev2-rsa"])
def test_every_arrow_ends_in_the_same_column(name: str, width: int) -> None:
    rows = [row for row in ladder(name, width) if row[1:4].strip().isdigit() and row[4] == " "]
    assert {len(row) for row in rows} == {width}
    assert all(row[5] in "◄─━ " and row[width - 4] in "►─━ " for row in rows)


def test_help_says_what_every_fate_of_a_message_looks_like() -> None:
    told = [line.text.strip() for line in help_lines(at_message(recording("ikev2-lossy"), 1), 80)]
    for fate, word in (("lost", "lost"), ("delivered twice", "twice"), ("delayed", "delayed"), ("changed", "changed")):
        assert any(row.startswith(f"{exchange._FATES[fate]}  ") and word in row for row in told), fate
    assert any(row.startswith("·4500  ") for row in told)


def products(name: str) -> list[str]:
    return [text for rows in exchange.products_of(recording(name)).values() for _, text in rows]


def test_the_ladder_tells_which_of_several_sas_has_come_and_which_has_gone() -> None:
    made = products("ikev2-rekey-collision")
    for row in ("a new IKE SA, 81ed…", "a new IKE SA, f132…", "IKE SA 81ed…: redundant", "IKE SA 843c…: replaced"):
        assert made.count(row) == 1
    for row in ("two Child SAs, 3e02…", "two Child SAs, 9d47…", "Child SAs 3e02…: redundant"):
        assert made.count(row) == 1
    assert products("ikev2-psk") == ["now there is an IKE SA", "now there are two Child SAs"]


def test_the_ladder_tells_who_has_moved() -> None:
    moves = products("ikev2-mobike")[2:]
    assert moves == [
        "initiator is at 10.77.0.5", "initiator: Child SAs move",
        "responder: peer at 203.0.113.7", "NAT in front of the initiator", "responder: Child SAs move",
    ]  # fmt: skip
    rows = ladder("ikev2-mobike", MIDDLE)
    assert all(any(f" {move} " in row for row in rows) for move in moves)


@pytest.mark.parametrize("width", [LARGE, MIDDLE])
@pytest.mark.parametrize(("name", "first", "last"), [("ikev2-nat-t", 3, 6), ("ikev1-nat-t", 5, 14)])
def test_a_message_to_the_port_for_nat_says_so_after_its_number(name: str, first: int, last: int, width: int) -> None:
    rows = ladder(name, width)
    assert [n for n in range(1, last + 1) if any(row[1:].lstrip().startswith(f"{n}·4500 ") for row in rows)] == list(
        range(first, last + 1)
    )
    assert {len(row) for row in rows if "►" in row or "◄" in row} == {width}
    assert sum("NAT in front of the initiator" in row for row in rows) == 1
    assert not any("·4500" in row for row in ladder("ikev2-psk", width))


def test_the_header_shows_the_address_that_a_party_has_by_now_and_the_one_that_is_seen() -> None:
    assert "10.0.0.1 " in ladder("ikev2-mobike", MIDDLE, 5)[1]
    for width in (MIDDLE, LARGE):
        assert "10.77.0.5" in ladder("ikev2-mobike", width)[1]
        assert "10.0.0.1" not in ladder("ikev2-mobike", width)[1]
    assert "10.77.0.5→203.0.113.7 ✓" in ladder("ikev2-mobike", LARGE)[1]
    assert "10.0.0.1→203.0.113.7 " in ladder("ikev2-nat-t", LARGE, 1)[1]
