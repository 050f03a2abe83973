"""What each side computed with public keys, counted from the expressions behind what it learned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from explorer.crypto.expression import Expr
from explorer.crypto.term import Nature, Term
from explorer.events import Decrypted, Learned, Refused, Role, Verified
from explorer.trace.trace import Trace

EXPONENTIATION = "group exponentiations"
LATTICE = "KEM operations"
SIGN = "signatures made"
CHECK = "signatures checked"
ENCRYPT = "public-key encryptions"
DECRYPT = "private-key decryptions"
KINDS = (EXPONENTIATION, LATTICE, SIGN, CHECK, ENCRYPT, DECRYPT)
"""All kinds, in the order in which they are shown."""

# By name, so that a run without ML-KEM does not import it.  A KEM's secret comes with its ciphertext: one operation.
_KIND_OF = {
    "ModExp": EXPONENTIATION,
    "CurvePoint": EXPONENTIATION,
    "Ladder": EXPONENTIATION,
    "EncapsulationKey": LATTICE,
    "Encapsulation": LATTICE,
    "Decapsulation": LATTICE,
    "RsaSign": SIGN,
    "EcdsaSign": SIGN,
    "RsaEncrypt": ENCRYPT,
}


class Operations(NamedTuple):
    """One side's operations: how many of each kind, and in how many key exchanges."""

    key_exchanges: int
    counts: dict[str, int]


def operations(trace: Trace, party: Role) -> Operations:
    """What one peer computed in the whole run."""
    found: Counter[str] = Counter()
    shared = 0
    for entry in trace.entries:
        if entry.party is not party:
            continue
        event = entry.event
        if isinstance(event, Learned):
            kinds = [_KIND_OF[name] for name in map(_name, _parts(event.term)) if name in _KIND_OF]
            found.update(kinds)
            # What a key exchange gives is no public value: g^xi is one, g^xy is not.
            shared += event.term.nature is Nature.DERIVED and _is_shared(event.term)
        elif isinstance(event, Decrypted):
            # Of all keys that open something, only a private one was there before the run and is not derived.
            found[DECRYPT] += event.key.nature is Nature.SECRET
        elif isinstance(event, Verified | Refused):
            found[CHECK] += _is_signature_check(event)
    return Operations(shared, {kind: found[kind] for kind in KINDS})


def _name(expression: Expr) -> str:
    return type(expression).__name__


def names_of(term: Term) -> set[str]:
    """The names of the expressions that a term consists of."""
    return {_name(part) for part in _parts(term)}


def _is_shared(term: Term) -> bool:
    return bool(names_of(term) & {"ModExp", "CurvePoint", "Ladder", "EncapsulatedSecret", "Decapsulation"})


def _is_signature_check(event: Verified | Refused) -> bool:
    """A MAC is made again and compared with its like; a signature is opened or checked against what it covers."""
    expected, received = event.expected, event.received
    return expected is not None and received is not None and expected.symbol != received.symbol


def _parts(term: Term) -> Iterator[Expr]:
    """The expressions that a term consists of, up to the terms that they name, each once.

    An ECDSA signature in DER names its r and its s, which are one signature.
    """
    seen: set[int] = set()
    waiting = [term.expression] if term.expression is not None else []
    while waiting:
        part = waiting.pop()
        if isinstance(part, Term) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting.extend(part.inputs())
