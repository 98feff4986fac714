"""Problems on stderr: what happened, then the next step; for a script as one JSON object."""

from __future__ import annotations

import traceback

from ..errors import GigaChatError, SchemaMisfitError
from ..masking import from_outside, masked, redact
from ..text import one_line, safe
from .answers import as_json
from .terminal import Terminal

_MAX_CHARACTERS = 1000  # our own sentences, and at most 300 characters of the service's


def show_problem(problem: GigaChatError, terminal: Terminal, *, as_object: bool) -> None:
    """Show a problem on stderr, in one or two lines, or as `{"error": {…}}`."""
    if as_object:
        terminal.say(as_json({"error": problem_object(problem)}))
        return
    if isinstance(problem, SchemaMisfitError) and problem.answer:
        terminal.say(safe(problem.answer).rstrip() if terminal.stderr_is_terminal else problem.answer.rstrip())
    which = f" [request {_line(problem.request_id)}]" if problem.request_id else ""
    message = terminal.folded(f"gigachat: {_line(problem.message)}{which}")
    hint = terminal.folded(f"  {_line(problem.hint)}") if problem.hint else ""
    if terminal.color_on_stderr:
        message = message.replace("gigachat:", "\x1b[1;31mgigachat:\x1b[0m", 1)
        hint = hint and f"\x1b[2m{hint}\x1b[0m"
    terminal.say("\n".join(filter(None, (message, hint))))


def show_traceback(problem: BaseException, terminal: Terminal) -> None:
    """The traceback of an error, without secrets, for `--debug`."""
    terminal.say(redact(safe("".join(traceback.format_exception(problem)))).rstrip())


def problem_object(problem: GigaChatError) -> dict[str, object]:
    """The JSON form of a problem; keys are only ever added."""
    told: dict[str, object] = {
        "code": problem.code,
        "message": _line(problem.message),
        "hint": _line(problem.hint) if problem.hint else None,
        "status": problem.status,
        "request_id": problem.request_id and masked(problem.request_id),
    }
    return told | ({"answer": problem.answer} if isinstance(problem, SchemaMisfitError) else {})


def _line(text: str) -> str:
    return one_line(from_outside(text), _MAX_CHARACTERS)
