"""ESP in tunnel mode (RFC 4303): what all the negotiation was for."""
