from __future__ import annotations

from itertools import pairwise

import pytest

from explorer.crypto.term import Configured, Constant, Derived, Drawn, Nature, Term
from explorer.events import Learned, Received, Role, SaInstalled, Sent, StateChanged, Verified
from explorer.trace.knowledge import Cell, Holding
from explorer.trace.model import Beat, Key
from explorer.trace.trace import Trace

KEYS = ("psk", "xi", "xr", "g^xy", "SKEYID", "SKEYID_d", "SKEYID_a", "SKEYID_e", "K1", "K2", "Ka", "x(qm)i", "x(qm)r",
        "g(qm)^xy", "K1_i", "K2_i", "K1_r", "K2_r", "KEYMAT_i", "KEYMAT_r", "ESP_ei", "ESP_ai", "ESP_er", "ESP_ar")
IDENTITIES = ("IDii_b", "IDir_b", "IDci_b", "IDcr_b")
PEERS = (Role.INITIATOR, Role.RESPONDER)
EVE = Role.EAVESDROPPER


def is_own(term: Term) -> bool:
    if isinstance(term.origin, Configured | Drawn | Constant):
        return True
    return isinstance(term.origin, Derived) and term.nature is Nature.PUBLIC


class Naive:
    """What everybody has, found out by reading the entries from the first to the one in question."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.cells: dict[tuple[Key, Role], Cell] = {}
        self.sent: list[tuple[Key, Holding]] = []
        for entry in trace.entries:
            event = entry.event
            if isinstance(event, Learned) and isinstance(event.term.origin, Configured) and event.term.symbol == "psk":
                self.give(Key(event.term.scope, "psk"), entry.party, Holding.OWN, entry.step)

    def give(self, key: Key, party: Role, holding: Holding, step: int) -> None:
        old = self.cells.get((key, party))
        if old is None or (old.holding is Holding.SEALED and holding is not Holding.SEALED):
            self.cells[key, party] = Cell(holding, step)

    def advance(self, at: int) -> None:
        entry = self.trace[at]
        event, party, step = entry.event, entry.party, entry.step
        if isinstance(event, Learned):
            holding = Holding.OWN if is_own(event.term) else Holding.SINCE
            self.give(Key(event.term.scope, event.term.symbol), party, holding, step)
        elif isinstance(event, Sent):
            wire = self.trace.step(step).octets
            self.sent = [(Key(t.scope, t.symbol), Holding.SINCE if s.buffer.octets == wire else Holding.SEALED)
                         for t, s in event.bindings]
        elif isinstance(event, Received):
            if party is EVE:
                for key, holding in self.sent:
                    self.give(key, EVE, holding, step)
            else:
                for term, _ in event.bindings:
                    self.give(Key(term.scope, term.symbol), party, Holding.SINCE, step)


def test_knowledge_is_what_a_reader_of_the_entries_finds(trace: Trace) -> None:
    naive, knowledge = Naive(trace), trace.knowledge
    for at in range(len(trace)):
        naive.advance(at)
        keys = {key for key, _ in naive.cells}
        assert {row.key for row in knowledge.rows(at)} == keys
        for key in keys:
            for party in Role:
                assert knowledge.cell(key, party, at) == naive.cells.get((key, party), Cell(Holding.NONE, 0)), (at, key)


def test_known_rows_are_those_whose_octets_a_party_has(trace: Trace) -> None:
    for at in range(0, len(trace), 7):
        for party in Role:
            known = set(trace.knowledge.known(party, at))
            for row in trace.knowledge.rows(at):
                holding = trace.knowledge.cell(row.key, party, at).holding
                assert (row.key in known) == (holding in (Holding.OWN, Holding.SINCE))


def test_a_peer_knows_only_what_it_made_or_got(trace: Trace) -> None:
    for party in PEERS:
        for key in trace.knowledge.known(party, len(trace)):
            assert any(holder is party for _, holder, _ in trace.links.terms(key)), key


def test_the_eavesdropper_never_knows_a_secret_or_a_key(trace: Trace) -> None:
    symbols = {row.key.symbol for row in trace.knowledge.rows(len(trace))}
    assert {"psk", "xi", "g^xy", "SKEYID_e", "Ka", "KEYMAT_i", "ESP_er"} <= symbols
    for at in range(len(trace)):
        known = trace.knowledge.known(EVE, at)
        assert not {key.symbol for key in known} & set(KEYS)
        for key in known:
            assert trace.links.first(key).nature is not Nature.SECRET


def test_what_the_eavesdropper_knows_is_on_the_wire_or_made_of_it(trace: Trace) -> None:
    wire = b"".join(step.octets for step in trace.steps)
    for key in trace.knowledge.known(EVE, len(trace)):
        if trace.links.first(key).octets not in wire:
            assert key.symbol.startswith("IV"), key
            own = [term for _, party, term in trace.links.terms(key) if party is EVE]
            assert all(source.octets in wire for term in own for source in term.made_of())


@pytest.mark.parametrize("symbol", IDENTITIES)
def test_identities_stay_sealed_for_the_eavesdropper(trace: Trace, symbol: str) -> None:
    (row,) = [row for row in trace.knowledge.rows(len(trace)) if row.key.symbol == symbol]
    first = min(p.message for p in trace.links.places(row.key))
    cell = trace.knowledge.cell(row.key, EVE, len(trace))
    assert cell == Cell(Holding.SEALED, first)
    before = trace.step(first).first - 1
    assert trace.knowledge.cell(row.key, EVE, before).holding is Holding.NONE


def test_everything_else_inside_is_sealed_too(trace: Trace) -> None:
    for step in trace.steps[4:]:
        for _, key in trace.links.in_buffer(step.number, "decrypted"):
            assert trace.knowledge.cell(key, EVE, step.last).holding is Holding.SEALED, key


def test_an_spi_is_sealed_until_its_first_packet(trace: Trace) -> None:
    for symbol, sealed, clear in (("SPI_i", 7, 11), ("SPI_r", 8, 10)):
        (key,) = [row.key for row in trace.knowledge.rows(len(trace)) if row.key.symbol == symbol]
        assert trace.knowledge.cell(key, EVE, trace.step(clear).first) == Cell(Holding.SEALED, sealed)
        assert trace.knowledge.cell(key, EVE, trace.step(clear).last) == Cell(Holding.SINCE, clear)


def test_own_and_received_are_told_apart(trace: Trace) -> None:
    def cell(symbol: str, party: Role) -> Cell:
        return trace.knowledge.cell(Key("phase 1", symbol), party, len(trace))

    assert cell("psk", Role.INITIATOR).holding is cell("psk", Role.RESPONDER).holding is Holding.OWN
    assert cell("g^xi", Role.INITIATOR).holding is Holding.OWN
    assert cell("g^xi", Role.RESPONDER) == cell("g^xi", EVE) == Cell(Holding.SINCE, 3)
    assert cell("g^xr", Role.INITIATOR) == Cell(Holding.SINCE, 4)
    assert cell("xi", Role.RESPONDER).holding is Holding.NONE
    assert cell("g^xy", Role.INITIATOR).holding is Holding.SINCE


def test_a_row_never_leaves_and_a_cell_never_gets_worse(trace: Trace) -> None:
    order = [Holding.NONE, Holding.SEALED, Holding.SINCE, Holding.OWN]
    for row in trace.knowledge.rows(len(trace)):
        for party in Role:
            ranks = [order.index(trace.knowledge.cell(row.key, party, at).holding) for at in range(len(trace))]
            assert all(a <= b for a, b in pairwise(ranks))


def test_states_follow_the_transitions(trace: Trace) -> None:
    for party in Role:
        state = "idle"
        for entry in trace:
            if entry.party is party and isinstance(entry.event, StateChanged):
                assert entry.event.old in (state, "idle")
                state = entry.event.new
            assert trace.state(party, entry.at) == state
        assert state == ("idle" if party is EVE else "IPsec SAs up")


def test_a_peer_is_proven_from_the_very_entry_that_proves_it(trace: Trace) -> None:
    for party in Role:
        verified = trace.events_of(Verified, party)
        proofs = [e.at for e in verified if isinstance(e.event, Verified) and e.event.proves is not None]
        assert len(proofs) == (0 if party is EVE else 1)
        for at in range(len(trace)):
            assert trace.peer_is_proven(party, at) == any(proof <= at for proof in proofs)
    assert [trace[e.at].step for e in trace.events_of(Verified) if getattr(e.event, "proves", None)] == [5, 6]


def test_sas_are_held_from_the_entry_that_installs_them(trace: Trace) -> None:
    for party in Role:
        for at in range(len(trace)):
            own = [e.event.sa for e in trace[: at + 1] if isinstance(e.event, SaInstalled) and e.party is party]
            assert list(trace.sas(party, at)) == own
    assert not trace.sas(EVE, len(trace))


def test_steps_partition_the_entries(trace: Trace) -> None:
    assert (trace.steps[0].first, trace.steps[-1].last) == (0, len(trace) - 1)
    assert all(a.last + 1 == b.first for a, b in pairwise(trace.steps))
    for step in trace.steps:
        assert {entry.step for entry in trace[step.first : step.last + 1]} == {step.number}
        assert trace.step(step.number) is step


def test_a_step_is_made_then_travels_then_is_read(trace: Trace) -> None:
    beats = list(Beat)
    for step in trace.steps:
        ranks = [beats.index(entry.beat) for entry in trace[step.first : step.last + 1]]
        assert ranks == sorted(ranks)
        assert set(ranks) == {0, 1, 2}
        for entry in trace[step.first : step.last + 1]:
            assert entry.party is {Beat.MADE: step.sender, Beat.WIRE: EVE, Beat.READ: step.receiver}[entry.beat]


def test_entries_know_their_index_and_an_earlier_cause(trace: Trace) -> None:
    assert [entry.at for entry in trace] == list(range(len(trace)))
    assert all(entry.cause is None or 0 <= entry.cause < entry.at for entry in trace)
    for entry in trace.events_of(Received):
        assert entry.cause is not None
        assert isinstance(trace[entry.cause].event, Sent)
        assert trace[entry.cause].step == entry.step


def test_every_step_has_one_sender_and_two_readers(trace: Trace) -> None:
    for step in trace.steps:
        own = trace[step.first : step.last + 1]
        assert [e.party for e in own if isinstance(e.event, Sent)] == [step.sender]
        assert [e.party for e in own if isinstance(e.event, Received)] == [EVE, step.receiver]
        assert step.envelope.trees[0].buffer.octets == step.octets
