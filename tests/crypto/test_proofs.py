from __future__ import annotations

import subprocess
from collections.abc import Sequence

import pytest
from known import term

from explorer.crypto.algorithms import DES_CBC, MD5, SHA1, SHA2_256, SHA2_512, TRIPLE_DES_CBC
from explorer.crypto.expression import Concat, Encrypt, Expr, Framed, Hash, LastBlock, Octet, Plain, Prf
from explorer.crypto.groups import modp_group
from explorer.crypto.term import Derived, Term, derive
from explorer.events import Role
from explorer.protocols.ikev1.keys import Prfs, encryption_key, public_value, shared_secret
from explorer.trace.trace import Trace

pytestmark = pytest.mark.outside


def output(commands: Sequence[str]) -> list[str]:
    script = "set -e -o pipefail\n" + "\n".join(commands) + "\n"
    done = subprocess.run(["bash"], input=script, capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout.split("\n")[:-1]


def prove(*expressions: Expr) -> None:
    commands = [expression.command() for expression in expressions]
    assert output([c for c in commands if c is not None]) == [e.octets.hex() for e in expressions]


def derived(trace: Trace) -> list[tuple[Role, Term]]:
    links = trace.links
    held = [(party, term) for key in links.keys for _, party, term in links.terms(key)]
    return [(party, term) for party, term in held if isinstance(term.origin, Derived)]


def test_every_derived_term_of_a_run_proves_itself(trace: Trace) -> None:
    terms = derived(trace)
    assert {party for party, _ in terms} == set(Role)
    assert len(terms) > 70
    commands: dict[str, str] = {}
    for _, held in terms:
        command = held.command()
        assert command is not None, f"{held.symbol} has no command"
        assert "\n" not in command
        assert commands.setdefault(command, held.octets.hex()) == held.octets.hex()
    lines = output(list(commands))
    assert len(lines) == len(commands)
    for line, (command, expected) in zip(lines, commands.items(), strict=True):
        assert line == expected, command


def test_what_is_not_derived_has_no_command(trace: Trace) -> None:
    for key in trace.links.keys:
        for _, _, held in trace.links.terms(key):
            assert isinstance(held.origin, Derived) == (held.command() is not None)


def test_hmac_with_an_empty_key() -> None:
    empty, data = term("psk", b""), term("A", b"data") | 0
    prove(*(Prf(function, empty, data) for function in (MD5, SHA1, SHA2_256, SHA2_512)))


def test_hmac_with_empty_data_and_with_a_long_key() -> None:
    key, nothing = term("psk", b"k" * 200), term("A", b"")
    prove(Prf(SHA1, key, nothing), Prf(SHA2_512, key, term("B", b"b") | nothing), Prf(MD5, nothing, nothing))


def test_hashes_of_nothing_and_of_parts() -> None:
    prove(Hash(MD5, term("A", b"")), Hash(SHA2_256, term("A", b"\0") | term("B", b"\n") | 255))


def test_octets_and_concatenations() -> None:
    a, b = term("A", b"\0\0\1"), term("B", b"")
    prove(Octet(0), Octet(255), a | b | 3, Concat((b,)), Framed("IDii", b"\5\0\0\7", a), Plain("padding", bytes(7)))


def test_slices_of_everything() -> None:
    a = term("A", bytes(range(40)))
    prove(a[:8], a[8:], a[3:5], (a | a)[30:50], Hash(SHA1, a)[:16], Prf(SHA1, a, a)[:12],
          Prf(SHA1, term("psk", b""), a)[4:12], LastBlock(a, 8), derive("D", a[8:24], "")[2:4])


def test_a_power_with_leading_zeros_is_printed_whole() -> None:
    group = modp_group(1)
    short = next(x for x in range(2, 5000) if group.power(2, 97 * x)[0] == 0)
    xi, xr = term("xi", b"\x61"), term("xr", short.to_bytes(2, "big"))
    g_xy = shared_secret(group, "g^xy", public_value(group, "g^xr", xr, ""), xi, "")
    assert g_xy.octets[0] == 0
    g_xi = public_value(group, "g^xi", xi, "")
    prove(g_xy, g_xi, shared_secret(group, "g^xy", g_xi, xr, ""))


@pytest.mark.parametrize("cipher", [DES_CBC, TRIPLE_DES_CBC], ids=lambda c: c.label)
def test_old_ciphers(cipher: object) -> None:
    assert cipher in (DES_CBC, TRIPLE_DES_CBC)
    chosen = DES_CBC if cipher is DES_CBC else TRIPLE_DES_CBC
    key, iv = term("K", bytes(range(1, chosen.key_size + 1))), term("IV", bytes(8))
    prove(Encrypt(chosen, key, iv, term("A", b"a" * 40) | Plain("padding", bytes(8))))


def test_a_des_key_behind_weak_ones() -> None:
    SKEYID_e = term("SKEYID_e", bytes.fromhex("0101010101010101") + bytes(range(1, 13)))
    prove(*encryption_key(Prfs(SHA1), SKEYID_e, DES_CBC))
