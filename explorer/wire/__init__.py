"""Octets to frozen structures and annotated trees, and back again.

Each structure is declared once (``isakmp.py``, ``payloads.py``, ``esp.py``, ``ip.py``); ``structure.py``
compiles the declaration into a parser, a builder and a tree.
"""
