"""What speed costs here: ratios measured side by side in one run, in one table.  Nothing asserts on a clock.

::

    python tests/bench/run.py             # everything
    python tests/bench/run.py run codec   # some of it: run, modes, v2, pyikev2, codec, codec-v2, frame, show, key

Each figure is the median of paired measurements that alternate, so that whatever else the machine does
falls on both sides.
"""

# ruff: noqa: T201 - a table is to be seen

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
from bare import bare_calls
from terminal import Terminal

from explorer.lab.run import run
from explorer.lab.scenario import PeerFile, Scenario, load_scenario, shipped
from explorer.octets import Buffer
from explorer.wire.ikev2_message import V2Message, read_v2
from explorer.wire.message import Message, read_message
from explorer.wire.structure import forget_readings

HERE = Path(__file__).parent
SCENARIO = "ikev1-main-psk"
SCENARIO_LOADED = load_scenario(SCENARIO)
RIGHT = b"\x1b[C"
PRESSES = 9
"""Fewer than the exchange has messages, so that each of them leads to another one."""


class Figure(NamedTuple):
    """One row: what was measured, against what, the ratio, and which side of ``target`` is the good one."""

    name: str
    ours: float
    theirs: float
    ratio: float
    target: str
    note: str = ""


def clock(work: Callable[[], object], times: int = 1) -> float:
    """Seconds per call."""
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def paired(ours: Callable[[], float], theirs: Callable[[], float], pairs: int) -> tuple[float, float, float]:
    """Medians of both sides, and the median of the ratios ours ÷ theirs of ``pairs`` alternating runs."""
    ours(), theirs()
    seconds = [(ours(), theirs()) for _ in range(pairs)]
    return (
        statistics.median(own for own, _ in seconds),
        statistics.median(other for _, other in seconds),
        statistics.median(own / other for own, other in seconds),
    )


# ---------------------------------------------------------------- (a) a run against its bare cryptography


def recorded() -> None:
    run(SCENARIO_LOADED)


def looked_at() -> None:
    trace = run(SCENARIO_LOADED)
    _ = trace.knowledge, trace.links


def as_a_command(work: Callable[[], object]) -> float:
    """Seconds, as in a command: none of them collects garbage while it runs a scenario (``explorer/cli``)."""
    gc.collect()
    gc.disable()
    try:
        return clock(work)
    finally:
        gc.enable()


def measure_run() -> Iterator[Figure]:
    calls = bare_calls(recorded)
    counts = Counter(call.func.__name__.strip("_") for call in calls)

    def bare() -> None:
        for call in calls:
            call()

    note = ", ".join(f"{count} {name}" for name, count in counts.items())
    ours, theirs, ratio = paired(partial(as_a_command, recorded), partial(as_a_command, bare), 51)
    yield Figure("whole run, trace recorded ÷ its bare cryptography", ours, theirs, ratio, "<= 1.3", note)
    ours, theirs, ratio = paired(partial(as_a_command, looked_at), partial(as_a_command, bare), 51)
    what = "the same, every link and timeline made too"
    yield Figure(what, ours, theirs, ratio, "<= 1.3", "made when a view first asks")



# ---------------------------------------------------------------- each mode against its bare cryptography

MODES = (
    "ikev1-main-psk",
    "ikev1-main-psk-pfs",
    "ikev1-main-rsa",
    "ikev1-main-ecdsa",
    "ikev1-main-pke",
    "ikev1-main-revised-pke",
    "ikev1-aggressive-psk",
    "ikev1-aggressive-rsa",
    "ikev1-aggressive-pke",
    "ikev1-aggressive-revised-pke",
    "ikev1-remote-access-client-mode",
    "ikev1-remote-access-hybrid",
    "ikev1-nat-t",
    "ikev1-rekey",
)


def measure_modes() -> Iterator[Figure]:
    """All with MODP-2048; a whole run each, both peers, the eavesdropper and the recording included."""
    for name in MODES:
        yield against_bare(name, load_scenario(name), "<= 1.5")


def against_bare(label: str, scenario: Scenario, target: str) -> Figure:
    play = partial(run, scenario)
    play()
    calls = bare_calls(play)

    def bare() -> None:
        for call in calls:
            call()

    ours, theirs, ratio = paired(partial(as_a_command, play), partial(as_a_command, bare), 15)
    return Figure(f"{label} ÷ its bare cryptography", ours, theirs, ratio, target, f"{len(calls)} calls")


def with_method(scenario: Scenario, word: str) -> Scenario:
    """The same with one key exchange method wherever there is one; a first guess stays what it was."""

    def peer(file: PeerFile) -> PeerFile:
        ike = [msgspec.structs.replace(one, key_exchange=[word]) for one in file.ike]
        child = [msgspec.structs.replace(one, key_exchange=[word] if one.key_exchange else []) for one in file.child]
        return msgspec.structs.replace(file, ike=ike, child=child, guess=None)

    return msgspec.structs.replace(scenario, initiator=peer(scenario.initiator), responder=peer(scenario.responder))


def measure_v2() -> Iterator[Figure]:
    """Every scenario of IKEv2, with both methods: with X25519 there is hardly any cryptography to compare with."""
    for name in shipped():
        if name.startswith("ikev2-"):
            scenario = load_scenario(name)
            for word, target in (("modp-2048", "<= 1.5"), ("x25519", "<= 4")):
                yield against_bare(f"{name}, {word}", with_method(scenario, word), target)


def measure_pyikev2() -> Iterator[Figure]:
    """Ours with X25519, everything recorded; theirs as its own test has it."""
    from beside_pyikev2 import first_exchanges

    theirs = first_exchanges()
    scenario = msgspec.structs.replace(with_method(load_scenario("ikev2-psk"), "x25519"), script=["phase 1"])
    own, other, _ = paired(partial(as_a_command, partial(run, scenario)), theirs, 61)
    yield Figure("pyikev2's two peers ÷ ikev2-psk, x25519, recorded", own, other, other / own, ">= 2", "its ECP-256")


# ---------------------------------------------------------------- (b) the codec against scapy's


def read_anew(buffer: Buffer) -> Message:
    """As if nobody had read it before."""
    forget_readings()
    return read_message(buffer)


def all_meanings(buffer: Buffer) -> Message:
    message = read_anew(buffer)
    for field in message.trees[0].root.walk():
        _ = field.meaning
    return message


def measure_codec() -> Iterator[Figure]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from scapy.layers.isakmp import ISAKMP

    for name, target in (("message-1", ">= 4.5"), ("message-1-long-lifetimes", ">= 4.5"), ("ke-nonce", ">= 7")):
        octets = (HERE / "fixtures" / f"{name}.bin").read_bytes()
        buffer = Buffer("datagram", octets)
        theirs = partial(clock, partial(ISAKMP, octets), 50)
        for what, read, goal in (("", read_anew, target), (", all meanings", all_meanings, "")):
            own, other, ratio = paired(partial(clock, partial(read, buffer), 200), theirs, 61)
            label = f"messages a second ÷ scapy's: {name}{what}"
            yield Figure(label, own, other, 1 / ratio, goal, f"{len(octets)} octets, {1 / own:,.0f} a second")


V2_TARGET = ">= 5"


def read_at_once(octets: bytes) -> V2Message:
    forget_readings()
    return read_v2(Buffer("datagram", octets))


def all_v2_meanings(octets: bytes) -> V2Message:
    message = read_at_once(octets)
    for field in message.trees[0].root.walk():
        _ = field.meaning
    return message


def measure_codec_v2() -> Iterator[Figure]:
    """Both messages of IKE_SA_INIT, as scapy reads them: it takes IKEv2 apart payload by payload too."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from scapy.contrib.ikev2 import IKEv2

    for name in ("ikev2-psk", "ikev2-modp", "ikev2-hybrid-two"):
        trace = run(load_scenario(name))
        for step in trace.steps[:2]:
            octets = step.octets
            theirs = partial(clock, partial(IKEv2, octets), 50)
            for what, read, goal in (("", read_at_once, V2_TARGET), (", all meanings", all_v2_meanings, "")):
                own, other, ratio = paired(partial(clock, partial(read, octets), 200), theirs, 31)
                label = f"messages a second ÷ scapy's: {name} {step.number}{what}"
                yield Figure(label, own, other, 1 / ratio, goal, f"{len(octets)} octets, {1 / own:,.0f} a second")


# ---------------------------------------------------------------- (c) and (e) the app on a terminal

OURS = [sys.executable, "-m", "explorer", "run", SCENARIO]
BARE = [sys.executable, str(HERE / "bare_app.py")]


def first_frame(command: list[str], marker: bytes) -> float:
    """Seconds from the start of the process to the first frame that shows the marker."""
    start = time.perf_counter()
    with Terminal(command) as terminal:
        terminal.wait_for(marker)
        return time.perf_counter() - start


def key_presses(command: list[str], marker: bytes, presses: int) -> list[float]:
    """Seconds from each key press to the end of the repainting that it causes."""
    with Terminal(command) as terminal:
        terminal.wait_for(marker)
        terminal.settle()
        return [terminal.press(RIGHT) for _ in range(presses)]


def measure_frame() -> Iterator[Figure]:
    ours, theirs, ratio = paired(
        partial(first_frame, OURS, b"IKE Explorer"), partial(first_frame, BARE, b"bare app"), 9
    )
    yield Figure("start to first frame, exchange loaded ÷ a bare Textual app's", ours, theirs, ratio, "<= 1.8")


def measure_key() -> Iterator[Figure]:
    seconds = []
    for _ in range(3):
        own = key_presses(OURS, b"IKE Explorer", PRESSES)
        other = key_presses(BARE, b"bare app", PRESSES)
        seconds += list(zip(own, other, strict=True))
    ours, theirs = statistics.median(o for o, _ in seconds), statistics.median(t for _, t in seconds)
    ratio = statistics.median(o / t for o, t in seconds)
    yield Figure("right arrow to repainted step ÷ a bare Textual app's Static", ours, theirs, ratio, "<= 4")


# ---------------------------------------------------------------- (d) a command against importing scapy


def process(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def measure_show() -> Iterator[Figure]:
    show = [sys.executable, "-m", "explorer", "show", SCENARIO, "--format", "json"]
    scapy = [sys.executable, "-c", "import scapy.all"]
    ours, theirs, ratio = paired(partial(clock, partial(process, show)), partial(clock, partial(process, scapy)), 11)
    yield Figure("explorer show --format json ÷ import scapy.all", ours, theirs, ratio, "<= 0.5")


# ---------------------------------------------------------------- the table

MEASUREMENTS: dict[str, Callable[[], Iterator[Figure]]] = {
    "run": measure_run,
    "modes": measure_modes,
    "v2": measure_v2,
    "pyikev2": measure_pyikev2,
    "codec": measure_codec,
    "codec-v2": measure_codec_v2,
    "frame": measure_frame,
    "show": measure_show,
    "key": measure_key,
}


def reached(figure: Figure) -> str:
    if not figure.target:
        return ""
    sign, number = figure.target.split()
    good = figure.ratio <= float(number) if sign == "<=" else figure.ratio >= float(number)
    return "yes" if good else "NO"


def duration(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds / 1e-6:.1f} µs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("which", nargs="*", metavar="PART", help=f"any of {', '.join(MEASUREMENTS)}; all if none")
    chosen = parser.parse_args().which or list(MEASUREMENTS)
    if unknown := set(chosen) - set(MEASUREMENTS):
        parser.error(f"no part is called {min(unknown)}; expected any of {', '.join(MEASUREMENTS)}")
    print(f"{'what':<66}{'ours':>11}{'theirs':>11}{'ratio':>8}  {'target':<8}{'met':<5}notes")
    for part in chosen:
        try:
            for figure in MEASUREMENTS[part]():
                print(f"{figure.name:<66}{duration(figure.ours):>11}{duration(figure.theirs):>11}{figure.ratio:>8.2f}"
                      f"  {figure.target:<8}{reached(figure):<5}{figure.note}", flush=True)
        except (OSError, subprocess.CalledProcessError, TimeoutError) as error:
            print(f"{part}: not measured: {error}", flush=True)


if __name__ == "__main__":
    main()
