"""Outputs on disk: all of them, each whole, or none of them at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from explorer.errors import ExplorerError


class Output(NamedTuple):
    """One file to write; ``replace`` says whether it may take the place of an existing one."""

    path: Path
    content: bytes
    replace: bool = True


def folder_of_files(folder: Path, contents: Mapping[str, str]) -> list[Output]:
    """A folder of text files, none of which may exist yet; the folder itself may."""
    return [Output(folder / name, text.encode(), replace=False) for name, text in contents.items()]


def write_all(outputs: Iterable[Output], new_folders: Iterable[Path] = ()) -> None:
    """Write every output, or none.

    Everything is looked at before anything is written, then each file is written beside its place and
    moved there whole, so that no reader ever sees half of one.

    Args:
        new_folders: folders that are made if they are missing; their parents must exist.

    Raises:
        ExplorerError: one line that names the path at which it cannot be done.
    """
    wanted = [output._replace(path=_real(output.path)) for output in outputs]
    try:
        missing = [folder for folder in map(_real, new_folders) if not folder.is_dir()]
        _check(wanted, missing)
    except OSError as error:
        raise _failed(Path(error.filename), error) from error
    made: list[Path] = []
    staged: list[Path] = []
    try:
        for folder in missing:
            _make(folder, made)
        for output in wanted:
            _stage(output, staged)
        for output, waiting in zip(wanted, staged, strict=True):
            _move(waiting, output.path)
    except BaseException:
        for path in staged:
            path.unlink(missing_ok=True)
        _remove_empty(made)
        raise


# ---------------------------------------------------------------- before anything is written


def _real(path: Path) -> Path:
    """Symbolic links stay links: what they point to is written."""
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:
        raise ExplorerError(f"{path}: cannot be followed: {error}") from error


def _check(outputs: list[Output], missing: list[Path]) -> None:
    seen: set[Path] = set()
    for folder in missing:
        _check_one(folder, seen, missing)
        if folder.exists():
            raise ExplorerError(f"{folder}: is a file, expected a folder")
    for output in outputs:
        _check_one(output.path, seen, missing)
        if output.path.is_dir():
            raise ExplorerError(f"{output.path}: is a folder, expected the name of a file")
        if output.path.exists():
            _check_existing(output)


def _check_one(path: Path, seen: set[Path], missing: list[Path]) -> None:
    if path in seen:
        raise ExplorerError(f"{path}: given twice, expected a path for each output")
    seen.add(path)
    folder = path.parent
    if folder in missing:
        return
    if not folder.is_dir():
        raise ExplorerError(f"{path}: expected {folder} to be a folder that exists")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ExplorerError(f"{path}: the folder {folder} is not writable")


def _check_existing(output: Output) -> None:
    path = output.path
    if not output.replace:
        raise ExplorerError(f"{path}: exists and is not overwritten, expected a folder without it")
    if not path.is_file():
        # Moving a file over a device or a pipe would put an end to that.
        raise ExplorerError(f"{path}: is not a regular file")
    if not os.access(path, os.W_OK):
        raise ExplorerError(f"{path}: is not writable")


# ---------------------------------------------------------------- writing


def _make(folder: Path, made: list[Path]) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise _failed(folder, error) from error
    made.append(folder)


def _stage(output: Output, staged: list[Path]) -> None:
    """Write the content beside its place, under a name that nobody looks for."""
    waiting = output.path.with_name(f".{os.getpid()}.{len(staged)}.ike-explorer")
    try:
        with waiting.open("xb") as file:
            staged.append(waiting)
            file.write(output.content)
        if output.path.exists():
            waiting.chmod(output.path.stat().st_mode & 0o777)
    except OSError as error:
        raise _failed(output.path, error) from error


def _move(waiting: Path, path: Path) -> None:
    try:
        waiting.replace(path)
    except OSError as error:
        raise _failed(path, error) from error


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            # Somebody else has put something there in the meantime: it is not ours to remove.
            continue


def _failed(path: Path, error: OSError) -> ExplorerError:
    return ExplorerError(f"{path}: cannot be written: {error.strerror or error}")
