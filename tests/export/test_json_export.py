import json
import re
from typing import Any

import pytest

from explorer.errors import ExplorerError
from explorer.export.json_export import FORMAT, to_json
from explorer.lab.run import run
from explorer.lab.scenario import load_scenario
from explorer.trace.trace import Trace

HEX = re.compile(r"(?:[0-9a-f]{2})*")
Node = dict[str, Any]


@pytest.fixture
def document(trace: Trace) -> Node:
    loaded: Node = json.loads(to_json(trace))
    return loaded


def nodes(node: Node) -> list[Node]:
    return [node, *(below for child in node["children"] for below in nodes(child))]


def all_nodes(document: Node) -> list[tuple[Node, Node]]:
    return [(message, node) for message in document["messages"] for root in message["fields"] for node in nodes(root)]


def term_ids(document: Node) -> set[str]:
    return {term["id"] for term in document["terms"]}


def test_top_level_is_the_contract(trace: Trace, document: Node) -> None:
    assert document["format"] == FORMAT == "ike-explorer/1"
    assert (document["scenario"], document["protocol"], document["seed"]) == (trace.scenario, "ikev1", trace.seed)
    assert (document["outcome"], document["title"]) == ("established", trace.title)
    assert [party["role"] for party in document["parties"]] == ["initiator", "responder", "eavesdropper"]
    assert [message["number"] for message in document["messages"]] == list(range(1, len(trace.steps) + 1))


def test_same_run_same_document(trace: Trace) -> None:
    again = run(load_scenario(trace.scenario))
    assert to_json(again) == to_json(trace)


def test_document_is_ascii_and_a_line_an_item(trace: Trace, document: Node) -> None:
    text = to_json(trace)
    assert text.isascii()
    assert text.endswith("}\n")
    assert sum(line.startswith('{"at":') for line in text.splitlines()) == len(document["events"])


def test_leaves_tile_every_buffer(document: Node) -> None:
    for message in document["messages"]:
        assert [root["buffer"] for root in message["fields"]] == list(message["buffers"])
        for root in message["fields"]:
            leaves = [node for node in nodes(root) if not node["children"]]
            at = 0
            for leaf in leaves:
                assert leaf["buffer"] == root["buffer"]
                assert leaf["start"] == at, leaf["name"]
                at = leaf["end"]
            assert at == len(message["buffers"][root["buffer"]]) // 2


def test_children_fill_their_parent(document: Node) -> None:
    for _, node in all_nodes(document):
        if node["children"]:
            assert node["children"][0]["start"] == node["start"]
            assert node["children"][-1]["end"] == node["end"]


def test_values_are_the_octets(document: Node) -> None:
    for message, node in all_nodes(document):
        octets = bytes.fromhex(message["buffers"][node["buffer"]])[node["start"] : node["end"]]
        if isinstance(node["value"], str):
            assert node["value"] == octets.hex()
        elif isinstance(node["value"], int):
            assert node["value"] == int.from_bytes(octets, "big")
        else:
            assert node["value"] is None
            assert node["children"]


def test_every_field_has_a_name_and_a_source(document: Node) -> None:
    for _, node in all_nodes(document):
        assert node["name"]
        assert node["label"]
        assert node["citation"].startswith(("RFC ", "IANA "))
        assert node["meaning"] or node["children"]
        for bit in node["bits"]:
            assert 0 <= bit["value"] <= bit["mask"]


def test_parents_are_buffers_of_the_same_message(document: Node) -> None:
    for message in document["messages"]:
        assert set(message["parents"]) == set(message["buffers"]) - {"datagram"}
        assert message["decrypted"] == ("decrypted" in message["buffers"])
        assert message["encrypted"] == bool(message["parents"])
        for name, parent in message["parents"].items():
            size = len(message["buffers"][parent["buffer"]]) // 2
            assert 0 <= parent["start"] < parent["end"] <= size
            assert parent["end"] - parent["start"] == len(message["buffers"][name]) // 2


def test_byte_strings_are_lower_case_hex(document: Node) -> None:
    said = [octets for message in document["messages"] for octets in message["buffers"].values()]
    said += [term["hex"] for term in document["terms"]]
    said += [item["hex"] for sa in document["sas"] for item in (*sa["spis"], *sa["keys"])]
    assert all(HEX.fullmatch(octets) for octets in said)


def test_ids_are_unique_and_every_reference_resolves(document: Node) -> None:
    ids = term_ids(document)
    assert len(ids) == len(document["terms"])
    for term in document["terms"]:
        assert set(term["inputs"]) <= ids
    for _, node in all_nodes(document):
        assert set(node["terms"]) <= ids
    for sa in document["sas"]:
        assert {item["term"] for item in (*sa["spis"], *sa["keys"])} <= ids
    for row in document["knowledge"]:
        assert row["terms"]
        assert set(row["terms"]) <= ids


def test_inputs_stand_before_what_is_made_of_them(document: Node) -> None:
    seen: set[str] = set()
    for term in document["terms"]:
        assert set(term["inputs"]) <= seen, term["id"]
        seen.add(term["id"])


def test_proof_and_formula_are_null_only_for_what_is_not_derived(document: Node) -> None:
    for term in document["terms"]:
        derived = term["origin"]["kind"] == "derived"
        assert (term["proof"] is not None) == derived, term["id"]
        assert (term["formula"] is not None) == derived, term["id"]
        assert bool(term["inputs"]) == derived, term["id"]
        assert derived <= bool(term["citation"])


def test_places_and_origins_hold_the_terms_octets(document: Node) -> None:
    buffers = {message["number"]: message["buffers"] for message in document["messages"]}
    for term in document["terms"]:
        origin = [term["origin"]] if term["origin"]["kind"] == "message" else []
        for place in (*term["places"], *origin):
            octets = bytes.fromhex(buffers[place["message"]][place["buffer"]])
            assert octets[place["start"] : place["end"]].hex() == term["hex"], term["id"]


def test_expected_and_received_are_two_terms(document: Node) -> None:
    terms = {term["id"]: term for term in document["terms"]}
    checks = [event for event in document["events"] if event["kind"] == "verified"]
    assert {"HASH_I", "HASH_R", "HASH(1)", "HASH(2)", "HASH(3)", "ICV"} <= {event["symbol"] for event in checks}
    for check in checks:
        expected, received = terms[check["expected"]], terms[check["received"]]
        assert expected["id"] + "/received" == received["id"]
        assert (expected["origin"]["kind"], received["origin"]["kind"]) == ("derived", "message")
        assert expected["hex"] == received["hex"]


def test_constants_belong_to_nobody_and_stand_once(document: Node) -> None:
    constants = [term for term in document["terms"] if term["origin"]["kind"] == "constant"]
    assert sorted(term["symbol"] for term in constants) == ["g", "p"]
    assert all(term["party"] is None for term in constants)


def test_events_are_in_order_and_name_their_causes(document: Node) -> None:
    assert [event["at"] for event in document["events"]] == list(range(len(document["events"])))
    for event in document["events"]:
        assert event["cause"] is None or event["cause"] < event["at"]
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", event["kind"])
    kinds = {event["kind"] for event in document["events"]}
    assert {"learned", "making", "sent", "received", "decrypted", "judged", "verified", "state_changed",
            "sa_installed", "concluded"} == kinds


def test_judged_events_hold_the_matrix(document: Node) -> None:
    for event in document["events"]:
        if event["kind"] == "judged":
            for comparison in event["comparisons"]:
                assert comparison["ok"] == all(verdict["ok"] for verdict in comparison["verdicts"])
                assert comparison["verdicts"]
            assert event["comparisons"][event["chosen"]]["ok"]


def test_sas_name_the_event_that_installed_them(document: Node) -> None:
    assert len(document["sas"]) == 6
    for position, sa in enumerate(document["sas"]):
        event = document["events"][sa["installed"]]
        assert (event["kind"], event["sa"], event["party"]) == ("sa_installed", position, sa["party"])
        assert (sa["state"], sa["ended"]) == ("installed", None)
        assert sa["algorithms"]
        assert sa["lifetime"] > 0


def test_exchanges_have_an_outcome_of_their_own(document: Node) -> None:
    assert [exchange["name"] for exchange in document["exchanges"]] == ["Main Mode", "Quick Mode"]
    for exchange in document["exchanges"]:
        assert exchange["outcome"] == "completed"
        assert set(exchange["parties"]) == {"initiator", "responder"}
    assert [exchange["messages"] for exchange in document["exchanges"]] == [[1, 2, 3, 4, 5, 6], [7, 8, 9]]


def test_eavesdropper_has_no_key_at_the_end(document: Node) -> None:
    rows = {(row["scope"], row["symbol"]): row["cells"] for row in document["knowledge"]}
    assert rows["phase 1", "SKEYID"]["eavesdropper"] == {"holding": "none", "message": None}
    assert rows["phase 1", "g^xi"]["eavesdropper"] == {"holding": "since", "message": 3}
    assert rows["phase 1", "HASH_I"]["eavesdropper"] == {"holding": "sealed", "message": 5}
    assert rows["phase 1", "psk"]["responder"] == {"holding": "own", "message": None}


def test_one_message_narrows_messages_only(trace: Trace, document: Node) -> None:
    narrowed = json.loads(to_json(trace, 5))
    assert narrowed["messages"] == [document["messages"][4]]
    assert {**narrowed, "messages": []} == {**document, "messages": []}


@pytest.mark.parametrize("number", [0, -1, 12])
def test_message_out_of_range_is_named(trace: Trace, number: int) -> None:
    with pytest.raises(ExplorerError, match=f"^message {number}: expected a number from 1 to 11$"):
        to_json(trace, number)
