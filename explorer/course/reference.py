"""References from a lesson into a run: answers are looked up here, never written in the lesson.

::

    field 3 key_exchange.data          a field of message 3
    field 5 hash.data                  the same inside an encrypted message
    term g^xy                          a term of phase 1
    term Quick Mode/Ni_b               a term of the (first) Quick Mode; ESP/… likewise
    octets 0..4 of term g^xi           octets 0 to 3, also "of field …"
    size of term g^xi                  how many octets it has, also "of field …"
    value of field 1 isakmp_header.flags
    message of term Ni_b               the number of the first message that carries it
    messages                           how many messages the run has
"""

from __future__ import annotations

import re
from typing import NamedTuple

from explorer.errors import ExplorerError
from explorer.trace.model import Key, Place
from explorer.trace.trace import Trace


class Thing(NamedTuple):
    """What a ``field`` or ``term`` reference points at."""

    octets: bytes
    key: Key | None
    message: int
    spec: str
    place: Place | None


def look_up(trace: Trace, reference: str) -> Thing | bytes | int:
    """What a reference stands for in this run.

    Raises:
        ExplorerError: it has no such form, or points at nothing.
    """
    text = " ".join(reference.split())
    if text == "messages":
        return len(trace.steps)
    if match := re.fullmatch(r"octets (\d+)\.\.(\d+) of (.+)", text):
        octets, start, end = thing(trace, match[3]).octets, int(match[1]), int(match[2])
        if not start < end <= len(octets):
            raise ExplorerError(f"octets {start}..{end}: expected a range within 0..{len(octets)}")
        return octets[start:end]
    if match := re.fullmatch(r"size of (.+)", text):
        return len(thing(trace, match[1]).octets)
    if match := re.fullmatch(r"message of (.+)", text):
        return thing(trace, match[1]).message
    if match := re.fullmatch(r"value of (field .+)", text):
        return int.from_bytes(thing(trace, match[1]).octets, "big")
    return thing(trace, text)


def thing(trace: Trace, text: str) -> Thing:
    """The field or term a reference names.

    Raises:
        ExplorerError: as :func:`look_up`.
    """
    if match := re.fullmatch(r"field (\d+) ([a-z0-9_]+(?:\.[a-z0-9_]+)?)", text):
        return _field(trace, int(match[1]), match[2])
    if match := re.fullmatch(r"term (?:(phase 1|Quick Mode|ESP)/)?(\S+)", text):
        return _term(trace, match[1] or "phase 1", match[2])
    raise ExplorerError(
        f"{text!r} is no reference; expected field N KEY, term SYMBOL, or octets, size, value or message of one"
    )


def _field(trace: Trace, number: int, key: str) -> Thing:
    if not 1 <= number <= len(trace.steps):
        raise ExplorerError(f"there is no message {number}; expected 1 to {len(trace.steps)}")
    for tree in trace.step(number).envelope.trees:
        for field in tree.root.walk():
            if field.spec.key == key:
                place = Place(number, tree.buffer.name, field.start, field.end)
                keys = trace.links.at(place)
                octets = tree.buffer.octets[field.start : field.end]
                return Thing(octets, keys[0] if keys else None, number, key, place)
    raise ExplorerError(f"message {number} has no field {key!r}")


def _term(trace: Trace, scope: str, symbol: str) -> Thing:
    for key in trace.links.keys:
        if key.symbol == symbol and key.scope.startswith(scope):
            places = trace.links.places(key)
            first = places[0] if places else None
            return Thing(trace.links.first(key).octets, key, first.message if first else 0, "", first)
    raise ExplorerError(f"the run has no term {symbol!r} in {scope}")
