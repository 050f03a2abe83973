"""A lesson being taken: which step, which run, what was answered.  Knows nothing of screens."""

from __future__ import annotations

from collections.abc import Callable

from explorer.course.judge import Answer, Judgement, fill, judge, solution
from explorer.course.model import Lesson, LessonStep, Question
from explorer.course.progress import Progress
from explorer.lab.run import run
from explorer.lab.scenario import Scenario, load_scenario
from explorer.trace.trace import Trace


class Session:
    """Steps through one lesson; every scenario it opens gets a fresh seed."""

    def __init__(self, lesson: Lesson, progress: Progress, draw_seed: Callable[[], int]) -> None:
        self.lesson = lesson
        self._progress = progress
        self._draw_seed = draw_seed
        self.done = [heading for heading in progress.done(lesson.id) if heading in {s.heading for s in lesson.steps}]
        self.index = 0
        self.hints = 0
        self.typed = ""
        self.judgement: Judgement | None = None
        self.shown = False
        self.scenario: Scenario
        self.trace: Trace
        self.go_to(min(max(progress.step(lesson.id), 0), len(lesson.steps) - 1))

    @property
    def step(self) -> LessonStep:
        """The step that is being read."""
        return self.lesson.steps[self.index]

    @property
    def question(self) -> Question | None:
        """The step's question."""
        return self.step.question

    @property
    def solved(self) -> bool:
        """Whether the step asks nothing, or its question has been answered."""
        return self.question is None or (self.judgement is not None and self.judgement.right)

    @property
    def at_end(self) -> bool:
        """Whether this is the last step."""
        return self.index == len(self.lesson.steps) - 1

    def go_to(self, index: int) -> None:
        """Start a step afresh, on a fresh run if it, or the last step that did, opens a scenario."""
        self.index = index
        opened = [s.directive.scenario for s in self.lesson.steps[: index + 1] if s.directive.scenario]
        if self.step.directive.scenario or not hasattr(self, "trace") or self.shown or self.scenario.name != opened[-1]:
            self.scenario = load_scenario(opened[-1])
            self.trace = run(self.scenario, self._draw_seed())
        self.reset()
        if self.question is None:
            self._mark_done()
        self._keep()

    def reset(self) -> None:
        """The step as it was at first."""
        self.hints, self.typed, self.judgement, self.shown = 0, "", None, False

    def next_step(self) -> bool:
        """On to the next step, if this one is solved."""
        if not self.solved or self.shown or self.at_end:
            return False
        self.go_to(self.index + 1)
        return True

    def previous_step(self) -> bool:
        """Back to the step before."""
        if self.index == 0:
            return False
        self.go_to(self.index - 1)
        return True

    def hint(self) -> bool:
        """One hint more."""
        if self.question is None or self.hints >= len(self.question.hints):
            return False
        self.hints += 1
        return True

    def answer(self, answer: Answer) -> Judgement | None:
        """Judge an answer; a right one marks the step as done, unless the answer was shown."""
        if self.question is None or self.solved:
            return None
        judgement = judge(self.trace, self.question, answer)
        self.judgement = judgement
        if judgement.right and not self.shown:
            self._mark_done()
        self._keep()
        return self.judgement

    def show(self) -> Answer | None:
        """The right answer; the step must then be answered once more on a fresh run."""
        if self.question is None or self.solved:
            return None
        self.shown = True
        return solution(self.trace, self.question.answer)

    def again(self) -> None:
        """The same step on a fresh run, after the answer was shown."""
        self.shown = True
        self.go_to(self.index)

    def text(self, text: str) -> str:
        """Prose with the values of this run."""
        return fill(self.trace, text)

    def _mark_done(self) -> None:
        if self.step.heading not in self.done:
            self.done.append(self.step.heading)

    def _keep(self) -> None:
        self._progress.record(self.lesson.id, self.index, self.done)
