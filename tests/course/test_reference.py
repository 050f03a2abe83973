from __future__ import annotations

import pytest
from conftest import PFS, recording

from explorer.course.judge import fill
from explorer.course.reference import Thing, look_up
from explorer.errors import ExplorerError
from explorer.trace.model import Key
from explorer.trace.trace import Trace

FIRST = 28


def test_a_field_is_its_octets_its_term_and_its_place(main: Trace) -> None:
    found = look_up(main, "field 3 key_exchange.data")
    assert isinstance(found, Thing)
    assert (found.key, found.message, found.spec) == (Key("phase 1", "g^xi"), 3, "key_exchange.data")
    assert found.octets == main.step(3).octets[FIRST + 4 : FIRST + 260]
    assert found.place is not None
    assert found.place.buffer == "datagram"


def test_a_field_of_an_encrypted_message_is_found_inside(main: Trace) -> None:
    found = look_up(main, "field 5 hash.data")
    assert isinstance(found, Thing)
    assert found.place is not None
    assert (found.key, found.place.buffer) == (Key("phase 1", "HASH_I"), "decrypted")


def test_a_field_without_a_term_and_a_structure_have_no_key(main: Trace) -> None:
    flags, payload = look_up(main, "field 3 isakmp_header.flags"), look_up(main, "field 1 security_association")
    assert isinstance(flags, Thing)
    assert isinstance(payload, Thing)
    assert (flags.octets, flags.key) == (b"\x00", None)
    assert len(payload.octets) == len(main.step(1).octets) - FIRST


@pytest.mark.parametrize(("reference", "scope", "message"), [
    ("term g^xy", "phase 1", 0),
    ("term CKY-I", "phase 1", 1),
    ("term phase 1/Ni_b", "phase 1", 3),
    ("term Quick Mode/Ni_b", "Quick Mode", 7),
    ("term ESP/ICV", "ESP", 10),
    ("  term   g^xy ", "phase 1", 0),
])
def test_a_term_is_one_of_phase_1_unless_its_scope_is_named(
    main: Trace, reference: str, scope: str, message: int
) -> None:
    found = look_up(main, reference)
    assert isinstance(found, Thing)
    assert found.key is not None
    assert found.key.scope.startswith(scope)
    assert found.message == message
    assert found.octets == main.links.first(found.key).octets


def test_octets_sizes_values_and_numbers_of_messages(main: Trace) -> None:
    public = main.step(3).octets[32:288]
    assert look_up(main, "octets 0..4 of term g^xi") == public[:4]
    assert look_up(main, "octets 252..256 of field 3 key_exchange.data") == public[-4:]
    assert look_up(main, "octets 0..1 of field 3 isakmp_header.version") == b"\x10"
    assert look_up(main, "size of term g^xi") == 256
    assert look_up(main, "size of field 1 isakmp_header") == 28
    assert look_up(main, "value of field 1 isakmp_header.length") == len(main.step(1).octets)
    assert look_up(main, "message of term Ni_b") == 3
    assert look_up(main, "message of term g^xy") == 0
    assert look_up(main, "messages") == 11


@pytest.mark.parametrize(("reference", "complaint"), [
    ("", "is no reference; expected field N KEY"),
    ("cookie", "is no reference"),
    ("field hash.data", "is no reference"),
    ("field 3 Key.Data", "is no reference"),
    ("field 3 key_exchange.data.more", "is no reference"),
    ("term", "is no reference"),
    ("term Aggressive Mode/Ni_b", "is no reference"),
    ("octets 4 of term g^xi", "is no reference"),
    ("octets 0..4 of messages", "is no reference"),
    ("size of size of term g^xi", "is no reference"),
    ("value of term g^xi", "is no reference"),
    ("field 0 hash.data", "there is no message 0; expected 1 to 11"),
    ("field 12 hash.data", "there is no message 12; expected 1 to 11"),
    ("field 3 hash.data", "message 3 has no field 'hash.data'"),
    ("term SKEYID_x", "the run has no term 'SKEYID_x' in phase 1"),
    ("term Quick Mode/SKEYID", "the run has no term 'SKEYID' in Quick Mode"),
    ("term g(qm)^xy", r"the run has no term 'g\(qm\)\^xy' in phase 1"),
    ("octets 0..4 of term nothing", "the run has no term 'nothing'"),
])
def test_a_reference_that_stands_for_nothing_says_so(main: Trace, reference: str, complaint: str) -> None:
    with pytest.raises(ExplorerError, match=complaint) as caught:
        look_up(main, reference)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("octets", ["4..4", "8..4", "0..9"])
def test_a_range_that_is_empty_or_goes_beyond_the_end_is_refused(main: Trace, octets: str) -> None:
    with pytest.raises(ExplorerError, match="octets"):
        look_up(main, f"octets {octets} of term CKY-I")


def test_a_term_that_only_another_scenario_has_is_found_there() -> None:
    found = look_up(recording(PFS), "term Quick Mode/g(qm)^xy")
    assert isinstance(found, Thing)
    assert len(found.octets) in (128, 256)


def test_prose_is_filled_with_the_values_of_the_run(main: Trace) -> None:
    text = "{octets 0..2 of term CKY-I} and {size of term g^xi}, {messages} in all; a {{brace}} is none."
    cookie = main.step(1).octets[:2].hex(" ")
    with pytest.raises(ExplorerError, match="brace"):
        fill(main, text)
    assert fill(main, text.partition(";")[0]) == f"{cookie} and 256, 11 in all"
    assert fill(main, "nothing to fill") == "nothing to fill"


@pytest.mark.parametrize("text", ["{term g^xy}", "{field 3 key_exchange.data}", "{octets}", "{}"])
def test_prose_takes_only_what_can_be_written_in_a_few_words(main: Trace, text: str) -> None:
    if text == "{}":
        assert fill(main, text) == text
    else:
        with pytest.raises(ExplorerError, match="expected"):
            fill(main, text)
