"""Proof commands: shell lines that recompute a value with tools that are not ours.

They need coreutils, ``openssl`` (3.0 or later) and ``python3``, nothing else; each prints the octets as
lower-case hex and a newline.
"""

from __future__ import annotations

from collections.abc import Sequence


def feed(parts: Sequence[bytes]) -> str:
    """Octets to standard input; the parts stay apart, so that a reader can tell them from one another."""
    words = " ".join(part.hex().upper() for part in parts if part)
    return f"printf %s {words or chr(39) * 2} | basenc --base16 -d"


def print_octets(parts: Sequence[bytes]) -> str:
    """Concatenation."""
    words = " ".join(part.hex() for part in parts if part)
    return f"printf '%s' {words or chr(39) * 2} && echo" if not words else f"printf '%s' {words}; echo"


def cut(command: str, start: int, end: int) -> str:
    """Octets ``start`` up to, not including, ``end`` of what a command prints."""
    grouped = f"{{ {command}; }}" if ";" in command or "&&" in command else command
    return f"{grouped} | cut -c{2 * start + 1}-{2 * end}"


def hmac(name: str, key: bytes, parts: Sequence[bytes]) -> str:
    """HMAC by openssl, which does not take an empty key; then by Python."""
    if not key:
        data = b"".join(parts).hex()
        return f"python3 -c \"import hmac; print(hmac.digest(b'', bytes.fromhex('{data}'), '{name}').hex())\""
    return f"{feed(parts)} | openssl dgst -{name} -mac HMAC -macopt hexkey:{key.hex()} -r | cut -d' ' -f1"


def digest(name: str, parts: Sequence[bytes]) -> str:
    """A plain hash."""
    return f"{feed(parts)} | openssl dgst -{name} -r | cut -d' ' -f1"


def power(base: bytes, exponent: bytes, modulus: bytes) -> str:
    """Modular exponentiation, padded to the length of the modulus."""
    numbers = ", ".join(f"0x{number.hex()}" for number in (base, exponent, modulus))
    return f"python3 -c \"print('%0{2 * len(modulus)}x' % pow({numbers}))\""


def encrypt(name: str, key: bytes, iv: bytes, plaintext: bytes) -> str:
    """CBC without padding."""
    enc = f"openssl enc -{name} -K {key.hex()} -iv {iv.hex()} -nopad"
    return f"{feed([plaintext])} | {enc} | od -An -v -tx1 | tr -d ' \\n'; echo"
