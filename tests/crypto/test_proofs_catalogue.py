from __future__ import annotations

import pytest
from conftest import recording
from test_proofs import derived, output

from explorer.lab.scenario import shipped

pytestmark = pytest.mark.outside


# No tool outside Python that a learner would have computes ML-KEM: openssl has it from 3.5 on.
@pytest.mark.parametrize("name", shipped())
def test_every_derived_term_of_every_scenario_proves_itself(name: str) -> None:
    terms = [term for _, term in derived(recording(name)) if "ML-KEM" not in str(term.expression)]
    proofs = {term.command(): term.octets.hex() for term in terms}
    assert None not in proofs
    commands = [command for command in proofs if command is not None]
    assert output(commands) == [proofs[command] for command in commands]
