"""Quick Mode (RFC 2409 §5.5): three messages under an ISAKMP SA that make two IPsec SAs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from explorer.crypto.expression import Concat, Expr, wrap
from explorer.crypto.groups import ModpGroup, is_usable_public_value, modp_group, private_group
from explorer.crypto.term import Configured, Drawn, Nature, Origin, Term, derive
from explorer.engine.negotiation import LifeRule, Match, nearest_miss, negotiate, seconds_of_life, settled_life
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row
from explorer.events import Binding, Concluded, Judged, Role, SaInstalled, SaSnapshot
from explorer.octets import Span
from explorer.protocols.ikev1.answer import answer_bundle, contents, parse_sa
from explorer.protocols.ikev1.binding import Named
from explorer.protocols.ikev1.config import PrivateGroup
from explorer.protocols.ikev1.identity import Identity, selector
from explorer.protocols.ikev1.keys import keymat, public_value, quick_hash, shared_secret
from explorer.protocols.ikev1.policies import Phase2Policy, duration, told_seconds
from explorer.protocols.ikev1.protected import Protected
from explorer.protocols.ikev1.words import quick_word
from explorer.registry.ipsec import EncapsulationMode, IpsecAttribute
from explorer.registry.isakmp import ExchangeType, NotifyType, ProtocolId
from explorer.registry.phase1 import LifeType
from explorer.wire.attributes import basic
from explorer.wire.message import Message
from explorer.wire.payloads import LifetimeNotification, Proposal, SecurityAssociation
from explorer.wire.structure import build

UP = "IPsec SAs up"
"""The state in which this phase 2 is over."""

_CITE = "RFC 2409 §5.5"
FIRST_PRIVATE = 32768
"""Group numbers from here on mean what two peers agree on (RFC 2409 Appendix A)."""


class QuickMode(Protected):
    """One Quick Mode at one peer, under the ISAKMP SA that ``phase1`` made.

    Attributes:
        bundle: what was agreed on: one policy, or several that go together.
        replaces: whether it takes the place of SAs that are about to end.
        expected: the selectors that this side wants, where they are not those of the configuration: an internal
            address that the gateway handed out.
    """

    name = "Quick Mode"
    exchange_type = ExchangeType.QUICK_MODE
    word = staticmethod(quick_word)
    cite = _CITE
    bundle: tuple[Phase2Policy, ...] = ()
    expected: tuple[Identity | None, Identity | None] | None = None
    replaces = False
    life_was_cut = False
    private_groups: tuple[PrivateGroup, ...] = ()

    # ---------------------------------------------------------------- message 1

    def propose(self) -> None:
        """Offers, a nonce, an SPI for each protocol, and a Diffie-Hellman value where PFS is wanted."""
        config, ledger = self.party.config, self.ledger
        self.open_exchange()
        bundles = config.bundles
        SPIs = {protocol: self._draw_spi("i", protocol) for protocol in _protocols(config.phase2)}
        proposals = tuple(
            Proposal(
                number=number,
                protocol=policy.protocol,
                spi=SPIs[policy.protocol].octets,
                transforms=(self._as_sent(policy).transform(1),),
            )
            for number, bundle in enumerate(bundles, 1)
            for policy in bundle
        )
        ledger.learn(self._offers(proposals))
        ledger.draw("Ni_b", config.nonce_size, _CITE, Nature.PUBLIC)
        group = config.phase2[0].group
        if group is not None:
            self._share(group, "i")
        local, remote = self._wanted()
        if local is not None and remote is not None:
            self._identify("IDci_b", local)
            self._identify("IDcr_b", remote)

    def _as_sent(self, policy: Phase2Policy) -> Phase2Policy:
        """With a NAT in between, ESP travels in UDP, and the mode says so (RFC 3947 §5.1)."""
        if not self.party.link.natted or policy.protocol != ProtocolId.ESP:
            return policy
        is_tunnel = policy.mode == EncapsulationMode.TUNNEL
        return replace(policy, mode=int(EncapsulationMode.UDP_TUNNEL if is_tunnel else EncapsulationMode.UDP_TRANSPORT))

    def _own(self) -> list[tuple[Phase2Policy, ...]]:
        return [tuple(self._as_sent(policy) for policy in bundle) for bundle in self.party.config.bundles]

    def consider(self) -> None:
        """Verify HASH(1), check who the SA is for, choose by one's own policy, and make all keys."""
        ledger = self.ledger
        self.check_hash("HASH(1)")
        self._check_identities()
        offered = parse_sa(ledger["SAi_b"].octets)
        own = self._own()
        matches = self._judge(own, offered.proposals)
        self.check_nonce("Ni_b")
        self.bundle = self._settle(own, matches)
        for match in matches:
            _check_spi(match.proposal)
            self._hold_spi("i", Role.INITIATOR, "SAi_b", match.proposal)
        SPIs = [self._draw_spi("r", match.proposal.protocol) for match in matches]
        chosen = [(match.proposal, match.transform, SPI) for match, SPI in zip(matches, SPIs, strict=True)]
        ledger.learn(answer_bundle(ledger["SAi_b"], chosen, str(self.party.role)))
        ledger.draw("Nr_b", self.party.config.nonce_size, _CITE, Nature.PUBLIC)
        self._take_share("g(qm)^xi", "r")
        if self.life_was_cut:
            self._claim_life(SPIs[0])
        self._make_keys()

    def _judge(self, own: list[tuple[Phase2Policy, ...]], proposals: Sequence[Proposal]) -> tuple[Match, ...]:
        rule = self.party.config.life_rule or LifeRule.CLAIM
        bundles = [[policy.policy(rule) for policy in bundle] for bundle in own]
        name = " and ".join(ProtocolId.name_of(kind) for kind in _protocols(self.party.config.phase2))
        negotiation, found = negotiate(name, bundles, proposals)
        self.party.emit(Judged(negotiation))
        if found is None:
            raise Refusal(f"No offer fits{nearest_miss(negotiation)}", _CITE, NotifyType.NO_PROPOSAL_CHOSEN)
        return found

    def _claim_life(self, SPI: Term) -> None:
        """Tell the initiator that this side will use the SA for less time than was offered (RFC 2407 §4.5.4)."""
        kinds = (basic(IpsecAttribute.LIFE_TYPE, LifeType.SECONDS), duration(IpsecAttribute.LIFE_DURATION, self.life))
        told = LifetimeNotification(
            protocol=self.bundle[0].protocol,
            notify_type=int(NotifyType.RESPONDER_LIFETIME),
            spi=SPI.octets,
            attributes=kinds,
        )
        origin = Configured("RFC 2407 §4.6.3.1")
        body = build(told)[4:]
        self.ledger.learn(Term("N_b", body, origin, scope=self.ledger.scope, owner=str(self.party.role)))

    @property
    def life(self) -> int:
        """Seconds for which the new SAs may be used."""
        return min(policy.lifetime for policy in self.bundle)

    # ---------------------------------------------------------------- message 2

    def check_answer(self) -> None:
        """Verify HASH(2), find the choice among the offers, and make all keys."""
        ledger = self.ledger
        self.check_hash("HASH(2)")
        self._check_identities()
        answered = parse_sa(ledger["SAr_b"].octets).proposals
        if len({p.number for p in answered}) != 1 or any(len(p.transforms) != 1 for p in answered):
            raise Refusal("The answer must hold exactly one transform", _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        number, own = answered[0].number, self._own()
        if not 1 <= number <= len(own):
            raise Refusal(f"Proposal {number} was not offered", _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        offered = [p for p in parse_sa(ledger["SAi_b"].octets).proposals if p.number == number]
        said = [(p.protocol, contents(p.transforms[0])) for p in answered]
        if said != [(p.protocol, contents(p.transforms[0])) for p in offered]:
            raise Refusal("The answer differs from what was offered", _CITE, NotifyType.BAD_PROPOSAL_SYNTAX)
        matches = self._judge([own[number - 1]], answered)
        self.check_nonce("Nr_b")
        self.bundle = self._settle(own, matches)
        for match in matches:
            _check_spi(match.proposal)
            self._hold_spi("r", Role.RESPONDER, "SAr_b", match.proposal)
        self._take_share("g(qm)^xr", "i")
        self._hear_claim()
        self._make_keys()

    def _hear_claim(self) -> None:
        """The responder may use the SAs for less time than was offered (RFC 2407 §4.6.3.1)."""
        for payload in self.message.payloads:
            if isinstance(payload, LifetimeNotification):
                told = told_seconds(payload.attributes, IpsecAttribute.LIFE_TYPE, IpsecAttribute.LIFE_DURATION)
                if told:
                    self.bundle = tuple(replace(p, lifetime=min(p.lifetime, told)) for p in self.bundle)

    # ---------------------------------------------------------------- message 3

    def confirm(self) -> None:
        """Verify HASH(3): the initiator is alive, and holds the keys."""
        self.check_hash("HASH(3)")

    def make_hash(self, symbol: str, rest: Expr | None = None) -> Term:
        """Over the octets as they are sent, or as they were received, generic headers included, padding not."""
        ledger = self.ledger
        if rest is None:
            rest = self.received_rest()
        data: Expr
        if symbol == "HASH(1)":
            data = ledger["M-ID"] | rest
        elif symbol == "HASH(2)":
            data = ledger["M-ID"] | ledger["Ni_b"] | rest
        else:
            data = wrap(0) | ledger["M-ID"] | ledger["Ni_b"] | ledger["Nr_b"]
        return quick_hash(symbol, self.phase1.prf, ledger["SKEYID_a"], data, ledger.scope)

    # ---------------------------------------------------------------- keys and SAs

    def _make_keys(self) -> None:
        """KEYMAT for each direction and protocol, with the SPI that the receiver of that direction chose."""
        head: tuple[Expr, ...] = (self.ledger["g(qm)^xy"],) if "g(qm)^xy" in self.ledger else ()
        for policy in self.bundle:
            for side in ("i", "r"):
                self._make_keymat(head, policy, side)

    def _make_keymat(self, head: tuple[Expr, ...], policy: Phase2Policy, side: str) -> None:
        ledger, name, protocol = self.ledger, self._suffix(side, policy.protocol), policy.protocol
        seed = Concat((*head, wrap(int(protocol)), ledger[f"SPI_{name}"], ledger["Ni_b"], ledger["Nr_b"]))
        material = ledger.learn(
            *keymat(self.phase1.prf, ledger["SKEYID_d"], seed, policy.keymat_size, name, ledger.scope)
        )
        cut, cite = policy.encryption_key_size, "RFC 4301 §4.5.2"
        if cut:
            ledger.learn(derive(f"ESP_e{side}", material[:cut], cite, scope=ledger.scope))
        label = ProtocolId.name_of(protocol)
        ledger.learn(derive(f"{label}_a{side}", material[cut:], cite, scope=ledger.scope))

    def _suffix(self, side: str, protocol: int) -> str:
        """``i``, or ``ai`` for the AH of a bundle, whose ESP has the plain letter."""
        return f"a{side}" if protocol == ProtocolId.AH and len(_protocols(self.party.config.phase2)) > 1 else side

    def settled(self) -> None:
        """The last row installs SAs, one for each direction and protocol."""
        if self.state != UP:
            return
        mine = "i" if self.role is Role.INITIATOR else "r"
        theirs = "r" if mine == "i" else "i"
        count = 0
        for policy in self.bundle:
            for direction, side in (("inbound", mine), ("outbound", theirs)):
                self.party.emit(SaInstalled(self._snapshot(policy, direction, side)))
                count += 1
        words = {2: "two", 4: "four"}
        text = f"{self.name} made {words.get(count, str(count))} IPsec SAs"
        self.party.emit(Concluded(self.name, self.ledger.scope, "completed", text))

    def _snapshot(self, policy: Phase2Policy, direction: str, side: str) -> SaSnapshot:
        label = ProtocolId.name_of(policy.protocol)
        keys: tuple[tuple[str, Term], ...] = (("integrity", self.ledger[f"{label}_a{side}"]),)
        if policy.cipher is not None:
            keys = (("encryption", self.ledger[f"ESP_e{side}"]), *keys)
        spis = (self.ledger[f"SPI_{self._suffix(side, policy.protocol)}"],)
        return SaSnapshot(label, direction, spis, policy.algorithms(), keys, self.life)

    def own_spi(self) -> bytes:
        """The SPI that this side chose, or none yet."""
        return self._spi_of(self.party.role)

    def peers_spi(self) -> bytes:
        """The SPI that the other side chose: the first that its offer names."""
        held = self._spi_of(self.party.role.other)
        if held or not hasattr(self, "message"):
            return held
        # Of a refused offer or answer nothing is in the ledger.
        sa = self.message.find(SecurityAssociation)
        return sa.proposals[0].spi if sa is not None and sa.proposals else b""

    def _spi_of(self, party: Role) -> bytes:
        symbols = [f"SPI_{self._suffix(side, p)}" for side in ("i", "r") for p in _protocols(self.party.config.phase2)]
        own = (self.ledger[s] for s in symbols if self.ledger.own(s))
        return next((term.octets for term in own if term.owner == party), b"")

    # ---------------------------------------------------------------- small pieces

    def bind_own(self, words: Named, message: Message) -> list[Binding]:
        """The SPIs inside the SA payload are terms too."""
        bindings = super().bind_own(words, message)
        for protocol in _protocols(self.party.config.phase2):
            symbols = [f"SPI_{self._suffix(side, protocol)}" for side in ("i", "r")]
            for term in (self.ledger[s] for s in symbols if self.ledger.own(s)):
                if term.owner == self.party.role:
                    bindings += [Binding(term, span) for span in _spi_spans(message, protocol)]
        return bindings

    def _hold_spi(self, side: str, owner: Role, sa: str, proposal: Proposal) -> None:
        """A received SPI is a term whose octets are a part of the received SA."""
        origin: Origin = self.ledger[sa].origin
        if isinstance(origin, Span):
            at = origin.start + _spi_offset(self.ledger[sa].octets, proposal)
            origin = Span(origin.buffer, at, at + len(proposal.spi))
        symbol = f"SPI_{self._suffix(side, proposal.protocol)}"
        self.ledger.learn(Term(symbol, proposal.spi, origin, scope=self.ledger.scope, owner=self.owner(owner)))

    def _draw_spi(self, side: str, protocol: int) -> Term:
        """Four octets; 0 to 255 are reserved (RFC 4303 §2.1), so a first octet of zero becomes one."""
        symbol = f"SPI_{self._suffix(side, protocol)}"
        drawn = self.party.entropy.draw(4, f"{self.ledger.scope}/{self.party.role}/{symbol}")
        octets = bytes((drawn[0] or 1,)) + drawn[1:]
        origin = Drawn(symbol, "RFC 4303 §2.1")
        return self.ledger.learn(Term(symbol, octets, origin, scope=self.ledger.scope, owner=str(self.party.role)))

    def _settle(self, own: list[tuple[Phase2Policy, ...]], matches: Sequence[Match]) -> tuple[Phase2Policy, ...]:
        label = matches[0].policy.label
        bundle = next(bundle for bundle in own if bundle[0].label == label)
        lives = [settled_life(m.policy, m.transform, p.lifetime) for p, m in zip(bundle, matches, strict=True)]
        offered = [seconds_of_life(m.policy, m.transform) or 0 for m in matches]
        self.life_was_cut = any(life < offer for life, offer in zip(lives, offered, strict=True))
        return tuple(replace(policy, lifetime=life) for policy, life in zip(bundle, lives, strict=True))

    def _group(self, number: int) -> ModpGroup:
        """A group of the standards, or one that was agreed on in New Group Mode."""
        private = next((group for group in self.private_groups if group.number == number), None)
        if private is not None:
            return private_group(private.number, private.prime, private.generator)
        if number >= FIRST_PRIVATE:
            reason = f"Private group {number} has not been agreed on in New Group Mode"
            raise Refusal(reason, "RFC 2409 §5.6", NotifyType.NO_PROPOSAL_CHOSEN)
        return modp_group(number)

    def check_groups(self) -> None:
        """Can what is configured be offered?

        Raises:
            Refusal: a group for PFS is not known.
        """
        for policy in self.party.config.phase2:
            if policy.group is not None:
                self._group(policy.group)

    def _share(self, group_number: int, side: str) -> None:
        group = self._group(group_number)
        x = self.ledger.draw(f"x(qm){side}", group.exponent_size, _CITE)
        self.ledger.learn(public_value(group, f"g(qm)^x{side}", x, self.ledger.scope))

    def _take_share(self, received: str, side: str) -> None:
        """With PFS on both sides make g(qm)^xy; a KE without a negotiated group, or the reverse, is refused."""
        number = self.bundle[0].group
        if (number is not None) != (received in self.ledger):
            raise Refusal("KE and the group attribute go together", _CITE, NotifyType.INVALID_KEY_INFORMATION)
        if number is None:
            return
        group = self._group(number)
        if not is_usable_public_value(group, self.ledger[received].octets):
            raise Refusal(f"{received} is not a value of the group", _CITE, NotifyType.INVALID_KEY_INFORMATION)
        if f"x(qm){side}" not in self.ledger:
            self._share(number, side)
        secret = shared_secret(group, "g(qm)^xy", self.ledger[received], self.ledger[f"x(qm){side}"], self.ledger.scope)
        self.ledger.learn(secret)

    def _identify(self, symbol: str, identity: Identity) -> None:
        origin = Configured("RFC 2407 §4.6.2")
        self.ledger.learn(
            Term(symbol, identity.body, origin, scope=self.ledger.scope, owner=str(self.party.role))
        )

    def _wanted(self) -> tuple[Identity | None, Identity | None]:
        """Whose packets at this side, and whose at the other."""
        return self.expected if self.expected is not None else (self.party.config.local, self.party.config.remote)

    def _check_identities(self) -> None:
        """Both sides must mean the same packets."""
        own, peers = self._wanted()
        local, remote = ("IDci_b", "IDcr_b") if self.role is Role.INITIATOR else ("IDcr_b", "IDci_b")
        for symbol, wanted in ((local, own), (remote, peers)):
            held = self.ledger[symbol].octets if symbol in self.ledger else None
            if (selector(held) if held else None) != (selector(wanted.body) if wanted is not None else None):
                reason = f"{symbol} is not what this side is configured to protect"
                raise Refusal(reason, _CITE, NotifyType.INVALID_ID_INFORMATION)

    def _offers(self, proposals: tuple[Proposal, ...]) -> Term:
        body = build(SecurityAssociation(proposals=proposals))[4:]
        return Term("SAi_b", body, Configured(_CITE), scope=self.ledger.scope, owner=str(self.party.role))


def _protocols(policies: Sequence[Phase2Policy]) -> list[int]:
    """Every protocol that is offered, in order of first appearance."""
    return list(dict.fromkeys(policy.protocol for policy in policies))


def _check_spi(proposal: Proposal) -> None:
    if len(proposal.spi) != 4 or int.from_bytes(proposal.spi, "big") < 256:
        raise Refusal("An IPsec SPI has four octets and is above 255", "RFC 4303 §2.1", NotifyType.INVALID_SPI)


def _spi_offset(body: bytes, proposal: Proposal) -> int:
    """Where in the body of an SA payload a proposal's SPI stands: the same octets may stand elsewhere by chance."""
    at = 8  # after DOI and Situation
    while at < len(body):
        size = int.from_bytes(body[at + 2 : at + 4], "big")
        if (body[at + 4], body[at + 5]) == (proposal.number, proposal.protocol):
            return at + 8
        at += size
    return 0


def _spi_spans(message: Message, protocol: int) -> list[Span]:
    """Every SPI field of one protocol inside the SA payload of an opened message."""
    found = []
    for field in (inside for payload in message.trees[1].root.children for inside in payload.children):
        if isinstance(field.value, Proposal) and field.value.protocol == protocol:
            spi = next((child for child in field.children if child.spec.name == "spi"), None)
            if spi is not None:
                found.append(Span(message.trees[1].buffer, spi.start, spi.end))
    return found


_I, _R = Role.INITIATOR, Role.RESPONDER
_Q = QuickMode
_FIRST = "HDR*, HASH(1), SA, Ni [, KE] [, IDci, IDcr]"
_SECOND = "HDR*, HASH(2), SA, Nr [, KE] [, IDci, IDcr] [, N]"
_THIRD = "HDR*, HASH(3)"
QuickMode.rows = (
    Row(_I, "idle", "", None, _Q.propose, _FIRST, "waits for HASH(2)"),
    Row(_R, "idle", _FIRST, _Q.consider, None, _SECOND, "waits for HASH(3)"),
    Row(_I, "waits for HASH(2)", _SECOND, _Q.check_answer, None, _THIRD, UP),
    Row(_R, "waits for HASH(3)", _THIRD, _Q.confirm, None, "", UP),
)
