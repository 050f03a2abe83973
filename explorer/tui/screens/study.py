"""The exchange with a lesson beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType

from explorer.errors import ExplorerError
from explorer.tui.arrangement import MIDDLE
from explorer.tui.keys import lesson_bindings
from explorer.tui.lines import Line, Piece, Target, wrap
from explorer.tui.screens.exchange import ExchangeScreen
from explorer.tui.widgets.lesson_pane import LessonPane
from explorer.tui.widgets.line_view import Pane
from explorer.tui.workspace import Workspace

if TYPE_CHECKING:
    from explorer.course.session import Session
    from explorer.lab.scenario import Scenario
    from explorer.trace.model import Key
    from explorer.trace.trace import Trace
    from explorer.wire.field import Spec

_ANSWERING = ("message", "bytes", "knowledge", "how")
"""Panes in which enter gives the selection as the answer."""


class StudyScreen(ExchangeScreen):
    """Opens lessons, draws them, and takes their answers out of the panes."""

    BINDINGS: ClassVar[list[BindingType]] = [*lesson_bindings()]

    def __init__(self, trace: Trace, scenario: Scenario, draw_seed: Callable[[], int]) -> None:
        self.session: Session | None = None
        super().__init__(trace, scenario)
        self._draw_seed = draw_seed
        self._outside = (self.workspace, scenario)

    def lesson_pane(self) -> Pane:
        """The pane that takes typed answers."""
        return LessonPane("lesson")

    # ---------------------------------------------------------------- opening and closing

    @property
    def lesson_open(self) -> bool:
        """Whether a lesson is beside the exchange."""
        return self.session is not None

    def lesson_panes(self) -> tuple[str, ...]:
        """The panes that the step names."""
        return tuple(self.session.step.directive.panes) if self.session is not None else ()

    def action_lessons(self) -> None:
        """Choose a lesson; or leave the one that is open."""
        if self.session is not None:
            self._close()
            return
        # Nothing of the course is imported before somebody opens a lesson: the first frame comes sooner.
        from explorer.course.catalogue import list_lessons
        from explorer.course.progress import Progress
        from explorer.course.session import Session
        from explorer.tui.screens.lessons import LessonsScreen

        try:
            lessons = list_lessons()
        except ExplorerError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        progress = Progress()

        def opened(chosen: str | None) -> None:
            lesson = next((item for item in lessons if item.id == chosen), None)
            if lesson is not None:
                self._open(Session(lesson, progress, self._draw_seed))
            if progress.problem:
                self.notify(progress.problem, severity="warning", markup=False)

        self.app.push_screen(LessonsScreen(lessons, progress), opened)

    def _open(self, session: Session) -> None:
        self._outside = (self.workspace, self.scenario)
        self.session = session
        self._begin_step()

    def _close(self) -> None:
        self.session = None
        self.workspace, self.scenario = self._outside
        self.tab, self.zoomed = "message", ""
        self.redraw()
        self.show_pane("message")

    def action_escape(self) -> None:
        """Leave "go to" and the like first, then the lesson."""
        busy = self.goto is not None or self.zoomed or self._timer is not None
        if self.session is not None and not busy:
            self._close()
        else:
            super().action_escape()

    def _begin_step(self) -> None:
        """Carry out the step's directive on a workspace of its own run."""
        session = self.session
        if session is None:
            return
        directive = session.step.directive
        if self.workspace.trace is not session.trace:
            self.workspace, self.scenario = Workspace(session.trace), session.scenario
        if directive.run_to:
            self.workspace.go_to_message(directive.run_to)
        if directive.select:
            self._select(directive.select)
        self.workspace.how, self.zoomed = False, ""
        typed = session.question is not None and session.question.kind != "select"
        first = directive.panes[0] if directive.panes else "message"
        self.tab = "lesson"
        self.redraw()
        narrow = self.app.size.width < MIDDLE
        self.show_pane("lesson" if typed or narrow or session.question is None else first)

    def _select(self, reference: str) -> None:
        from explorer.course.reference import Thing, look_up

        session = self.session
        if session is None:
            return
        found = look_up(session.trace, reference)
        if not isinstance(found, Thing):
            return
        if found.spec and found.place is not None:
            self.workspace.select(Target(place=found.place, spec=found.spec, message=found.message))
            if self.workspace.step.number == found.message:
                self.workspace.select_place(found.place, found.spec)
        elif found.key is not None:
            self.workspace.select_key(found.key)

    # ---------------------------------------------------------------- drawing

    def draw_lesson(self, pane: Pane, width: int) -> None:
        """The step, and what was said to its answer."""
        from explorer.tui.render import lesson as render

        session = self.session
        if session is None:
            return
        pane.entitle(*render.title(session))
        if isinstance(pane, LessonPane):
            question = session.question
            pane.takes_text = question is not None and question.kind != "select" and not session.solved
        rows = render.lines(session, width)
        keep = next((i for i, row in enumerate(rows) if "▏" in row.text), None)
        if session.judgement is not None:
            keep = next((i for i, row in enumerate(rows) if "✓ Right" in row.text or " ✗ " in row.text), keep)
        if session.hints and not session.solved:
            # The offers stand below the newest hint: with them in sight, so is the hint.
            keep = next((i for i, row in enumerate(rows) if "show me" in row.text), keep)
        pane.show(rows, keep=keep)

    def caption_rows(self, width: int, height: int) -> tuple[list[Line], str]:
        """While a question is open on a narrow screen, the caption is the question."""
        session = self.session
        if session is None or session.question is None or self.app.size.width >= MIDDLE:
            return super().caption_rows(width, height)
        from explorer.tui.render import lesson as render

        rows = [Line([Piece(text, "text", True)]) for text in wrap(session.text(session.question.ask), width)[:3]]
        if session.judgement is not None:
            rows += render.reply(session, width - 2)
        else:
            rows.append(Line([Piece(session.question.expects, "muted")]))
        return rows[:height], ""

    def footer_keys(self, width: int) -> list[tuple[str, str]]:
        """In a lesson, only what the step allows now."""
        session = self.session
        if session is None:
            return super().footer_keys(width)
        pane, question = self.pane_name, session.question
        if pane != "lesson":
            keys = super().footer_keys(width)
            answers = self._awaits_selection() and pane in _ANSWERING
            return [(key, "answer" if key == "enter" and answers else label) for key, label in keys]
        keys = []
        if not session.solved and question is not None:
            keys += [("enter", "answer" if question.kind != "select" else "to the panes")]
            keys += [("h", "hint")] if session.hints < len(question.hints) else []
            keys += [("s", "show me"), ("r", "reset")]
        elif session.shown:
            keys += [("r", "ask again")]
        elif not session.at_end:
            keys += [("n", "next step")]
        keys += [("b", "step back")] if session.index else []
        return [*keys, ("tab", "pane"), ("esc", "leave"), ("?", "help")]

    # ---------------------------------------------------------------- answering

    def action_follow(self) -> None:
        """Enter answers while a question is open, goes on when it is solved, and follows otherwise."""
        session, pane = self.session, self.pane_name
        if session is None or self.goto is not None:
            super().action_follow()
        elif pane == "lesson":
            if session.solved:
                self.action_next_step()
            elif session.question is not None and session.question.kind != "select":
                self._judge(typed=session.typed)
            else:
                self.show_pane((*self.lesson_panes(), "message")[0])
        elif self._awaits_selection() and pane in _ANSWERING:
            self._answer_with_selection()
        else:
            super().action_follow()

    def _awaits_selection(self) -> bool:
        session = self.session
        return (
            session is not None
            and session.question is not None
            and (session.question.kind == "select" and not session.solved)
        )

    def _answer_with_selection(self) -> None:
        """The selection is the answer; a closed branch is opened first, since the answer may be inside."""
        field, place = self.workspace.selected_field(), self.workspace.selection.place
        if (
            field is not None
            and place is not None
            and field.children
            and not self.workspace.is_open(place.buffer, field)
        ):
            self.workspace.toggle(place.buffer, field)
            self.redraw()
            return
        message = self.workspace.step.number if field is not None else 0
        spec = field.spec if field is not None else None
        self._judge(self.workspace.selection.key, message, spec)

    def _judge(self, key: Key | None = None, message: int = 0, spec: Spec | None = None, typed: str = "") -> None:
        from explorer.course.judge import Answer

        if self.session is None:
            return
        self.session.answer(Answer(key, message, spec, typed))
        self.redraw()
        if self.session.solved:
            self.show_pane("lesson")

    @on(LessonPane.Typed)
    def _typed(self, event: LessonPane.Typed) -> None:
        if self.session is None:
            return
        typed = self.session.typed
        self.session.typed = typed + event.text if event.text else typed[:-1]
        self.session.judgement = None
        self.redraw()

    def action_next_step(self) -> None:
        """On, if the question is solved."""
        if self.session is None:
            return
        if self.session.next_step():
            self._begin_step()
        elif self.session.shown:
            self.notify("It was shown: press r to be asked on a fresh run.", timeout=2)
        elif not self.session.solved:
            self.notify("Answer the question first, or press s to be shown.", timeout=2)

    def action_previous_step(self) -> None:
        """Back one step."""
        if self.session is not None and self.session.previous_step():
            self._begin_step()

    def action_hint(self) -> None:
        """One hint more."""
        if self.session is not None and self.session.hint():
            self.redraw()

    def action_show_me(self) -> None:
        """Show the answer; it is asked once more on a fresh run."""
        session = self.session
        if session is None:
            return
        shown = session.show()
        if shown is None:
            return
        if shown.typed:
            session.typed = shown.typed
        elif session.question is not None:
            self._select(session.question.answer)
        session.answer(shown)
        self.redraw()

    def action_reset_step(self) -> None:
        """The step as it was at first; on a fresh run if the answer had been shown."""
        session = self.session
        if session is None:
            return
        if session.shown:
            session.again()
        else:
            session.reset()
        self._begin_step()
