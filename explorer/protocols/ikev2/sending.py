"""From the payloads of a message to its datagrams: in the clear, encrypted, or in fragments (RFC 7296 §3, RFC 7383)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from explorer.crypto.expression import Expr
from explorer.events import Binding, Making, Role
from explorer.octets import Buffer, Span
from explorer.protocols.ikev2.fragments import pieces
from explorer.protocols.ikev2.parts import Part, chain
from explorer.protocols.ikev2.protection import SealedMessage, seal
from explorer.wire.ikev2 import IkeHeader
from explorer.wire.ikev2_message import HEADER_SIZE, V2Message, open_fragment, open_v2, read_reassembled, read_v2
from explorer.wire.structure import build

if TYPE_CHECKING:
    from explorer.protocols.ikev2.exchange import V2Exchange


class Made(NamedTuple):
    """One datagram, read back; ``whole`` if all payloads of the message can be seen in it, or with those before it."""

    message: V2Message
    bindings: Sequence[Binding]
    whole: bool


def datagrams(x: V2Exchange, parts: Sequence[Part], sends: str) -> Iterator[Made]:
    """The message of these payloads; ``sends`` is its notation, said once more for every further fragment."""
    first, content = chain(parts)
    start = x.party.link.header_at
    if not x.encrypted:
        head = build(_header(x).replace(next_payload=first, length=HEADER_SIZE + len(content.octets)))
        yield Made(read_v2(Buffer("datagram", bytes(start) + head + content.octets), start), (), whole=True)
        return
    sa = x.sa
    cut = pieces(sa.suite, content, start, x.party.config.fragment_size if sa.takes_fragments else 0)
    if len(cut) == 1:
        sealed = _sealed(x, first, cut[0], start, None)
        yield Made(open_v2(sealed.message, sealed.plaintext, _where(sealed)), sealed.bindings, whole=True)
        return
    for number, piece in enumerate(cut, 1):
        if number > 1:
            x.party.emit(Making(x.name, x.scope, sends))
        sealed = _sealed(x, first if number == 1 else 0, piece, start, (number, len(cut)))
        message = open_fragment(sealed.message, sealed.plaintext, _where(sealed))
        last = number == len(cut)
        yield Made(read_reassembled(message, content.octets, first) if last else message, sealed.bindings, whole=last)


def _where(sealed: SealedMessage) -> Span:
    return sealed.message.part("ciphertext")


def _sealed(x: V2Exchange, first: int, piece: Expr, start: int, fragment: tuple[int, int] | None) -> SealedMessage:
    sa, side = x.sa, x.letter(x.role)
    return seal(
        sa.suite, sa.sealing_keys(own=True), _header(x), first, piece, start,
        scope=x.scope, number=f"_{side}({fragment[0]})" if fragment is not None else f"_{side}",
        draw=lambda size, purpose: x.party.entropy.draw(size, f"{x.party.role}/{purpose}"),
        learn=x.ledger.learn, fragment=fragment,
    )


def _header(x: V2Exchange) -> IkeHeader:
    """Without the length, which comes last."""
    sa = x.sa
    return IkeHeader(
        initiator_spi=sa.spis[0],
        responder_spi=sa.spis[1],
        version=x.party.config.version,
        exchange_type=x.exchange_type,
        flags=sa.flags(response=x.role is Role.RESPONDER),
        message_id=x.message_id,
        length=0,
    )
