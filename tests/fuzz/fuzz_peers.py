"""Fuzz targets: the codec, and both peers of both versions in every state.

The first two octets of an input pick the target.

Coverage-guided (needs the ``fuzz`` dependencies)::

    python tests/fuzz/fuzz_peers.py WORK_FOLDER tests/fuzz/corpus -max_total_time=180

``test_corpus.py`` replays the corpus and seeded mutations of it without atheris;
``python tests/fuzz/fuzz_peers.py --write-corpus`` makes the corpus anew.
"""

from __future__ import annotations

import random  # noqa: TID251 - random is used to mutate, from a seed
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from stage import HEADER, MOST_EVENTS, Stage, play, stages
from v2_stage import v2_stages
from v2_targets import v2_targets

from explorer.errors import WireError
from explorer.events import Datagram, Role
from explorer.lab.entropy import SeededEntropy
from explorer.lab.scenario import Scenario
from explorer.octets import Buffer, Span
from explorer.protocols.esp.observer import EspObserver
from explorer.protocols.ikev1.observer import Ikev1Observer
from explorer.registry.ip import IpProtocol
from explorer.wire.ah import read_ah
from explorer.wire.esp import read_content, read_esp, read_sealed
from explorer.wire.field import Field, Tree
from explorer.wire.ip import build_echo, build_ipv4
from explorer.wire.message import open_message, read_message
from explorer.wire.payloads import BODIES_ENCRYPTED, KEY_ENCRYPTED_TOO, PAYLOADS, IsakmpHeader
from explorer.wire.structure import build

CORPUS = Path(__file__).parent / "corpus"
MAIN = ("ikev1-main-psk-", "ikev2-psk-")
WATCHED = ("ikev1-main-psk", "ikev1-aggressive-pke", "ikev1-remote-access-hybrid")
"""Scenarios that the eavesdropper is let into."""

_DIALECTS = {"plain": PAYLOADS, "bodies": BODIES_ENCRYPTED, "key-too": KEY_ENCRYPTED_TOO}
_SPOKEN = {"plain": "ikev1-aggressive-psk", "bodies": "ikev1-aggressive-pke", "key-too": "ikev1-main-revised-pke"}


class Target(NamedTuple):
    """``run`` takes octets and raises only if a promise is broken; ``example`` is a genuine input."""

    label: str
    run: Callable[[bytes], object]
    example: bytes


# ---------------------------------------------------------------- the codec


def check_tree(tree: Tree) -> None:
    """Leaves tile the buffer, and every field has words."""
    at = 0
    for leaf in tree.root.leaves():
        assert leaf.start == at, f"{leaf.spec.key} starts at {leaf.start}, expected {at}"
        at = leaf.end
    assert at == len(tree.buffer.octets), f"the tree ends at {at} of {len(tree.buffer.octets)}"
    check_words(tree.root)


def check_words(root: Field) -> None:
    for field in root.walk():
        words = field.meaning
        assert words.isprintable(), f"{field.spec.key} says {words!r}"


def codec(read: Callable[[bytes], object], octets: bytes) -> None:
    """Whatever arrives is either read or a ``WireError`` that points into it."""
    try:
        read(octets)
    except WireError as error:
        check_error(error, len(octets))


def check_error(error: WireError, size: int) -> None:
    assert 0 <= error.offset <= size, f"offset {error.offset} of {size}"
    if isinstance(error.tree, Field):
        assert error.tree.end <= size
        check_words(error.tree)


def _read_message(octets: bytes) -> None:
    message = read_message(Buffer("datagram", octets))
    check_tree(message.trees[0])
    if message.opened:
        assert build(message.header) + b"".join(build(payload) for payload in message.payloads) == octets


def _open_message(octets: bytes) -> None:
    """The first octet is the type of the first payload."""
    sealed = bytes(16)
    header = IsakmpHeader(initiator_cookie=b"initiate", responder_cookie=b"response", exchange_type=32, flags=1,
                          next_payload=octets[0] if octets else 0, length=HEADER + len(sealed))
    plaintext = octets[1:]
    message = open_message(read_message(Buffer("datagram", build(header) + sealed)), plaintext)
    check_tree(message.trees[1])
    built = b"".join(build(payload) for payload in message.payloads)
    assert built == plaintext[: len(built)]


def _read_esp(octets: bytes) -> None:
    """The first octet picks the sizes of IV and ICV."""
    kind = octets[0] if octets else 0
    packet, tree = read_esp(Buffer("datagram", octets[1:]), (8, 16)[kind & 1], (12, 16, 24, 32)[kind >> 1 & 3])
    check_tree(tree)
    assert build(packet) == octets[1:]


def _read_sealed(octets: bytes) -> None:
    packet, tree = read_sealed(Buffer("datagram", octets))
    check_tree(tree)
    assert build(packet) == octets


def _read_ah(octets: bytes) -> None:
    header, packet, tree = read_ah(Buffer("datagram", octets), (16, 12))
    check_tree(tree)
    size = len(build(header))
    assert build(header) + (build(packet) if packet is not None else octets[size:]) == octets


def _read_dialect(dialect: str, octets: bytes) -> None:
    message = read_message(Buffer("datagram", octets), _DIALECTS[dialect])
    check_tree(message.trees[0])


def _read_content(octets: bytes) -> None:
    sealed = Buffer("datagram", bytes(8) + octets)
    inner, trailer, tree = read_content(octets, Span(sealed, 8, len(sealed.octets)))
    check_tree(tree)
    assert inner + build(trailer) == octets


# ---------------------------------------------------------------- the eavesdropper


def watch(run: list[tuple[Datagram, Role]], at: int, sender: Role, octets: bytes) -> None:
    """An eavesdropper on a whole run; datagram ``at`` is another one than it was, or comes from the other side."""
    observer = Ikev1Observer(SeededEntropy(1, "eavesdropper"))
    changed = run[at][0]._replace(octets=octets)
    for datagram, role in (*run[:at], (changed, sender), *run[at + 1 :]):
        if not EspObserver.is_ipsec(datagram):
            observer.see(datagram, role)
        assert _count_events(observer) < MOST_EVENTS
    observer.see(changed, sender)
    EspObserver().see(changed)


def _count_events(observer: Ikev1Observer) -> int:
    count = 0
    while observer.next_event() is not None:
        count += 1
    return count


# ---------------------------------------------------------------- the list of targets


def deliver_raw(stage: Stage, kind: str, octets: bytes) -> None:
    stage.deliver(kind, octets)


def deliver_sealed(stage: Stage, plaintext: bytes) -> None:
    """Octets that somebody with the encryption key sends; no hash covers the zeros after the last payload."""
    payloads = stage.plaintext().rstrip(b"\0")
    stage.deliver("udp", stage.seal(plaintext), by_the_peer=plaintext.startswith(payloads))


def deliver_signed(stage: Stage, rest: bytes) -> None:
    """Payloads of a peer that has proven itself, and now sends nonsense."""
    stage.deliver("udp", stage.sign(rest), by_the_peer=True)


_HASH = bytes((0, 0, 24))
"""The rest of the generic header of a HASH payload of 20 octets."""


def behind_hash(plaintext: bytes) -> bytes:
    """What a HASH in front covers; nothing where there is none."""
    return plaintext[24:] if plaintext[1:4] == _HASH else b""


def host_targets(stage: Stage) -> Iterator[Target]:
    label, plaintext = stage.label, stage.plaintext()
    yield Target(f"{label}-udp", partial(deliver_raw, stage, "udp"), stage.expected("udp").octets)
    if plaintext:
        yield Target(f"{label}-sealed", partial(deliver_sealed, stage), plaintext)
    if stage.sign(b""):
        yield Target(f"{label}-signed", partial(deliver_signed, stage), behind_hash(plaintext))
    if stage.host.ipsec._inbound:
        yield Target(f"{label}-ip", partial(deliver_raw, stage, "ip"), stage.expected("ip").octets)


def observer_targets(scenario: Scenario) -> Iterator[Target]:
    run = [(act.datagram, role.other) for role, act in play(scenario) if act.octets]
    for at, (datagram, _) in enumerate(run):
        for sender in (Role.INITIATOR, Role.RESPONDER):
            label = f"eavesdropper-{scenario.name}-{at}-{sender}"
            yield Target(label, partial(watch, run, at, sender), datagram.octets)


def codec_targets(scenes: list[Stage]) -> Iterator[Target]:
    echo = build_ipv4(bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2)), IpProtocol.ICMP, build_echo(8, 1, 1, b"Anybody?"))
    padding = -(len(echo) + 2) % 16
    content = echo + bytes(range(1, padding + 1)) + bytes((padding, 4))
    packets = {act.datagram.protocol: act.octets for stage in scenes for act in stage.acts if act.kind == "ip"}
    esp, ah = packets[IpProtocol.ESP], packets[IpProtocol.AH]
    inside = max((stage.plaintext() for stage in scenes if stage.plaintext()[1:4] == _HASH), key=len)
    yield Target("codec-message", partial(codec, _read_message), scenes[0].acts[1].octets)
    yield Target("codec-inside", partial(codec, _open_message), b"\x08" + inside)
    yield Target("codec-esp", partial(codec, _read_esp), b"\x01" + esp)
    yield Target("codec-sealed-esp", partial(codec, _read_sealed), esp)
    yield Target("codec-ah", partial(codec, _read_ah), ah)
    yield Target("codec-content", partial(codec, _read_content), content)
    for dialect in ("plain", "bodies", "key-too"):
        message = next(stage.expected("udp").octets for stage in scenes if stage.scenario.name == _SPOKEN[dialect])
        yield Target(f"codec-dialect-{dialect}", partial(codec, partial(_read_dialect, dialect)), message)


@cache
def targets() -> list[Target]:
    scenes = list(stages())
    found = [target for stage in scenes for target in host_targets(stage)]
    for name in WATCHED:
        found += observer_targets(next(stage.scenario for stage in scenes if stage.scenario.name == name))
    found += codec_targets(scenes)
    # Behind the others, so that the inputs of those keep their numbers.
    found += [Target(*made) for made in v2_targets(list(v2_stages()), check_tree, codec)]
    assert len(found) < 1 << 16
    return found


PICK = 2
"""Octets that pick the target."""


def target_of(data: bytes) -> Target:
    everything = targets()
    return everything[int.from_bytes(data[:PICK], "big") % len(everything)]


def entry(data: bytes) -> None:
    """One input: two octets that pick the target, and what that target takes."""
    if len(data) >= PICK:
        target_of(data).run(data[PICK:])


# ---------------------------------------------------------------- mutations that know the format

_TELLING = (0, 1, 2, 3, 4, 5, 8, 10, 12, 13, 14, 16, 20, 28, 32, 127, 128, 255)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A few changes; then, more often than not, the header's Length is made right again."""
    octets = bytearray(data[PICK:])
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at, kind = chance.randrange(len(octets) + 1), chance.random()
        if kind < 0.55 and at < len(octets):
            octets[at] = chance.choice(_TELLING) if chance.random() < 0.6 else chance.randrange(256)
        elif kind < 0.7:
            del octets[at : at + chance.choice((1, 2, 4, 8, 16, 400))]
        elif kind < 0.85:
            octets[at:at] = chance.randbytes(chance.choice((1, 2, 4, 8, 16)))
        else:
            octets += octets[at : at + 64]
    if len(octets) >= HEADER and chance.random() < 0.8 and "-udp" in target_of(data).label:
        octets[24:28] = len(octets).to_bytes(4, "big")
    return data[:PICK] + bytes(octets)


def examples() -> dict[str, bytes]:
    """The corpus by file name: each target's genuine input, and one mutation of it."""
    files = {}
    for index, target in enumerate(targets()):
        genuine = index.to_bytes(PICK, "big") + target.example
        files[f"{target.label}.bin"] = genuine
        codec = target.label.startswith("codec") and "-payload-" not in target.label
        if codec or any(name in target.label for name in MAIN):
            files[f"{target.label}-mutated.bin"] = mutate(genuine, random.Random(index))
    return files


def write_corpus() -> None:
    CORPUS.mkdir(exist_ok=True)
    for old in CORPUS.glob("*.bin"):
        old.unlink()
    for name, octets in examples().items():
        (CORPUS / name).write_bytes(octets)


def main() -> None:
    if sys.argv[1:] == ["--write-corpus"]:
        write_corpus()
        return
    import atheris

    targets()
    atheris.instrument_all()

    def custom_mutator(data: bytes, max_size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        changed = mutate(data, chance) if data and chance.random() < 0.5 else atheris.Mutate(data, len(data) + 16)
        return changed[:max_size]

    atheris.Setup(sys.argv, entry, custom_mutator=custom_mutator)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
