from __future__ import annotations

import json
from pathlib import Path

import pytest

from explorer.course.progress import Progress, progress_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "folder" / "progress.json"


def test_what_is_recorded_is_there_next_time(path: Path) -> None:
    Progress(path).record("one", 2, ["A", "Ä"])
    again = Progress(path)
    assert (again.done("one"), again.step("one"), again.problem) == (["A", "Ä"], 2, "")


def test_a_lesson_that_was_never_opened_is_at_its_beginning(path: Path) -> None:
    assert (Progress(path).done("one"), Progress(path).step("one")) == ([], 0)


def test_lessons_are_kept_apart(path: Path) -> None:
    progress = Progress(path)
    progress.record("one", 1, ["A"])
    progress.record("two", 0, [])
    assert Progress(path).done("one") == ["A"]


def test_the_file_is_plain_text_that_people_can_read(path: Path) -> None:
    Progress(path).record("one", 1, ["Ä"])
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == {"format": 1, "lessons": {"one": {"step": 1, "done": ["Ä"]}}}
    assert "Ä" in text
    assert text.endswith("}\n")


def test_it_is_written_whole_or_not_at_all(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress = Progress(path)
    progress.record("one", 1, ["A"])
    before = path.read_text(encoding="utf-8")

    def torn(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", torn)
    progress.record("one", 2, ["A", "B"])
    assert path.read_text(encoding="utf-8") == before
    assert progress.problem == f"{path}: progress is not kept: No space left on device"
    assert progress.done("one") == ["A", "B"]
    assert [file.name for file in path.parent.iterdir()] == ["progress.json"]


def test_no_other_file_is_left_behind(path: Path) -> None:
    progress = Progress(path)
    for step in range(3):
        progress.record("one", step, [])
    assert [file.name for file in path.parent.iterdir()] == ["progress.json"]


@pytest.mark.parametrize("content", [
    b"", b"{", b"\xff\xfe", b"[]", b'"text"', b"{}", b'{"lessons": []}', b'{"lessons": null}', b"nan",
])
def test_a_file_that_cannot_be_read_is_set_aside_and_nothing_is_lost(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    progress = Progress(path)
    assert progress.done("one") == []
    assert str(path) in progress.problem
    assert "\n" not in progress.problem
    assert path.read_bytes() == content
    progress.record("one", 1, ["A"])
    assert path.with_name("progress.json.old").read_bytes() == content
    assert Progress(path).done("one") == ["A"]
    assert Progress(path).problem == ""


@pytest.mark.parametrize("lesson", ["text", [1], {"step": "2", "done": "A"}, {"step": None}, {"step": -3}, {"done": 1}])
def test_an_entry_of_the_wrong_kind_is_an_entry_that_is_not_there(path: Path, lesson: object) -> None:
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"format": 1, "lessons": {"one": lesson, "two": {"step": 1, "done": ["B"]}}}))
    progress = Progress(path)
    assert (progress.done("one"), max(progress.step("one"), 0)) == ([], 0)
    assert progress.done("two") == ["B"]


def test_a_folder_that_cannot_be_written_costs_the_record_not_the_lesson(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    progress = Progress(blocked / "progress.json")
    progress.record("one", 1, ["A"])
    assert progress.done("one") == ["A"]
    assert progress.problem.endswith("progress is not kept: Not a directory") or "exists" in progress.problem


def test_the_folder_can_be_named_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IKE_EXPLORER_HOME", str(tmp_path))
    assert progress_file() == tmp_path / "progress.json"
    Progress().record("one", 0, [])
    assert (tmp_path / "progress.json").exists()


def test_otherwise_it_is_the_users_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IKE_EXPLORER_HOME", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert progress_file().name == "progress.json"
    assert "ike-explorer" in str(progress_file())
    assert not progress_file().exists()
