"""TOML files as structures; what is wrong with one is said in one line, with the place and what was expected."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from explorer.errors import ExplorerError

T = TypeVar("T", bound=msgspec.Struct)


def read_tables(path: Path, into: type[T], **more: object) -> T:
    """Read one file.

    Args:
        more: keys that the file does not have to say, such as its own name.

    Raises:
        ExplorerError: one line that names file, key and what was expected.
    """
    try:
        return msgspec.convert({**tomllib.loads(path.read_text(encoding="utf-8")), **more}, into)
    except OSError as error:
        raise ExplorerError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ExplorerError(f"{path}: octet {error.start} is not UTF-8 text") from error
    except tomllib.TOMLDecodeError as error:
        raise ExplorerError(f"{path}: not TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise ExplorerError(f"{path}: {said_of(error, into)}") from error
    except (ValueError, RecursionError) as error:
        # Numbers of thousands of digits and tables in tables without end are TOML that nobody means.
        raise ExplorerError(f"{path}: not TOML that can be read: {str(error).splitlines()[0]}") from error


def said_of(error: msgspec.ValidationError, root: type[msgspec.Struct]) -> str:
    """Put the key first: msgspec says ``Expected `int`, got `str` - at `$.initiator.psk```; add what is allowed."""
    what, _, where = str(error).partition(" - at `$")
    where = where.strip(".`")
    words = what.replace("Object missing required field", "the table lacks").replace("Object", "the table")
    words = words.replace("`", "")
    words = words[0].lower() + words[1:]
    if "unknown field" in words or what.startswith("Invalid enum value"):
        words += f"; expected one of {', '.join(_allowed(root, where))}"
    return f"{where}: {words}" if where else words


def _allowed(root: type[msgspec.Struct], where: str) -> tuple[str, ...]:
    """The keys of a table, or the words for a key, as they are declared."""
    found: Any = root
    for name in filter(None, re.sub(r"\[[^]]*\]", "", where).split(".")):
        found = _inmost(get_type_hints(found)[name])
    if get_origin(found) is Literal:
        return get_args(found)
    return tuple(found.__struct_fields__)


def _inmost(kind: Any) -> Any:
    """What a list, a table of names or an optional value holds."""
    while get_origin(kind) not in (None, Literal):
        kind = [held for held in get_args(kind) if held not in (NoneType, Ellipsis)][-1]
    return kind
