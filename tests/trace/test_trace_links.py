from __future__ import annotations

from itertools import pairwise

import pytest

from explorer.crypto.term import Derived, Nature, Term
from explorer.events import Binding, Learned, Received, Role, Sent
from explorer.octets import Buffer, Span
from explorer.trace.model import Entry, Key, Place
from explorer.trace.trace import Trace

PHASE_1 = "phase 1"
G_XI = Key(PHASE_1, "g^xi")
G_XI_PLACE = Place(3, "datagram", 32, 288)


def bindings(trace: Trace) -> list[tuple[Entry, Binding]]:
    return [(e, b) for e in trace if isinstance(e.event, Sent | Received) for b in e.event.bindings]


def of(trace: Trace, key: Key, party: Role) -> Term:
    return next(term for _, holder, term in trace.links.terms(key) if holder is party)


def test_bound_octets_are_the_terms_octets(trace: Trace) -> None:
    assert len(bindings(trace)) > 80
    for _, (term, span) in bindings(trace):
        assert span.octets == term.octets, term.symbol


def test_every_bound_range_leads_to_its_term(trace: Trace) -> None:
    for entry, (term, span) in bindings(trace):
        place = trace.place(span)
        assert place.message == entry.step
        assert trace.links.key(term) in trace.links.at(place)
        assert any(other is term for _, _, other in trace.links.terms(trace.links.key(term)))


def test_every_term_leads_to_each_of_its_ranges(trace: Trace) -> None:
    for _, (term, span) in bindings(trace):
        assert trace.place(span) in trace.links.places(trace.links.key(term))


def test_the_two_directions_agree(trace: Trace) -> None:
    links = trace.links
    pairs = {(key, place) for key in links.keys for place in links.places(key)}
    assert pairs == {(key, place) for _, place in pairs for key in links.at(place)}
    for key, place in pairs:
        assert (place, key) in links.in_buffer(place.message, place.buffer)
        for offset in (place.start, place.end - 1):
            assert (place, key) in links.covering(place.message, place.buffer, offset)
        for offset in (place.start - 1, place.end):
            assert (place, key) not in links.covering(place.message, place.buffer, offset)


def test_both_peers_terms_are_at_the_same_place(trace: Trace) -> None:
    for step in trace.steps:
        sent = {trace.place(s) for e, (_, s) in bindings(trace) if e.step == step.number and isinstance(e.event, Sent)}
        read = {trace.place(s) for e, (_, s) in bindings(trace)
                if e.step == step.number and isinstance(e.event, Received) and e.party is step.receiver}
        learned = {trace.place(e.event.term.origin) for e in trace.events_of(Learned, step.receiver)
                   if e.step == step.number and isinstance(e.event, Learned) and isinstance(e.event.term.origin, Span)}
        assert read <= sent
        assert all(any(key.symbol.startswith("SPI_") for key in trace.links.at(place)) for place in sent - read)
        assert bool(learned & sent) == bool(sent - read), "the receiver finds the SPI once it has read the SA"


def test_a_span_that_is_a_terms_origin_is_one_of_its_places(trace: Trace) -> None:
    count = 0
    for key in trace.links.keys:
        for _, _, term in trace.links.terms(key):
            if isinstance(term.origin, Span):
                assert term.origin.octets == term.octets
                place = trace.place(term.origin)
                assert place in trace.links.places(key) or key.symbol == "M-ID"
                count += 1
    assert count > 40


def test_the_share_of_message_3_is_found_from_its_octets(trace: Trace) -> None:
    assert trace.links.at(G_XI_PLACE) == [G_XI]
    assert trace.links.places(G_XI) == [G_XI_PLACE]
    assert {party for _, party, _ in trace.links.terms(G_XI)} == set(Role)


def test_the_share_of_message_3_feeds_what_the_rfc_says(trace: Trace) -> None:
    fed = {key.symbol for key in trace.links.feeds_all(G_XI) if key.scope == PHASE_1}
    assert {"g^xy", "HASH_I", "HASH_R", "IV", "SKEYID_d", "SKEYID_a", "SKEYID_e", "Ka", "E(5)", "E(6)"} <= fed
    assert not {"SKEYID", "psk", "xi", "xr", "g^xr", "Ni_b", "SAi_b"} & fed
    assert {key.symbol for key in trace.links.feeds(G_XI)} == {"g^xy", "HASH_I", "HASH_R", "IV"}
    assert trace.links.messages_fed(G_XI) == tuple(range(5, 12))


@pytest.mark.parametrize("party", [Role.INITIATOR, Role.RESPONDER])
def test_each_side_made_the_same_value_in_its_own_way(trace: Trace, party: Role) -> None:
    secret = of(trace, Key(PHASE_1, "g^xy"), party)
    own, received = ("xi", "g^xr") if party is Role.INITIATOR else ("xr", "g^xi")
    assert [t.symbol for t in secret.made_of()] == [received, own, "p"]
    assert all(trace.links.key(t) in trace.links.keys or t.nature is Nature.CONSTANT for t in secret.made_of())
    formulas = [str(term.expression) for _, _, term in trace.links.formulas(Key(PHASE_1, "g^xy"))]
    assert sorted(formulas) == ["(g^xi) ^ xr mod p", "(g^xr) ^ xi mod p"]


def test_a_hash_is_traced_back_to_the_wire(trace: Trace) -> None:
    sources = trace.links.sources(Key(PHASE_1, "HASH_I"))
    assert G_XI_PLACE in sources
    assert Place(4, "datagram", 32, 288) in sources
    assert Place(1, "datagram", 0, 8) in sources
    assert any(p.message == 1 and p.start == 32 for p in sources)
    assert not any(p.message in (2, 4) and p.start == 32 and p.end < 100 for p in sources), "SAr_b is not in HASH_I"
    assert any((p.message, p.buffer) == (5, "decrypted") for p in sources)


def test_what_feeds_is_what_a_formula_names(trace: Trace) -> None:
    links = trace.links
    for key in links.keys:
        for _, _, term in links.terms(key):
            for source in term.made_of():
                assert key in links.feeds(links.key(source))
    made = {k for key in links.keys for k in links.feeds(key)}
    for key in made:
        assert any(isinstance(term.origin, Derived) for _, _, term in links.terms(key))


def test_nothing_feeds_itself(trace: Trace) -> None:
    for key in trace.links.keys:
        assert key not in trace.links.feeds_all(key)


def test_terms_of_one_row_have_the_same_octets(trace: Trace) -> None:
    for key in trace.links.keys:
        held = trace.links.terms(key)
        assert len({term.octets for _, _, term in held}) == 1, key
        assert trace.links.first(key) is held[0][2]
        assert [index for index, _, _ in held] == sorted(index for index, _, _ in held)


def test_the_esp_keys_lead_to_the_packets(trace: Trace) -> None:
    scope = next(k.scope for k in trace.links.keys if k.symbol == "ESP_ei")
    for symbol, packet in (("ESP_ei", 11), ("ESP_ai", 11), ("ESP_er", 10), ("ESP_ar", 10)):
        fed = [place.message for key in trace.links.feeds_all(Key(scope, symbol)) for place in trace.links.places(key)]
        assert set(fed) == {packet}


def test_a_foreign_buffer_has_no_place(trace: Trace) -> None:
    with pytest.raises(KeyError):
        trace.place(Span(Buffer("datagram", trace.step(1).octets), 0, 8))


def test_buffers_are_listed_largest_first_and_coverings_smallest_first(main: Trace) -> None:
    sizes = [place.end - place.start for place, _ in main.links.in_buffer(7, "decrypted")]
    assert sizes == sorted(sizes, reverse=True)
    place = next(p for p, k in main.links.in_buffer(7, "decrypted") if k.symbol == "SPI_i")
    found = [key.symbol for _, key in main.links.covering(7, "decrypted", place.start)]
    assert found == ["SPI_i", "SAi_b"]
    assert all(a.start <= place.start < a.end for a, _ in main.links.covering(7, "decrypted", place.start))


def test_ranges_of_a_row_are_in_order_of_messages(trace: Trace) -> None:
    for key in trace.links.keys:
        messages = [place.message for place in trace.links.places(key)]
        assert all(a <= b for a, b in pairwise(messages))
    assert [p.message for p in trace.links.places(Key(PHASE_1, "CKY-I"))] == list(range(1, 10))
