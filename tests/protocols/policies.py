"""Pairs of peers as people might configure them, well or badly: strategies for hypothesis."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from hypothesis import strategies as st
from insider import CLIENT_MODE, HYBRID, MAIN_ECDSA, MAIN_PKE, MAIN_REVISED, MAIN_RSA, PUSH, hasty
from line import LATENCY, Happening, Meddle
from pair import MAIN, I, R

from explorer.crypto.credential import Credential
from explorer.engine.negotiation import LifeRule
from explorer.events import Role
from explorer.lab.credentials import load_credential
from explorer.protocols.ikev1.config import Config
from explorer.protocols.ikev1.policies import Phase1Policy, Phase2Policy

MOST_TOUCHED = 24
"""The line meddles with datagrams up to this number."""


class Way(NamedTuple):
    """How the peers authenticate: a shipped scenario to take keys and certificates from, and the method's number."""

    label: str
    name: str
    method: int
    logs_in: bool = False


WAYS = [
    Way("psk", MAIN, 1),
    Way("rsa", MAIN_RSA, 3),
    Way("ecdsa", MAIN_ECDSA, 9),
    Way("pke", MAIN_PKE, 4),
    Way("revised", MAIN_REVISED, 5),
    Way("hybrid", HYBRID, 64221, logs_in=True),
    Way("group key", CLIENT_MODE, 65001, logs_in=True),
    Way("group key, pushed", PUSH, 65001, logs_in=True),
]


class Setting(NamedTuple):
    """Two configurations, and what is known of them beforehand.

    Attributes:
        trusted: whether each side has what it needs to believe the other.
        swappable: whether the choice of Aggressive Mode could be changed without anybody noticing.
    """

    way: Way
    configs: dict[Role, Config]
    trusted: bool
    swappable: bool

    @property
    def hybrid(self) -> bool:
        return self.way.name == HYBRID


CIPHERS = [(1, None), (5, None), (7, 128), (7, 256)]
ESP_CIPHERS = [(2, None), (3, None), (12, 128), (12, 256)]
INTEGRITY = {1: 2, 2: 3, 5: 5}
"""The AH transform that belongs to each authentication algorithm."""


@st.composite
def phase1_policies(draw: st.DrawFn, method: int) -> tuple[Phase1Policy, ...]:
    hashes = (4,) if method == 9 else (1, 2, 4)
    count = draw(st.integers(1, 3))
    return tuple(
        Phase1Policy(10 * n, *draw(st.sampled_from(CIPHERS)), draw(st.sampled_from(hashes)), method,
                     draw(st.sampled_from((1, 1, 1, 2))), draw(st.sampled_from((600, 86400))))
        for n in range(1, count + 1)
    )


@st.composite
def phase2_policies(draw: st.DrawFn) -> tuple[Phase2Policy, ...]:
    group, made = draw(st.sampled_from((None, None, 1))), []
    mode = draw(st.sampled_from((1, 1, 1, 2)))
    for number in range(1, draw(st.integers(1, 3)) + 1):
        life = draw(st.sampled_from((300, 3600)))
        protocols = draw(st.sampled_from(("esp", "esp", "esp", "ah", "both")))
        integrity = draw(st.sampled_from(list(INTEGRITY)))
        if protocols != "esp":
            made.append(Phase2Policy(number, INTEGRITY[integrity], None, integrity, mode, life, group, protocol=2))
        if protocols != "ah":
            made.append(Phase2Policy(number, *draw(st.sampled_from(ESP_CIPHERS)), integrity, mode, life, group))
    return tuple(made)


def spoiled(config: Config, role: Role, way: Way) -> Config:
    """The same without what the other side needs to believe it."""
    if config.client is not None:
        return replace(config, client=replace(config.client, password="wrong"))
    if way.method == 1:
        return replace(config, keys=dict.fromkeys(config.keys, b"wrong"))
    own = "initiator" if role is I else "responder"
    stranger = load_credential("stranger-rsa")[1]
    if way.method == 9:
        return replace(config, authorities=())
    certificate = load_credential(f"{own}-rsa")[0]
    return replace(config, credential=Credential(certificate, stranger))


@st.composite
def settings_of_two(draw: st.DrawFn, *, alike: bool = False) -> Setting:
    """Both sides; ``alike`` if there is to be agreement on everything."""
    way = draw(st.sampled_from(WAYS))
    mode = "aggressive" if way.method == 65001 else draw(st.sampled_from(("main", "aggressive")))
    first, second = draw(phase1_policies(way.method)), draw(phase2_policies())
    configs = {}
    for role in (I, R):
        same = alike or draw(st.integers(0, 2)) > 0
        configs[role] = replace(
            hasty(role, way.name),
            mode=mode,
            phase1=first if same else draw(phase1_policies(way.method)),
            phase2=second if same else draw(phase2_policies()),
            life_rule=draw(st.sampled_from((LifeRule.CLAIM, LifeRule.OBEY) if alike else (None, *LifeRule))),
            clear_last=draw(st.booleans()),
            initial_contact=draw(st.booleans()),
            dead_peer_detection=draw(st.booleans()),
            nat_traversal=draw(st.booleans()),
        )
    trusted = alike or draw(st.integers(0, 3)) > 0
    if not trusted:
        # A gateway that only checks logins has nothing of its own that could be wrong.
        liar = I if way.logs_in else draw(st.sampled_from((I, R)))
        configs[liar] = spoiled(configs[liar], liar, way)
    return Setting(way, configs, trusted, mode == "aggressive" and configs[I].clear_last)


# ---------------------------------------------------------------- the line


def flipped(at: int, bit: int) -> Meddle:
    def meddle(octets: bytes, _: list[bytes]) -> bytes:
        place = at % len(octets)
        return octets[:place] + bytes((octets[place] ^ 1 << bit,)) + octets[place + 1 :]

    return meddle


def cut(size: int, *, mended: bool) -> Meddle:
    def meddle(octets: bytes, _: list[bytes]) -> bytes:
        left = octets[: max(1, len(octets) - size)]
        fits = mended and len(left) >= 28
        return left[:24] + len(left).to_bytes(4, "big") + left[28:] if fits else left

    return meddle


def replaced(which: int) -> Meddle:
    def meddle(octets: bytes, before: list[bytes]) -> bytes:
        return before[which % len(before)] if before else octets

    return meddle


def spliced(which: int, at: int) -> Meddle:
    """The beginning of one message and the end of another."""

    def meddle(octets: bytes, before: list[bytes]) -> bytes:
        if not before:
            return octets
        other = before[which % len(before)]
        place = 28 + at % max(1, len(octets) - 28)
        mixed = octets[:place] + other[place:]
        return mixed[:24] + len(mixed).to_bytes(4, "big") + mixed[28:] if len(mixed) >= 28 else octets

    return meddle


MEDDLES: st.SearchStrategy[Meddle] = st.one_of(
    st.builds(flipped, st.integers(0, 2000), st.integers(0, 7)),
    st.builds(flipped, st.integers(0, 60), st.integers(0, 7)),
    st.builds(cut, st.integers(1, 40), mended=st.booleans()),
    st.builds(replaced, st.integers(0, 50)),
    st.builds(spliced, st.integers(0, 50), st.integers(0, 400)),
)
WAITS = st.sampled_from((LATENCY, 0.05, 1.0, 3.0, 20.0))
LOST, ONCE, TWICE = Happening(()), Happening((LATENCY,)), Happening((LATENCY, 3.0))


def delayed(seconds: float) -> Happening:
    return Happening((LATENCY + seconds,))


def tampered(meddle: Meddle, again: float | None) -> Happening:
    return Happening((LATENCY,) if again is None else (LATENCY, LATENCY + again), meddle)


HARMLESS: st.SearchStrategy[Happening] = st.one_of(st.just(LOST), st.just(TWICE), st.builds(delayed, WAITS))
ANYTHING: st.SearchStrategy[Happening] = st.one_of(
    HARMLESS, st.builds(tampered, MEDDLES, st.one_of(st.none(), WAITS))
)


def garbled(at: int, bit: int) -> Meddle:
    """A bit of the encrypted part."""

    def meddle(octets: bytes, _: list[bytes]) -> bytes:
        place = 28 + at % (len(octets) - 28)
        return octets[:place] + bytes((octets[place] ^ 1 << bit,)) + octets[place + 1 :]

    return meddle


def forged(forgery: Meddle) -> Happening:
    return Happening(forgery=forgery)


FORGERIES: st.SearchStrategy[Happening] = st.builds(
    forged, st.builds(garbled, st.integers(0, 2000), st.integers(0, 7))
)


def happenings(one: st.SearchStrategy[Happening], most: int = 4) -> st.SearchStrategy[dict[int, Happening]]:
    return st.dictionaries(st.integers(1, MOST_TOUCHED), one, max_size=most)
