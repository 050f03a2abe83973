from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from known import cases, term
from proving import proved

from explorer.crypto.curves import BRAINPOOL_256, P_256, P_521, ExchangeCurve
from explorer.crypto.groups import SUPPORTED, modp_group
from explorer.crypto.key_exchange import METHODS, initiator_value, is_usable, responder_value, shared
from explorer.crypto.key_exchange_ecp import CurvePoint, EcpMethod
from explorer.crypto.key_exchange_method import KeyExchangeMethod
from explorer.crypto.key_exchange_montgomery import MontgomeryMethod
from explorer.crypto.term import Nature, Term

Case = dict[str, Any]
ALL = pytest.mark.parametrize("method", METHODS.values(), ids=lambda m: m.label)
ECP = [method for method in METHODS.values() if isinstance(method, EcpMethod)]
EACH_ECP = pytest.mark.parametrize("method", ECP, ids=lambda m: m.label)
MONTGOMERY = pytest.mark.parametrize(
    "method", [m for m in METHODS.values() if isinstance(m, MontgomeryMethod)], ids=lambda m: m.label
)


def drawn(symbol: str, size: int, owner: str = "") -> Term:
    return term(symbol, bytes((len(symbol) + 37 * x) & 255 for x in range(1, size + 1)), owner)


def private_of(method: KeyExchangeMethod, scalar: str) -> bytes:
    """The octets that become this scalar."""
    if isinstance(method, EcpMethod):
        return (int(scalar, 16) - 1).to_bytes(method.private_size, "big")
    return bytes.fromhex(scalar)


def prove(*terms: Term) -> None:
    for held in terms:
        assert held.expression is not None
        assert proved(held.expression) == held.octets


def coordinates(curve: ExchangeCurve, x: int, y: int) -> bytes:
    return x.to_bytes(curve.size, "big") + y.to_bytes(curve.size, "big")


@pytest.mark.parametrize("case", cases("strongswan_curves"), ids=lambda c: c["name"])
def test_known_answers(case: Case) -> None:
    method = METHODS[case["number"]]
    i, r = term("i", private_of(method, case["d_i"])), term("r", private_of(method, case["d_r"]))
    KEi = initiator_value(method, "KEi", i, "")
    KEr = responder_value(method, "KEr", r, KEi, "")
    assert (KEi.octets.hex(), KEr.octets.hex()) == (case["public_i"], case["public_r"])
    ours = shared(method, "g^ir", i, KEr, "", initiator=True)
    theirs = shared(method, "g^ir", r, KEi, "", initiator=False)
    assert ours.octets.hex() == theirs.octets.hex() == case["shared"]
    prove(KEi, KEr, ours, theirs)


def test_every_curve_has_a_known_answer() -> None:
    assert {case["number"] for case in cases("strongswan_curves")} == {19, 20, 21, 28, 29, 30, 31, 32}


@pytest.mark.parametrize("case", cases("strongswan_modp"), ids=lambda c: str(c["group"]))
def test_known_answers_of_modp(case: Case) -> None:
    method = METHODS[case["group"]]
    i, r = term("i", case["x_i"]), term("r", case["x_r"])
    KEi = initiator_value(method, "KEi", i, "")
    KEr = responder_value(method, "KEr", r, KEi, "")
    assert (KEi.octets.hex(), KEr.octets.hex()) == (case["public_i"], case["public_r"])
    assert shared(method, "g^ir", i, KEr, "", initiator=True).octets.hex() == case["shared"]


def test_numbers_of_iana() -> None:
    assert set(METHODS) == {1, 2, 5, *range(14, 22), *range(28, 33), 35, 36, 37}
    assert all(METHODS[number].number == number for number in METHODS)
    assert len({method.label for method in METHODS.values()}) == len(METHODS)


@ALL
def test_both_sides_agree(method: KeyExchangeMethod) -> None:
    i = drawn("i", method.private_size, "initiator")
    r = drawn("rr", method.response_private_size, "responder")
    KEi = initiator_value(method, "KEi", i, "IKE SA 1")
    KEr = responder_value(method, "KEr", r, KEi, "IKE SA 1")
    assert (len(KEi.octets), len(KEr.octets)) == (method.public_size, method.response_size)
    assert is_usable(method, KEi.octets, from_initiator=True)
    assert is_usable(method, KEr.octets, from_initiator=False)
    ours = shared(method, "g^ir", i, KEr, "IKE SA 1", initiator=True)
    theirs = shared(method, "g^ir", r, KEi, "IKE SA 1", initiator=False)
    assert ours.octets == theirs.octets
    assert len(ours.octets) == method.secret_size
    assert (KEi.owner, KEr.owner, ours.owner) == ("initiator", "responder", "")
    assert (KEi.nature, KEr.nature, ours.nature) == (Nature.PUBLIC, Nature.PUBLIC, Nature.DERIVED)
    assert {held.scope for held in (KEi, KEr, ours, theirs)} == {"IKE SA 1"}
    assert {held.citation for held in (KEi, KEr, ours)} == {method.citation}
    assert i in KEi.made_of()
    assert KEr in ours.made_of()
    prove(*(held for held in (KEi, KEr, ours, theirs) if held.command()))


@ALL
def test_no_other_length_is_usable(method: KeyExchangeMethod) -> None:
    KEi = initiator_value(method, "KEi", drawn("i", method.private_size), "")
    for octets in (b"", KEi.octets[:-1], KEi.octets + b"\0", b"\0" + KEi.octets):
        assert not is_usable(method, octets, from_initiator=True)
        assert not is_usable(method, octets, from_initiator=False)


@pytest.mark.parametrize("number", SUPPORTED)
def test_trivial_modp_values_are_not_usable(number: int) -> None:
    method, group = METHODS[number], modp_group(number)
    assert (method.public_size, method.private_size) == (group.size, group.exponent_size)
    for value in (0, 1, group.prime - 1, group.prime, 256**group.size - 1):
        assert not is_usable(method, value.to_bytes(group.size, "big"), from_initiator=True)
    assert is_usable(method, (2).to_bytes(group.size, "big"), from_initiator=False)


@EACH_ECP
def test_only_points_on_the_curve_are_usable(method: EcpMethod) -> None:
    curve = method.curve
    (x, y), p = curve.g, curve.p
    assert is_usable(method, coordinates(curve, x, y), from_initiator=True)
    assert is_usable(method, coordinates(curve, x, p - y), from_initiator=True)
    room = 256**curve.size
    for other in ((0, 0), (x, 0), (y, x), (x, (y + 1) % p), (p - 1, p - 1), (room - 1, room - 1)):
        assert not is_usable(method, coordinates(curve, *other), from_initiator=True)
    if x + p < room:
        assert not is_usable(method, coordinates(curve, x + p, y), from_initiator=True)


@EACH_ECP
def test_curves_are_those_of_the_library(method: EcpMethod) -> None:
    curve, theirs = method.curve, getattr(ec, method.curve.library)()
    assert theirs.group_order == curve.order
    for scalar in (1, 2, curve.order - 1):
        numbers = ec.derive_private_key(scalar, theirs).public_key().public_numbers()
        assert curve.holds(numbers.x, numbers.y)
    assert ec.derive_private_key(1, theirs).public_key().public_numbers().x == curve.g[0]


@EACH_ECP
def test_drawn_octets_become_a_scalar(method: EcpMethod) -> None:
    curve, size = method.curve, method.private_size
    assert size == curve.size + 8
    expected = {0: 1, 1: 2, curve.order - 2: curve.order - 1, curve.order - 1: 1, curve.order: 2}
    for number, scalar in expected.items():
        made = initiator_value(method, "KEi", term("i", number.to_bytes(size, "big")), "")
        theirs = ec.derive_private_key(scalar, getattr(ec, curve.library)()).public_key().public_numbers()
        assert made.octets == coordinates(curve, theirs.x, theirs.y)
        if number in (0, curve.order - 2):
            prove(made)


def test_a_secret_with_leading_zeros_is_printed_whole() -> None:
    method = METHODS[19]
    KEr = initiator_value(method, "KEr", drawn("r", method.private_size), "")
    made = (
        shared(method, "g^ir", term("i", number.to_bytes(40, "big")), KEr, "", initiator=True)
        for number in range(100_000)
    )
    short = next(held for held in made if held.octets[0] == 0)
    assert len(short.octets) == 32
    prove(short)


@pytest.mark.parametrize("curve", [P_256, P_521, BRAINPOOL_256], ids=lambda c: c.label)
def test_a_point_elsewhere_is_one_line(curve: ExchangeCurve) -> None:
    point, n = term("KEr", bytes(2 * curve.size - 1) + b"\1"), term("n", curve.order.to_bytes(curve.size, "big"))
    with pytest.raises(ValueError, match=f"^expected a point on {curve.label}$"):
        CurvePoint(curve, term("i", b"\7"), point, n, only_x=True)


@MONTGOMERY
def test_a_secret_of_zeros_is_refused(method: MontgomeryMethod) -> None:
    size, p, i = method.curve.size, method.curve.p, drawn("i", method.private_size)
    for u in (0, 1, p - 1, p, p + 1):
        KEr = term("KEr", u.to_bytes(size, "little"))
        assert is_usable(method, KEr.octets, from_initiator=False)
        with pytest.raises(ValueError, match=f"^{method.label} gives only zeros for what the peer sent$"):
            shared(method, "g^ir", i, KEr, "", initiator=True)


@MONTGOMERY
def test_any_string_is_a_coordinate(method: MontgomeryMethod) -> None:
    for u in (b"\xff" * method.public_size, b"\x05" + b"\x80" * (method.public_size - 1)):
        prove(shared(method, "g^ir", drawn("i", method.private_size), term("KEr", u), "", initiator=True))


def formulas(method: KeyExchangeMethod) -> list[str]:
    i, r = drawn("i", method.private_size), drawn("r", method.response_private_size)
    KEi = initiator_value(method, "KEi", i, "")
    KEr = responder_value(method, "KEr", r, KEi, "")
    ours = shared(method, "g^ir", i, KEr, "", initiator=True)
    theirs = shared(method, "g^ir", r, KEi, "", initiator=False)
    return [str(held.expression) for held in (KEi, ours, KEr, theirs)]


def test_formulas() -> None:
    assert formulas(METHODS[14])[:2] == ["g ^ i mod p", "KEr ^ i mod p"]
    assert formulas(METHODS[19])[:2] == ["(i mod (n - 1) + 1) · G", "x of (i mod (n - 1) + 1) · KEr"]
    assert formulas(METHODS[31])[:2] == ["X25519(i, 9)", "X25519(i, KEr)"]
    assert formulas(METHODS[32])[2:] == ["X448(r, 5)", "X448(r, KEi)"]


def test_constants_say_where_they_stand() -> None:
    def cited(number: int) -> dict[str, str]:
        expression = METHODS[number].public(drawn("i", METHODS[number].private_size))
        return {held.symbol: held.citation for held in expression.terms() if held.nature is Nature.CONSTANT}

    assert cited(2) == {"g": "RFC 7296 Appendix B.2", "p": "RFC 7296 Appendix B.2"}
    assert cited(14) == {"g": "RFC 3526 §3", "p": "RFC 3526 §3"}
    assert cited(21) == {"n": "RFC 5903 §3.3", "G": "RFC 5903 §3.3"}
    assert cited(28) == {"n": "RFC 5639 §3.4", "G": "RFC 5639 §3.4"}
    assert cited(31) == {"9": "RFC 7748 §6"}


def test_a_run_with_modp_alone_imports_nothing_slow() -> None:
    source = """
import sys
from explorer.crypto import ciphers, key_exchange, prfs
from explorer.crypto.term import Constant, Term
method = key_exchange.METHODS[14]
i = Term("i", bytes(range(method.private_size)), Constant(""))
KEi = key_exchange.initiator_value(method, "KEi", i, "")
key_exchange.shared(method, "g^ir", i, KEi, "", initiator=True)
print([name for name in sys.modules if "asymmetric" in name or "x509" in name or "aead" in name])
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "[]\n"
