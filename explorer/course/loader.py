"""From a Markdown file to a lesson: TOML between ``+++``, a step per ``##``, TOML in fenced blocks."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from explorer.course.model import Directive, FrontMatter, Lesson, LessonStep, Question
from explorer.errors import ExplorerError

T = TypeVar("T")

_FENCE = re.compile(r"^```(lab|check)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


def load_lesson(path: Path) -> Lesson:
    """Read one lesson.

    Raises:
        ExplorerError: one line that names file, step and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ExplorerError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ExplorerError(f"{path}: octet {error.start} is not UTF-8 text") from error
    match = re.match(r"\A\+\+\+\n(.*?)^\+\+\+\n", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise ExplorerError(f"{path}: expected TOML between two lines of +++ at the top")
    front = _convert(path, "front matter", match[1], FrontMatter)
    sections = re.split(r"^## +", text[match.end() :], flags=re.MULTILINE)
    if len(sections) < 2:
        raise ExplorerError(f"{path}: expected at least one step, a line that begins with ##")
    return Lesson(path.stem, front, [_step(path, section) for section in sections[1:]])


def _step(path: Path, section: str) -> LessonStep:
    heading, _, body = section.partition("\n")
    heading = heading.strip()
    directive, question = Directive(), None
    for kind, content in _FENCE.findall(body):
        if kind == "lab":
            directive = _convert(path, f"step {heading!r}, lab", content, Directive)
        else:
            question = _convert(path, f"step {heading!r}, check", content, Question)
    prose = re.sub(r"\n{3,}", "\n\n", _FENCE.sub("", body)).strip()
    paragraphs = [" ".join(paragraph.split()) for paragraph in prose.split("\n\n") if paragraph.strip()]
    if "```" in prose:
        raise ExplorerError(f"{path}: step {heading!r}: expected fenced blocks called lab or check")
    return LessonStep(heading, paragraphs, directive, question)


def _convert(path: Path, where: str, content: str, into: type[T]) -> T:
    def complain(problem: object) -> NoReturn:
        raise ExplorerError(f"{path}: {where}: {problem}") from None

    try:
        return msgspec.convert(tomllib.loads(content), into)
    except tomllib.TOMLDecodeError as error:
        complain(f"not TOML: {error}")
    except msgspec.ValidationError as error:
        complain(str(error).replace("`", "").replace("Object", "the table"))
