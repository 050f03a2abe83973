from __future__ import annotations

import re
from pathlib import Path

import pytest

from explorer.course.loader import load_lesson
from explorer.errors import ExplorerError

SAMPLE = Path(__file__).with_name("sample.md")
TEXT = SAMPLE.read_text(encoding="utf-8")


def load(folder: Path, text: str) -> None:
    path = folder / "lesson.md"
    path.write_text(text, encoding="utf-8")
    load_lesson(path)


def test_a_lesson_is_front_matter_and_steps() -> None:
    lesson = load_lesson(SAMPLE)
    assert (lesson.id, lesson.title, lesson.unit) == ("sample", "A sample [b]for[/b] tests", "Tests")
    assert (lesson.front.number, lesson.front.minutes) == (99, 5)
    assert [step.heading for step in lesson.steps] == ["Read", "Select", "Type octets", "Type a number", "Done"]
    assert [step.question.kind if step.question else "" for step in lesson.steps] == [
        "", "select", "octets", "number", ""]


def test_a_step_is_prose_directive_and_question() -> None:
    first, second = load_lesson(SAMPLE).steps[:2]
    assert len(first.prose) == 1
    assert first.prose[0].startswith("A step without a question. The **public value**")
    assert (first.directive.scenario, first.directive.run_to, first.directive.panes) == (
        "ikev1-main-psk", 3, ["message", "knowledge"])
    assert second.prose == []
    assert second.question is not None
    assert (second.question.also, len(second.question.hints)) == (["term g^xi"], 3)
    assert second.question.mistakes[0].reply.startswith("That is the nonce")
    assert second.question.expects == "select a field or a term, then press enter"


FAULTS = [
    ("no front matter", "+++\ntitle", "---\ntitle", r"expected TOML between two lines of \+\+\+ at the top"),
    ("front matter not closed", '."\n+++\n', '."\n', r"expected TOML between two lines of \+\+\+"),
    ("front matter not TOML", 'title = "A', "title = A", "front matter: not TOML: .*line 1"),
    ("a key is missing", "minutes = 5\n", "", "front matter: .*missing required field minutes"),
    ("a key is of another type", "minutes = 5", 'minutes = "5"', r"front matter: Expected int, got str.*minutes"),
    ("an unknown key", "minutes = 5", "minutes = 5\nlevel = 3", "front matter: .*unknown field level"),
    ("no step", "## ", "# ", "expected at least one step, a line that begins with ##"),
    ("an unknown pane", '["message", "bytes"]', '["message", "clock"]',
     r"step 'Select', lab: Invalid enum value 'clock'.*panes"),
    ("an unknown key in lab", "run_to = 3\nselect", "run = 3\nselect", "step 'Select', lab: .*unknown field run"),
    ("an unknown kind of question", 'kind = "octets"', 'kind = "essay"', "step 'Type octets', check: .*'essay'"),
    ("a question without an answer", 'answer = "messages"\n', "", "step 'Type a number', check: .*answer"),
    ("hints that are no list", 'hints = ["Count.", "All of them.", "ESP too."]', 'hints = "Count."',
     "step 'Type a number', check: Expected array, got str.*hints"),
    ("check that is not TOML", 'kind = "number"', "kind = number", "step 'Type a number', check: not TOML: .*line 1"),
    ("a fence of another name", '```check\nkind = "number"', '```python\nkind = "number"',
     "step 'Type a number': expected fenced blocks called lab or check"),
    ("a fence that is not closed", "\n```\n\n## Done", "\n\n## Done", "step 'Type a number': expected fenced blocks"),
]


@pytest.mark.parametrize(("old", "new", "complaint"), [pytest.param(*f[1:], id=f[0]) for f in FAULTS])
def test_a_fault_is_told_in_one_line_with_file_step_and_what_was_expected(
    tmp_path: Path, old: str, new: str, complaint: str
) -> None:
    assert old in TEXT
    with pytest.raises(ExplorerError) as caught:
        load(tmp_path, TEXT.replace(old, new))
    said = str(caught.value)
    assert said.startswith(f"{tmp_path / 'lesson.md'}: ")
    assert "\n" not in said
    assert "`" not in said
    assert re.search(complaint, said), said


def test_a_file_that_is_missing_or_no_text_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match=r"nowhere\.md: cannot be read: No such file"):
        load_lesson(tmp_path / "nowhere.md")
    with pytest.raises(ExplorerError, match="cannot be read: Is a directory"):
        load_lesson(tmp_path)
    path = tmp_path / "latin.md"
    path.write_bytes(b"+++\n\xfc")
    with pytest.raises(ExplorerError, match=r"latin\.md: octet 4 is not UTF-8 text"):
        load_lesson(path)


def test_lines_of_a_paragraph_are_joined_and_paragraphs_are_not(tmp_path: Path) -> None:
    path = tmp_path / "lesson.md"
    path.write_text(TEXT.replace("Nothing is asked here.", "One\ntwo.\n\n\n\nThree.\n"), encoding="utf-8")
    assert load_lesson(path).steps[-1].prose == ["One two.", "Three."]
