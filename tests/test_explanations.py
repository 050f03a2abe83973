from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

import pytest
from conftest import recording

from explorer.content import content_folder
from explorer.events import Concluded, Decrypted, Event, NetworkChanged, Notified, SaEnded, SaShortened
from explorer.explanations import (
    Explanation,
    MessageWords,
    how_given,
    of_event,
    of_field,
    of_message,
    of_term,
    predicate,
)
from explorer.lab.scenario import shipped
from explorer.trace.model import Key, is_packet
from explorer.wire import ah, attributes, body, esp, ikev2, ikev2_message, ip, message, payloads
from explorer.wire.field import Spec
from explorer.wire.structure import Structure

CAPTION, ROW = 68, 72
NAMESPACES = (
    attributes.ISAKMP_NAMESPACE,
    attributes.IPSEC_NAMESPACE,
    attributes.CONFIGURATION_NAMESPACE,
    ikev2.TRANSFORM_NAMESPACE,
    ikev2.CONFIG_NAMESPACE,
)


def _structures(of: type[Structure] = Structure) -> Iterator[type[Structure]]:
    for structure in of.__subclasses__():
        yield structure
        yield from _structures(structure)


def declared() -> dict[str, Spec]:
    assert {payloads.__name__, ip.__name__} <= {structure.__module__ for structure in _structures()}
    specs = [spec for structure in _structures() for spec in structure.specs()]
    for module in (message, body, esp, ah, payloads, ip, ikev2_message):
        specs += [spec for spec in vars(module).values() if isinstance(spec, Spec)]
    specs += [pair[0] for namespace in NAMESPACES for pair in namespace.specs.values()]
    assert {message.MESSAGE, message.CIPHERTEXT, message.CONTENT, message.PADDING, esp.CONTENT} <= set(specs)
    assert {message.MARKER, message.KEEPALIVE, body.BODY, ah.AH_PACKET} <= set(specs)
    assert {ikev2_message.CONTENT, ikev2_message.PADDING, ikev2_message.PAD_LENGTH} <= set(specs)
    return {spec.key: spec for spec in specs}


DECLARED = declared()
FILES = sorted((content_folder() / "fields").glob("*.toml"))
GENERIC = ("next_payload", "reserved", "length", "critical", "reserved1")
"""What headers and substructures share: explained once in ``payload``, ``v2_payload`` and ``v2_substructure``."""


def _is_whole(words: Explanation | None) -> bool:
    return words is not None and all(text.strip() for text in words)


@pytest.mark.parametrize("key", sorted(DECLARED))
def test_a_declared_field_is_explained(key: str) -> None:
    assert _is_whole(of_field(DECLARED[key]))


def test_only_the_generic_header_is_explained_in_one_place_for_all() -> None:
    explained = {path.stem: tomllib.loads(path.read_text(encoding="utf-8")) for path in FILES}
    borrowed = {
        spec.key for spec in DECLARED.values()
        if spec.name and spec.name not in explained.get(spec.structure, {}).get("fields", {})
    }
    assert {key.partition(".")[2] for key in borrowed} <= set(GENERIC)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_entry_of_a_file_is_a_declared_field(path: Path) -> None:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    entries = {f"{path.stem}.{name}" for name in content.get("fields", {})}
    assert set(content) <= {"structure", "fields"}
    assert entries <= set(DECLARED)
    # An attribute namespace is no structure of its own: its attributes are those of the offers.
    assert path.stem in DECLARED or path.stem in {namespace.key for namespace in NAMESPACES}


def test_every_field_on_the_wire_is_declared() -> None:
    seen = {
        field.spec.key
        for name in shipped()
        for step in recording(name).steps
        for tree in step.envelope.trees
        for field in tree.root.walk()
    }
    assert seen <= set(DECLARED)


@pytest.mark.parametrize("name", shipped())
def test_every_term_of_a_run_is_explained(name: str) -> None:
    unexplained = [key for key in recording(name).links.keys if not _is_whole(of_term(key.scope, key.symbol))]
    assert unexplained == []


@pytest.mark.parametrize("path", [content_folder() / "terms.toml"], ids=lambda path: path.stem)
def test_every_term_is_explained_in_few_words(path: Path) -> None:
    for name, words in tomllib.loads(path.read_text(encoding="utf-8")).items():
        assert len(words["what"]) <= 110, name
        assert len(words["why"]) <= 140, name
        assert all(words[text].endswith(".") for text in ("what", "why")), name


def test_no_term_is_explained_that_no_run_has() -> None:
    explained = tomllib.loads((content_folder() / "terms.toml").read_text(encoding="utf-8"))
    # Constants of an expression are no terms of a run; and no run of ours has a cipher that wants more than Ne_i has.
    used = {_entry(words) for key in _keys() if (words := of_term(key.scope, key.symbol)) is not None}
    assert {name for name, words in explained.items() if _entry(words) not in used} <= {"g", "p", "Ke_i·K*", "Ke_r·K*"}


def _entry(words: Explanation | dict[str, str]) -> tuple[str, ...]:
    return tuple(words.values()) if isinstance(words, dict) else tuple(words)


def _keys() -> Iterator[Key]:
    for name in shipped():
        yield from recording(name).links.keys


class Place(NamedTuple):
    """A message of a run and its place in its exchange, from 1."""

    message: int
    exchange: str
    ordinal: int
    variant: str

    @property
    def words(self) -> MessageWords | None:
        return of_message(self.exchange, self.ordinal, self.variant)


def _places(name: str) -> list[Place]:
    """What is sent again keeps its place."""
    seen: dict[str, dict[bytes, int]] = {}
    found = []
    for step in recording(name).steps:
        envelope = step.envelope
        own = seen.setdefault(envelope.exchange if is_packet(step) else envelope.scope, {})
        ordinal = own.setdefault(step.octets, len(own) + 1)
        if "SKF" in envelope.notation:
            ordinal = 1 if step.octets[19] & 0x20 == 0 else 2
        found.append(Place(step.number, envelope.exchange, ordinal, envelope.variant))
    return found


def _written() -> list[tuple[str, MessageWords]]:
    paths = sorted((content_folder() / "messages").glob("*.toml"))
    tables = [(path.stem, tomllib.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return [(f"{stem} {name}", MessageWords(**table)) for stem, content in tables for name, table in content.items()]


@pytest.mark.parametrize("name", shipped())
def test_every_message_of_a_run_has_captions(name: str) -> None:
    assert [place for place in _places(name) if place.words is None] == []


@pytest.mark.parametrize(("name", "words"), _written(), ids=lambda value: value if isinstance(value, str) else "")
def test_captions_fit(name: str, words: MessageWords) -> None:
    for sentence in (words.headline, words.made, words.wire, words.read):
        assert 0 < len(sentence) <= CAPTION, sentence
        assert sentence.endswith((".", "?")), sentence
    assert 0 < len(wrap(words.why, ROW)) <= 2, words.why
    assert len(words.why) <= 140, words.why
    assert words.where, name


@pytest.mark.parametrize("name", shipped())
def test_the_point_of_a_message_is_one_of_its_fields(name: str) -> None:
    for place in _places(name):
        trees = recording(name).step(place.message).envelope.trees
        assert place.words is not None
        assert place.words.point in {field.spec.key for tree in trees for field in tree.root.walk()}, place


@pytest.mark.parametrize(("name", "words"), _written(), ids=lambda value: value if isinstance(value, str) else "")
def test_the_point_of_captions_is_a_declared_field(name: str, words: MessageWords) -> None:
    assert words.point in DECLARED, name


def name_of(kind: type[Event]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


# "Making" is told by the message's own words.
@pytest.mark.parametrize("kind", [kind for kind in Event.__subclasses__() if kind.__name__ != "Making"])
def test_every_kind_of_event_is_explained_in_two_rows(kind: type[Event]) -> None:
    name = name_of(kind)
    why, where = of_event(name)
    assert why, name
    assert where, name
    assert len(wrap(why, ROW)) <= 2


def test_every_refusal_is_explained_in_two_rows() -> None:
    refused = tomllib.loads((content_folder() / "events.toml").read_text(encoding="utf-8"))["refused"]
    for table in (refused, *(words for words in refused.values() if isinstance(words, dict))):
        assert len(wrap(table["why"], ROW)) <= 2, table
        assert {"said", "state"} <= set(table)


def test_no_event_is_explained_that_does_not_exist() -> None:
    explained = tomllib.loads((content_folder() / "events.toml").read_text(encoding="utf-8"))
    assert set(explained) <= {name_of(kind) for kind in Event.__subclasses__()}


def test_the_way_of_authentication_decides_what_is_said_of_a_message() -> None:
    ways = [of_message("Main Mode", 5, variant) for variant in ("", "signature", "hybrid", "encryption", "revised")]
    assert len(set(ways)) == len(ways)
    assert of_message("Main Mode", 1, "signature") == of_message("Main Mode", 1)


def test_packets_come_in_pairs_of_a_question_and_its_answer() -> None:
    assert of_message("ESP", 3) == of_message("ESP", 1)
    assert of_message("AH", 4) == of_message("AH", 2) != of_message("ESP", 2)


def test_a_first_exchange_that_is_begun_again_still_is_a_question_and_an_answer() -> None:
    assert of_message("IKE_SA_INIT", 3) == of_message("IKE_SA_INIT", 1) is not None
    assert of_message("IKE_SA_INIT", 6) == of_message("IKE_SA_INIT", 2) != of_message("IKE_SA_INIT", 1)
    variants = ("", "chosen", "cookie", "invalid-ke", "no-proposal")
    answers = [of_message("IKE_SA_INIT", 4, variant) for variant in variants]
    assert len(set(answers)) == len(answers)


def test_informational_of_ikev2_is_another_than_that_of_ikev1() -> None:
    assert of_message("INFORMATIONAL", 1, "delete") != of_message("Informational", 1, "delete")
    assert of_message("INFORMATIONAL", 2) != of_message("INFORMATIONAL", 1) is not None


def test_a_notification_without_words_of_its_own_has_general_ones() -> None:
    assert of_message("Informational", 1, "r-u-there") != of_message("Informational", 1, "invalid-cookie")
    assert of_message("Informational", 1, "invalid-cookie") == of_message("Informational", 1) is not None


def test_every_simple_event_is_said_in_one_clause() -> None:
    run = recording("ikev1-main-pke")
    opened = [entry.event for entry in run.events_of(Decrypted) if isinstance(entry.event, Decrypted)]
    assert {predicate(event) for event in opened if event.iv is None} == {"decrypts with d_R", "decrypts with d_I"}
    assert predicate(SaEnded("ESP", opened[0].key, "replaced")) == "ends the ESP SA: replaced"
    assert predicate(SaShortened("ESP", opened[0].key, 600, "")) == "will use the ESP SA for 600 s only"
    assert predicate(Notified("NO-PROPOSAL-CHOSEN", False, "")) == "hears NO-PROPOSAL-CHOSEN, which no hash covers"
    assert predicate(Notified("R-U-THERE", True, "")) == "hears R-U-THERE"
    assert predicate(Concluded("Main Mode", "phase 1", "completed", "")) == "has completed Main Mode"
    assert predicate(Concluded("Main Mode", "phase 1", "failed", "")) == "has given up Main Mode"
    assert predicate(NetworkChanged("NAT", "in front of the peer", "")) == "finds a NAT in front of the peer"
    assert predicate(NetworkChanged("route", "10.3.0.1/32", "")) == "has a new route: 10.3.0.1/32"


def test_an_unknown_thing_has_no_explanation() -> None:
    assert of_field(Spec("nowhere", "nothing", "Nothing", "")) is None
    assert of_field(Spec("nowhere", "", "Nothing", "")) is None
    assert of_term("phase 1", "nothing") is None
    assert of_message("Main Mode", 7) is None
    assert of_message("No Mode", 1) is None
    assert of_event("nothing") == ("", "")


def test_a_star_in_the_terms_stands_for_a_number_and_for_marks() -> None:
    assert _is_whole(of_term("phase 1", "K1"))
    assert of_term("phase 1", "K1") == of_term("phase 1", "K2")
    assert _is_whole(of_term("phase 1", "IV'"))
    assert of_term("phase 1", "IV'") == of_term("phase 1", "IV''")
    assert of_term("ESP 1 1", "IV") != of_term("phase 1", "IV")
    assert of_term("phase 1 #2", "K1") == of_term("phase 1", "K1")
    assert _is_whole(of_term("phase 1", "Ke_i·K2"))
    assert of_term("phase 1", "HASH(1)") != of_term("Quick Mode 1234abcd", "HASH(1)")


def test_ikev2_may_say_something_else_of_a_symbol() -> None:
    assert of_term("IKE SA", "psk") == of_term("IKE_AUTH 1", "psk") != of_term("phase 1", "psk")
    made = [of_term(scope, "SKEYSEED") for scope in ("IKE SA", "IKE SA, rekey 1r", "IKE SA #2, resumed")]
    assert made[0] != made[1] != made[2] != made[0]
    assert of_term("IKE SA #2", "SKEYSEED") == made[0], "a new login makes new keys as the first does"
    assert of_term("IKE SA #2, rekey 2", "SKEYSEED") == made[1]
    assert of_term("IKE SA, rekey 1", "SK_d") == of_term("IKE SA", "SK_d") != of_term("IKE SA", "SK_d(1)")
    assert of_term("CREATE_CHILD_SA 3r, rekey 1", "Ni") == of_term("CREATE_CHILD_SA 2", "Ni") != of_term("IKE SA", "Ni")


def test_a_value_that_is_configured_is_given_in_words() -> None:
    assert how_given("psk") == "has psk from its configuration"
    assert how_given("N_b") != how_given("D_b")
