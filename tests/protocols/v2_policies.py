"""Pairs of IKEv2 peers as people might configure them, well or badly: strategies for hypothesis."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import NamedTuple

from hypothesis import strategies as st
from line import Meddle
from pair import I, R
from policies import HARMLESS, WAITS, cut, flipped, forged, garbled, replaced, spliced, tampered
from v2_pair import v2_shipped

from explorer.crypto.credential import Credential
from explorer.events import Role
from explorer.lab.credentials import load_credential
from explorer.lab.scenario_build_v2 import ENCRYPTION_WORDS, INTEGRITY_WORDS, KEY_EXCHANGE_WORDS, PRF_WORDS
from explorer.protocols.ikev2.config import Selector, V2Config
from explorer.protocols.ikev2.suites import Choice, Offer, is_aead

ENCR, PRF, INTEG, KE, ESN, ADDKE = 1, 2, 3, 4, 5, 6
IKE, ESP = 1, 3
NAMES = {"psk": "ikev2-psk", "rsa": "ikev2-rsa", "ecdsa": "ikev2-ecdsa", "signature": "ikev2-rsa-sha2"}
"""A shipped scenario to take keys and certificates from, by the way of proving oneself."""

CIPHERS = [(number, bits) for number, bits in ENCRYPTION_WORDS.values()]
MACS = [number for number in INTEGRITY_WORDS.values() if number]
PRFS = list(PRF_WORDS.values())
SLOW = {16, 17, 18}
"""Groups whose powers take longer than all the rest of a run; `test_v2_every_algorithm.py` tries each of them once."""

METHODS = [number for number in KEY_EXCHANGE_WORDS.values() if number and number not in SLOW]
ENCAPSULATIONS = [35, 36, 37]


class V2Setting(NamedTuple):
    """Two configurations, and whether each side has what it needs to believe the other."""

    way: str
    configs: dict[Role, V2Config]
    trusted: bool


def several(kind: int, numbers: list[int], most: int = 2) -> st.SearchStrategy[list[Choice]]:
    """One or a few algorithms of a type, in order of preference."""
    return st.lists(st.sampled_from(numbers).map(partial(Choice, kind)), min_size=1, max_size=most, unique=True)


@st.composite
def protections(draw: st.DrawFn) -> list[Choice]:
    """Ciphers of one kind, and what makes the ICV if they do not."""
    aead = draw(st.booleans())
    fitting = [Choice(ENCR, *cipher) for cipher in CIPHERS if is_aead(cipher[0]) is aead]
    ciphers = draw(st.lists(st.sampled_from(fitting), min_size=1, max_size=2, unique=True))
    return ciphers if aead else ciphers + draw(several(INTEG, MACS))


@st.composite
def additional(draw: st.DrawFn) -> list[Choice]:
    """Up to two more key exchanges, most likely encapsulations; one of them may be left out."""
    found: list[Choice] = []
    for position in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
        numbers = ENCAPSULATIONS if draw(st.integers(0, 3)) else METHODS
        found += draw(several(ADDKE + position, numbers, 1))
        if draw(st.integers(0, 3)) == 0:
            found.append(Choice(ADDKE + position, 0))
    return found


@st.composite
def ike_offers(draw: st.DrawFn) -> tuple[Offer, ...]:
    made = []
    for number in range(1, draw(st.integers(1, 2)) + 1):
        choices = draw(protections()) + draw(several(PRF, PRFS)) + draw(several(KE, METHODS)) + draw(additional())
        made.append(Offer(number, IKE, tuple(choices)))
    return tuple(made)


@st.composite
def child_offers(draw: st.DrawFn) -> tuple[Offer, ...]:
    made = []
    for number in range(1, draw(st.integers(1, 2)) + 1):
        exchanges = draw(several(KE, METHODS)) if draw(st.booleans()) else []
        esn = [Choice(ESN, int(draw(st.booleans())))]
        made.append(Offer(number, ESP, (*draw(protections()), *exchanges, *esn)))
    return tuple(made)


def spoiled(config: V2Config, way: str) -> V2Config:
    """The same with something else than what the other side knows it by, or without knowing the other."""
    if way == "psk":
        return replace(config, keys=dict.fromkeys(config.keys, b"wrong"))
    if way == "ecdsa":
        return replace(config, authorities=())
    assert config.credential is not None
    stranger = load_credential("stranger-rsa")[1]
    return replace(config, credential=Credential(config.credential.certificate, stranger))


@st.composite
def settings_of_two(draw: st.DrawFn, *, alike: bool = False) -> V2Setting:
    """Both sides; ``alike`` if there is to be agreement on everything."""
    way = draw(st.sampled_from(list(NAMES)))
    ike, child = draw(ike_offers()), draw(child_offers())
    wide = Selector.network("192.168.0.0/16")
    configs = {}
    for role in (I, R):
        same = alike or draw(st.integers(0, 2)) > 0
        config = replace(
            v2_shipped(role, NAMES[way]),
            ike=ike if same else draw(ike_offers()),
            child=child if same else draw(child_offers()),
            wants_cookies=draw(st.booleans()),
            nat_traversal=draw(st.booleans()),
            intermediate=alike or draw(st.integers(0, 4)) > 0,
            childless=not alike and draw(st.integers(0, 5)) == 0,
            mobike=draw(st.integers(0, 3)) > 0,
            resumption=draw(st.integers(0, 3)) > 0,
            nonce_size=draw(st.sampled_from((16, 32, 256))),
        )
        guesses = [choice.transform_id for offer in config.ike for choice in offer.of_kind(KE)]
        config = replace(config, guess=draw(st.sampled_from((None, *guesses))))
        if draw(st.booleans()):
            config = replace(config, remote=wide)
        if not same and draw(st.integers(0, 3)) == 0:
            config = replace(config, local=Selector.network("172.16.0.0/24"))
        configs[role] = config
    trusted = alike or draw(st.integers(0, 3)) > 0
    if not trusted:
        liar = draw(st.sampled_from((I, R)))
        configs[liar] = spoiled(configs[liar], way)
    return V2Setting(way, configs, trusted)


# ---------------------------------------------------------------- the line


def relabelled(at: int, value: int) -> Meddle:
    """Another number in the header: versions, kinds, flags, Message IDs; or SPIs."""

    def meddle(octets: bytes, _: list[bytes]) -> bytes:
        return octets[:at] + bytes((value,)) + octets[at + 1 :] if at < len(octets) else octets

    return meddle


def turned_round(octets: bytes, _: list[bytes]) -> bytes:
    """A request as if it were an answer, or the other way."""
    return octets[:19] + bytes((octets[19] ^ 0x28,)) + octets[20:] if len(octets) > 20 else octets


MEDDLES: st.SearchStrategy[Meddle] = st.one_of(
    st.builds(flipped, st.integers(0, 3000), st.integers(0, 7)),
    st.builds(flipped, st.integers(0, 100), st.integers(0, 7)),
    st.builds(cut, st.integers(1, 40), mended=st.booleans()),
    st.builds(replaced, st.integers(0, 50)),
    st.builds(spliced, st.integers(0, 50), st.integers(0, 800)),
    st.builds(relabelled, st.integers(0, 27), st.sampled_from((0, 1, 2, 8, 0x20, 34, 35, 36, 37, 43, 46, 53, 255))),
    st.just(turned_round),
)
ANYTHING = st.one_of(HARMLESS, st.builds(tampered, MEDDLES, st.one_of(st.none(), WAITS)))
FORGERIES = st.one_of(
    st.builds(forged, st.builds(garbled, st.integers(0, 2000), st.integers(0, 7))),
    st.builds(forged, st.builds(cut, st.integers(1, 40), mended=st.booleans())),
)
