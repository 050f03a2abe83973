import json
from pathlib import Path

import pytest
from invoke import FIRST, Cli, one_line

from explorer.content import content_folder


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "nope"), "no scenario is called 'nope'; expected one of “ike-explorer scenarios list”"),
        (("show", "ikev1-main-pks"), "did you mean ikev1-main-psk"),
        (("show", "nope.toml"), "nope.toml: cannot be read"),
        (("show", "a\nb.toml"), r"a\nb.toml: cannot be read"),
        (("show", "/"), "/: cannot be read"),
        (("show", ""), "no scenario is called ''"),
        (("show", FIRST, "--message", "0"), "message 0: expected a number from 1 to 11"),
        (("show", FIRST, "--message", "12", "--format", "json"), "message 12: expected a number from 1 to 11"),
        (("compare", "nope", FIRST), "no scenario is called 'nope'"),
        (("compare", FIRST, "ikev2-pks"), "did you mean ikev2-psk"),
        (("compare", FIRST, "a\x1b[1m.toml"), r"a\x1b[1m.toml: cannot be read"),
        (("run", "nope"), "no scenario is called 'nope'"),
        (("run", FIRST), "the app needs a terminal"),
        ((), "the app needs a terminal"),
        (("export", "nope", "--json", "a"), "no scenario is called 'nope'"),
        (("export", FIRST, "--json", "no/a"), "no/a: expected "),
        (("export", FIRST, "--json", "."), "is a folder"),
        (("export", FIRST, "--json", "a", "--text", "./a"), "a: given twice"),
        (("export", FIRST, "--json", "k", "--keys", "k"), "k: given twice"),
        (("export", FIRST, "--json", "k/esp_sa", "--keys", "k"), "esp_sa: given twice"),
        (("export", FIRST, "--json", "/dev/null"), "/dev/null: is not a regular file"),
        (("export", FIRST, "--json", "x" * 300), "File name too long"),
        (("export", FIRST, "--keys", "no/k"), "expected "),
        (("lessons", "check", "nope.md"), "nope.md: "),
        (("scenarios", "show", "nope"), "no scenario is called 'nope'"),
        (("scenarios", "show", "nope.toml", "--as", "cisco"), "nope.toml: cannot be read"),
        (("show", FIRST, "--as", "cisco", "--message", "12"), "message 12: expected a number from 1 to 11"),
    ],
)
def test_bad_input_is_one_line_and_status_1(
    cli: Cli, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    done = cli(*arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert one_line(done.stderr)
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("bogus",), "invalid choice: 'bogus'"),
        (("show",), "required: SCENARIO"),
        (("show", FIRST, "--format", "xml"), "invalid choice: 'xml'"),
        (("compare", FIRST), "required: B"),
        (("compare", FIRST, FIRST, "--format", "xml"), "invalid choice: 'xml'"),
        (("show", FIRST, "--message", "five"), "invalid int value: 'five'"),
        (("show", FIRST, "--colour"), "unrecognized arguments: --colour"),
        (("export", FIRST), "at least one of --pcap, --keys, --json and --text"),
        (("scenarios", "check"), "required: FILE"),
        (("scenarios", "show"), "required: NAME"),
        (("scenarios", "show", FIRST, "--as", "juniper"), "invalid choice: 'juniper'"),
        (("show", FIRST, "--as", "cisco", "--format", "text"), "not allowed with argument --as"),
        (("scenarios", "bogus"), "invalid choice: 'bogus'"),
        *((("show", FIRST, "--seed", text), 'expected N from 0 to 2**64-1 or "random"')
          for text in ("x", "-1", "1_000", "+5", " 5", "", "1.0", "0x10", "٣", str(2**64), "9" * 5000)),
    ],
)
def test_bad_usage_is_one_line_and_status_2(cli: Cli, arguments: tuple[str, ...], said: str) -> None:
    done = cli(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr)
    assert said in done.stderr


def test_a_broken_scenario_names_file_and_key(cli: Cli) -> None:
    cli.write("broken.toml", ("group = 14", "group = 3"))
    done = cli("show", "broken.toml")
    assert (done.returncode, done.stdout) == (1, "")
    assert one_line(done.stderr)
    assert done.stderr.startswith("ike-explorer: broken.toml: initiator.isakmp[0].group: expected one of ")


def test_key_tables_never_overwrite(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "preferences").write_text("mine")
    done = cli("export", FIRST, "--keys", "keys", "--json", "a.json", "--pcap", "a.pcap")
    assert done.returncode == 1
    assert one_line(done.stderr)
    assert "preferences: exists and is not overwritten" in done.stderr
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["preferences"]
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]
    assert (tmp_path / "keys" / "preferences").read_text() == "mine"


def test_other_outputs_replace_what_was_there(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("old")
    assert cli("export", FIRST, "--json", "a.json").returncode == 0
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["scenario"] == FIRST


def test_the_scenario_itself_is_not_overwritten(cli: Cli) -> None:
    path = cli.write("mine.toml")
    before = path.read_bytes()
    done = cli("export", "mine.toml", "--text", "./mine.toml")
    assert done.returncode == 1
    assert "is the scenario itself" in done.stderr
    assert path.read_bytes() == before


def test_export_writes_no_file_whose_name_is_a_dash(cli: Cli, tmp_path: Path) -> None:
    done = cli("export", FIRST, "--json", "-")
    assert done.returncode == 1
    assert "expected a path" in done.stderr
    assert not (tmp_path / "-").exists()


def test_a_word_for_an_algorithm_that_is_nearly_right_is_put_right(cli: Cli) -> None:
    text = (content_folder() / "scenarios" / "ikev2-psk.toml").read_text(encoding="utf-8")
    (cli.folder / "mine.toml").write_text(text.replace("aes-cbc-128", "aes-cbc-129", 1), encoding="utf-8")
    done = cli("show", "mine.toml")
    assert done.returncode == 1
    assert "'aes-cbc-129' is not known, did you mean " in done.stderr
    assert "aes-cbc-128" in done.stderr
    assert len(done.stderr) < 200
