from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from explorer.crypto.algorithms import MD5, SHA1, SHA2_256, SHA2_384, SHA2_512, HashFunction
from explorer.crypto.term import Constant, Term

VECTORS = Path(__file__).parents[1] / "vectors"
HASHES: dict[str, HashFunction] = {f.name: f for f in (MD5, SHA1, SHA2_256, SHA2_384, SHA2_512)}


def cases(name: str) -> Any:
    content = json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))
    assert content["source"]
    return content["cases"]


def term(symbol: str, octets: bytes | str, owner: str = "") -> Term:
    held = bytes.fromhex(octets) if isinstance(octets, str) else octets
    return Term(symbol, held, Constant("test"), owner=owner)
