"""What each field, term and message is and why, read from the content files under ``lessons/``."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any, NamedTuple

from explorer.content import content_folder
from explorer.errors import ExplorerError
from explorer.events import (
    Comparison,
    Concluded,
    Decrypted,
    Envelope,
    Event,
    KeysMade,
    NetworkChanged,
    Notified,
    Refused,
    RekeyCollision,
    SaEnded,
    SaInstalled,
    SaShortened,
    StateChanged,
    TunnelMoved,
    Verified,
)
from explorer.trace.model import Entry, Step
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


def _generic(structure: str) -> str:
    """Where the fields are explained that a structure shares with others of its kind."""
    if structure in ("v2_proposal", "v2_transform"):
        return "v2_substructure"
    return "v2_payload" if structure.startswith("v2_") else "payload"


def of_field(spec: Spec) -> Explanation | None:
    """The explanation of a field or a structure; the generic header's fields are explained once for all payloads."""
    for structure in (spec.structure, _generic(spec.structure)):
        content = _file(f"fields/{structure}.toml")
        table = content.get("fields", {}).get(spec.name) if spec.name else content.get("structure")
        if table is not None:
            return _explanation(table)
        if not spec.name:
            break
    return None


_V2_KINDS = ("rekeyed IKE SA", "resumed IKE SA", "IKE SA", "IKE_INTERMEDIATE", "IKE_AUTH", "CREATE_CHILD_SA",
             "INFORMATIONAL", "IKE_FOLLOWUP_KE")
_KINDS = ("phase 1", "Quick Mode", "New Group Mode", "Informational", "Transaction", "ESP", "AH", *_V2_KINDS)
"""What the scopes of terms begin with, but for an IKE SA that comes of another."""


def _kind(scope: str) -> str:
    if scope.startswith("IKE SA"):
        mark = scope.partition(", ")[2].split(" ")[0]
        return {"rekey": "rekeyed IKE SA", "resumed": "resumed IKE SA"}.get(mark, "IKE SA")
    return next((word for word in _KINDS if scope.startswith(word)), "")


@cache
def of_term(scope: str, symbol: str) -> Explanation | None:
    """The explanation of a term, by its symbol; a number in a symbol stands for any.

    What is said of a symbol in one kind of exchange comes before what is said of it in all of IKEv2, and in all.
    """
    terms = _file("terms.toml")
    kind = _kind(scope)
    family = "IKEv2" if kind in _V2_KINDS else kind
    forms = (symbol, re.sub(r"\d+", "*", symbol), symbol.rstrip("'") + "*")
    candidates = (f"{kind}/{symbol}", f"{family}/{symbol}", *forms)
    return next((_explanation(terms[name]) for name in candidates if name in terms), None)


_GIVEN = {
    "packet": "takes a packet that is to be protected",
    "seq": "counts the packet: seq",
    "user": "is given the name of its user: user",
    "password": "is given the password of its user: password",
    "IP_i": "looks at address and port of the initiator: IP_i",
    "IP_r": "looks at address and port of the responder: IP_r",
    "N_b": "puts into N_b what it has to tell",
    "D_b": "puts into D_b which SAs it drops",
    "ATTR1_b": "puts into ATTR1_b what it asks for or sets",
    "ATTR2_b": "puts its answer into ATTR2_b",
    "IP_src_i": "looks at address and port of the initiator: IP_src_i",
    "IP_dst_i": "looks at address and port of the responder: IP_dst_i",
    "IP_src_r": "looks at address and port of the responder: IP_src_r",
    "IP_dst_r": "looks at address and port of the initiator: IP_dst_r",
    "IDr_b wanted": "says whom it wants to talk to: IDr_b wanted",
    "TSi_b wanted": "says whose packets it means at the initiator's end: TSi_b wanted",
    "TSr_b wanted": "says whose packets it means at the responder's end: TSr_b wanted",
    "M-ID": "takes the number of this message: M-ID",
    "CERTREQ_I": "names an authority that it trusts: CERTREQ_I",
    "CERTREQ_R": "names an authority that it trusts: CERTREQ_R",
}


def how_given(symbol: str) -> str:
    """How a party comes by a value that it neither draws nor computes nor reads."""
    return _GIVEN.get(symbol, f"has {symbol} from its configuration")


_FALLBACK = "other"
"""What is said of a variant that has no words of its own."""

_PAIRS = ("ESP", "AH", "IKE_SA_INIT")
"""Exchanges of which every odd message is a question and every even one an answer, however many there are."""

_FILES = {"INFORMATIONAL": "ike_informational"}
"""Names of files that do not follow from the exchange's: IKEv1 has an Informational exchange as well."""


def of_message(exchange: str, number: int, variant: str = "") -> MessageWords | None:
    """The captions of the ``number``-th message of an exchange, from 1.

    Packets come in pairs, a question and its answer, however many there are; so do the messages of IKE_SA_INIT,
    which is begun again where the responder asks for a cookie or another method.

    Args:
        variant: which of several messages of this place it is, where there are several (``Envelope.variant``).
    """
    if exchange in _PAIRS:
        number = (number - 1) % 2 + 1
    tables = _file(f"messages/{_FILES.get(exchange, exchange.lower().replace(' ', '_'))}.toml")
    for name in (f"{number} {variant}", variant, str(number), _FALLBACK):
        if name in tables:
            return MessageWords(**tables[name])
    return None


def of_event(kind: str, party: str = "") -> tuple[str, str]:
    """Why a kind of event matters, and where that is specified; to a party of its own if it means something else."""
    table = _file("events.toml").get(kind, {})
    table = table.get(party, table)
    return table.get("why", ""), table.get("where", "")


class RefusalWords(NamedTuple):
    """A refusal as a headline and as a party's state, and why it matters."""

    said: str
    state: str
    why: str


def of_refusal(event: Refused, envelope: Envelope, *, v2: bool) -> RefusalWords:
    """What a refusal means, which in IKEv2 its notification tells, and the exchange that it is the answer in."""
    table = _file("events.toml")["refused"]
    names = (f"{event.notify} {envelope.exchange}", event.notify or "silent") if v2 else ()
    words = next((table[name] for name in names if name in table), table)
    return RefusalWords(words["said"], words["state"], words["why"])


def only_asks_again(event: Refused) -> bool:
    """Whether nothing is wrong with what is refused: it shall come once more, with a cookie or another method."""
    return event.notify in ("COOKIE", "INVALID_KE_PAYLOAD")


_CHANGED = {
    "NAT": "finds a NAT ",
    "no NAT any more": "finds no NAT any more ",
    "own address": "goes on from ",
    "peer address": "sends what IKE has to say to ",
    "route withdrawn": "needs a route no more: ",
    "private group": "may now use a private group: ",
}


def what_changed(step: Step) -> str:
    """What somebody on the way has done to the octets of a message."""
    sent = step.envelope.trees[0].buffer.octets
    return ", ".join(
        f"{f'octet {start}' if end == start + 1 else f'octets {start}–{end - 1}'}"
        f" from {sent[start:end].hex()} to {step.octets[start:end].hex()}"
        for start, end in step.changes
    )


def fit_in_words(comparison: Comparison) -> str:
    """What fits what; IKEv2 judges proposals as a whole, as its transforms have no numbers (RFC 7296 §3.3.2)."""
    if not comparison.transform:
        return f"proposal {comparison.proposal} fits its own {comparison.policy}"
    return f"{comparison.policy} takes transform {comparison.transform} of proposal {comparison.proposal}"


def offer_in_words(comparison: Comparison) -> str:
    """What of an offer is held against a policy."""
    transform = f", transform {comparison.transform}" if comparison.transform else ""
    return f"proposal {comparison.proposal}{transform}"


def policy_in_words(comparison: Comparison) -> str:
    """The party's own side of a comparison; in IKEv2 that has the same name as what it is held against."""
    return comparison.policy if comparison.transform else f"its own {comparison.policy}"


def how_ended(entry: Entry, how: str) -> str:
    """How an SA ended, and when; a time says more than a message where it was the clock that ended it."""
    return f"{how} at {entry.time:.2f} s, message {entry.step}"


def predicate(event: Event) -> str:
    """What a party does in an event, to put behind its name; ``""`` for events that need more than one clause."""
    if isinstance(event, Decrypted):
        with_iv = f" and {event.iv.symbol}" if event.iv is not None else ""
        return f"decrypts with {event.key.symbol}{with_iv}"
    if isinstance(event, Verified):
        proves = f": the {event.proves} is proven" if event.proves is not None else ""
        return f"verifies {event.symbol}{proves}"
    if isinstance(event, StateChanged):
        return f"goes from “{event.old}” to “{event.new}” in {event.exchange}"
    if isinstance(event, KeysMade):
        return f"has all keys of the {event.sa.protocol} SA, whoever the peer is"
    if isinstance(event, SaInstalled):
        direction = "" if event.sa.direction == "both" else f"{event.sa.direction} "
        return f"installs the {direction}{event.sa.protocol} SA"
    if isinstance(event, SaShortened):
        return f"will use the {event.protocol} SA for {event.lifetime} s only"
    if isinstance(event, RekeyCollision):
        return f"finds {event.lowest.symbol} the lowest of four nonces: what the {event.survivor} began stays"
    if isinstance(event, SaEnded):
        return f"ends the {event.protocol} SA: {event.how}"
    if isinstance(event, Notified):
        return f"hears {event.notify}{'' if event.protected else ', which no hash covers'}"
    if isinstance(event, NetworkChanged):
        return _CHANGED.get(event.what, f"has a new {event.what}: ") + event.value
    if isinstance(event, TunnelMoved):
        return f"moves its Child SAs: from now on they run between {event.local} and {event.remote}"
    if isinstance(event, Concluded):
        done = "has given up" if event.outcome == "failed" else f"has {event.outcome}"
        return f"{done} {event.exchange}"
    return ""
