from __future__ import annotations

from itertools import pairwise

from explorer.engine.retransmission import FIRST_WAIT, MOST_SENDINGS, PATIENCE, Retransmission


def sendings(timer: Retransmission) -> list[float]:
    """When a message goes out again, until its sender gives up."""
    times = []
    while timer.due is not None:
        at = timer.due
        if timer.expire():
            times.append(at)
    return times


def test_each_wait_is_twice_as_long_as_the_one_before_and_there_is_an_end() -> None:
    timer = Retransmission()
    timer.wait_for_answer(100.0)
    times = [100.0, *sendings(timer)]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits == [FIRST_WAIT * 2**n for n in range(MOST_SENDINGS - 1)]


def test_it_gives_up_only_after_the_last_wait() -> None:
    timer = Retransmission()
    timer.wait_for_answer(0.0)
    for _ in range(MOST_SENDINGS - 1):
        assert timer.expire()
    assert timer.due == sum(FIRST_WAIT * 2**n for n in range(MOST_SENDINGS))
    assert not timer.expire()
    assert timer.due is None


def test_a_new_message_is_waited_for_from_the_beginning() -> None:
    timer = Retransmission()
    timer.wait_for_answer(0.0)
    timer.expire()
    timer.expire()
    timer.wait_for_answer(50.0)
    assert timer.due == 50.0 + FIRST_WAIT
    assert len(sendings(timer)) == MOST_SENDINGS - 1


def test_patience_sends_nothing_and_ends_once() -> None:
    timer = Retransmission()
    timer.wait_patiently(10.0)
    assert timer.due == 10.0 + PATIENCE
    assert sendings(timer) == []
    assert not timer.expire()


def test_after_the_answer_nothing_is_due() -> None:
    timer = Retransmission()
    timer.wait_for_answer(0.0)
    timer.stop()
    assert timer.due is None
    assert not timer.expire()


def test_a_responder_is_patient_for_longer_than_an_initiator_goes_on_asking() -> None:
    assert sum(FIRST_WAIT * 2**n for n in range(MOST_SENDINGS)) <= PATIENCE
