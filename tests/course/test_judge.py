from __future__ import annotations

from pathlib import Path

import pytest

from explorer.course.judge import Answer, judge, solution
from explorer.course.loader import load_lesson
from explorer.course.model import Question
from explorer.trace.model import Key
from explorer.trace.trace import Trace
from explorer.wire.field import Spec

STEPS = load_lesson(Path(__file__).with_name("sample.md")).steps


def question(kind: str) -> Question:
    return next(step.question for step in STEPS if step.question is not None and step.question.kind == kind)


SELECT, OCTETS, NUMBER = (question(kind) for kind in ("select", "octets", "number"))


def spec_of(trace: Trace, message: int, key: str) -> Spec:
    trees = trace.step(message).envelope.trees
    return next(field.spec for tree in trees for field in tree.root.walk() if field.spec.key == key)


def test_the_solution_is_right_and_gets_the_explanation_with_the_values_of_the_run(main: Trace) -> None:
    for asked in (SELECT, OCTETS, NUMBER):
        for reference in (asked.answer, *asked.also):
            assert judge(main, asked, solution(main, reference)).right
    cookie = main.step(2).octets[8:12].hex(" ")
    assert judge(main, OCTETS, solution(main, OCTETS.answer)).reply == f"They are {cookie}."


def test_a_foreseen_mistake_gets_its_own_reply(main: Trace) -> None:
    assert judge(main, SELECT, solution(main, "field 3 nonce.data")) == (False, "That is the nonce, 20 octets.")
    cookie = solution(main, "octets 0..4 of term CKY-I")
    assert judge(main, OCTETS, cookie) == (False, "That is the initiator's cookie.")
    assert judge(main, NUMBER, Answer(typed="5")) == (False, "So far nobody is proven.")


def test_another_wrong_selection_is_told_what_it_is(main: Trace) -> None:
    flags = judge(main, SELECT, Answer(None, 3, spec_of(main, 3, "isakmp_header.flags")))
    assert not flags.right
    assert flags.reply.startswith("That is Flags of message 3. ")
    secret = judge(main, SELECT, Answer(Key("phase 1", "SKEYID_d")))
    assert not secret.right
    assert secret.reply.startswith("That is SKEYID_d. ")
    unknown = judge(main, SELECT, Answer(Key("phase 1", "unheard of")))
    assert unknown == (False, "That is another thing than the one that is asked for.")


def test_the_same_field_of_another_message_is_another_thing(main: Trace) -> None:
    answer = Answer(Key("phase 1", "g^xr"), 4, spec_of(main, 4, "key_exchange.data"))
    assert judge(main, SELECT, answer).reply.startswith("That is Key exchange data of message 4.")


def test_a_term_may_be_given_as_the_term_or_as_its_field(main: Trace) -> None:
    assert judge(main, SELECT, Answer(Key("phase 1", "g^xi"))).right
    assert judge(main, SELECT, Answer(None, 3, spec_of(main, 3, "key_exchange.data"))).right


@pytest.mark.parametrize("asked", [SELECT, OCTETS, NUMBER], ids=lambda asked: asked.kind)
def test_no_answer_is_told_how_to_answer(main: Trace, asked: Question) -> None:
    given = judge(main, asked, Answer(typed="  "))
    assert not given.right
    assert asked.expects in given.reply


def test_octets_may_be_typed_as_people_write_them(main: Trace) -> None:
    wanted = main.step(2).octets[8:12]
    for typed in (wanted.hex(), wanted.hex(" "), wanted.hex(":"), wanted.hex().upper(), f"0x{wanted.hex()}",
                  f"  {wanted.hex(' ', 2)} ", f"0X{wanted.hex().upper()}"):
        assert judge(main, OCTETS, Answer(typed=typed)).right, typed


@pytest.mark.parametrize(("typed", "reply"), [
    ("abc", "“abc” is not octets: pairs of hex digits are expected."),
    ("0x", "“0x” is not octets: pairs of hex digits are expected."),
    ("zz", "“zz” is not octets: pairs of hex digits are expected."),
    ("00", "Those 1 octets are not the ones that are asked for."),
    ("00:11:22:33", "Those 4 octets are not the ones that are asked for."),
    ("0x00112233", "Those 4 octets are not the ones that are asked for."),
])
def test_other_octets_are_told_apart_from_nonsense(main: Trace, typed: str, reply: str) -> None:
    assert judge(main, OCTETS, Answer(typed=typed)) == (False, reply)


@pytest.mark.parametrize("typed", ["11", " 11 ", "0xb", "0x0B", "011"])
def test_a_number_may_be_typed_in_decimal_or_hex(main: Trace, typed: str) -> None:
    assert judge(main, NUMBER, Answer(typed=typed)).right


@pytest.mark.parametrize(("typed", "reply"), [
    ("12", "It is not 12."),
    ("0x12", "It is not 0x12."),
    ("b", "“b” is not a number."),
    ("eleven", "“eleven” is not a number."),
    ("1 1", "“1 1” is not a number."),
])
def test_another_number_is_told_apart_from_nonsense(main: Trace, typed: str, reply: str) -> None:
    assert judge(main, NUMBER, Answer(typed=typed)) == (False, reply)
