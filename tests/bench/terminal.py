"""A program on a pseudo-terminal, and when it has painted what."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from types import TracebackType
from typing import Self

ROWS, COLUMNS = 40, 140
QUIET = 0.15
"""Seconds without output after which a repainting is over; they do not count."""

_ESCAPES = re.compile(
    rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[PX^_].*?\x1b\\|\x1b.", re.DOTALL
)


class Terminal:
    """Runs a command on a terminal of its own for as long as the ``with`` block lasts."""

    def __init__(self, command: list[str]) -> None:
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        self._process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower,
                                         env=environment, start_new_session=True)
        os.close(follower)
        self._command = " ".join(command[1:])
        self._seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        os.close(self._leader)

    def wait_for(self, marker: bytes, seconds: float = 20.0) -> None:
        """Read until the marker stands in the text that was painted.

        Raises:
            TimeoutError: it never does.
        """
        end = time.perf_counter() + seconds
        while marker not in _ESCAPES.sub(b"", self._seen):
            if not self._read(end - time.perf_counter()):
                said = _ESCAPES.sub(b"", self._seen)[-200:].decode(errors="replace").strip()
                raise TimeoutError(f"{self._command} did not paint {marker.decode()!r}; its last words: {said!r}")

    def settle(self) -> float:
        """Read until nothing more comes; returns when the last of it came."""
        last = time.perf_counter()
        while self._read(QUIET):
            last = time.perf_counter()
        return last

    def press(self, key: bytes) -> float:
        """Seconds from a key to the end of the repainting that it causes.

        Raises:
            TimeoutError: it causes none.
        """
        start = time.perf_counter()
        os.write(self._leader, key)
        if not self._read(5.0):
            raise TimeoutError(f"{self._command} painted nothing after a key")
        return self.settle() - start

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self._leader], [], [], max(seconds, 0))
        if not ready:
            return False
        try:
            octets = os.read(self._leader, 65536)
        except OSError:  # Linux says so when the program has ended
            return False
        self._seen += octets
        return bool(octets)
