"""Function calls on stderr: the model's calls, and the output of the functions."""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from typing import Literal

from rich.cells import cell_len

from ..calls import Decision, FunctionCall
from ..masking import masked
from ..messages import Notice
from ..text import safe, visible
from .terminal import Terminal

_REVERSED, _NOT_REVERSED = "\x1b[7m", "\x1b[27m"
_FEWEST_ROWS = 6
_NARROWEST = 20  # cells; narrower text cannot be read
_ROWS_AROUND = 5  # of the terminal: news of the code, what is hidden, the question, and some earlier output
_INDENT = "  "
_OPENING = "The model calls "
_VIEW = ("v", "view")
_WORDS: dict[Decision, tuple[str, ...]] = {
    "once": ("o", "once", "y", "yes"),
    "always": ("a", "always"),
    "never": ("n", "never", "no"),
}


def show_printed(line: str, terminal: Terminal) -> None:
    """Show a line that a function printed; it may contain text from the model."""
    terminal.say(safe(line) if terminal.stderr_is_terminal else line)


class CallsAtTerminal:
    """What a person sees of calls, and the question whether one may run.

    `read` gives what is typed in answer to it, None when there is nobody any more; without it nobody is asked.  `ready`
    is called before each question.  With `shows` false, calls that run unasked are not shown.

    Each line of a question begins with a word that no model knows, in reversed colours, which no answer can have: texts
    from outside lose their escape sequences, and Markdown is drawn without that one.
    """

    def __init__(
        self,
        terminal: Terminal,
        read: Callable[[], Awaitable[str | None]] | None,
        *,
        ready: Callable[[], None] = lambda: None,
        shows: bool = True,
    ) -> None:
        self._terminal = terminal
        self._read = read
        self._ready = ready
        self._shows = shows and terminal.stderr_is_terminal and not terminal.quiet
        self._word = f"{_syllables()}-{_syllables()}"

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return self._read is not None

    def show(self, call: FunctionCall) -> None:
        """Show a call that runs without a question."""
        if self._shows:
            from .columns import shortened

            given = ", ".join(f"{name}={json.dumps(each, ensure_ascii=False)}" for name, each in call.arguments.items())
            text = masked(visible(f"{call.name}({given})"[: 2 * self._terminal.width]))
            self._terminal.say(shortened(f"gigachat: {_OPENING}{text}", self._terminal.width - 1))

    def printed(self, line: str) -> None:
        """Show a line that a function printed."""
        show_printed(line, self._terminal)

    def tell(self, text: str) -> None:
        """Say something also with `--quiet`."""
        self._terminal.say(f"gigachat: {text}")

    def notify(self, notice: Notice) -> None:
        """Say something else that a person should know."""
        self._terminal.notice(notice)

    def announce(self) -> None:
        """Tell the word, before anything of an answer is shown."""
        self._terminal.say(f"gigachat: A question about a function begins with this word: {self._mark()}")

    async def decide(self, call: FunctionCall, about: str) -> Decision:
        """Ask whether a call may run; `about` says what befell the code."""
        assert self._read is not None
        self._terminal.stop_spinner()
        self._ready()
        self._put(call, about, "short")
        while (typed := await self._read()) is not None:
            word = typed.strip().lower()
            decision = next((each for each, words in _WORDS.items() if word in words), None)
            if decision is not None:
                return decision
            self._put(call, about, "whole" if word in _VIEW else "again")
        return "never"

    def _put(self, call: FunctionCall, about: str, how: Literal["short", "whole", "again"]) -> None:
        """Put the question: with as much of the call as fits, with the whole of it, or once more without it."""
        terminal = self._terminal
        terminal.stop_spinner()
        room = max(_NARROWEST, terminal.width - len(self._word) - 4)
        most = max(_FEWEST_ROWS, terminal.height - _ROWS_AROUND) if how == "short" else None
        rows, hidden = ([], 0) if how == "again" else call_rows(call, width=room, most=most)
        if rows and about:
            rows = [*_parts(visible(about), room), *rows]
        if hidden:
            rows.append(f"{hidden} character{'' if hidden == 1 else 's'} hidden; v shows all.")
        for row in rows:
            terminal.say(f"{self._mark()} {row}")
        terminal.ask(f"{self._mark()} Run it? [o]nce, [a]lways, {'[v]iew all, ' if hidden else ''}[n]ever: ")

    def _mark(self) -> str:
        word = f" {self._word} "
        return f"{_REVERSED}{word}{_NOT_REVERSED}" if self._terminal.escapes_on_stderr else word.strip()


def call_rows(call: FunctionCall, *, width: int, most: int | None) -> tuple[list[str], int]:
    """The call in rows of so many cells, every odd character escaped; and how many characters are not shown.

    It is one row where it fits one, else a row or more for each argument.  `most` is how many rows there may be, None
    for all that it takes.
    """
    name = visible(call.name)
    given = [(visible(key), visible(json.dumps(value, ensure_ascii=False))) for key, value in call.arguments.items()]
    opening = f"{_OPENING}{name}("
    whole = f"{opening}{', '.join(f'{key}={value}' for key, value in given)})"
    if len(whole) <= width and cell_len(whole) <= width:
        return [whole], 0
    texts = [f"{key}={value}," for key, value in given]
    room = width - 2 * len(_INDENT) - 1
    free = None if most is None else max(1, most - 2)
    parts = [list(islice(_parts(text, room), free)) for text in texts]
    shares = [len(each) for each in parts] if free is None else _shares([len(each) for each in parts], free)
    rows, hidden, left_out = [opening], 0, 0
    for text, pieces, share in zip(texts, parts, shares, strict=True):
        shown = pieces[:share]
        missing = len(text) - sum(map(len, shown))
        hidden += missing
        left_out += not shown
        if missing and shown:
            shown[-1] += "…"
        rows += [f"{_INDENT if at == 0 else 2 * _INDENT}{each}" for at, each in enumerate(shown)]
    if left_out:
        rows.append(f"{_INDENT}… and {left_out} more argument{'' if left_out == 1 else 's'}")
    return [*rows, ")"], hidden


def _shares(needs: list[int], free: int) -> list[int]:
    """How many of so many free rows each argument gets: the first ones a row at least, small ones all they need."""
    shares = [0] * len(needs)
    shown = sorted(range(min(len(needs), free)), key=lambda at: needs[at])
    if len(shown) < len(needs):
        shown = sorted(range(free - 1), key=lambda at: needs[at])
        free -= 1
    for number, at in enumerate(shown):
        shares[at] = min(needs[at], free // (len(shown) - number))
        free -= shares[at]
    return shares


def _parts(text: str, room: int) -> Iterator[str]:
    """A visible text in rows; none begins or ends with a blank, which nobody would see there, where that can be."""
    start = size = 0
    for at, character in enumerate(text):
        cells = 1 if character.isascii() else cell_len(character)
        if size + cells > room:
            places = range(at, max(start, at - room // 2), -1)
            cut = next((each for each in places if _may_be_cut(text, each)), at)
            yield text[start:cut]
            start, size = cut, sum(map(cell_len, text[cut:at]))
        size += cells
    yield text[start:]


def _may_be_cut(text: str, at: int) -> bool:
    """Whether a row may end before this place: a mark stays with its letter, a blank between two others."""
    return text[at] != " " and text[at - 1] != " " and (text[at].isascii() or cell_len(text[at]) > 0)


def _syllables() -> str:
    return "".join(secrets.choice("bdfghklmnprstvz") + secrets.choice("aeiou") for _ in range(2))
