"""What the panes say of IKEv2 where it is another thing than in IKEv1."""

from __future__ import annotations

import pytest
from conftest import recording
from panes import at_event, at_message

from explorer.events import Judged, Received, Refused, Role
from explorer.explanations import of_event
from explorer.export.text import to_text
from explorer.tui.render import caption, exchange, how
from explorer.tui.workspace import Workspace

PSK = "ikev2-psk"


def test_a_choice_names_proposals_as_transforms_have_no_numbers() -> None:
    trace = recording(PSK)
    judged = next(entry for entry in trace.events_of(Judged) if entry.step == 1)
    workspace = at_event(trace, judged.at)
    assert caption.happening(workspace)[0] == "The responder judges the offers: proposal 1 fits its own proposal 1."
    assert how.lines(workspace, 76)[0].text == " 1 comparison: proposal 1 fits its own proposal 1."
    assert "✓ proposal 1, against its own proposal 1" in to_text(trace)
    assert "transform 0" not in to_text(trace)


def test_the_eavesdropper_is_told_what_a_message_is_to_it() -> None:
    trace = recording(PSK)
    heard, read = (
        next(entry for entry in trace.events_of(Received) if entry.party is party)
        for party in (Role.EAVESDROPPER, Role.RESPONDER)
    )
    assert caption.happening(at_event(trace, heard.at))[1] == of_event("received", "eavesdropper")[0]
    assert caption.happening(at_event(trace, read.at))[1] == of_event("received")[0] != of_event("sent")[0]


@pytest.mark.parametrize("name", ["ikev2-cookie", "ikev2-invalid-ke"])
def test_a_demand_for_a_retry_is_no_failure(name: str) -> None:
    workspace = at_message(recording(name), 1)
    rows = [*caption.lines(workspace, 74, 9)[0], *exchange.lines(workspace, 42)]
    assert not any(piece.role == "failed" for row in rows for piece in row.pieces)
    assert rows[0].text.startswith(" ↻  Asks for a retry: ")
    assert any("asks for a retry" in row.text for row in rows[9:])


@pytest.mark.parametrize(
    ("name", "number", "said", "why"),
    [
        ("ikev2-temporary-failure", 8, "Not now: ", "ask again later"),
        ("ikev2-lossy", 5, "Dropped: ", "Late copies do come"),
        ("ikev2-ts-unacceptable", 3, "No Child SA: ", "the IKE SA comes up"),
        ("ikev2-child-no-proposal", 3, "No Child SA: ", "the IKE SA comes up"),
        ("ikev2-child-not-found", 7, "Turned down: ", "Only this request fails"),
        ("ikev2-no-proposal", 1, "Refused: ", "A rule was broken"),
        ("ikev1-policy-mismatch-hash", 1, "Refused: ", "A rule was broken"),
    ],
)
def test_a_refusal_says_what_it_means(name: str, number: int, said: str, why: str) -> None:
    headline, words, _ = caption.happening(at_message(recording(name), number))
    assert headline.startswith(said)
    assert why in words


@pytest.mark.parametrize(("name", "message", "field"), [
    ("ikev2-no-proposal", 1, "v2_sa"),
    ("ikev2-child-no-proposal", 3, "v2_sa"),
    ("ikev2-ts-unacceptable", 3, "v2_selectors"),
    ("ikev2-invalid-ke", 1, "v2_key_exchange.method"),
    ("ikev2-invalid-version", 1, "ike_header.version"),
    ("ikev2-unsupported-critical", 1, "v2_opaque_payload"),
    ("ikev2-lossy", 5, "ike_header.message_id"),
    ("ikev1-policy-mismatch-group", 1, "security_association"),
])
def test_what_a_refusal_is_about_is_selected(name: str, message: int, field: str) -> None:
    workspace = Workspace(recording(name))
    workspace.go_to_message(message)
    assert workspace.selection.spec == field
    while not isinstance(workspace.entry.event, Refused):
        workspace.move_event(-1)
    workspace.go_to_event(workspace.at)
    assert workspace.selection.spec == field
