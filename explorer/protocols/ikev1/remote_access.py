"""Remote access: XAUTH logs the user in, the configuration method gives it an address inside.

The gateway begins the login right after phase 1, and nothing else may happen before it succeeded (XAUTH draft §3);
then the client asks for an address, or the gateway sets one, and adds a route to it.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from explorer.crypto.term import Configured, Nature, Term
from explorer.engine.refusal import Refusal
from explorer.events import NetworkChanged, Refused, Verified
from explorer.protocols.ikev1.identity import Identity, host_identity
from explorer.protocols.ikev1.transaction import Attributes, Transaction
from explorer.registry.configuration import (
    ConfigurationAttributeType,
    ConfigurationMessage,
    XauthStatus,
    XauthType,
)
from explorer.registry.ipsec import IdType
from explorer.registry.isakmp import NotifyType
from explorer.wire import say
from explorer.wire.attributes import Attribute, basic, of_octets

if TYPE_CHECKING:
    from explorer.protocols.ikev1.session import Session

_C = ConfigurationAttributeType
_M = ConfigurationMessage
_XAUTH = "draft-beaulieu-ike-xauth-02 §6.2"
_CFG = "draft-dukes-ike-mode-cfg-02 §3.4"
_NOT_KNOWN = frozenset((_C.XAUTH_PASSCODE, _C.XAUTH_CHALLENGE, _C.XAUTH_NEXT_PIN, _C.XAUTH_ANSWER))
"""What a login may be asked for that is neither a name nor a password."""


class RemoteAccess:
    """The part of a session that is about the user; both ends.

    Attributes:
        authorized: whether the login succeeded, or none is wanted.
        address: the internal address in use, four octets, or ``b""``.
        refused: whether the login failed.
        user: the name that the peer has logged in with; ``""`` while it has not.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._leased = False
        self.authorized = False
        self.refused = False
        self.address = b""
        self._identifier = 0
        self.user = ""

    # ---------------------------------------------------------------- what phase 1 leads to

    def begin(self, now: float) -> None:
        """Phase 1 is up: the end that is not the user asks for the login."""
        phase1, config = self._session.phase1, self._session.party.config
        user = phase1.method.user if phase1.method is not None else None
        if user is None:
            self.authorized = True
            self._configure(now)
        elif user is not phase1.role and config.gateway is not None:
            self._identifier = int.from_bytes(self._session.draw(2, "XAUTH identifier"), "big")
            wanted = (of_octets(_C.XAUTH_USER_NAME, b""), of_octets(_C.XAUTH_USER_PASSWORD, b""))
            self._session.transact(Attributes(int(_M.REQUEST), self._identifier, wanted), now)

    def _configure(self, now: float) -> None:
        """After the login: a gateway that pushes sets an address, a client that pulls asks for one."""
        config = self._session.party.config
        if config.gateway is not None and config.gateway.pushes and config.gateway.pool:
            given = self._assign()
            if given:
                self._session.transact(Attributes(int(_M.SET), self._identifier, given), now)
        elif config.client is not None and config.client.asks and config.client.wants_address:
            wanted = tuple(of_octets(kind, b"") for kind in (_C.IP4_ADDRESS, _C.IP4_NETMASK, _C.IP4_DNS))
            identifier = int.from_bytes(self._session.draw(2, "Mode Config identifier"), "big")
            self._session.transact(Attributes(int(_M.REQUEST), identifier, wanted), now)

    # ---------------------------------------------------------------- who may say what

    @property
    def _is_user(self) -> bool:
        method = self._session.phase1.method
        return method is not None and method.user is self._session.phase1.role

    def admit(self, said: Attributes) -> None:
        """Only the gateway tells how a login went or sets an address, and only its user listens.

        Raises:
            Refusal: the peer has no right to say this here and now.
        """
        client = self._session.party.config.client
        about_status = said.message == _M.SET and said.about_login
        sets_address = said.message == _M.SET and not said.about_login
        if said.message == _M.REQUEST and said.about_login and self._is_user and self.authorized:
            # A password goes out once: nobody may ask for it again and again while the user is not looking.
            raise Refusal("The user has logged in already", _XAUTH, NotifyType.ATTRIBUTES_NOT_SUPPORTED)
        if about_status and not self._is_user:
            raise Refusal("This side has not asked to be logged in", _XAUTH, NotifyType.ATTRIBUTES_NOT_SUPPORTED)
        if sets_address and not (client is not None and client.wants_address and self.authorized):
            raise Refusal("Nobody may give this side an address now", _CFG, NotifyType.ATTRIBUTES_NOT_SUPPORTED)

    # ---------------------------------------------------------------- answers

    def answer(self, said: Attributes) -> Sequence[Attribute]:
        """What to answer to a request or a set."""
        if said.message == _M.REQUEST:
            return self._login(said) if said.about_login else self._grant(said)
        if said.about_login:
            return self._hear_status(said)
        return self._take_address(said)

    def _login(self, said: Attributes) -> list[Attribute]:
        """Name and password, in the order in which they were asked for."""
        client = self._session.party.config.client
        if client is None or not self._is_user:
            return []
        values = {
            int(_C.XAUTH_USER_NAME): client.user.encode(),
            int(_C.XAUTH_USER_PASSWORD): client.password.encode(),
        }
        asked = list(dict.fromkeys(attribute.type for attribute in said.values))
        given = [of_octets(kind, values[kind]) for kind in asked if kind in values]
        kind = said.value(_C.XAUTH_TYPE)
        repeated = [kind] if kind is not None else []
        if (kind is not None and kind.number != XauthType.GENERIC) or not given or not _NOT_KNOWN.isdisjoint(asked):
            # A password is for who asks for one: to whoever asks for something else, this login has failed.
            self._session.party.emit(Refused("The gateway asks for a login that is not known here", _XAUTH))
            return [*repeated, basic(_C.XAUTH_STATUS, XauthStatus.FAIL)]
        return [*repeated, *given]

    def _hear_status(self, said: Attributes) -> list[Attribute]:
        status = said.value(_C.XAUTH_STATUS)
        good = status is not None and status.number == XauthStatus.OK
        if good:
            self.authorized = True
        else:
            self.refused = True
            self._session.party.emit(Refused("The gateway does not accept the login", _XAUTH))
        return [basic(_C.XAUTH_STATUS, XauthStatus.OK if good else XauthStatus.FAIL)]

    def _grant(self, said: Attributes) -> list[Attribute]:
        """Addresses for a client that asks; nothing before its login succeeded, and nothing empty."""
        gateway = self._session.party.config.gateway
        if gateway is None or not self.authorized or not gateway.pool:
            return []
        wants_banner = gateway.banner and said.value(_C.CISCO_BANNER) is not None
        banner = (of_octets(_C.CISCO_BANNER, gateway.banner),) if wants_banner else ()
        return [*self._assign(), *banner]

    def _assign(self) -> tuple[Attribute, ...]:
        gateway = self._session.party.config.gateway
        assert gateway is not None
        if not self._leased:
            party = self._session.party
            holder = (self.user.encode() or self._session.peer_identity, party.link.remote.address)
            address = party.leases.take(gateway.pool, holder)
            if address is None:
                party.emit(Refused("No internal address is left", _CFG))
                return ()
            self.address, self._leased = address, True
        values = [of_octets(_C.IP4_ADDRESS, self.address), of_octets(_C.IP4_NETMASK, gateway.netmask)]
        if gateway.name_server:
            values.append(of_octets(_C.IP4_DNS, gateway.name_server))
        host = f"{IPv4Address(self.address)}/32"
        route = f"{host} through the tunnel to {self.user or 'the client'}"
        self._session.party.emit(NetworkChanged("route", route, _CFG))
        return tuple(values)

    def inherit(self, older: RemoteAccess) -> None:
        """The address stays with who has it, from one ISAKMP SA to the next."""
        self.address = self.address or older.address
        if older._leased and not self._leased:
            self._leased, older._leased = True, False

    def give_back(self) -> None:
        """Once nothing of this session needs it any more, the address is free for somebody else."""
        if self._leased and self._session.ended and not any(self._session.holdings):
            self._leased = False
            self._session.party.leases.give_back(self.address)
            self._session.party.emit(NetworkChanged("route withdrawn", f"{IPv4Address(self.address)}/32", _CFG))

    def _take_address(self, said: Attributes) -> list[Attribute]:
        """Take what was given; an acknowledgement repeats the attributes, without values."""
        address = said.octets(_C.IP4_ADDRESS)
        if len(address) == 4:
            self.address = address
            self._session.party.emit(NetworkChanged("internal address", str(IPv4Address(address)), _CFG))
        server = said.octets(_C.IP4_DNS)
        if len(server) == 4:
            self._session.party.emit(NetworkChanged("name server", str(IPv4Address(server)), _CFG))
        return [of_octets(attribute.type, b"") for attribute in said.values]

    # ---------------------------------------------------------------- after a transaction

    def after(self, done: Transaction, now: float) -> None:
        """A transaction is over: what comes next."""
        answered = done.answered
        if answered is None:
            return
        asked, about_login = done.role is done.role.INITIATOR, done.said.about_login
        if answered.message == _M.REPLY and about_login and asked:
            self._judge_login(done, answered, now)
        elif answered.message == _M.ACK and about_login:
            self._after_status(asked, now)
        elif answered.message == _M.REPLY and asked:
            self._take_address(answered)

    def _judge_login(self, done: Transaction, answered: Attributes, now: float) -> None:
        """Name and password against those that the gateway knows."""
        gateway = self._session.party.config.gateway
        user, password = answered.octets(_C.XAUTH_USER_NAME), answered.octets(_C.XAUTH_USER_PASSWORD)
        users = gateway.users if gateway is not None else {}
        name = user.decode("utf-8", "replace")
        known = users.get(name, "").encode()
        good = name in users and hmac.compare_digest(known, password)
        self._tell_login(done, known, good=good, name=say.text(user))
        self.user = say.text(user)[1:-1] if good else ""
        self.authorized = good
        self.refused = not good
        status = basic(_C.XAUTH_STATUS, XauthStatus.OK if good else XauthStatus.FAIL)
        self._session.transact(Attributes(int(_M.SET), self._identifier, (status,)), now)

    def _tell_login(self, done: Transaction, known: bytes, *, good: bool, name: str) -> None:
        party = self._session.party
        received = done.ledger.find("password")
        origin, scope = Configured(_XAUTH), done.ledger.scope
        expected = Term("password", known, origin, scope=scope, nature=Nature.SECRET, owner=str(party.role.other))
        if good and received is not None:
            party.emit(Verified("password", expected, received, party.role.other, _XAUTH))
        else:
            notify = NotifyType.AUTHENTICATION_FAILED.label
            reason = f"Name and password of {name} are not those of any user"
            party.emit(Refused(reason, _XAUTH, notify, received=received))

    def _after_status(self, asked: bool, now: float) -> None:
        if self.refused:
            if asked:
                self._session.end("the login failed", now)
            return
        self._configure(now)

    def given_up(self, now: float) -> None:
        """Nothing more comes of a login that nobody has answered, or whose failure nobody has acknowledged."""
        if not self.authorized and not self._is_user:
            self._session.end("the login failed" if self.refused else "nobody has logged in", now)

    # ---------------------------------------------------------------- what it means for phase 2

    def selectors(self) -> tuple[Identity | None, Identity | None] | None:
        """Whose packets Quick Mode is about, where an internal address takes the place of what is configured."""
        config = self._session.party.config
        if not self.address:
            return None
        host = host_identity(self.address)
        if config.client is not None:
            return host, config.remote
        return config.local, host


def network_text(identity: Identity) -> str:
    """A network as people write it."""
    if identity.id_type == IdType.IPV4_ADDR_SUBNET and len(identity.data) == 8:
        return str(IPv4Network((identity.data[:4], str(IPv4Address(identity.data[4:])))))
    return str(IPv4Address(identity.data)) if len(identity.data) == 4 else identity.data.hex()
