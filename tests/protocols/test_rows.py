"""Every figure of every exchange: one table that drives both sides, so both must be able to follow it."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from conftest import recording
from pair import MAIN, PFS, I, R

from explorer.engine.notation import Word
from explorer.engine.rows import Row, match
from explorer.events import Role
from explorer.lab.scenario import shipped as shipped_scenarios
from explorer.protocols.ikev1 import new_group, phase1, quick_mode, transaction
from explorer.protocols.ikev1.aggressive_mode import AGGRESSIVE_MODE, AggressiveMode
from explorer.protocols.ikev1.authentication import authentication_of, is_spoken
from explorer.protocols.ikev1.exchange import Exchange
from explorer.protocols.ikev1.informational import ClearInformational, Informational
from explorer.protocols.ikev1.main_mode import MAIN_MODE, MainMode
from explorer.protocols.ikev1.new_group import NewGroupMode
from explorer.protocols.ikev1.quick_mode import QuickMode
from explorer.protocols.ikev1.transaction import Transaction
from explorer.registry.phase1 import AuthenticationMethod


class Figure(NamedTuple):
    exchange: type[Exchange]
    rows: tuple[Row, ...]
    final: str
    family: str = ""

    @property
    def label(self) -> str:
        return f"{self.exchange.__name__} {self.family}".strip()

    def of(self, role: Role) -> list[Row]:
        return [row for row in self.rows if row.role is role]

    def says(self, sender: Role, text: str) -> Word:
        return self.exchange.word(sender, text)


FIGURES = [
    *(Figure(MainMode, rows, phase1.UP, family) for family, rows in MAIN_MODE.items()),
    *(Figure(AggressiveMode, rows, phase1.UP, family) for family, rows in AGGRESSIVE_MODE.items()),
    Figure(QuickMode, QuickMode.rows, quick_mode.UP),
    Figure(NewGroupMode, NewGroupMode.rows, new_group.DONE),
    Figure(Transaction, Transaction.rows, transaction.DONE),
    Figure(Informational, Informational.rows, "told"),
    Figure(ClearInformational, ClearInformational.rows, "told"),
]
every_figure = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.label)
NAT = "[, NAT-D(1), NAT-D(2)]"


@every_figure
def test_a_state_has_at_most_one_row_per_role(figure: Figure) -> None:
    starts = [(row.role, row.state) for row in figure.rows]
    assert len(starts) == len(set(starts))


@every_figure
@pytest.mark.parametrize("role", [I, R])
def test_every_state_is_reached_and_the_last_leads_nowhere(figure: Figure, role: Role) -> None:
    state, path = "idle", ["idle"]
    while (row := match(figure.rows, role, state)) is not None:
        state = row.then
        assert state not in path
        path.append(state)
    assert set(path) == {row.state for row in figure.of(role)} | {row.then for row in figure.of(role)}
    assert state == figure.final
    assert match(figure.rows, Role.EAVESDROPPER, "idle") is None


@every_figure
def test_what_one_side_sends_the_other_waits_for(figure: Figure) -> None:
    sent = [[row.sends for row in figure.of(role) if row.sends] for role in (I, R)]
    waited = [[row.receives for row in figure.of(role) if row.receives] for role in (R, I)]
    assert sent == waited


@every_figure
def test_only_the_initiator_begins_without_a_message(figure: Figure) -> None:
    assert [(row.role, row.state) for row in figure.rows if not row.receives] == [(I, "idle")]


@every_figure
def test_each_word_is_known_to_whoever_says_it(figure: Figure) -> None:
    for row in figure.rows:
        for sender, notation in ((row.role, row.outgoing), (row.role.other, row.incoming)):
            words = [*notation.required, *(word for group in notation.optional for word in group)]
            assert [figure.says(sender, word).text for word in words] == words
            assert len(words) == len(set(words))


@every_figure
def test_encryption_is_what_the_header_says_and_never_ends_again(figure: Figure) -> None:
    for role in (I, R):
        passed = [row.outgoing for row in figure.of(role) if row.sends]
        sealed = [notation.encrypted for notation in passed]
        assert sealed == sorted(sealed), "once encrypted, always encrypted"
    for row in figure.rows:
        assert row.outgoing.encrypted == row.sends.startswith(("HDR*", "HDR(*)"))
        assert row.outgoing.either == row.sends.startswith("HDR(*)")


@pytest.mark.parametrize("number", [n for n in AuthenticationMethod if is_spoken(n)], ids=lambda n: n.label)
def test_every_way_of_authentication_that_is_spoken_has_both_figures(number: int) -> None:
    family = authentication_of(number).family
    assert family in MAIN_MODE
    assert family in AGGRESSIVE_MODE


@pytest.mark.parametrize(("family", "third", "fourth", "fifth", "sixth"), [
    ("psk", f"HDR, KE, Ni {NAT}", f"HDR, KE, Nr {NAT}", "HDR*, IDii, HASH_I", "HDR*, IDir, HASH_R"),
    ("signature", f"HDR, KE, Ni [, CERTREQ] {NAT}", f"HDR, KE, Nr [, CERTREQ] {NAT}",
     "HDR*, IDii [, CERT], SIG_I", "HDR*, IDir [, CERT], SIG_R"),
    ("encryption", f"HDR, KE [, HASH(1)], <IDii_b>PubKey_r, <Ni_b>PubKey_r {NAT}",
     f"HDR, KE, <IDir_b>PubKey_i, <Nr_b>PubKey_i {NAT}", "HDR*, HASH_I", "HDR*, HASH_R"),
    ("revised", f"HDR [, HASH(1)], <Ni_b>PubKey_r, <KE_b>Ke_i, <IDii_b>Ke_i {NAT}",
     f"HDR, <Nr_b>PubKey_i, <KE_b>Ke_r, <IDir_b>Ke_r {NAT}", "HDR*, HASH_I", "HDR*, HASH_R"),
    ("hybrid", f"HDR, KE, Ni [, CERTREQ] {NAT}", f"HDR, KE, Nr [, CERTREQ] {NAT}",
     "HDR*, IDii, HASH_I", "HDR*, IDir [, CERT], SIG_R"),
])
def test_main_mode_is_drawn_as_the_rfc_draws_it(family: str, third: str, fourth: str, fifth: str, sixth: str) -> None:
    drawn = [row.sends for row in MAIN_MODE[family] if row.sends]
    assert drawn == ["HDR, SA", "HDR, SA", third, fourth, fifth, sixth]


@pytest.mark.parametrize(("family", "first", "second", "third"), [
    ("psk", "HDR, SA, KE, Ni, IDii", f"HDR, SA, KE, Nr, IDir {NAT}, HASH_R", f"HDR(*), HASH_I {NAT}"),
    ("signature", "HDR, SA, KE, Ni, IDii [, CERTREQ]",
     f"HDR, SA, KE, Nr, IDir [, CERTREQ] {NAT} [, CERT], SIG_R", f"HDR(*) [, CERT], SIG_I {NAT}"),
    ("encryption", "HDR, SA [, HASH(1)], KE, <IDii_b>PubKey_r, <Ni_b>PubKey_r",
     f"HDR, SA, KE, <IDir_b>PubKey_i, <Nr_b>PubKey_i {NAT}, HASH_R", f"HDR(*), HASH_I {NAT}"),
    ("revised", "HDR, SA [, HASH(1)], <Ni_b>PubKey_r, <KE_b>Ke_i, <IDii_b>Ke_i",
     f"HDR, SA, <Nr_b>PubKey_i, <KE_b>Ke_r, <IDir_b>Ke_r {NAT}, HASH_R", f"HDR(*), HASH_I {NAT}"),
])
def test_aggressive_mode_is_drawn_as_the_rfc_draws_it(family: str, first: str, second: str, third: str) -> None:
    assert [row.sends for row in AGGRESSIVE_MODE[family] if row.sends] == [first, second, third]


def test_quick_mode_is_drawn_as_the_rfc_draws_it() -> None:
    assert [row.sends for row in QuickMode.rows if row.sends] == [
        "HDR*, HASH(1), SA, Ni [, KE] [, IDci, IDcr]",
        "HDR*, HASH(2), SA, Nr [, KE] [, IDci, IDcr] [, N]",
        "HDR*, HASH(3)",
    ]


CHAINED = ("VID", "N", "D")
TITLES = {f"{what} {how}".strip(): "Transaction" for what, how in (
    ("XAUTH", "login"), ("XAUTH", "status"), ("Mode Config", ""), ("Mode Config", "push"))}
UNDRAWN = {"ESP", "AH", "NAT keepalive"}


def follows(figure: Figure, words: list[str]) -> bool:
    """Whether some row of the figure says these words, with any of its optional groups; their order may be free."""
    for row in figure.rows:
        notation = row.outgoing
        chosen = notation.words([w for group in notation.optional if all(w in words for w in group) for w in group])
        if sorted(chosen) == sorted(words):
            return True
    return False


@pytest.mark.parametrize("name", [name for name in shipped_scenarios() if name.startswith("ikev1")])
def test_what_was_said_is_what_a_row_says(name: str) -> None:
    for step in recording(name).steps:
        exchange = step.envelope.exchange
        if exchange in UNDRAWN:
            continue
        figures = [figure for figure in FIGURES if figure.exchange.name == TITLES.get(exchange, exchange)]
        words = step.envelope.notation.split(", ")[1:]
        plain = [word for word in words if word not in CHAINED]
        assert any(follows(figure, said) for figure in figures for said in (words, plain)), step.envelope.notation


@pytest.mark.parametrize("name", [MAIN, PFS])
def test_the_first_messages_of_the_shipped_runs_are_main_mode_then_quick_mode(name: str) -> None:
    assert [step.envelope.exchange for step in recording(name).steps[:9]] == ["Main Mode"] * 6 + ["Quick Mode"] * 3
