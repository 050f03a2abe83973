"""The two-peer test of pyikev2, another IKEv2 in Python, as something to be timed.

It is not on the package index and has a licence of its own, so the environment variable PYIKEV2 has to name a checkout
of github.com/alejandro-perez/pyikev2.  What it does in that time: IKE_SA_INIT and IKE_AUTH between two peers
with a pre-shared key, ECP-256 and AES; nothing is recorded.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import time
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from unittest.mock import patch


def first_exchanges() -> Callable[[], float]:
    """A function that brings up one pair of peers and returns the seconds of it, without making the peers.

    Raises:
        OSError: there is no checkout.
    """
    folder = Path(os.environ.get("PYIKEV2", ""))
    if not (folder / "test_ikesa.py").is_file():
        raise OSError("PYIKEV2 names no folder with a checkout of pyikev2")
    sys.path.insert(0, str(folder))
    logging.disable(logging.CRITICAL)
    tests, message = importlib.import_module("test_ikesa"), importlib.import_module("message")
    case = tests.TestIkeSa("test_initial_exchanges_transport")

    def selector(network: str, port: int) -> Any:
        kind = message.TrafficSelector
        return kind.from_network(ip_network(network), port, kind.IpProtocol.TCP)

    def bring_up() -> float:
        with patch("xfrm.Xfrm.send_recv"):
            case.setUp()
            start = time.perf_counter()
            first, second = case.ike_sa1, case.ike_sa2
            said = first.process_acquire(selector("192.168.0.1/32", 8765), selector("192.168.0.2/32", 23), 1)
            for peer in (second, first, second, first):
                said = peer.process_message(said)
            taken = time.perf_counter() - start
        assert first.state.name == second.state.name == "ESTABLISHED"
        return taken

    return bring_up
