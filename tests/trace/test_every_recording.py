"""What is true of every recording, whatever the scenario."""

from __future__ import annotations

import pytest
from conftest import recording

from explorer.crypto.term import Nature
from explorer.events import Learned, Received, Refused, Role, SaShortened, Sent
from explorer.lab.scenario import shipped
from explorer.octets import Span
from explorer.trace.model import Key
from explorer.trace.trace import Trace

EVE = Role.EAVESDROPPER
DISAGREE = {
    "ikev1-aggressive-sa-swap", "ikev1-main-wrong-psk", "ikev1-aggressive-wrong-psk", "ikev1-wrong-xauth-password",
    "ikev2-wrong-psk", "ikev2-wrong-eap-password",
}
"""Scenarios whose point is that the two sides hold different octets under one name."""


@pytest.fixture(params=shipped())
def trace(request: pytest.FixtureRequest) -> Trace:
    return recording(request.param)


def test_bound_octets_are_the_terms_octets(trace: Trace) -> None:
    count = 0
    for entry in trace:
        for term, span in entry.event.bindings if isinstance(entry.event, Sent | Received) else ():
            assert span.octets == term.octets, (entry.step, term.symbol)
            count += 1
    assert count > 5


def test_leaves_tile_every_buffer(trace: Trace) -> None:
    for entry in trace:
        for tree in entry.event.envelope.trees if isinstance(entry.event, Sent | Received) else ():
            at = 0
            for leaf in tree.root.leaves():
                assert leaf.start == at
                assert leaf.end > leaf.start, leaf.spec.key
                assert leaf.meaning.isprintable()
                at = leaf.end
            assert at == len(tree.buffer.octets)


def test_a_term_that_is_a_span_has_its_octets_and_its_place(trace: Trace) -> None:
    for key in trace.links.keys:
        for _, _, term in trace.links.terms(key):
            if isinstance(term.origin, Span):
                assert term.origin.octets == term.octets, key


def test_terms_of_one_name_have_the_same_octets_unless_that_is_the_point(trace: Trace) -> None:
    different = [key for key in trace.links.keys if len({term.octets for _, _, term in trace.links.terms(key)}) > 1]
    if trace.scenario.endswith(("nat-t", "mobike")):
        different = [key for key in different if not key.symbol.startswith(("IP_", "NAT-D_", "NAT_"))]
    if trace.scenario not in DISAGREE:
        assert different == []
    for key in different:
        assert len({party for _, party, _ in trace.links.terms(key)}) > 1, "one party disagrees with itself"


def test_nothing_is_made_of_itself(trace: Trace) -> None:
    for key in trace.links.keys:
        assert key not in trace.links.feeds_all(key), key


def test_whatever_a_formula_names_is_in_the_recording(trace: Trace) -> None:
    keys = set(trace.links.keys)
    for key in keys:
        for _, _, term in trace.links.terms(key):
            for source in term.made_of():
                assert source.nature is Nature.CONSTANT or trace.links.key(source) in keys, (key, source.symbol)


def test_the_eavesdropper_never_has_a_secret(trace: Trace) -> None:
    for key in trace.knowledge.known(EVE, len(trace)):
        assert trace.links.first(key).nature is not Nature.SECRET, key
        assert not key.symbol.startswith(("SKEYID", "Ka", "Ke_", "Ne_", "KEYMAT", "ESP_", "AH_", "g^xy", "psk")), key


def test_what_the_eavesdropper_computes_the_peers_have_too(trace: Trace) -> None:
    for entry in trace.events_of(Learned, EVE):
        assert isinstance(entry.event, Learned)
        key = Key(entry.event.term.scope, entry.event.term.symbol)
        assert key.symbol.startswith("IV")
        peers = {term.octets for _, party, term in trace.links.terms(key) if party is not EVE}
        assert entry.event.term.octets in peers or trace.outcome == "failed", key


def test_the_eavesdropper_can_follow_whatever_goes_by(trace: Trace) -> None:
    assert [entry.event for entry in trace.events_of(Refused, EVE)] == []


def test_a_message_is_read_by_whom_it_reaches(trace: Trace) -> None:
    for step in trace.steps:
        own = [entry for entry in trace[step.first : step.last + 1] if entry.step == step.number]
        assert [entry.party for entry in own if isinstance(entry.event, Sent)] == [step.sender]
        read = [entry.party for entry in own if isinstance(entry.event, Received)]
        assert read.count(EVE) == 1
        if step.fate == "lost":
            assert step.receiver not in read


def test_a_claimed_lifetime_is_what_is_shown_of_the_sa() -> None:
    trace = recording("ikev1-policy-lifetime")
    (cut,) = trace.events_of(SaShortened)
    assert isinstance(cut.event, SaShortened)
    (sa,) = [sa for sa in trace.sas(Role.INITIATOR, cut.at) if sa.protocol == "ISAKMP"]
    assert trace.sa_lifetime(Role.INITIATOR, sa, cut.at - 1) == sa.lifetime > cut.event.lifetime
    assert trace.sa_lifetime(Role.INITIATOR, sa, cut.at) == cut.event.lifetime


@pytest.mark.parametrize(("name", "message", "about"), [
    ("ikev2-delete", 10, "delete"), ("ikev2-wrong-certificate", 6, "notify"), ("ikev2-liveness", 8, ""),
    ("ikev2-mobike", 10, "cookie2"),
])
def test_an_empty_answer_is_about_what_was_asked(name: str, message: int, about: str) -> None:
    assert recording(name).step(message).envelope.variant == about
