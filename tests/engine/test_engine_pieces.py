from __future__ import annotations

import pytest

from explorer.crypto.term import Constant, Drawn, Nature, Term
from explorer.engine.ledger import Ledger
from explorer.engine.negotiation import Policy, compare, negotiate, seconds_of_life
from explorer.engine.notation import Notation
from explorer.engine.refusal import Refusal
from explorer.engine.rows import Row, match
from explorer.events import Event, Learned, Role, Verified
from explorer.lab.entropy import SeededEntropy
from explorer.protocols.ikev1.policies import Phase1Policy
from explorer.registry.isakmp import NotifyType
from explorer.wire.attributes import ISAKMP_NAMESPACE, Attribute, basic, variable
from explorer.wire.payloads import IsakmpTransform, Proposal


def term(symbol: str, octets: bytes = b"x") -> Term:
    return Term(symbol, octets, Constant("test"))


def ledger(heard: list[Event], parent: Ledger | None = None) -> Ledger:
    return Ledger(heard.append, SeededEntropy(1, "i"), Role.INITIATOR, "scope", parent)


def policy(label: str, *values: tuple[int, int], lifetime: int = 86400) -> Policy:
    return Policy(label, 1, 1, {**dict(values), 11: 1, 12: lifetime}, 12, 11, ISAKMP_NAMESPACE)


def offer(*transforms: tuple[Attribute, ...], protocol: int = 1) -> Proposal:
    """Transforms whose durations are counted in seconds."""
    timed = [tuple(b for a in one for b in ((basic(11, 1), a) if a.type == 12 else (a,))) for one in transforms]
    made = tuple(IsakmpTransform(number=n, transform_id=1, attributes=a) for n, a in enumerate(timed, 1))
    return Proposal(number=1, protocol=protocol, transforms=made)


AES, DES3 = basic(1, 7), basic(1, 5)
LIFE = variable(12, 86400)


def test_the_policies_own_order_decides() -> None:
    policies = [[policy("policy 10", (1, 7))], [policy("policy 20", (1, 5))]]
    negotiation, found = negotiate("ISAKMP", policies, [offer((DES3, LIFE), (AES, LIFE))])
    assert found is not None
    assert [(match.policy.label, match.transform.number) for match in found] == [("policy 10", 2)]
    assert [(c.policy, c.transform, c.ok) for c in negotiation.comparisons] == [
        ("policy 10", 1, False), ("policy 10", 2, True)]
    assert negotiation.chosen is negotiation.comparisons[-1]
    assert negotiation.comparisons[-1].offer is found[0].transform


def test_without_a_match_every_comparison_is_kept() -> None:
    policies = [[policy("a", (1, 7))], [policy("b", (1, 7))]]
    negotiation, found = negotiate("ISAKMP", policies, [offer((DES3, LIFE), (LIFE,))])
    assert found is None
    assert negotiation.chosen is None
    assert len(negotiation.comparisons) == 4
    verdicts = negotiation.comparisons[0].verdicts
    assert [(v.attribute, v.offered, v.wanted, v.ok) for v in verdicts] == [
        ("Encryption algorithm", "3DES-CBC", "AES-CBC", False), ("Life type", "seconds", "seconds", True),
        ("Life duration", "86400", "at most 86400", True)]
    assert negotiation.comparisons[1].verdicts[0].offered == "absent"


@pytest.mark.parametrize(("seconds", "ok"), [(1, True), (86399, True), (86400, True), (86401, False)])
def test_an_offered_lifetime_may_be_shorter(seconds: int, ok: bool) -> None:
    _, found = negotiate("ISAKMP", [[policy("p", (1, 7))]], [offer((AES, variable(12, seconds)))])
    assert (found is not None) == ok


def test_trap_20_values_are_compared_whatever_their_form() -> None:
    _, found = negotiate("ISAKMP", [[policy("p", (1, 7), lifetime=28800)]], [offer((AES, basic(12, 28800)))])
    assert found is not None
    _, found = negotiate("ISAKMP", [[policy("p", (1, 7), lifetime=28800)]], [offer((AES, variable(12, 28800, 9)))])
    assert found is not None


def test_an_attribute_that_the_policy_does_not_want_is_one_against_it() -> None:
    proposal = offer((AES, LIFE, basic(14, 256)))
    verdicts = compare(policy("p", (1, 7)), proposal, proposal.transforms[0])
    assert [(v.attribute, v.offered, v.wanted, v.ok) for v in verdicts[-1:]] == [("Key length", "256", "absent", False)]


def test_life_may_be_counted_in_a_second_unit_beside_seconds() -> None:
    kilobytes = (basic(11, 2), basic(12, 5))
    for attributes in ((*kilobytes, basic(11, 1), basic(12, 60)), (basic(11, 1), basic(12, 60), *kilobytes)):
        transform = IsakmpTransform(number=1, transform_id=1, attributes=(AES, *attributes))
        own = policy("p", (1, 7))
        proposal = Proposal(number=1, protocol=1, transforms=(transform,))
        assert all(verdict.ok for verdict in compare(own, proposal, transform))
        assert seconds_of_life(own, transform) == 60


def test_an_attribute_that_comes_twice_is_held_against_the_offer() -> None:
    proposal = offer((AES, DES3, LIFE))
    verdicts = compare(policy("p", (1, 7)), proposal, proposal.transforms[0])
    assert [verdict.offered for verdict in verdicts if not verdict.ok] == ["twice"]


def test_another_protocol_never_matches() -> None:
    _, found = negotiate("ISAKMP", [[policy("p", (1, 7))]], [offer((AES, LIFE), protocol=3)])
    assert found is None


def test_no_policies_and_no_proposals_match_nothing() -> None:
    assert negotiate("ISAKMP", [], [offer((AES, LIFE))])[1] is None
    assert negotiate("ISAKMP", [[policy("p", (1, 7))]], []) [1] is None


def test_notation_with_optional_groups() -> None:
    notation = Notation.parse("HDR*, HASH(1), SA, Ni [, KE ] [, IDci, IDcr ]")
    assert notation.encrypted
    assert notation.required == ("HASH(1)", "SA", "Ni")
    assert notation.optional == (("KE",), ("IDci", "IDcr"))
    assert notation.words(()) == ("HASH(1)", "SA", "Ni")
    assert notation.words(("KE",)) == ("HASH(1)", "SA", "Ni", "KE")
    assert notation.words(("IDci",)) == ("HASH(1)", "SA", "Ni"), "a group is there together or not at all"
    assert notation.words(("IDci", "IDcr", "KE"))[-3:] == ("KE", "IDci", "IDcr")


def test_notation_in_the_clear() -> None:
    notation = Notation.parse("HDR, KE, Ni")
    assert not notation.encrypted
    assert not notation.either
    assert (notation.required, notation.optional) == (("KE", "Ni"), ())
    nothing = Notation.parse("")
    assert (nothing.encrypted, nothing.required, nothing.optional) == (False, (), ())


def test_notation_that_may_be_encrypted_or_not() -> None:
    notation = Notation.parse("HDR(*), HASH_I [, NAT-D(1), NAT-D(2)]")
    assert notation.encrypted, "that is how it is sent"
    assert notation.either
    assert notation.required == ("HASH_I",)
    assert notation.optional == (("NAT-D(1)", "NAT-D(2)"),)
    assert Notation.parse("HDR*, HASH_I").either is False


def test_words_keep_the_order_of_the_row_wherever_the_optional_ones_stand() -> None:
    notation = Notation.parse("HDR [, HASH(1)], Ni, KE [, N]")
    assert notation.words(("HASH(1)", "N")) == ("HASH(1)", "Ni", "KE", "N")
    assert notation.words(("N",)) == ("Ni", "KE", "N")
    assert notation.words(()) == ("Ni", "KE")


def test_rows_are_found_by_role_and_state() -> None:
    row = Row(Role.INITIATOR, "idle", "", None, None, "HDR, SA", "waits")
    assert match([row], Role.INITIATOR, "idle") is row
    assert match([row], Role.RESPONDER, "idle") is None
    assert match([row], Role.INITIATOR, "waits") is None


def test_what_is_learned_is_said_in_order() -> None:
    heard: list[Event] = []
    book, a, b = ledger(heard), term("A"), term("B")
    assert book.learn(a, b) is b
    assert [e.term for e in heard if isinstance(e, Learned)] == [a, b]
    assert book["A"] is a
    assert "C" not in book
    with pytest.raises(KeyError):
        book["C"]


def test_what_is_held_is_not_said_again() -> None:
    heard: list[Event] = []
    book, a = ledger(heard), term("A")
    assert book.hold(a) is a
    assert book["A"] is a
    assert not heard


def test_a_ledger_falls_back_on_its_parent() -> None:
    heard: list[Event] = []
    parent = ledger(heard)
    child = ledger(heard, parent)
    outer, inner = parent.hold(term("A")), term("A")
    assert child["A"] is outer
    assert "A" in child
    assert not child.own("A")
    child.hold(inner)
    assert child["A"] is inner
    assert parent["A"] is outer
    assert child.own("A")


def test_a_snapshot_takes_back_what_came_after_it() -> None:
    book = ledger([])
    a = book.hold(term("A"))
    saved = book.snapshot()
    book.hold(term("A", b"y"))
    book.hold(term("B"))
    book.restore(saved)
    assert book["A"] is a
    assert "B" not in book


def test_a_draw_is_keyed_by_its_purpose() -> None:
    heard: list[Event] = []
    first, other = ledger(heard), ledger(heard)
    other.draw("xi", 40, "RFC 2409 §5")
    nonce = other.draw("Ni_b", 20, "RFC 2409 §5", Nature.PUBLIC)
    assert nonce.octets == first.draw("Ni_b", 20, "RFC 2409 §5", Nature.PUBLIC).octets
    assert isinstance(nonce.origin, Drawn)
    assert (nonce.owner, nonce.scope, nonce.nature) == ("initiator", "scope", Nature.PUBLIC)


def test_equal_octets_verify() -> None:
    heard: list[Event] = []
    expected, received = term("HASH_I", b"same"), term("HASH_I", b"same")
    ledger(heard).verify(expected, received, Role.INITIATOR, "RFC 2409 §5")
    assert heard == [Verified("HASH_I", expected, received, Role.INITIATOR, "RFC 2409 §5")]


@pytest.mark.parametrize(("proves", "notify"), [(Role.INITIATOR, NotifyType.AUTHENTICATION_FAILED),
                                                (None, NotifyType.INVALID_HASH_INFORMATION)])
@pytest.mark.parametrize("octets", [b"", b"sam", b"same!", b"samf"])
def test_other_octets_are_refused(proves: Role | None, notify: NotifyType, octets: bytes) -> None:
    heard: list[Event] = []
    expected, received = term("HASH_I", b"same"), term("HASH_I", octets)
    with pytest.raises(Refusal) as caught:
        ledger(heard).verify(expected, received, proves, "RFC 2409 §5")
    event = caught.value.event()
    assert (event.expected, event.received, event.notify) == (expected, received, notify.label)
    assert not heard


def test_a_refusal_becomes_an_event() -> None:
    event = Refusal("why", "where", NotifyType.INVALID_SPI, offset=7).event()
    assert (event.reason, event.citation, event.notify, event.offset) == ("why", "where", "INVALID-SPI", 7)
    assert Refusal("why", "where").event().notify == ""


def test_the_other_role() -> None:
    assert (Role.INITIATOR.other, Role.RESPONDER.other) == (Role.RESPONDER, Role.INITIATOR)


def test_a_basic_attribute_with_a_length_is_held_against_the_offer() -> None:
    own = Phase1Policy(10, 7, 256, 2, 1, 14, 86400)
    good = own.transform(1)
    as_tlv = tuple(variable(2, 2, size=2) if a.type == 2 else a for a in good.attributes)
    proposal = Proposal(number=1, protocol=1, transforms=(good,))
    assert all(verdict.ok for verdict in compare(own.policy(), proposal, good))
    verdicts = compare(own.policy(), proposal, good.replace(attributes=as_tlv))
    assert [verdict.attribute for verdict in verdicts if not verdict.ok] == ["Hash algorithm"]
