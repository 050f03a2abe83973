"""ESP and AH (RFC 4303, RFC 4302): what all the negotiation was for."""
