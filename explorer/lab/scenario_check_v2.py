"""What is special about the checks of an IKEv2 peer: words for algorithms, one list a kind."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence

from explorer.lab.scenario import PeerFile
from explorer.lab.scenario_build_v2 import ENCRYPTION_WORDS, INTEGRITY_WORDS, KEY_EXCHANGE_WORDS, PRF_WORDS
from explorer.protocols.ikev2.suites import is_aead

MOST_ADDITIONAL = 7
"""Transform types for them are 6 to 12 (RFC 9370 §2.2.1)."""
_METHODS = [word for word in KEY_EXCHANGE_WORDS if word != "none"]
MOST_PROPOSALS = 255
"""Proposals are numbered in one octet (RFC 7296 §3.3.1)."""


def v2_complaints(peer: PeerFile) -> Iterator[str]:
    """Every word of every proposal must be known, and nothing needed may be missing."""
    for key, tables in (("ike", len(peer.ike)), ("child", len(peer.child))):
        if not 1 <= tables <= MOST_PROPOSALS:
            yield f"{key}: expected 1 to {MOST_PROPOSALS} tables, got {tables}"
            return
    for index, ike in enumerate(peer.ike):
        where = f"ike[{index}]"
        yield from _words(f"{where}.encryption", ike.encryption, ENCRYPTION_WORDS)
        yield from _words(f"{where}.prf", ike.prf, PRF_WORDS)
        yield from _words(f"{where}.integrity", ike.integrity, INTEGRITY_WORDS, empty=True)
        yield from _words(f"{where}.key_exchange", ike.key_exchange, _METHODS)
        yield from _additional(where, ike.key_exchange, ike.additional)
        yield from _integrity(where, ike.encryption, ike.integrity)
    for index, child in enumerate(peer.child):
        where = f"child[{index}]"
        yield from _words(f"{where}.encryption", child.encryption, ENCRYPTION_WORDS)
        yield from _words(f"{where}.integrity", child.integrity, INTEGRITY_WORDS, empty=True)
        yield from _words(f"{where}.key_exchange", child.key_exchange, KEY_EXCHANGE_WORDS, empty=True)
        yield from _additional(where, child.key_exchange, child.additional)
        yield from _integrity(where, child.encryption, child.integrity)
    if peer.guess is not None:
        yield from _words("guess", [peer.guess], _METHODS)
    if peer.fragment_size and not 128 <= peer.fragment_size <= 65507:
        yield "fragment_size: expected 128 to 65507 octets"
    if peer.unknown_payload is not None and not 128 <= peer.unknown_payload <= 255:
        yield "unknown_payload: expected 128 to 255, which are for private use"
    logs_in = peer.proves.startswith("eap")
    if logs_in is not (peer.client is not None):
        yield "client: expected together with proves = “eap-mschapv2” or “eap-md5”"
    if logs_in and peer.gateway is not None:
        yield "gateway: expected of who does not log in itself"
    if peer.gateway is not None and peer.gateway.users and peer.proves in ("psk", "null"):
        # RFC 7296 §2.16: a password is nothing to be shown to somebody who has not signed.
        yield "proves: expected “rsa”, “ecdsa” or “signature” of a gateway"
    if peer.proves not in ("psk", "null") and not logs_in and peer.certificate is None:
        yield f"certificate: expected one, as this side proves itself with {peer.proves}"
    if peer.proves == "psk" and peer.psk is None and not peer.group_keys:
        yield "psk: expected a pre-shared key, as this side proves itself with one"


def _additional(where: str, first: Sequence[str], additional: Sequence[Sequence[str]]) -> Iterator[str]:
    """At most seven, and none without a first one (RFC 9370 §2.2.1)."""
    if len(additional) > MOST_ADDITIONAL:
        yield f"{where}.additional: expected at most {MOST_ADDITIONAL}, got {len(additional)}"
    if additional and not first:
        yield f"{where}.key_exchange: expected at least one, as additional ones follow it"
    for position, words in enumerate(additional):
        yield from _words(f"{where}.additional[{position}]", words, KEY_EXCHANGE_WORDS)


def _integrity(where: str, ciphers: Sequence[str], integrity: Sequence[str]) -> Iterator[str]:
    """A cipher has an integrity value of its own, or an algorithm beside it (RFC 7296 §3.3.3)."""
    kinds = {is_aead(ENCRYPTION_WORDS[word][0]) for word in ciphers if word in ENCRYPTION_WORDS}
    beside = [word for word in integrity if word != "none"]
    if len(kinds) > 1:
        yield f"{where}.encryption: expected ciphers with an integrity value of their own, or without, not both"
    elif kinds == {True} and beside:
        yield f"{where}.integrity: expected none, as the cipher has an integrity value of its own"
    elif kinds == {False} and beside != list(integrity):
        yield f"{where}.integrity: expected no 'none', as the cipher has no integrity value of its own"
    elif kinds == {False} and not beside:
        yield f"{where}.integrity: expected at least one, as the cipher has no integrity value of its own"


def _words(key: str, words: Sequence[str], known: Collection[str], *, empty: bool = False) -> Iterator[str]:
    if not words and not empty:
        yield f"{key}: expected at least one"
    for word in words:
        if word not in known:
            close = difflib.get_close_matches(word, known, n=3, cutoff=0.8)
            meant = f"did you mean {' or '.join(close)}?" if close else f"expected one of {', '.join(known)}"
            yield f"{key}: {word!r} is not known, {meant}"
