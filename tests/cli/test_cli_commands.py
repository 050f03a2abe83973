import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from invoke import FAILS, FIRST, WRONG_PSK, Cli, one_line

import explorer
from explorer.cli import main
from explorer.lab.scenario import shipped

TABLES = {"ikev1_decryption_table", "ikev2_decryption_table", "esp_sa", "preferences"}


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


# ---------------------------------------------------------------- what is done


def test_version(cli: Cli) -> None:
    done = cli("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ike-explorer {explorer.__version__}\n", "")


def test_help_names_every_command(cli: Cli) -> None:
    done = cli("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("run", "show", "compare", "export", "scenarios", "lessons"))


@pytest.mark.parametrize("name", shipped())
def test_show_prints_text_and_nothing_else(cli: Cli, name: str) -> None:
    done = cli("show", name)
    assert (done.returncode, done.stderr) == (0, "")
    assert "═══ Message 1 " in done.stdout
    assert "═══ Who knows what" in done.stdout


def test_show_prints_json_with_the_seed_in_it(cli: Cli) -> None:
    done = cli("show", FIRST, "--format", "json", "--seed", str(2**64 - 1))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["seed"] == 2**64 - 1


def test_same_seed_same_output(cli: Cli) -> None:
    first, again, other = (cli("show", FIRST, "--seed", seed).stdout for seed in ("7", "7", "8"))
    assert first == again != other


def test_compare_prints_two_runs_side_by_side(cli: Cli) -> None:
    done = cli("compare", FIRST, "ikev2-psk")
    assert (done.returncode, done.stderr) == (0, "")
    assert "═══ Key by key" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_compare_is_as_wide_as_the_terminal_within_reason(cli: Cli) -> None:
    for columns, width in (("40", 80), ("100", 100), ("500", 120)):
        lines = cli("compare", FIRST, "ikev2-psk", COLUMNS=columns).stdout.splitlines()
        assert width - 10 <= max(map(len, lines)) <= width


def test_compare_prints_json_and_finds_an_alignment_either_way_round(cli: Cli) -> None:
    document = json.loads(cli("compare", "ikev2-psk", FIRST, "--format", "json", "--seed", "7").stdout)
    assert [document[side]["scenario"] for side in ("left", "right")] == ["ikev2-psk", FIRST]
    assert [document[side]["seed"] for side in ("left", "right")] == [7, 7]
    assert {"left": "IKE SA", "right": "ISAKMP SA"}.items() <= document["names"][0].items()


def test_compare_draws_one_seed_for_both(cli: Cli) -> None:
    done = cli("compare", FIRST, "ikev1-main-rsa", "--format", "json", "--seed", "random")
    document = json.loads(done.stdout)
    assert document["left"]["seed"] == document["right"]["seed"]
    assert done.stderr == f"ike-explorer: the seed is {document['left']['seed']}\n"


def test_compare_takes_files_and_aligns_only_what_is_shipped(cli: Cli) -> None:
    path = cli.write(f"{FIRST}.toml")
    done = cli("compare", path.name, "ikev2-psk")
    assert (done.returncode, done.stderr) == (0, "")
    assert "═══ Messages" in done.stdout
    assert "═══ Key by key" not in done.stdout


def test_compare_says_when_a_run_missed_its_goal(cli: Cli) -> None:
    path = cli.write("wrong.toml", WRONG_PSK)
    done = cli("compare", FIRST, path.name)
    assert done.returncode == 1
    assert one_line(done.stderr)
    assert "wrong: the run ended as failed, the goal is established" in done.stderr
    assert "═══ Messages" in done.stdout


def test_a_random_seed_is_said_and_can_be_given_again(cli: Cli) -> None:
    done = cli("show", FIRST, "--format", "json", "--seed", "random")
    seed = json.loads(done.stdout)["seed"]
    assert done.returncode == 0
    assert done.stderr == f"ike-explorer: the seed is {seed}\n"
    assert 0 <= seed < 2**32
    assert cli("show", FIRST, "--format", "json", "--seed", str(seed)).stdout == done.stdout


def test_show_one_message(cli: Cli) -> None:
    done = cli("show", FIRST, "--message", "5")
    assert done.returncode == 0
    assert "═══ Message 5 " in done.stdout
    assert "═══ Message 6 " not in done.stdout


@pytest.mark.parametrize(
    ("gear", "line"),
    [("cisco", "ISAKMP:(0):atts are acceptable. Next payload is 0"), ("strongswan", "[CFG]   proposal matches")],
)
def test_show_prints_what_gear_would_log(cli: Cli, gear: str, line: str) -> None:
    done = cli("show", FIRST, "--as", gear)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("═══ What the initiator’s console shows: ")
    assert "\n═══ What the responder’s console shows: " in done.stdout
    assert f"\n{line}\n" in done.stdout
    one = cli("show", FIRST, "--as", gear, "--message", "2").stdout
    assert set(one.splitlines()) < set(done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [((), "═══ The initiator: "), (("--as", "cisco"), "crypto isakmp policy 10\n"),
     (("--as", "strongswan"), "proposals = aes256-sha1-modp2048")],
)
def test_a_scenario_is_shown(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    cli.write("mine.toml")
    for name in (FIRST, "mine.toml"):
        done = cli("scenarios", "show", name, *arguments)
        assert (done.returncode, done.stderr) == (0, "")
        assert said in done.stdout


def test_scenarios_are_listed(cli: Cli) -> None:
    listed = cli("scenarios", "list")
    assert cli("scenarios").stdout == listed.stdout
    assert [line.split()[0] for line in listed.stdout.splitlines()] == shipped()


def test_lessons_are_listed_and_checked(cli: Cli) -> None:
    listed = cli("lessons")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert cli("lessons", "list").stdout == listed.stdout


def test_a_scenario_of_ones_own_is_checked_and_shown(cli: Cli) -> None:
    cli.write("mine.toml")
    done = cli("scenarios", "check", "mine.toml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine.toml: fine\n", "")
    assert cli("show", "mine.toml").returncode == 0


def test_export_writes_every_output(cli: Cli, tmp_path: Path) -> None:
    done = cli("export", FIRST, "--pcap", "a.pcap", "--keys", "keys", "--json", "a.json", "--text", "a.txt")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert {path.name for path in tmp_path.iterdir()} == {"a.pcap", "keys", "a.json", "a.txt"}
    assert {path.name for path in (tmp_path / "keys").iterdir()} == TABLES
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == cli("show", FIRST, "--format", "json").stdout
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == cli("show", FIRST).stdout
    assert (tmp_path / "a.pcap").read_bytes()[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4")


# ---------------------------------------------------------------- runs that fail


def test_a_failure_that_is_the_goal_is_a_success(cli: Cli) -> None:
    cli.write("fails.toml", WRONG_PSK, FAILS)
    done = cli("show", "fails.toml", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["outcome"] == "failed"
    assert cli("scenarios", "check", "fails.toml").returncode == 0


def test_another_end_than_the_goal_is_said_after_the_output(cli: Cli, tmp_path: Path) -> None:
    cli.write("bad.toml", WRONG_PSK)
    for arguments in (("show", "bad.toml", "--format", "json"), ("export", "bad.toml", "--json", "bad.json")):
        done = cli(*arguments)
        assert done.returncode == 1
        assert one_line(done.stderr)
        assert "ended as failed, the goal is established" in done.stderr
        said = done.stdout or (tmp_path / "bad.json").read_text(encoding="utf-8")
        document = json.loads(said)
        assert document["outcome"] == "failed"
        assert any(event["kind"] == "refused" for event in document["events"])
        ids = {term["id"] for term in document["terms"]}
        assert all(set(term["inputs"]) <= ids for term in document["terms"])
    assert "refuses: " in cli("show", "bad.toml").stdout


def test_check_says_a_line_for_each_bad_file(cli: Cli) -> None:
    cli.write("bad.toml", WRONG_PSK)
    cli.write("good.toml")
    done = cli("scenarios", "check", "bad.toml", "good.toml", "missing.toml")
    assert done.returncode == 1
    assert done.stdout == "good.toml: fine\n"
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["bad", "missing.toml"]


# ---------------------------------------------------------------- terminals and pipes


def test_a_terminal_without_the_characters_shows_question_marks(cli: Cli) -> None:
    done = cli("show", FIRST, "--message", "1", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "??? Message 1" in done.stdout


def test_a_reader_that_leaves_is_not_an_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "explorer", "show", FIRST, "--format", "json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": ""},
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        said = process.stderr.read()
    assert (process.returncode, said) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "explorer", "show", FIRST],
            stdout=full, stderr=subprocess.PIPE, check=False, text=True,
        )
    assert done.returncode == 1
    assert done.stderr == "ike-explorer: standard output: No space left on device\n"


# ---------------------------------------------------------------- what is imported


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["show", FIRST], ["show", FIRST, "--format", "json"], ["scenarios"], ["lessons"],
     ["show", FIRST, "--as", "cisco"], ["scenarios", "show", FIRST, "--as", "strongswan"],
     ["export", FIRST, "--json", "a", "--text", "b", "--keys", "k"]],
    ids=" ".join,
)
def test_only_the_app_imports_the_app(tmp_path: Path, arguments: list[str]) -> None:
    heavy = ("textual", "rich", "pygments", "explorer.tui", "explorer.course", "cryptography.x509",
             "importlib.metadata", "dpkt", "asyncio", "secrets", "socket")
    allowed = ["explorer.course"] if arguments == ["lessons"] else []
    code = (
        "import sys\n"
        "from explorer.cli import main\n"
        f"status = main({arguments!r})\n"
        f"print('IMPORTED', status, [name for name in {heavy!r} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, encoding="utf-8", check=True,
                          env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    assert re.findall(r"^IMPORTED (.*)$", done.stdout, re.MULTILINE) == [f"0 {allowed}"]


# ---------------------------------------------------------------- the app


@pytest.mark.parametrize(("arguments", "seed"), [([], 1998), (["run", FIRST, "--seed", "3"], 3)])
def test_the_app_opens_on_the_run(monkeypatch: pytest.MonkeyPatch, arguments: list[str], seed: int) -> None:
    opened: list[tuple[str, int]] = []
    monkeypatch.setenv("TEXTUAL_DRIVER", "a stand-in for a terminal")
    monkeypatch.setattr("explorer.tui.app.run_app", lambda trace, _, __: opened.append((trace.scenario, trace.seed)))
    assert main(arguments) == 0
    assert opened == [(FIRST, seed)]


def test_an_interrupt_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("explorer.lab.run.run", interrupt)
    assert main(["show", FIRST]) == 130
    assert capsys.readouterr() == ("", "")
