"""The data of notifications: a structure for each kind whose octets have a meaning of their own (RFC 7296 §3.10.1)."""

from __future__ import annotations

from typing import Any

from explorer.registry.ikev2 import SignatureHash, V2PayloadType
from explorer.registry.ikev2_notify import V2NotifyType
from explorer.registry.ikev2_transforms import KeyExchangeId
from explorer.registry.number import Number
from explorer.wire import say
from explorer.wire.ikev2 import V2Notify
from explorer.wire.structure import rest, select_variant

_TYPE_AT = 6
"""Where the type stands: behind the generic header, protocol and SPI size."""


def _say_number(numbers: type[Number], size: int, value: Any) -> str:
    """A number under its name; octets of any other size are no number of this kind."""
    return numbers.say(int.from_bytes(value, "big")) if len(value) == size else say.hexadecimal(value)


def _say_hashes(value: Any) -> str:
    if len(value) % 2:
        return say.hexadecimal(value)
    found = [int.from_bytes(value[at : at + 2], "big") for at in range(0, len(value), 2)]
    return ", ".join(map(SignatureHash.say, found))


def _say_seconds(value: Any) -> str:
    return f"{int.from_bytes(value, 'big')} s" if len(value) == 4 else say.hexadecimal(value)


class V2WantedMethod(V2Notify, cite="RFC 7296 §1.3", key="v2_notify"):
    """INVALID_KE_PAYLOAD: the method that the sender would take."""

    data: bytes = rest(label="Notification data", default=b"", say=lambda v: _say_number(KeyExchangeId, 2, v))


class V2UnknownPayload(V2Notify, cite="RFC 7296 §2.5", key="v2_notify"):
    """UNSUPPORTED_CRITICAL_PAYLOAD: the type that the sender does not know."""

    data: bytes = rest(label="Notification data", default=b"", say=lambda v: _say_number(V2PayloadType, 1, v))


class V2Hashes(V2Notify, cite="RFC 7427 §4", key="v2_notify"):
    """SIGNATURE_HASH_ALGORITHMS: what the sender takes in signatures."""

    data: bytes = rest(label="Notification data", default=b"", say=_say_hashes)


class V2AnotherAddress(V2Notify, cite="RFC 4555 §4.2", key="v2_notify"):
    """ADDITIONAL_IP4_ADDRESS: where the sender can be reached besides."""

    data: bytes = rest(label="Notification data", default=b"", say=say.ipv4)


class V2AnotherAddress6(V2Notify, cite="RFC 4555 §4.2", key="v2_notify"):
    """ADDITIONAL_IP6_ADDRESS: the same of IPv6."""

    data: bytes = rest(label="Notification data", default=b"", say=say.ipv6)


class V2Lifetime(V2Notify, cite="RFC 4478 §3", key="v2_notify"):
    """AUTH_LIFETIME: how long a proof is good for."""

    data: bytes = rest(label="Notification data", default=b"", say=_say_seconds)


class V2PlainNotify(V2Notify, key="v2_notify"):
    """Any other: no data, or octets that only mean something to the peer."""


_KINDS: dict[int, type[V2Notify]] = {
    V2NotifyType.INVALID_KE_PAYLOAD: V2WantedMethod,
    V2NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD: V2UnknownPayload,
    V2NotifyType.SIGNATURE_HASH_ALGORITHMS: V2Hashes,
    V2NotifyType.ADDITIONAL_IP4_ADDRESS: V2AnotherAddress,
    V2NotifyType.ADDITIONAL_IP6_ADDRESS: V2AnotherAddress6,
    V2NotifyType.AUTH_LIFETIME: V2Lifetime,
}
select_variant(
    V2Notify,
    lambda data, at: _KINDS.get(int.from_bytes(data[at + _TYPE_AT : at + _TYPE_AT + 2], "big"), V2PlainNotify),
)
