"""Tickets (RFC 5723): what a responder needs to go on with an IKE SA, sealed for itself and kept by the initiator."""

from __future__ import annotations

from typing import NamedTuple

from explorer.crypto.ciphers import ENCRYPTIONS, Opened, Seal
from explorer.crypto.expression import Concat, Plain
from explorer.crypto.term import Drawn, Nature, Term, derive
from explorer.engine.ledger import Ledger
from explorer.engine.refusal import Refusal
from explorer.events import Learned
from explorer.protocols.ikev2.ike_sa import IkeSa, Resumed
from explorer.protocols.ikev2.party import V2Party
from explorer.protocols.ikev2.suites import Suite, choose
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.wire.ikev2 import V2SecurityAssociation
from explorer.wire.structure import read

LIFETIME = 3600
"""Seconds for which a ticket is good (RFC 5723 §6.2 wants no more than the IKE SA would have had)."""

_CITE = "RFC 5723 §6.1"
_CIPHER = ENCRYPTIONS["AES-GCM-16-256"]
_PARTS = 5
"""How many parts are of no fixed size."""
_SIZE, _SPI, _TIME = 2, 8, 8
"""Octets of a length, of an SPI, and of the time when a ticket ends."""
_MOST = 4096
"""Octets of all parts that one ticket is made for: names are the peer's to choose, and may be very long."""


class Ticket(NamedTuple):
    """The initiator's: what it was given, and what it must remember beside it, since it cannot look inside."""

    TICKET: Term
    SK_d: Term
    suite: Suite
    resumed: Resumed
    expires: float


class Tickets:
    """Those that a peer holds, by the other's address, and the key of those that it has made.

    They outlive every IKE SA, and a restart.
    """

    def __init__(self) -> None:
        self.held: dict[str, Ticket] = {}
        self._keys: tuple[Term, Term] | None = None

    def forget(self, spis: tuple[bytes, bytes]) -> None:
        """Hold no ticket of that IKE SA."""
        self.held = {peer: ticket for peer, ticket in self.held.items() if ticket.resumed.spis != spis}

    def _draw_keys(self, party: V2Party) -> tuple[Term, Term]:
        """Key and salt, the same for all tickets."""
        if self._keys is None:
            size = _CIPHER.key_size
            octets = party.entropy.draw(size + _CIPHER.salt_size, f"{party.role}/ticket key")
            origin, owner = Drawn("TICKET_KEY", _CITE), str(party.role)
            self._keys = (
                Term("TICKET_KEY", octets[:size], origin, scope="tickets", nature=Nature.SECRET, owner=owner),
                Term("TICKET_SALT", octets[size:], origin, scope="tickets", nature=Nature.SECRET, owner=owner),
            )
            for term in self._keys:
                party.emit(Learned(term))
        return self._keys

    def issue(self, sa: IkeSa, ledger: Ledger, who: bytes) -> Term | None:
        """IV | sealed(sizes | IDi_b | IDr_b | who | SAr | SK_d | SPIi | SPIr | end): our own format, as everybody's is.

        Only who makes a ticket reads it (RFC 5723 §6.1).  ``None`` for names so long that there is none for them.

        Args:
            who: body of the identity that the initiator has proven, which after a login is another than IDi.
        """
        parts = (ledger["IDi_b"], ledger["IDr_b"], Plain("who", who), ledger["SAr"], sa.keys.SK_d)
        if sum(len(part.octets) for part in parts) > _MOST:
            return None
        key, salt = self._draw_keys(sa.party)
        end = round(sa.party.config.epoch + sa.party.link.now) + LIFETIME
        sizes = b"".join(len(part.octets).to_bytes(_SIZE, "big") for part in parts)
        spis = (sa.ledger["SPIi"], sa.ledger["SPIr"])
        state = Concat((Plain("sizes", sizes), *parts, *spis, Plain("end", end.to_bytes(_TIME, "big"))))
        IV = ledger.draw("TICKET_IV", _CIPHER.iv_size, _CITE, Nature.PUBLIC)
        sealed = Seal(_CIPHER, key, salt, IV, state, None)
        return ledger.learn(derive("TICKET", IV | sealed, _CITE, scope=ledger.scope, nature=Nature.ENCRYPTED))

    def open(self, sa: IkeSa, TICKET: Term) -> tuple[Suite, Term]:
        """The algorithms and SK_d of the former IKE SA; whose it was is kept in ``sa.resumed``.

        Raises:
            Refusal: this side has not made it, or its time is over, or its algorithms are no longer wanted.
        """
        ledger, cut = sa.ledger, _CIPHER.iv_size
        if self._keys is None:
            raise _refused("This side has not made any ticket")
        try:
            opened = Opened(_CIPHER, *self._keys, TICKET[:cut], TICKET[cut:])
        except ValueError as error:
            raise _refused("The ticket is none of this side's") from error
        state = ledger.learn(derive("TICKET_STATE", opened, _CITE, scope=ledger.scope, nature=Nature.SECRET))
        octets, at = state.octets, _PARTS * _SIZE
        found: list[tuple[int, int]] = []
        for index in range(_PARTS):
            size = int.from_bytes(octets[index * _SIZE : (index + 1) * _SIZE], "big")
            found.append((at, at + size))
            at += size
        IDi, IDr, who = (octets[start:end] for start, end in found[:3])
        SAr = ledger.learn(derive("SAr", state[slice(*found[3])], _CITE, scope=ledger.scope))
        SK_d = ledger.learn(derive("SK_d_old", state[slice(*found[4])], _CITE, scope=ledger.scope))
        SPIi, SPIr = octets[at : at + _SPI], octets[at + _SPI : at + 2 * _SPI]
        party = sa.party
        if int.from_bytes(octets[at + 2 * _SPI :], "big") < party.config.epoch + party.link.now:
            raise _refused("The ticket's time is over")
        sa.resumed = Resumed((SPIi, SPIr), IDi, IDr, who)
        return _suite(sa, SAr), SK_d


def _suite(sa: IkeSa, SAr: Term) -> Suite:
    """The algorithms of the ticket, if this side still accepts them (RFC 5723 §5.1)."""
    size = len(SAr.octets) + 4
    payload, _ = read(V2SecurityAssociation, bytes(2) + size.to_bytes(2, "big") + SAr.octets, 0, size)
    _, found = choose(sa.party.config.ike, payload.proposals)
    if found is None:
        raise _refused("The ticket's algorithms are not accepted any more")
    return found[0].without_key_exchange()


def _refused(reason: str) -> Refusal:
    return Refusal(reason, "RFC 5723 §4.3.2", V2NotifyType.TICKET_NACK)
