"""Cookies (RFC 7296 §2.6): whoever sends one back has received what was sent to its address."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from explorer.crypto.expression import Concat, Plain
from explorer.crypto.prfs import PRF_HMAC_SHA2_256, Mac
from explorer.crypto.term import Drawn, Nature, Term, derive
from explorer.events import Learned

if TYPE_CHECKING:
    from explorer.protocols.ikev2.opening import Opening
    from explorer.protocols.ikev2.party import V2Party

_CITE = "RFC 7296 §2.6"
_SECRET_SIZE = 32
"""Octets."""


class Cookies:
    """The one secret of a peer that all its cookies are made with, drawn when the first is wanted."""

    def __init__(self) -> None:
        self._secret: Term | None = None

    def _draw_secret(self, party: V2Party) -> Term:
        if self._secret is None:
            octets = party.entropy.draw(_SECRET_SIZE, "cookie secret")
            origin, owner = Drawn("secret", _CITE), str(party.role)
            self._secret = Term("secret", octets, origin, scope="cookies", nature=Nature.SECRET, owner=owner)
            party.emit(Learned(self._secret))
        return self._secret

    def make(self, x: Opening) -> Term:
        """prf(secret, Ni | IPi | SPIi): made again from the retry, so that nothing has to be kept."""
        address = Plain("IPi", IPv4Address(x.party.link.remote.address).packed)
        seen = Concat((x.ledger["Ni"], address, x.ledger["SPIi"]))
        made = Mac(PRF_HMAC_SHA2_256, self._draw_secret(x.party), seen)
        owner = str(x.party.role)
        return x.ledger.learn(
            derive("COOKIE", made, _CITE, scope=x.ledger.scope, nature=Nature.PUBLIC, owner=owner)
        )
