"""What each field, term and message is and why, read from the content files under ``lessons/``."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any, NamedTuple

from explorer.content import content_folder
from explorer.errors import ExplorerError
from explorer.events import Concluded, Decrypted, Event, SaInstalled, StateChanged, Verified
from explorer.wire.field import Spec


class Explanation(NamedTuple):
    """What something is, why it is there, and where it is specified."""

    what: str
    why: str
    where: str


class MessageWords(NamedTuple):
    """The captions of one message: as a whole, and at each of its three moments.

    ``point`` is the key of the field that the explanation is about.
    """

    headline: str
    why: str
    made: str
    wire: str
    read: str
    point: str
    where: str


@cache
def _file(name: str) -> dict[str, Any]:
    path = content_folder() / name
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ExplorerError(f"{path}: {error}") from error


def _explanation(table: dict[str, str]) -> Explanation:
    return Explanation(table["what"], table["why"], table["where"])


def of_field(spec: Spec) -> Explanation | None:
    """The explanation of a field or a structure; the generic header's fields are explained once for all payloads."""
    for structure in (spec.structure, "payload"):
        content = _file(f"fields/{structure}.toml")
        table = content.get("fields", {}).get(spec.name) if spec.name else content.get("structure")
        if table is not None:
            return _explanation(table)
        if not spec.name:
            break
    return None


@cache
def of_term(scope: str, symbol: str) -> Explanation | None:
    """The explanation of a term, by its symbol; a number in a symbol stands for any."""
    terms = _file("terms.toml")
    candidates = [symbol]
    kind = next((word for word in ("phase 1", "Quick Mode", "ESP") if scope.startswith(word)), "")
    candidates.insert(0, f"{kind}/{symbol}")
    candidates += [re.sub(r"\d+", "*", symbol), symbol.rstrip("'") + "*"]
    return next((_explanation(terms[name]) for name in candidates if name in terms), None)


_GIVEN = {
    "packet": "takes a packet from a host behind it",
    "seq": "counts the packet: seq",
}


def how_given(symbol: str) -> str:
    """How a party comes by a value that it neither draws nor computes nor reads."""
    return _GIVEN.get(symbol, f"has {symbol} from its configuration")


def of_message(exchange: str, number: int) -> MessageWords | None:
    """The captions of the ``number``-th message of an exchange, from 1."""
    name = exchange.lower().replace(" ", "_")
    table = _file(f"messages/{name}.toml").get(str(number))
    return MessageWords(**table) if table is not None else None


def of_event(kind: str) -> tuple[str, str]:
    """Why a kind of event matters, and where that is specified."""
    table = _file("events.toml").get(kind, {})
    return table.get("why", ""), table.get("where", "")


def predicate(event: Event) -> str:
    """What a party does in an event, to put behind its name; ``""`` for events that need more than one clause."""
    if isinstance(event, Decrypted):
        return f"decrypts with {event.key.symbol} and {event.iv.symbol}"
    if isinstance(event, Verified):
        proves = f": the {event.proves} is proven" if event.proves is not None else ""
        return f"verifies {event.symbol}{proves}"
    if isinstance(event, StateChanged):
        return f"goes from “{event.old}” to “{event.new}” in {event.exchange}"
    if isinstance(event, SaInstalled):
        direction = "" if event.sa.direction == "both" else f"{event.sa.direction} "
        return f"installs the {direction}{event.sa.protocol} SA"
    if isinstance(event, Concluded):
        return f"has {event.outcome} {event.exchange}"
    return ""
