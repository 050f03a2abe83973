"""Which lesson?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from explorer.course.model import Lesson
from explorer.course.progress import Progress
from explorer.tui.widgets.options import Options


class LessonsScreen(ModalScreen[str | None]):
    """A list of lessons with what is done of each; dismissed with the chosen one's id."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,l", "close", "Close", id="lessons.close", tooltip="Back to the exchange")
    ]

    def __init__(self, lessons: Sequence[Lesson], progress: Progress) -> None:
        super().__init__()
        self._lessons = lessons
        self._progress = progress

    def compose(self) -> ComposeResult:
        """One list in the middle."""
        options = Options(*(Option(self._row(lesson), id=lesson.id) for lesson in self._lessons))
        options.border_title, options.border_subtitle = "Lessons", "enter opens, esc leaves"
        yield options

    def _row(self, lesson: Lesson) -> Content:
        done, count = len(self._progress.done(lesson.id)), len(lesson.steps)
        mark = "✓" if done >= count else "›" if done else " "
        row = "$mark [b]$title[/b]   $done/$count, about $minutes minutes\n  $goal"
        return Content.from_markup(
            row,
            mark=mark,
            title=lesson.title,
            done=str(done),
            count=str(count),
            minutes=str(lesson.front.minutes),
            goal=lesson.front.goal,
        )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open it."""
        self.dismiss(event.option.id)

    def action_close(self) -> None:
        """No lesson."""
        self.dismiss(None)
