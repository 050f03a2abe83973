"""The format of swanctl.conf: sections in braces, values that may need quotes."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PLAIN = re.compile(r"[A-Za-z0-9%][A-Za-z0-9.:/%@_-]*")
_TEXT = re.compile(r"[ -~]+")


def section(name: str, *parts: Iterable[str]) -> list[str]:
    """A section and, further in, what it holds."""
    return [f"{name} {{", *(f"  {line}" for part in parts for line in part), "}"]


def value(text: str) -> str:
    """A value as it is, or in quotes where a character of it would mean something."""
    if _PLAIN.fullmatch(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def secret(text: str) -> str:
    """A key that arrives as it was meant: what could be taken for something else is written as octets."""
    if text.startswith("0x"):
        return text
    # strongSwan takes 0s for the beginning of Base64, and a key need not be text that can be seen.
    return value(text) if _TEXT.fullmatch(text) and not text.startswith("0s") else f"0x{text.encode().hex()}"
