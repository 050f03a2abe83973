from __future__ import annotations

import pytest
from conftest import recording
from panes import NOTHING_FITS, OTHER_PSK, at_event, at_message, fields, key_of, variant_recording

from explorer.events import Concluded, Learned, Making, Received, SaInstalled, Sent, StateChanged, Verified
from explorer.trace.model import Place
from explorer.trace.trace import Trace
from explorer.tui.lines import Target
from explorer.tui.render import exchange, how, message, octets
from explorer.tui.workspace import Selection, Spot, Workspace

WIDE = 78
SILENT = (Making, StateChanged, Concluded)
"""Events that are about no field and no term leave the selection where it was."""


def spot(workspace: Workspace) -> Spot:
    return workspace._spot()


# ---------------------------------------------------------------- moving


def test_it_begins_at_the_end_of_the_first_message_with_its_point_selected(trace: Trace) -> None:
    workspace = Workspace(trace)
    assert workspace.step.number == 1
    assert workspace.at_end_of_step
    assert workspace.selection.spec == "security_association"


def test_the_point_of_every_message_is_selected_when_it_is_reached(trace: Trace) -> None:
    workspace = Workspace(trace)
    for step in trace.steps:
        workspace.go_to_message(step.number)
        field = workspace.selected_field()
        assert field is not None
        assert workspace.words is not None
        assert field.spec.key == workspace.words.point
        assert workspace.layer == (workspace.selection.place or Place(0, "", 0, 0)).buffer


def test_on_and_back_by_messages_is_where_one_was(trace: Trace) -> None:
    workspace = Workspace(trace)
    for number in range(1, len(trace.steps)):
        workspace.go_to_message(number)
        before = spot(workspace)
        assert workspace.next_message()
        assert workspace.step.number == number + 1
        assert workspace.previous_message()
        assert spot(workspace) == before


def test_on_and_back_by_events_is_where_one_was(trace: Trace) -> None:
    for entry in trace.entries[:-1]:
        workspace = at_event(trace, entry.at)
        before = spot(workspace)
        assert workspace.move_event(1)
        assert workspace.move_event(-1)
        assert workspace.at == before.at
        if not isinstance(entry.event, SILENT):
            assert spot(workspace) == before, entry.event


def test_next_in_the_middle_of_a_message_goes_to_its_end_first(main: Trace) -> None:
    workspace = at_message(main, 3)
    workspace.move_event(1)
    assert workspace.step.number == 4
    assert not workspace.at_end_of_step
    assert workspace.next_message()
    assert (workspace.step.number, workspace.at_end_of_step) == (4, True)


def test_there_is_nothing_before_the_first_and_after_the_last(trace: Trace) -> None:
    workspace = Workspace(trace)
    assert not workspace.previous_message()
    workspace.at = 0
    assert not workspace.move_event(-1)
    assert workspace.go_to_message(len(trace.steps))
    assert not workspace.next_message()
    assert not workspace.go_to_message(0)
    assert not workspace.go_to_message(len(trace.steps) + 1)
    assert workspace.step.number == len(trace.steps)


def test_an_event_selects_what_it_is_about(trace: Trace) -> None:
    for entry in trace:
        selection = at_event(trace, entry.at).selection
        if isinstance(entry.event, Learned):
            assert selection.key == trace.links.key(entry.event.term)
        elif isinstance(entry.event, Verified):
            assert selection.key == trace.links.key(entry.event.received)
        elif isinstance(entry.event, SaInstalled):
            assert selection == Selection(sa=entry.event.sa.spis[0].scope)
        elif isinstance(entry.event, Sent | Received):
            assert selection.place is not None


def test_a_refusal_that_names_no_octets_still_can_be_stepped_over() -> None:
    for changes in (OTHER_PSK, NOTHING_FITS):
        trace = variant_recording(*changes)
        workspace = Workspace(trace)
        assert trace.refusals
        while workspace.move_event(1):
            assert exchange.lines(workspace, 42)
            assert message.lines(workspace, WIDE)
            assert how.lines(workspace, WIDE)


# ---------------------------------------------------------------- following


def test_back_returns_to_exactly_where_follow_started(trace: Trace) -> None:
    for step in trace.steps:
        for key in trace.links.keys:
            workspace = at_message(trace, step.number)
            workspace.select_key(key)
            before = spot(workspace)
            assert workspace.follow()
            assert workspace.how
            for source in [s for _, _, term in trace.links.formulas(key) for s in term.made_of()][:2]:
                if trace.links.terms(trace.links.key(source)):
                    workspace.follow_key(trace.links.key(source))
            while workspace.trail:
                assert workspace.back()
            assert spot(workspace) == before


def test_back_from_another_message_returns_to_this_one(trace: Trace) -> None:
    key = key_of(trace, "g^xi")
    for step in trace.steps:
        workspace = at_message(trace, step.number)
        workspace.select_key(key)
        workspace.follow()
        before = spot(workspace)
        workspace.follow_place(trace.links.places(key)[0])
        assert workspace.step.number == 3
        assert not workspace.how
        assert workspace.selection.key == key
        assert workspace.back()
        assert spot(workspace) == before


def test_there_is_nothing_to_follow_from_a_field_that_is_no_term_and_nothing_to_return_to(main: Trace) -> None:
    workspace = at_message(main, 3)
    tree, field = next(item for item in fields(main, 3) if item[1].spec.key == "isakmp_header.flags")
    workspace._select_field(tree, field)
    assert not workspace.follow()
    assert not workspace.back()


def test_the_breadcrumb_names_the_way(main: Trace) -> None:
    workspace = at_message(main, 3)
    assert workspace.breadcrumb == "message 3 › g^xi"
    workspace.follow()
    workspace.follow_key(key_of(main, "g^xy"))
    assert workspace.breadcrumb == "message 3 › g^xi › g^xy"
    workspace.follow_key(key_of(main, "SKEYID_d"))
    assert workspace.breadcrumb == "message 3 › … › g^xy › SKEYID_d"
    workspace.back()
    assert workspace.breadcrumb == "message 3 › g^xi › g^xy"


def test_moving_on_ends_the_following(main: Trace) -> None:
    workspace = at_message(main, 3)
    workspace.follow()
    workspace.next_message()
    assert (workspace.how, workspace.trail) == (False, [])


def test_the_two_ways_to_make_one_term_are_both_told(main: Trace) -> None:
    workspace = at_message(main, 4)
    workspace.select_key(key_of(main, "g^xy"))
    text = "\n".join(line.text for line in how.lines(workspace, WIDE))
    assert "responder, message 3" in text
    assert "initiator, message 4" in text
    assert "Prove it in your own shell" in text


# ---------------------------------------------------------------- layers and folding


def test_layers_go_round(main: Trace) -> None:
    workspace = at_message(main, 5)
    assert workspace.layer == "decrypted"
    assert workspace.switch_layer(1)
    assert workspace.layer == "datagram"
    assert workspace.switch_layer(-1)
    assert workspace.layer == "decrypted"
    assert len(octets.lines(workspace, WIDE)) < len(main.step(5).octets) // 16 + 1
    assert not at_message(main, 1).switch_layer(1)


def test_a_message_without_the_layer_shows_its_datagram(main: Trace) -> None:
    workspace = at_message(main, 5)
    workspace.previous_message()
    assert workspace.layer == "datagram"
    workspace.layer = "decrypted"
    assert workspace.tree().buffer.name == "datagram"


def test_a_branch_that_was_closed_stays_closed_until_it_is_opened(main: Trace) -> None:
    workspace = at_message(main, 3)
    tree, field = next(item for item in fields(main, 3) if item[1].spec.key == "isakmp_header")
    before = len(message.lines(workspace, WIDE))
    workspace.toggle(tree.buffer.name, field)
    assert not workspace.is_open(tree.buffer.name, field)
    assert len(message.lines(workspace, WIDE)) < before
    workspace.next_message()
    workspace.previous_message()
    assert not workspace.is_open(tree.buffer.name, field)
    workspace.toggle(tree.buffer.name, field)
    assert len(message.lines(workspace, WIDE)) == before


def test_choosing_another_message_in_the_ladder_goes_there(main: Trace) -> None:
    workspace = Workspace(main)
    rows = [line for line in exchange.lines(workspace, 42) if line.target is not None and line.target.message]
    assert [line.target.message for line in rows if line.target] == list(range(1, 12))
    workspace.select(rows[6].target or Target())
    assert workspace.step.number == 7


def test_choosing_a_ruled_line_shows_the_sa(main: Trace) -> None:
    workspace = at_message(main, 9)
    ruled = [line for line in exchange.lines(workspace, 42) if line.target is not None and line.target.sa]
    assert "phase 1 makes the ISAKMP SA" in ruled[0].text
    assert "phase 2 makes two IPsec SAs" in ruled[1].text
    workspace.select(ruled[1].target or Target())
    assert message.title(workspace)[0] == "2 ESP SA"
    text = "\n".join(line.text for line in message.lines(workspace, WIDE))
    assert text.count("lifetime") == 2
    assert "SPI" in text


@pytest.mark.parametrize("scenario", ["ikev1-main-psk", "ikev2-psk", "ikev2-fragmentation"])
@pytest.mark.parametrize("compact", [False, True])
def test_what_is_selected_has_a_row_in_its_message(scenario: str, *, compact: bool) -> None:
    run = recording(scenario)
    workspace = Workspace(run)
    workspace.compact = compact
    while True:
        assert any(row.selected for row in message.lines(workspace, WIDE)), workspace.step.number
        if not workspace.next_message():
            break


def test_sas_whose_spis_were_named_in_two_exchanges_are_one_pair() -> None:
    made = [text for rows in exchange.products_of(recording("ikev2-eap")).values() for _, text in rows]
    assert made == ["now there is an IKE SA", "now there are two Child SAs"]


def test_the_ladder_says_who_has_won_a_collision() -> None:
    made = [text for rows in exchange.products_of(recording("ikev2-rekey-collision")).values() for _, text in rows]
    assert made.count("nonces: responder's stays") == 2
    assert "Child SAs 3e02…: redundant" in made


def test_what_only_one_side_has_for_a_while_is_its_own_and_comes_to_an_end() -> None:
    made = exchange.products_of(recording("ikev2-wrong-certificate"))
    assert [text for _, text in made[4]] == ["responder: an IKE SA", "responder: two Child SAs"]
    assert [text for _, text in made[6]] == ["Child SAs: refused", "the IKE SA: refused"]
