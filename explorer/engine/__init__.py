"""What exchanges share: rows, notation, a party's ledger, policy and negotiation, refusals."""
