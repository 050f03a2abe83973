from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from explorer.course.catalogue import lesson_files, list_lessons
from explorer.course.check import MOST_WORDS, check_files
from explorer.lab.scenario import shipped

ROOT = Path(__file__).parents[2]
TEXT = Path(__file__).with_name("sample.md").read_text(encoding="utf-8")
ASK = 'ask = "How many messages has the run?"'

FAULTS = [
    ("an empty hint", '"All of them."', '" "', "three hints"),
    ("two hints", '"Count.", "All of them.", "ESP too."', '"Count.", "ESP too."', "three hints"),
    ("an empty question", ASK, 'ask = ""', "a question and an explanation that are not empty"),
    ("an empty explanation", '"There are {messages}."', '" "', "a question and an explanation that are not empty"),
    ("an empty reply", '"So far nobody is proven."', '""', "every mistake to have a reply"),
    ("an answer that is nowhere", 'answer = "messages"', 'answer = "term SKEYID_x"', "no term 'SKEYID_x'"),
    ("another right answer that is nowhere", '"term g^xi"]', '"term g^xz"]', "no term 'g^xz'"),
    ("a mistake that is nowhere", '"message of term HASH_I"', '"field 9 nothing"', "has no field 'nothing'"),
    ("a mistake that is right", '"message of term HASH_I"', '"messages"', "is not refused with its own reply"),
    ("prose that refers to nothing", "{size of term g^xi} octets; message", "{size of term g^xz} octets", "'g^xz'"),
    ("prose that refers to a whole field", "{size of term g^xi} octets; message", "{term g^xi}", "expected octets"),
    ("a hint that refers to nothing", '"Count."', '"{messages of all}"', "is no reference"),
    ("a reply that refers to nothing", "{size of term Ni_b} octets.", "{size of term N}.", "no term 'N'"),
    ("a start that is nowhere", '"field 3 isakmp_header.flags"', '"field 3 hash.data"', "has no field 'hash.data'"),
    ("a start that solves it", '"field 3 isakmp_header.flags"', '"field 3 key_exchange.data"', "before the learner"),
    ("a message that is not there", "run_to = 3\nselect", "run_to = 12\nselect", "run_to 12; expected at most 11"),
    ("a scenario that is not there", '"ikev1-main-psk"', '"ikev3"', "no scenario is called 'ikev3'"),
    ("no scenario at first", 'scenario = "ikev1-main-psk"\n', "", "expected the first step to open a scenario"),
    ("octets for a number", 'answer = "messages"', 'answer = "octets 0..4 of term g^xi"', "not of the kind number"),
    ("a number for octets", '"octets 0..4 of term CKY-R"', '"size of term CKY-R"', "not of the kind octets"),
    ("a number to select", '"field 3 key_exchange.data"', '"size of term g^xi"', "is nothing to select"),
    ("octets in prose", "A step without", "Octets de ad be ef. A step without", "literal octets 'de ad be ef'"),
    ("octets in a row", "A step without", "A cookie 67bc3f91aa. A step without", "literal octets '67bc3f91aa'"),
    ("octets in a hint", '"Message 2."', '"Like 0a 1b 2c 3d."', "literal octets '0a 1b 2c 3d'"),
    ("too many words", "Nothing is asked here.", "word " * (MOST_WORDS + 1), f"expected at most {MOST_WORDS}"),
]


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "lesson.md"
    path.write_text(text, encoding="utf-8")
    return check_files([path])


def test_the_sample_is_without_fault(tmp_path: Path) -> None:
    assert problems(tmp_path, TEXT) == []


@pytest.mark.parametrize(("old", "new", "complaint"), [pytest.param(*fault[1:], id=fault[0]) for fault in FAULTS])
def test_a_planted_fault_is_found(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in TEXT
    found = problems(tmp_path, TEXT.replace(old, new))
    assert any(complaint in problem for problem in found), found
    assert all(problem.startswith(f"{tmp_path / 'lesson.md'}: ") and "\n" not in problem for problem in found)


def test_a_lesson_that_asks_nothing_is_none(tmp_path: Path) -> None:
    head = TEXT[: TEXT.index("## Select")]
    assert any("expected at least one check" in problem for problem in problems(tmp_path, head))


def test_a_file_that_cannot_be_loaded_is_one_problem_and_the_others_are_still_checked(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad.md", tmp_path / "good.md"
    bad.write_text("nothing", encoding="utf-8")
    good.write_text(TEXT.replace('"All of them."', '""'), encoding="utf-8")
    found = check_files([bad, good])
    assert [Path(problem.partition(":")[0]).name for problem in found] == ["bad.md", "good.md"]


# ---------------------------------------------------------------- what is shipped


@pytest.mark.parametrize("path", lesson_files(), ids=lambda path: path.stem)
def test_a_shipped_lesson_is_without_fault(path: Path) -> None:
    assert check_files([path]) == []


def test_shipped_lessons_are_in_the_order_of_the_course() -> None:
    lessons = list_lessons()
    assert lessons
    numbers = [lesson.front.number for lesson in lessons]
    assert numbers == sorted(set(numbers))
    assert len({lesson.title for lesson in lessons}) == len(lessons)
    for lesson in lessons:
        assert 1 <= lesson.front.minutes <= 12
        assert len({step.heading for step in lesson.steps}) == len(lesson.steps)


def test_an_installed_wheel_has_lessons_and_scenarios_and_works_anywhere(tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder

    with redirect_stdout(io.StringIO()):
        (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path / "dist"), versions=["standard"])
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONWARNINGS": "", "COLUMNS": "100"}

    def said(*arguments: str) -> str:
        command = [sys.executable, *arguments]
        done = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    code = (
        "import explorer; from explorer.course.catalogue import list_lessons\n"
        "from explorer.lab.scenario import shipped\n"
        "print(explorer.__file__); print(*(x.id for x in list_lessons())); print(*shipped())"
    )
    where, lessons, scenarios = said("-c", code).splitlines()
    assert where.startswith(str(tmp_path / "site"))
    assert lessons.split() == [lesson.id for lesson in list_lessons()]
    assert scenarios.split() == shipped()
    assert "HDR, KE, Ni" in said("-m", "explorer", "show", "ikev1-main-psk")
    assert "Key by key" in said("-m", "explorer", "compare", "ikev1-main-psk", "ikev2-psk")
