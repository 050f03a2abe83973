from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap

import pytest
from conftest import recording

from explorer.content import content_folder
from explorer.events import Event
from explorer.explanations import Explanation, of_event, of_field, of_message, of_term
from explorer.lab.scenario import shipped
from explorer.wire import attributes, esp, ip, message, payloads
from explorer.wire.field import Spec
from explorer.wire.structure import Structure

CAPTION, ROW = 68, 72
NAMESPACES = (attributes.ISAKMP_NAMESPACE, attributes.IPSEC_NAMESPACE)


def _structures(of: type[Structure] = Structure) -> Iterator[type[Structure]]:
    for structure in of.__subclasses__():
        yield structure
        yield from _structures(structure)


def declared() -> dict[str, Spec]:
    assert {payloads.__name__, ip.__name__} <= {structure.__module__ for structure in _structures()}
    specs = [spec for structure in _structures() for spec in structure.specs()]
    for module in (message, esp, payloads, ip):
        specs += [spec for spec in vars(module).values() if isinstance(spec, Spec)]
    specs += [pair[0] for namespace in NAMESPACES for pair in namespace.specs.values()]
    assert {message.MESSAGE, message.CIPHERTEXT, message.CONTENT, message.PADDING, esp.CONTENT} <= set(specs)
    return {spec.key: spec for spec in specs}


DECLARED = declared()
FILES = sorted((content_folder() / "fields").glob("*.toml"))
GENERIC = ("next_payload", "reserved", "length")


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


def _messages(name: str) -> list[tuple[int, str, int]]:
    counts: dict[str, int] = {}
    found = []
    for step in recording(name).steps:
        counts[step.envelope.exchange] = counts.get(step.envelope.exchange, 0) + 1
        found.append((step.number, step.envelope.exchange, counts[step.envelope.exchange]))
    return found


@pytest.mark.parametrize("name", shipped())
def test_every_message_of_a_run_has_captions_that_fit(name: str) -> None:
    for _, exchange, ordinal in _messages(name):
        words = of_message(exchange, ordinal)
        assert words is not None, (exchange, ordinal)
        for sentence in (words.headline, words.made, words.wire, words.read):
            assert 0 < len(sentence) <= CAPTION, sentence
            assert sentence.endswith((".", "?")), sentence
        assert len(wrap(words.why, ROW)) <= 2, words.why


@pytest.mark.parametrize("name", shipped())
def test_the_point_of_a_message_is_one_of_its_fields(name: str) -> None:
    for number, exchange, ordinal in _messages(name):
        words = of_message(exchange, ordinal)
        trees = recording(name).step(number).envelope.trees
        assert words is not None
        assert words.point in {field.spec.key for tree in trees for field in tree.root.walk()}, number


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


def test_no_event_is_explained_that_does_not_exist() -> None:
    explained = tomllib.loads((content_folder() / "events.toml").read_text(encoding="utf-8"))
    assert set(explained) <= {name_of(kind) for kind in Event.__subclasses__()}


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
