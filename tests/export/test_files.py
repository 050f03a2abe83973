import os
from pathlib import Path

import pytest

from explorer.errors import ExplorerError
from explorer.export.files import Output, folder_of_files, write_all

TABLES = {"esp_sa": "a\n", "preferences": "b\n"}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_are_written_whole(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    write_all([Output(tmp_path / "a.json", b"{}"), *folder_of_files(keys, TABLES)], [keys])
    assert contents(tmp_path) == {"a.json": b"{}", "keys/esp_sa": b"a\n", "keys/preferences": b"b\n"}


def test_a_file_inside_a_new_folder_is_fine(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    write_all([Output(keys / "run.json", b"{}"), *folder_of_files(keys, TABLES)], [keys])
    assert sorted(contents(keys)) == ["esp_sa", "preferences", "run.json"]


def test_an_existing_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "run.txt"
    target.write_text("old")
    target.chmod(0o640)
    write_all([Output(target, b"new")])
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    write_all([Output(tmp_path / "link", b"new")])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_an_existing_key_table_stops_everything(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "preferences").write_text("mine")
    with pytest.raises(ExplorerError, match=r"preferences: exists and is not overwritten"):
        write_all([Output(tmp_path / "a.json", b"{}"), *folder_of_files(keys, TABLES)], [keys])
    assert contents(tmp_path) == {"keys/preferences": b"mine"}


def test_one_bad_place_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    bad = ["missing/a", "file/a", "folder", "x" * 300, "good", "folder/../good"]
    for name in bad:
        with pytest.raises(ExplorerError) as caught:
            write_all([Output(tmp_path / "good", b"1"), Output(tmp_path / name, b"2")])
        assert "\n" not in str(caught.value)
        assert contents(tmp_path) == {"file": b"mine"}, name


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("mine")
    with pytest.raises(ExplorerError, match=r"keys: is a file, expected a folder"):
        write_all(folder_of_files(tmp_path / "keys", TABLES), [tmp_path / "keys"])


def test_a_new_folders_parent_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ExplorerError, match="to be a folder that exists"):
        write_all(folder_of_files(tmp_path / "no" / "keys", TABLES), [tmp_path / "no" / "keys"])
    assert not list(tmp_path.iterdir())


def test_a_pipe_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ExplorerError, match="is not a regular file"):
        write_all([Output(tmp_path / "pipe", b"1")])
    assert (tmp_path / "pipe").is_fifo()


def test_a_failure_while_writing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = tmp_path / "keys"
    real = Path.open

    def full(path: Path, mode: str = "r") -> object:
        if path.parent == keys:
            raise OSError(28, "No space left on device")
        return real(path, mode)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(ExplorerError, match=r"esp_sa: cannot be written: No space left on device"):
        write_all([Output(tmp_path / "a.json", b"{}"), *folder_of_files(keys, TABLES)], [keys])
    assert not list(tmp_path.iterdir())
