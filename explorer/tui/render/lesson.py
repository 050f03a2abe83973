"""A lesson's step: prose, question, answer line, reply, hints, and what is done."""

from __future__ import annotations

import re

from explorer.course.session import Session
from explorer.tui.lines import Line, Piece, flow, symbol_pieces, wrap

_MARGIN = " "
_INLINE = re.compile(r"(\*\*[^*]+\*\*|`[^`]+`)")


def title(session: Session) -> tuple[str, str]:
    """Heading and lower border."""
    count = len(session.lesson.steps)
    return f"6 Lesson · {session.lesson.title}", f"step {session.index + 1} of {count}"


def lines(session: Session, width: int) -> list[Line]:
    """The whole pane."""
    room = min(width - 2, 72)
    rows = [Line([Piece(f"{_MARGIN}{text}", "text", True)]) for text in wrap(session.step.heading, room)]
    for paragraph in session.step.prose:
        rows.append(Line())
        rows += prose(session, paragraph, room)
    rows.append(Line())
    if session.question is not None:
        rows += _question(session, room)
    else:
        rows += _onward(session, room)
    rows += [Line(), *_done(session, room)]
    return rows


def prose(session: Session, text: str, width: int) -> list[Line]:
    """A paragraph with its marked-up words, in lines of at most ``width`` columns."""
    return flow(_pieces(session, session.text(text)), width, _MARGIN)


def _plain(text: str, room: int, indent: str, role: str = "muted") -> list[Line]:
    return [Line([Piece(indent), Piece(part, role)]) for part in wrap(text, room - len(indent))]


def _pieces(session: Session, text: str) -> list[Piece]:
    symbols = {key.symbol: key for key in reversed(session.trace.links.keys)}
    found: list[Piece] = []
    for part in _INLINE.split(text):
        if part.startswith("**"):
            found.append(Piece(part[2:-2], "text", True))
        elif part.startswith("`"):
            key = symbols.get(part[1:-1])
            found += (
                symbol_pieces(session.trace.links.first(key))
                if key is not None
                else [Piece(part[1:-1], "public", True)]
            )
        elif part:
            found.append(Piece(part))
    return found


def _question(session: Session, room: int) -> list[Line]:
    question = session.question
    if question is None:
        return []
    rows = [Line([Piece(f"{_MARGIN}Question", "text", True)]), *prose(session, question.ask, room), Line()]
    if session.solved:
        rows += reply(session, room)
        rows += [Line(), *_onward(session, room)]
        return rows
    if question.kind == "select":
        rows += _expected(question.expects, room)
    else:
        rows.append(
            Line(
                [
                    Piece(f"{_MARGIN}  ▏ your answer: ", "text", True),
                    Piece(f"{session.typed}_"[-room + 18 :], "text", True),
                ]
            )
        )
        rows += _plain(question.expects, room, f"{_MARGIN}    ")
    if session.judgement is not None:
        rows += [Line(), *reply(session, room)]
    for number, hint in enumerate(question.hints[: session.hints], 1):
        rows += [Line(), Line([Piece(f"{_MARGIN}Hint {number}", "text", True)]), *prose(session, hint, room)]
    left = len(question.hints) - session.hints
    rows += [Line(), _offers(left)]
    return rows


def _offers(left: int) -> Line:
    hint = f" hint ({left} left)   " if left else " no hints left   "
    return Line(
        [
            Piece(f"{_MARGIN}h", "text", True),
            Piece(hint, "muted"),
            Piece("s", "text", True),
            Piece(" show me   ", "muted"),
            Piece("r", "text", True),
            Piece(" reset", "muted"),
        ]
    )


def reply(session: Session, room: int) -> list[Line]:
    """What was said to the last answer."""
    judgement = session.judgement
    if judgement is None:
        return []
    mark = Piece("✓ Right.", "derived", True) if judgement.right else Piece(" ✗ ", "failed")
    if judgement.right and session.shown:
        mark = Piece("Shown.", "text", True)
    head = Line([Piece(_MARGIN), mark])
    rows = prose(session, judgement.reply, room - 4)
    if not judgement.right:
        # The badge and the first words share a row.
        rows[0].pieces[0:1] = [Piece(_MARGIN), mark, Piece(" ")]
        return rows
    return [head, *rows]


def _expected(text: str, room: int) -> list[Line]:
    rows = _plain(text, room, f"{_MARGIN}    ")
    rows[0].pieces[0] = Piece(f"{_MARGIN}  ▏ ", "text", True)
    return rows


def _onward(session: Session, room: int) -> list[Line]:
    if session.shown:
        return [Line([Piece(f"{_MARGIN}r ", "text", True), Piece("ask it again on a fresh run", "muted")])]
    if session.at_end:
        return _plain("This was the last step; l closes the lesson.", room, _MARGIN)
    return [Line([Piece(f"{_MARGIN}n ", "text", True), Piece("next step", "muted")])]


def _done(session: Session, room: int) -> list[Line]:
    rows = [Line([Piece(f"{_MARGIN}Done", "text", True)])]
    for index, step in enumerate(session.lesson.steps):
        if step.heading in session.done:
            mark = Piece("✓ ", "derived")
        elif index == session.index:
            mark = Piece("› ", "text", True)
        else:
            mark = Piece("  ")
        role = "text" if index == session.index else "muted"
        heading = _plain(step.heading, room, f"{_MARGIN}  ", role)
        heading[0].pieces[0:1] = [Piece(_MARGIN), mark]
        rows += heading
    return rows
