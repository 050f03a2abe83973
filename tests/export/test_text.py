import re

import pytest

from explorer.crypto.term import Derived
from explorer.errors import ExplorerError
from explorer.events import Learned
from explorer.export.text import to_text
from explorer.lab.run import run
from explorer.lab.scenario import load_scenario
from explorer.trace.trace import Trace


def test_header_says_what_it_is(trace: Trace) -> None:
    title, about, outcome = to_text(trace).splitlines()[:3]
    assert title == trace.title
    assert f"seed {trace.seed}" in about
    assert outcome == f"established: {trace.reason}"


def test_every_message_stands_in_order(trace: Trace) -> None:
    found = re.findall(r"^═══ Message (\d+)   (\w+) → (\w+)   (.*)$", to_text(trace), re.MULTILINE)
    assert found == [(str(s.number), str(s.sender), str(s.receiver), s.envelope.notation) for s in trace.steps]


def test_every_field_stands_with_its_inclusive_range(trace: Trace) -> None:
    for step in trace.steps:
        said = to_text(trace, step.number)
        for tree in step.envelope.trees:
            assert f"\n{tree.buffer.name}, {len(tree.buffer.octets)} octets" in said
            for field in tree.root.leaves():
                size = field.end - field.start
                where = f"{field.start}–{field.end - 1}" if size > 1 else str(field.start) if size else "–"
                assert re.search(rf"^ *{where}  +{re.escape(field.spec.label)}", said, re.MULTILINE)
                assert field.meaning in said


def test_bound_terms_stand_beside_their_octets(trace: Trace) -> None:
    said = to_text(trace, 3)
    assert re.search(r"^ *32–287 .*= g\^xi$", said, re.MULTILINE)
    assert re.search(r"= Ni_b$", said, re.MULTILINE)
    assert "32–199 = SAi_b" in to_text(trace, 1)


def test_every_learned_value_has_its_formula_and_octets(trace: Trace) -> None:
    said = to_text(trace)
    for entry in trace.events_of(Learned):
        if isinstance(entry.event, Learned):
            term = entry.event.term
            assert term.octets[:32].hex() in said
            if isinstance(term.origin, Derived):
                assert f"computes {term.symbol} = {term.expression}" in said


def test_verdicts_sas_and_knowledge_stand_at_the_end(trace: Trace) -> None:
    said = to_text(trace)
    assert "✓ verifies HASH_I: the initiator is proven" in said
    assert re.search(r"✗ proposal 1, transform 1, against .*\n(?: {8,}[✓✗] .*\n)*? {8,}✗ .*: .*, wanted ", said)
    assert said.count("ESP SA of the") == 4
    last = said.partition("═══ Who knows what")[2]
    for row in trace.knowledge.rows(len(trace) - 1):
        assert re.search(rf"^{re.escape(row.key.symbol)} ", last, re.MULTILINE)


def test_one_message_is_only_that(trace: Trace) -> None:
    said = to_text(trace, 5)
    assert said.count("═══") == 1
    assert "═══ Message 5 " in said
    assert said.startswith(trace.title)


def test_message_out_of_range_is_named(trace: Trace) -> None:
    with pytest.raises(ExplorerError, match=r"^message 99: expected a number from 1 to 11$"):
        to_text(trace, 99)


def test_no_control_character_survives() -> None:
    trace = run(load_scenario("ikev1-main-psk"))
    trace.title = "a title\x1b]0;from\nsomebody\u202e"
    said = to_text(trace)
    assert said.startswith("a title\\x1b]0;from\\nsomebody\\u202e\n")
    assert all(line.isprintable() for line in said.splitlines())
    assert not any(line.endswith(" ") for line in said.splitlines())


def test_a_refused_offer_comes_with_what_gear_says_of_it() -> None:
    text = to_text(run(load_scenario("ikev1-policy-mismatch-hash")))
    assert "Cisco IOS says: Hash algorithm offered does not match policy!" in text
    assert "strongSwan says: no acceptable" in text


def test_a_message_that_was_changed_on_the_way_says_what_was_changed() -> None:
    text = to_text(run(load_scenario("ikev1-aggressive-sa-swap")))
    assert "changed on the way: octet 52 from 01 to 02, octets 62–63 from 0080 to 0100" in text
