"""Fuzz targets of IKEv2: the codec a payload at a time, the eavesdropper, and both peers, from outside and inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from stage import MOST_EVENTS
from v2_stage import ASKED, Inside, V2Stage, play, sessions

from explorer.events import Datagram, Role
from explorer.octets import Buffer
from explorer.protocols.esp.observer import EspObserver
from explorer.protocols.ikev2.observer import Ikev2Observer
from explorer.registry.ikev2 import V2PayloadType
from explorer.registry.isakmp import PayloadType
from explorer.wire.field import Tree
from explorer.wire.ikev2 import V2_PAYLOADS, IkeHeader
from explorer.wire.ikev2_message import HEADER_SIZE, open_v2, read_reassembled, read_v2
from explorer.wire.message import read_message
from explorer.wire.payloads import PAYLOADS, IsakmpHeader
from explorer.wire.structure import build

Made = tuple[str, Callable[[bytes], object], bytes]
"""Label, what is run, and a genuine input."""
Check = Callable[[Tree], None]
Codec = Callable[[Callable[[bytes], object], bytes], None]

WATCHED = "ikev2-psk"
SIZES = (16, 16)


# ---------------------------------------------------------------- the codec


def _header(first: int, size: int) -> bytes:
    return build(IkeHeader(initiator_spi=b"initiate", responder_spi=b"response", next_payload=first, exchange_type=35,
                           flags=8, message_id=1, length=HEADER_SIZE + size))


def _read(check: Check, octets: bytes) -> None:
    for sizes in (None, SIZES):
        message = read_v2(Buffer("datagram", octets), 0, sizes)
        check(message.trees[0])
    if message.sealed is None:
        assert build(message.header) + b"".join(build(payload) for payload in message.payloads) == octets


def _open(check: Check, octets: bytes) -> None:
    """The first octet is the type of the first payload."""
    sealed = bytes((octets[0] if octets else 0, 0, 0, 4 + sum(SIZES))) + bytes(sum(SIZES))
    message = read_v2(Buffer("datagram", _header(46, len(sealed)) + sealed), 0, SIZES)
    opened = open_v2(message, octets[1:], message.part("ciphertext"))
    check(opened.trees[1])
    built = b"".join(build(payload) for payload in opened.payloads)
    assert built == octets[1 : 1 + len(built)]


def _reassemble(check: Check, octets: bytes) -> None:
    """The first octet is the type of the first payload."""
    fragment = bytes((0, 0, 0, 8 + sum(SIZES), 0, 2, 0, 2)) + bytes(sum(SIZES))
    message = read_v2(Buffer("datagram", _header(53, len(fragment)) + fragment), 0, SIZES)
    whole = read_reassembled(message, octets[1:], octets[0] if octets else 0)
    check(whole.trees[-1])


def read_payload(kind: int, check: Check, codec: Codec, octets: bytes) -> None:
    """One payload with its generic header, of a type that is given."""
    codec(partial(_read, check), _header(kind, len(octets)) + octets)


def _read_v1(check: Check, octets: bytes) -> None:
    check(read_message(Buffer("datagram", octets)).trees[0])


def read_payload_of_v1(kind: int, check: Check, codec: Codec, octets: bytes) -> None:
    header = IsakmpHeader(initiator_cookie=b"initiate", responder_cookie=b"response", exchange_type=2,
                          next_payload=kind, length=HEADER_SIZE + len(octets))
    codec(partial(_read_v1, check), build(header) + octets)


def _examples(scenes: list[V2Stage]) -> dict[int, bytes]:
    """The longest genuine payload of each type, with its generic header."""
    found: dict[int, bytes] = {}
    for stage in scenes:
        inside = stage.inside()
        first, rest = (inside.first, inside.rest) if inside is not None else (0, b"")
        if inside is None and len(stage.template) > HEADER_SIZE and stage.template[16] != 46:
            first, rest = stage.template[16], stage.template[HEADER_SIZE:]
        while first and rest:
            size = int.from_bytes(rest[2:4], "big")
            if len(found.get(first, b"")) < size:
                found[first] = bytes(1) + rest[1:size]
            first, rest = rest[0], rest[size:]
    return found


_ANYTHING = b"\0\0\0\x0c\1\0\0\1abcd"


def codec_targets(scenes: list[V2Stage], check: Check, codec: Codec) -> Iterator[Made]:
    init = next(stage.template for stage in scenes if stage.role is Role.RESPONDER)
    inside = max((found for stage in scenes if (found := stage.inside()) is not None), key=lambda one: len(one.rest))
    payloads = bytes((inside.first,)) + inside.rest
    yield "codec-v2-message", partial(codec, partial(_read, check)), init
    yield "codec-v2-inside", partial(codec, partial(_open, check)), payloads + bytes(1)
    yield "codec-v2-reassembled", partial(codec, partial(_reassemble, check)), payloads
    genuine = _examples(scenes)
    for kind in sorted(V2_PAYLOADS):
        name = V2PayloadType.name_of(kind).lower().replace(" ", "-")
        label = f"codec-v2-payload-{kind}-{''.join(c for c in name if c.isalnum() or c == '-')}"
        yield label, partial(read_payload, kind, check, codec), genuine.get(kind, _ANYTHING)
    for kind in sorted(PAYLOADS):
        name = PayloadType.name_of(kind).lower().replace(" ", "-")
        label = f"codec-v1-payload-{kind}-{''.join(c for c in name if c.isalnum() or c == '-')}"
        yield label, partial(read_payload_of_v1, kind, check, codec), _ANYTHING


# ---------------------------------------------------------------- the eavesdropper


def watch(run: list[tuple[Datagram, Role]], at: int, sender: Role, octets: bytes) -> None:
    """An eavesdropper on a whole run; datagram ``at`` is another one than it was, or comes from the other side."""
    observer = Ikev2Observer()
    changed = run[at][0]._replace(octets=octets)
    for datagram, role in (*run[:at], (changed, sender), *run[at + 1 :], (changed, sender)):
        if EspObserver.is_ipsec(datagram):
            EspObserver().see(datagram)
        else:
            observer.see(datagram, role)
        count = 0
        while observer.next_event() is not None:
            count += 1
        assert count < MOST_EVENTS


def observer_targets(scenes: list[V2Stage]) -> Iterator[Made]:
    scenario = next(stage.scenario for stage in scenes if stage.scenario.name == WATCHED)
    run = [(act.datagram, role.other) for role, act in play(scenario) if act.octets]
    for at, (datagram, sender) in enumerate(run):
        yield f"eavesdropper-{scenario.name}-{at}", partial(watch, run, at, sender), datagram.octets


# ---------------------------------------------------------------- the peers


def deliver_raw(stage: V2Stage, kind: str, octets: bytes) -> None:
    stage.deliver(kind, octets)


def deliver_sealed(stage: V2Stage, octets: bytes) -> None:
    """What somebody says who has the keys, though perhaps not the right to have them."""
    stage.deliver("udp", stage.seal(Inside.of(octets)), by_the_peer=True)


def host_targets(stage: V2Stage) -> Iterator[Made]:
    yield f"{stage.label}-udp", partial(deliver_raw, stage, "udp"), stage.template
    inside = stage.inside()
    if inside is not None:
        yield f"{stage.label}-sealed", partial(deliver_sealed, stage), inside.octets()
    if stage.host.ipsec._inbound and stage.expected("ip").octets:
        yield f"{stage.label}-ip", partial(deliver_raw, stage, "ip"), stage.expected("ip").octets


def request_targets(scenes: list[V2Stage]) -> Iterator[Made]:
    """Whatever a side is about to do, the other may ask for something under the newest IKE SA that stands."""
    requests = [
        inside for stage in scenes
        if not stage.template[19:20] >= b"\x20" and (inside := stage.inside()) is not None and inside.kind in (36, 37)
    ]
    standing = [stage for stage in scenes if any(a.sa.up for a in sessions(stage.host))]
    for index, stage in enumerate(one for one in standing if one.scenario.name == WATCHED):
        asked = requests[index % len(requests)]
        example = asked._replace(kind=asked.kind | ASKED).octets()
        yield f"{stage.label}-asked", partial(deliver_sealed, stage), example


def v2_targets(scenes: list[V2Stage], check: Check, codec: Codec) -> Iterator[Made]:
    for stage in scenes:
        yield from host_targets(stage)
    yield from request_targets(scenes)
    yield from observer_targets(scenes)
    yield from codec_targets(scenes, check, codec)
