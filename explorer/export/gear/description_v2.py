"""What is special about an IKEv2 peer in a scenario's own words: proposals with a list of each kind, and extensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from explorer.events import Role
from explorer.lab.scenario import ChildProposal, IkeProposal, PeerFile, Scenario
from explorer.lab.script import parse_actions

IKE = ("IKE proposal", "encryption", "integrity", "prf", "key exchange", "additional")
CHILD = ("Child proposal", "encryption", "integrity", "key exchange", "additional", "sequence numbers")

_DONE = {
    "phase 2": "CREATE_CHILD_SA: another pair of Child SAs",
    "rekey": "CREATE_CHILD_SA: the Child SAs anew",
    "rekey ike": "CREATE_CHILD_SA: the IKE SA anew",
    "reauthenticate": "a second IKE SA in place of the first",
    "dpd": "INFORMATIONAL: a sign of life",
    "delete phase 2": "INFORMATIONAL: the Child SAs deleted",
    "delete phase 1": "INFORMATIONAL: the IKE SA deleted",
    "move": "move to another address (MOBIKE)",
    "resume": "IKE_SESSION_RESUME and IKE_AUTH",
}
_PROVES = {
    "psk": "pre-shared key",
    "rsa": "RSA signature",
    "ecdsa": "ECDSA signature",
    "signature": "signature (RFC 7427)",
    "null": "not at all (NULL authentication)",
    "eap-mschapv2": "login by EAP-MSCHAPv2",
    "eap-md5": "login by EAP-MD5",
}


def done(scenario: Scenario) -> str:
    """The script in the words of IKEv2."""
    begin = ["IKE_SA_INIT"]
    if any(proposal.additional for proposal in scenario.initiator.ike) and scenario.initiator.intermediate:
        begin.append("IKE_INTERMEDIATE")
    first = ", ".join(begin) + " and IKE_AUTH"
    return ", ".join(_line(text, first) for text in scenario.script)


def _line(text: str, first: str) -> str:
    said = []
    for action in parse_actions(text) or ():
        words = f"wait {action.seconds:.0f} s" if action.what == "wait" else _DONE.get(action.what, action.what)
        words = first if action.what == "phase 1" else words
        said.append(f"{words} by the responder" if action.by is Role.RESPONDER else words)
    return " and at once ".join(said)


def about(peer: PeerFile) -> Iterator[tuple[str, str]]:
    """How a peer proves itself, and what else is configured; what is not is left out."""
    yield "proves itself", _PROVES[peer.proves]
    gateway = peer.gateway
    for name, value in (
        ("login", _PROVES[gateway.eap].removeprefix("login by ") if gateway is not None and gateway.users else ""),
        ("name server", gateway.name_server if gateway is not None else None),
        ("PPK", f"{peer.ppk_name}: {peer.ppk}" if peer.ppk is not None else ""),
        ("guesses", f"a public value of {peer.guess}" if peer.guess is not None else ""),
        ("fragments", f"of at most {peer.fragment_size} octets" if peer.fragment_size else ""),
        ("moves to", peer.moves_to),
        ("other addresses", ", ".join(peer.other_addresses)),
        ("believes", f"that the peer protects {peer.peer_protects}" if peer.peer_protects is not None else ""),
        ("version", peer.version if peer.version != "2.0" else ""),
        ("unknown payload", f"{peer.unknown_payload}, critical" if peer.unknown_payload is not None else ""),
        ("also", ", ".join(_flags(peer))),
    ):
        if value:
            yield name, value


def _flags(peer: PeerFile) -> Iterator[str]:
    for on, words in (
        (peer.nat_traversal, "looks for NATs"),
        (peer.wants_cookies, "wants cookies"),
        (peer.accepts_null, "lets in who proves nothing"),
        (peer.childless, "IKE_AUTH without Child SAs"),
        (peer.asks_address, "asks for an address"),
        (peer.intermediate, "IKE_INTERMEDIATE"),
        (peer.mobike, "MOBIKE"),
        (peer.resumption, "session resumption"),
        (peer.initial_contact, "says INITIAL_CONTACT"),
        (peer.gateway is not None and peer.gateway.asks_identity, "asks for the user's name once more"),
    ):
        if on:
            yield words


def ike_proposals(peer: PeerFile) -> Iterator[tuple[str, ...]]:
    """One row a proposal; of several words in a cell the best comes first."""
    for number, proposal in enumerate(peer.ike, 1):
        yield (
            str(number), _any_of(proposal.encryption), _any_of(proposal.integrity), _any_of(proposal.prf),
            _any_of(proposal.key_exchange), _additional(proposal),
        )


def child_proposals(peer: PeerFile) -> Iterator[tuple[str, ...]]:
    """The same for Child SAs."""
    for number, proposal in enumerate(peer.child, 1):
        yield (
            str(number), _any_of(proposal.encryption), _any_of(proposal.integrity), _any_of(proposal.key_exchange),
            _additional(proposal), "64 bits" if proposal.esn else "32 bits",
        )


def _any_of(words: Sequence[str]) -> str:
    return ", ".join(words) or "none"


def _additional(proposal: IkeProposal | ChildProposal) -> str:
    return ", then ".join(" or ".join(words) for words in proposal.additional) or "none"
