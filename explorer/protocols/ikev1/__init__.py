"""IKEv1 (RFC 2409): Main Mode with a pre-shared key, and Quick Mode."""
