"""What a peer says while it works.  No index, no time, no watcher: the trace adds those."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from explorer.crypto.term import Term
from explorer.octets import Span
from explorer.wire.field import Tree


class Role(StrEnum):
    """Which end of an exchange a party is; the eavesdropper is neither and hears both."""

    INITIATOR = "initiator"
    RESPONDER = "responder"
    EAVESDROPPER = "eavesdropper"

    @property
    def other(self) -> Role:
        """The opposite end."""
        return Role.RESPONDER if self is Role.INITIATOR else Role.INITIATOR


class Endpoint(NamedTuple):
    """Where a message comes from or goes to; ``port`` is 0 for what is not UDP."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"{self.address}:{self.port}" if self.port else self.address


class Datagram(NamedTuple):
    """A UDP payload on its way; or, with port 0 at both ends, the payload of an IP packet."""

    octets: bytes
    source: Endpoint
    destination: Endpoint
    protocol: int = 0


class Binding(NamedTuple):
    """This term stands in these octets."""

    term: Term
    span: Span


class Envelope(NamedTuple):
    """One message as one party made or read it.

    Attributes:
        trees: the datagram's, and one for every buffer that the party could get out of it.
        notation: the message in RFC notation, such as ``HDR*, IDii, HASH_I``.
        exchange: name of the exchange it belongs to.
        scope: scope of the terms it carries.
        message_id: Message ID of the header, 0 in phase 1 and for ESP.
        encrypted: whether anything after the header is encrypted.
        variant: which of several messages of this place in the exchange it is, where there are several: the way of
            authentication, or the kind of notification.
    """

    trees: tuple[Tree, ...]
    notation: str
    exchange: str
    scope: str
    message_id: int
    encrypted: bool
    variant: str = ""


class Verdict(NamedTuple):
    """One attribute of an offer held against one policy; values are in words."""

    attribute: str
    offered: str
    wanted: str
    ok: bool


class Comparison(NamedTuple):
    """One offered transform held against one policy; ``offer`` is the transform as it came."""

    policy: str
    proposal: int
    transform: int
    verdicts: tuple[Verdict, ...]
    offer: Any

    @property
    def first_mismatch(self) -> Verdict | None:
        """The first attribute that speaks against the offer, or ``None``."""
        return next((verdict for verdict in self.verdicts if not verdict.ok), None)

    @property
    def ok(self) -> bool:
        """Whether everything matched."""
        return all(verdict.ok for verdict in self.verdicts)


class Negotiation(NamedTuple):
    """Every comparison that was made, in order; the last one is the match, if one was ``agreed`` on."""

    protocol: str
    comparisons: tuple[Comparison, ...]
    agreed: bool

    @property
    def chosen(self) -> Comparison | None:
        """The comparison in which everything matched, or ``None``; of a bundle, that of its last member."""
        return self.comparisons[-1] if self.agreed else None


class SaSnapshot(NamedTuple):
    """A security association as one party holds it.

    Attributes:
        protocol: ``ISAKMP``, ``IKE``, ``ESP`` or ``AH``.
        direction: ``both`` for an ISAKMP or IKE SA, else ``inbound`` or ``outbound`` as the holder sees it.
        spis: the terms that name it: both cookies, or one SPI.
        algorithms: name and value of each thing agreed on, in words.
        keys: the keys in use, with what each is for.
        lifetime: seconds until it must be replaced.
    """

    protocol: str
    direction: str
    spis: tuple[Term, ...]
    algorithms: tuple[tuple[str, str], ...]
    keys: tuple[tuple[str, Term], ...]
    lifetime: int

    @property
    def scope(self) -> str:
        """The scope that it came up in, which its keys tell: its SPI may have been named before."""
        return self.keys[0][1].scope


class Event(msgspec.Struct, frozen=True):
    """Base of everything a peer says."""


class Learned(Event, frozen=True):
    """The party has a term that it did not have; the term's origin says how."""

    term: Term


class Making(Event, frozen=True):
    """The party begins to make its next message; ``notation`` is what the row says it sends."""

    exchange: str
    scope: str
    notation: str


class Sent(Event, frozen=True):
    """A message is finished and handed to the network; ``again`` if the same octets were sent before."""

    envelope: Envelope
    bindings: tuple[Binding, ...]
    again: bool = False


class Received(Event, frozen=True):
    """A message arrived and could be read, as far as ``envelope`` shows."""

    envelope: Envelope
    bindings: tuple[Binding, ...]


class Decrypted(Event, frozen=True):
    """Ciphertext was opened with this key, and this initialization vector where the cipher has one."""

    span: Span
    key: Term
    iv: Term | None


class Judged(Event, frozen=True):
    """Offers were held against the party's own policy."""

    negotiation: Negotiation


class Verified(Event, frozen=True):
    """What was received equals what was expected; ``proves`` names the role it authenticates, or ``None``."""

    symbol: str
    expected: Term
    received: Term
    proves: Role | None
    citation: str


class Refused(Event, frozen=True):
    """Something that arrived was turned down; nothing of the party's state changed because of it.

    ``offset`` is the octet in the buffer at which the rule breaks, where there is one.
    """

    reason: str
    citation: str
    notify: str = ""
    expected: Term | None = None
    received: Term | None = None
    offset: int | None = None


class StateChanged(Event, frozen=True):
    """A row of a transition table was taken."""

    exchange: str
    scope: str
    role: Role
    old: str
    new: str
    receives: str
    sends: str


class KeysMade(Event, frozen=True):
    """All keys of an IKE SA are there, or all anew (RFC 7296 §2.14); who the peer is, is another matter."""

    sa: SaSnapshot


class SaInstalled(Event, frozen=True):
    """A security association is ready for use by this party."""

    sa: SaSnapshot


class SaShortened(Event, frozen=True):
    """This party will use a security association for less time than was agreed on: ``lifetime`` seconds in all.

    ``protocol`` and ``spi`` name it as in `SaEnded`.
    """

    protocol: str
    spi: Term
    lifetime: int
    citation: str


class SaEnded(Event, frozen=True):
    """This party no longer uses a security association.

    ``protocol`` and ``spi`` (both cookies for ISAKMP) name it; ``how`` says why: ``deleted``, ``replaced``,
    ``expired`` or ``peer is dead``.
    """

    protocol: str
    spi: Term
    how: str


class RekeyCollision(Event, frozen=True):
    """Both sides have begun to replace the same SA, and one of the two successors goes again.

    ``lowest`` is the lowest of the four nonces, which decides; ``survivor`` has begun the exchange whose SA stays.
    """

    protocol: str
    lowest: Term
    survivor: Role
    citation: str


class Notified(Event, frozen=True):
    """The peer has told something; ``protected`` if a HASH under the ISAKMP SA covers it."""

    notify: str
    protected: bool
    citation: str


class NetworkChanged(Event, frozen=True):
    """Something about this party's network is now different: ``what`` it is, and its ``value`` in words."""

    what: str
    value: str
    citation: str


class TunnelMoved(Event, frozen=True):
    """The Child SAs of an IKE SA run between other addresses from now on: this side's ``local`` one and ``remote``."""

    local: str
    remote: str
    citation: str


class Concluded(Event, frozen=True):
    """An exchange has ended for this party; ``outcome`` is ``completed`` or ``failed``."""

    exchange: str
    scope: str
    outcome: str
    reason: str
