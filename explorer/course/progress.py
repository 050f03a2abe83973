"""What a learner has done, in a plain file that can be read, moved and deleted."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

HOME = "IKE_EXPLORER_HOME"
"""Environment variable that names another folder for the file."""


def progress_file() -> Path:
    """``progress.json`` in the user's data folder."""
    home = os.environ.get(HOME)
    if home:
        return Path(home) / "progress.json"
    from platformdirs import user_data_path

    return user_data_path("ike-explorer", appauthor=False) / "progress.json"


class Progress:
    """Which steps of which lesson are done, and where the learner was.

    A file that cannot be read is left alone and replaced only after it was set aside; one that cannot
    be written costs the record, never the lesson.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or progress_file()
        self.problem = ""
        self._lessons: dict[str, dict[str, object]] = self._read()

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            lessons = content["lessons"]
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError):
            self.problem = f"{self._path} cannot be read; it is kept as {self._path.name}.old"
            return {}
        if not isinstance(lessons, dict):
            self.problem = f"{self._path} cannot be read; it is kept as {self._path.name}.old"
            return {}
        return {str(name): dict(value) for name, value in lessons.items() if isinstance(value, dict)}

    def done(self, lesson: str) -> list[str]:
        """Headings of the steps that are done."""
        found = self._lessons.get(lesson, {}).get("done", [])
        return [str(item) for item in found] if isinstance(found, list) else []

    def step(self, lesson: str) -> int:
        """Index of the step where the learner was."""
        at = self._lessons.get(lesson, {}).get("step", 0)
        return at if isinstance(at, int) else 0

    def record(self, lesson: str, step: int, done: list[str]) -> None:
        """Keep where the learner is; written whole or not at all."""
        self._lessons[lesson] = {"step": step, "done": done}
        content = json.dumps({"format": 1, "lessons": self._lessons}, indent=2, ensure_ascii=False) + "\n"
        temporary: Path | None = None
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if self.problem and self._path.exists():
                self._path.replace(self._path.with_name(self._path.name + ".old"))
                self.problem = ""
            handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".progress-")
            temporary = Path(name)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(content)
            temporary.replace(self._path)
        except OSError as error:
            if temporary is not None:
                temporary.unlink(missing_ok=True)
            self.problem = f"{self._path}: progress is not kept: {error.strerror or error}"
