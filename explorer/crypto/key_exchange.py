"""The key exchange methods of IKEv2 by number, and what they make, as terms (RFC 7296 §3.4)."""

from __future__ import annotations

from explorer.crypto import curves
from explorer.crypto.expression import Expr
from explorer.crypto.groups import SUPPORTED
from explorer.crypto.key_exchange_ecp import EcpMethod
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.key_exchange_ml_kem import MlKemMethod
from explorer.crypto.key_exchange_modp import ModpMethod
from explorer.crypto.key_exchange_montgomery import X448, X25519, MontgomeryMethod
from explorer.crypto.ml_kem import ML_KEM_512, ML_KEM_768, ML_KEM_1024
from explorer.crypto.term import Nature, Term, derive

_ALL: tuple[KeyExchangeMethod, ...] = (
    *map(ModpMethod, SUPPORTED),
    EcpMethod(19, "P-256", curves.P_256, "RFC 5903 §7"),
    EcpMethod(20, "P-384", curves.P_384, "RFC 5903 §7"),
    EcpMethod(21, "P-521", curves.P_521, "RFC 5903 §7"),
    EcpMethod(28, "brainpoolP256r1", curves.BRAINPOOL_256, "RFC 6954 §2.3"),
    EcpMethod(29, "brainpoolP384r1", curves.BRAINPOOL_384, "RFC 6954 §2.3"),
    EcpMethod(30, "brainpoolP512r1", curves.BRAINPOOL_512, "RFC 6954 §2.3"),
    MontgomeryMethod(31, X25519),
    MontgomeryMethod(32, X448),
    MlKemMethod(35, ML_KEM_512),
    MlKemMethod(36, ML_KEM_768),
    MlKemMethod(37, ML_KEM_1024),
)
METHODS = {method.number: method for method in _ALL}
"""By the number that IANA gave them."""


def initiator_value(method: KeyExchangeMethod, symbol: str, private: Term, scope: str) -> Term:
    """What the initiator's KE payload carries, ``public_size`` octets."""
    return _sent(method, symbol, private, scope, method.public(private))


def responder_value(method: KeyExchangeMethod, symbol: str, private: Term, received: Term, scope: str) -> Term:
    """What the responder's KE payload carries, ``response_size`` octets; ``received`` was usable."""
    return _sent(method, symbol, private, scope, method.response(private, received))


def shared(
    method: KeyExchangeMethod, symbol: str, private: Term, received: Term, scope: str, initiator: bool
) -> Term:
    """The shared secret of one side, ``secret_size`` octets; ``received`` was usable.

    Raises:
        ValueError: X25519 or X448 gives only zeros for what the peer sent (RFC 8031 §3.2); one line.
    """
    return derive(symbol, method.secret(private, received, initiator=initiator), method.citation, scope=scope)


def is_usable(method: KeyExchangeMethod, octets: bytes, from_initiator: bool) -> bool:
    """Whether a received value passes the tests that its method has for it (RFC 6989); it never raises."""
    return method.is_usable(octets, from_initiator=from_initiator)


def _sent(method: KeyExchangeMethod, symbol: str, private: Term, scope: str, expression: Expr) -> Term:
    return derive(symbol, expression, method.citation, scope=scope, nature=Nature.PUBLIC, owner=private.owner)
