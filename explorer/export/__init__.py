"""Traces for other programs: text, JSON, captures, Wireshark's key tables."""
