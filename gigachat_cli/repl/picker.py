"""A list to choose from, shown at the prompt: arrow keys, typing to filter, Enter.

It takes as many rows as it needs and the screen has, and is removed when the person has chosen or left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_toolkit.application import Application
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, Layout, Window
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from ..render.remembered import session_list

if TYPE_CHECKING:
    from prompt_toolkit.input import Input
    from prompt_toolkit.output import ColorDepth, Output

    from ..render.terminal import Terminal
    from ..sessions import Session

_MOST_ROWS = 15
_ROWS_AROUND = 4  # the title, the keys, the prompt above, and one to spare
_KEYS = "Enter takes it · Esc leaves · typing filters · Up and Down move"
_STYLE = Style.from_dict({"title": "bold", "chosen": "reverse", "quiet": "ansibrightblack"})
_ESCAPE_SECONDS = 0.05  # after which Escape counts by itself: no other key here begins with it and a letter


@dataclass(frozen=True, slots=True)
class Choice:
    """A row to choose: `value` is returned, `line` is shown, `words` are what typing filters by."""

    value: str
    line: str
    words: str
    current: bool = False


async def pick(
    choices: Sequence[Choice], title: str, *, source: Input, output: Output, color_depth: ColorDepth | None
) -> str | None:
    """The value of the choice that a person makes; None when they leave with Esc, Ctrl-C or Ctrl-D."""
    shown = _List(choices)

    def rows() -> int:
        return max(1, min(_MOST_ROWS, len(choices), output.get_size().rows - _ROWS_AROUND))

    def text() -> StyleAndTextTuples:
        return shown.text(title, rows=rows(), width=output.get_size().columns - 1)

    control = FormattedTextControl(text, focusable=True, show_cursor=False)
    application: Application[str | None] = Application(
        layout=Layout(Window(control, height=lambda: rows() + 2, wrap_lines=False, always_hide_cursor=True)),
        key_bindings=_bindings(shown, rows),
        style=_STYLE,
        color_depth=color_depth,
        erase_when_done=True,
        input=source,
        output=output,
    )
    application.ttimeoutlen = _ESCAPE_SECONDS
    application.timeoutlen = _ESCAPE_SECONDS
    application.renderer.cpr_not_supported_callback = None
    try:
        # The loop handles signals, as at the prompt.
        return await application.run_async(handle_sigint=False)
    except (EOFError, OSError):  # the terminal is gone, which the prompt reports
        return None


async def pick_alone(choices: Sequence[Choice], title: str, *, color: bool) -> str | None:
    """`pick` for a command that asks nothing else."""
    from prompt_toolkit.input.defaults import create_input
    from prompt_toolkit.output.color_depth import ColorDepth
    from prompt_toolkit.output.defaults import create_output

    depth = None if color else ColorDepth.DEPTH_1_BIT
    return await pick(choices, title, source=create_input(), output=create_output(), color_depth=depth)


def session_choices(found: Sequence[Session], terminal: Terminal, *, current: str | None = None) -> list[Choice]:
    """A row for each session; typing filters by what the row shows and by the whole title."""
    lines = session_list(found, terminal).splitlines()
    return [
        Choice(each.id, line[2:], f"{line} {each.title}", current=each.id == current)
        for each, line in zip(found, lines, strict=True)
    ]


class _List:
    """The choices that are shown, and the one that is marked."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        self._all = choices
        self._found = list(choices)
        self._at = next((number for number, each in enumerate(choices) if each.current), 0)
        self._top = 0
        self._keys = f"{_KEYS} · * is in use" if any(each.current for each in choices) else _KEYS
        self.typed = ""

    @property
    def value(self) -> str | None:
        return self._found[self._at].value if self._found else None

    def move(self, by: int) -> None:
        self._at = max(0, min(len(self._found) - 1, self._at + by))

    def filter(self, typed: str) -> None:
        """Keep the choices that contain all typed words, ignoring case."""
        before, self.typed = self.value, typed
        words = typed.casefold().split()
        self._found = [each for each in self._all if all(word in each.words.casefold() for word in words)]
        self._at = next((number for number, each in enumerate(self._found) if each.value == before), 0)

    def text(self, title: str, *, rows: int, width: int) -> StyleAndTextTuples:
        self._top = max(min(self._top, self._at), self._at - rows + 1, 0)
        self._top = min(self._top, max(0, len(self._found) - rows))
        count = f"{len(self._found)} of {len(self._all)}" if self.typed else str(len(self._all))
        head = f"{title} ({count})" + (f": {self.typed}" if self.typed else "")
        text: StyleAndTextTuples = [("class:title", _cut(head, width)), ("", "\n")]
        for number in range(self._top, self._top + rows):
            if number < len(self._found):
                each = self._found[number]
                line = f"{'>' if number == self._at else ' '} {'*' if each.current else ' '} {each.line}"
                text += [("class:chosen" if number == self._at else "", _cut(line, width)), ("", "\n")]
            else:
                text.append(("class:quiet", "  Nothing has these words.\n" if number == 0 else "\n"))
        text.append(("class:quiet", _cut(self._keys, width)))
        return text


def _bindings(shown: _List, rows: Callable[[], int]) -> KeyBindings:
    bindings = KeyBindings()
    steps: dict[str, Callable[[], int]] = {
        "up": lambda: -1,
        "c-p": lambda: -1,
        "down": lambda: 1,
        "c-n": lambda: 1,
        "pageup": lambda: -rows(),
        "pagedown": lambda: rows(),
        "home": lambda: -1_000_000,
        "end": lambda: 1_000_000,
    }
    for key, step in steps.items():

        @bindings.add(key)
        def move(event: KeyPressEvent, step: Callable[[], int] = step) -> None:
            shown.move(step())

    @bindings.add("enter")
    @bindings.add("c-j")
    def take(event: KeyPressEvent) -> None:
        if shown.value is not None:
            event.app.exit(result=shown.value)

    @bindings.add("escape")
    @bindings.add("c-c")
    @bindings.add("c-d")
    @bindings.add("c-g")
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(result=None)

    @bindings.add("backspace")
    def shorten(event: KeyPressEvent) -> None:
        shown.filter(shown.typed[:-1])

    @bindings.add("c-u")
    def empty(event: KeyPressEvent) -> None:
        shown.filter("")

    @bindings.add(Keys.BracketedPaste)
    @bindings.add(Keys.Any)
    def type_(event: KeyPressEvent) -> None:
        shown.filter(shown.typed + "".join(each for each in event.data if each.isprintable()))

    return bindings


def _cut(text: str, width: int) -> str:
    if get_cwidth(text) <= width:
        return text
    while text and get_cwidth(text) >= width:
        text = text[:-1]
    return f"{text}…"
