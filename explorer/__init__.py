"""IKE Explorer: a complete key exchange in one process, explained to the last octet."""

__version__ = "0.1.0"
