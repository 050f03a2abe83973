"""Certificates and private keys of the lab's peers, shipped or brought along."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from explorer.content import content_folder
from explorer.crypto.certificate import Certificate, parse_pem
from explorer.crypto.credential import Credential
from explorer.crypto.private_key import load_private_key
from explorer.errors import ExplorerError

Read = TypeVar("Read")
LARGEST_FILE = 65536
"""Octets; no certificate or key that a peer could use is as long."""


def shipped_credentials() -> list[str]:
    """Names of the certificates that come with the program and have their private key beside them."""
    return sorted(path.stem for path in _shipped().glob("*.key"))


def shipped_authorities() -> list[str]:
    """Names of the certification authorities that come with the program; nobody has their keys."""
    return sorted({path.stem for path in _shipped().glob("*.pem")} - set(shipped_credentials()))


def load_credential(name: str, folder: Path | None = None) -> Credential:
    """A certificate and its private key: a shipped one by name, or any by the path of its ``.pem``.

    The private key lies beside the certificate, under the same name with ``.key``.  A relative path
    starts in ``folder``, or where the program was started.

    Raises:
        ExplorerError: one line that names the file and what was expected.
    """
    path = _path(name, shipped_credentials(), folder)
    certificate = _read(path, parse_pem)
    beside = path.with_suffix(".key")
    key = _read(beside, load_private_key)
    if key.public != certificate.public_key:
        raise ExplorerError(f"{beside}: expected the private key that belongs to {path.name}, and this is another")
    return Credential(certificate, key)


def load_certificate(name: str, folder: Path | None = None) -> Certificate:
    """A peer's certificate without its private key, as the other side may have it beforehand.

    A shipped one by name, or any by the path of its ``.pem``; a relative path starts in ``folder``, or
    where the program was started.

    Raises:
        ExplorerError: one line that names the file and what was expected.
    """
    return _read(_path(name, shipped_credentials(), folder), parse_pem)


def load_authority(name: str, folder: Path | None = None) -> Certificate:
    """The certificate of a certification authority: a shipped one by name, or any by the path of its ``.pem``.

    A relative path starts in ``folder``, or where the program was started.

    Raises:
        ExplorerError: one line that names the file and what was expected.
    """
    path = _path(name, shipped_authorities(), folder)
    certificate = _read(path, parse_pem)
    if not certificate.is_authority:
        raise ExplorerError(f"{path}: expected the certificate of an authority, one that may sign others")
    return certificate


def _shipped() -> Path:
    return content_folder() / "credentials"


def _path(name: str, shipped: list[str], folder: Path | None) -> Path:
    if name in shipped:
        return _shipped() / f"{name}.pem"
    if not name.endswith(".pem") or not name.isprintable():
        raise ExplorerError(f"{name!r}: expected one of {', '.join(shipped)}, or the path of a .pem file")
    return (folder or Path()) / name


def _read(path: Path, read: Callable[[bytes], Read]) -> Read:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE)
        return read(content)
    except OSError as error:
        raise ExplorerError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise ExplorerError(f"{path}: {error}") from error
