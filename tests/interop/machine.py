"""Another machine to talk to: two network namespaces and a wire between them."""

from __future__ import annotations

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from demand import program

OURS, THEIRS = "198.18.0.1", "198.18.0.2"
"""The ends of the wire (RFC 2544 keeps these addresses for tests)."""
OURS_NEXT, THEIRS_NEXT = "198.18.0.3", "198.18.0.4"
"""Addresses that the ends do not have at first."""
BEHIND_US, BEHIND_THEM = "10.1.0.1", "10.2.0.1"
"""The hosts whose packets are to be protected."""

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET of linux/sched.h; Python knows setns from 3.12 on.
_QUIET = "for file in /proc/sys/net/ipv6/conf/*/disable_ipv6; do [ ! -e $file ] || echo 1 >$file; done"
"""Without this every new interface greets its neighbours."""

_libc = ctypes.CDLL(None, use_errno=True)


class Machine:
    """The other machine, and a place for our sockets that is at the other end of its wire.

    Nothing outside is touched or in the way: no port that is taken, no firewall, no other test.  The namespaces have
    no name and live as long as the processes that sit in them, so nothing is left behind, whatever happens.
    """

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        here, there = self._namespace(), self._namespace()
        self._here, self._there = f"/proc/{here}/ns/net", f"/proc/{there}/ns/net"
        _run(
            "ip", "link", "add", "name", "wire", "netns", str(here),
            "type", "veth", "peer", "name", "wire", "netns", str(there))
        for place, address, behind in ((self._here, OURS, BEHIND_US), (self._there, THEIRS, BEHIND_THEM)):
            for words in (
                ("link", "set", "lo", "up"),
                ("address", "add", f"{behind}/32", "dev", "lo"),
                ("address", "add", f"{address}/24", "dev", "wire"),
                ("link", "set", "wire", "up"),
            ):
                _run("nsenter", f"--net={place}", "ip", *words)
        return self

    def _namespace(self) -> int:
        """A new namespace; the process that sits in it."""
        sitter = self._start("unshare", "--net", "--", "sh", "-c", f"{_QUIET} && echo here && exec sleep infinity")
        assert sitter.stdout is not None
        assert sitter.stdout.readline() == "here\n", "unshare --net does not work here"
        return sitter.pid

    @contextmanager
    def our_end(self) -> Iterator[None]:
        """Sockets that are opened meanwhile are at our end of the wire, for as long as they are open."""
        with Path("/proc/thread-self/ns/net").open() as home, Path(self._here).open() as away:
            _enter(away)
            try:
                yield
            finally:
                _enter(home)

    def address(self, change: str, address: str) -> None:
        """``add`` or ``delete`` one of the addresses that an end may have."""
        place = self._here if address in (OURS, OURS_NEXT) else self._there
        # With the length of the first one's network it would go away together with that.
        length = 24 if address in (OURS, THEIRS) else 25
        _run("nsenter", f"--net={place}", "ip", "address", change, f"{address}/{length}", "dev", "wire")

    def start(self, *command: str, log: Path, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start a program over there; it ends with this test at the latest."""
        with log.open("w") as output:
            return self._start("nsenter", f"--net={self._there}", *command, output=output, environment=environment)

    def _start(
        self, *command: str, output: IO[str] | int = subprocess.PIPE, environment: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        # The kernel ends it when this process ends, even if that had no chance to.
        guarded = [program("setpriv"), "--pdeathsig", "KILL", "--", program(command[0]), *command[1:]]
        process = subprocess.Popen(
            guarded, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, text=True, env=environment)
        self._processes.append(process)
        return process

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in reversed(self._processes):
            stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Ask a program to end, and end it if it does not."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _enter(namespace: IO[str]) -> None:
    if _libc.setns(namespace.fileno(), _NEW_NETWORK) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _run(name: str, *arguments: str) -> None:
    done = subprocess.run([program(name), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{name} {' '.join(arguments)}: {done.stderr}"
