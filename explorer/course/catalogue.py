"""The lessons that come with the program."""

from __future__ import annotations

from pathlib import Path

from explorer.content import content_folder
from explorer.course.loader import load_lesson
from explorer.course.model import Lesson


def lesson_files() -> list[Path]:
    """Their files."""
    return sorted((content_folder() / "course").glob("*.md"))


def list_lessons() -> list[Lesson]:
    """All lessons, in the order of the course.

    Raises:
        ExplorerError: one of them is not as it should be.
    """
    return sorted((load_lesson(path) for path in lesson_files()), key=lambda lesson: lesson.front.number)
