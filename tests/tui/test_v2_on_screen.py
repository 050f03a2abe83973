"""What the panes say of IKEv2 where it is another thing than in IKEv1."""

from __future__ import annotations

from conftest import recording
from panes import at_event

from explorer.events import Judged, Received, Role
from explorer.explanations import of_event
from explorer.export.text import to_text
from explorer.tui.render import caption, how

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
