"""``lessons``: what can be learned, and whether a lesson proves itself."""

from __future__ import annotations

import argparse
from pathlib import Path

from explorer.cli import BAD_INPUT, DONE, complain

ABOUT = "List the lessons, or check that each proves itself against live runs."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``lessons [list | check [FILE…]]``."""
    parser.set_defaults(execute=list_all)
    actions = parser.add_subparsers(title="actions", metavar="list | check")
    actions.add_parser("list", help="name, unit and title of each; the default").set_defaults(execute=list_all)
    checking = actions.add_parser("check", help="check these files, or all that are shipped")
    checking.add_argument("files", nargs="*", type=Path, metavar="FILE")
    checking.set_defaults(execute=check)


def list_all(_arguments: argparse.Namespace) -> int:
    """Name, unit and title of each lesson, in the order of the course."""
    from explorer.course.catalogue import list_lessons

    found = list_lessons()
    width = max((len(lesson.id) for lesson in found), default=0)
    for lesson in found:
        print(f"{lesson.id:<{width}}  {lesson.front.unit} · {lesson.front.title}")
    return DONE


def check(arguments: argparse.Namespace) -> int:
    """A line for every problem."""
    from explorer.course.check import check_files

    problems = check_files(arguments.files or None)
    for problem in problems:
        complain(problem)
    if problems:
        return BAD_INPUT
    print("all lessons prove themselves")
    return DONE
