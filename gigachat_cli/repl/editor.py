"""The prompt: reads the line that a person types.

Enter sends; Alt-Enter and Ctrl-J begin a new line; a paste never sends; three double quotes open a block that the next
three close.  A menu opens while a slash command is typed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prompt_toolkit.application.current import create_app_session
from prompt_toolkit.application.run_in_terminal import run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggest, Suggestion
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, get_common_complete_suffix
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.document import Document
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import (
    Condition,
    emacs_mode,
    has_completions,
    has_selection,
    is_searching,
    vi_insert_mode,
    vi_navigation_mode,
)
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History
from prompt_toolkit.input.typeahead import store_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.key_binding.vi_state import InputMode
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.shortcuts.prompt import PromptSession
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth, is_dumb_terminal

from .by_hand import ByHand, TypedLine

if sys.platform != "win32":
    from prompt_toolkit.input.posix_utils import PosixStdinReader
    from prompt_toolkit.input.vt100 import Vt100Input

if TYPE_CHECKING:
    from prompt_toolkit.buffer import Buffer

    from .input_history import InputHistory
    from .picker import Choice

BLOCK = '"""'
_LEAVE_HINT = "Ctrl-D or /quit leaves."
_MENU_ROWS = 8
_SEQUENCE_SECONDS = 0.5  # after which the first key of a sequence counts by itself, such as Escape
_SIGNAL_SECONDS = 0.2  # within which SIGHUP arrives when the terminal was closed
_STYLE = Style.from_dict(
    {
        "prompt": "ansicyan bold",
        "continuation": "ansibrightblack",
        "auto-suggestion": "ansibrightblack",
        "bottom-toolbar": "noreverse ansibrightblack",
    }
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A completion: `text` replaces the last `replaces` characters; `about` describes it."""

    text: str
    replaces: int
    about: str = ""


class Editor:
    """Reads what a person types.  `complete` gets the text before the cursor, `toolbar` returns the line below.

    `edit` lets the person change a text in their own editor; while it runs, the terminal is free.
    """

    def __init__(
        self,
        history: InputHistory,
        *,
        complete: Callable[[str], Iterable[Candidate]],
        toolbar: Callable[[], str],
        edit: Callable[[str], str],
        vi: bool = False,
        color: bool = True,
    ) -> None:
        self.multiline = False
        self._hint = ""
        self._toolbar = toolbar
        self._edit = edit
        self._color_depth = None if color else ColorDepth.DEPTH_1_BIT
        self._vi = vi
        self._completer = _Completer(complete)
        with _plain_output() if is_dumb_terminal() else nullcontext():
            self._session: PromptSession[str] = PromptSession(
                message=[("class:prompt", "› ")],
                multiline=True,
                prompt_continuation=_continuation,
                editing_mode=EditingMode.VI if vi else EditingMode.EMACS,
                history=_Shared(history),
                auto_suggest=_FromHistory(),
                completer=self._completer,
                complete_while_typing=Condition(self._calls_a_command),
                enable_history_search=Condition(lambda: not self._calls_a_command()),
                enable_open_in_editor=False,  # the library's own method would send the result
                enable_suspend=True,
                search_ignore_case=True,
                bottom_toolbar=self._toolbar_text,
                key_bindings=self._bindings(vi=vi),
                style=_STYLE,
                color_depth=self._color_depth,
                cursor=ModalCursorShapeConfig() if vi else None,
                reserve_space_for_menu=_MENU_ROWS,
            )
        self._session.app.renderer.cpr_not_supported_callback = None  # a warning of the library that helps nobody
        self._by_hand = ByHand()
        self._pasting = False
        self._place = 0  # which line of the history is shown
        self._session.default_buffer.on_text_changed += self._follow
        self._session.app.timeoutlen = _SEQUENCE_SECONDS
        if sys.platform != "win32":
            source = self._session.app.input
            assert isinstance(source, Vt100Input)
            source.stdin_reader = _Reader(source.fileno(), encoding="utf-8")

    async def read(self) -> TypedLine | None:
        """The line that was typed, after Enter.  None when the person leaves (Ctrl-D) or the terminal was closed."""
        self._hint = ""
        self._begin()
        try:
            # The loop handles signals: Ctrl-C is a key here, and a signal only while an answer streams.
            typed: str = await self._session.prompt_async(handle_sigint=False)
        except (EOFError, OSError):
            if _is_cancelled():
                raise asyncio.CancelledError from None
            if self._session.app.input.closed:
                await asyncio.sleep(_SIGNAL_SECONDS)
            return None
        return self._by_hand.end(typed)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """Keep the keys that are typed while the body runs for the next `read`."""
        source = self._session.app.input

        def take() -> None:
            store_typeahead(source, source.read_keys())

        with source.attach(take):
            yield

    async def reply(self, question: str) -> str | None:
        """The reply to a question that is asked while keys are gathered; None for Ctrl-D."""
        source, output = self._session.app.input, self._session.app.output
        typed: list[str] = []
        done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

        def write(text: str) -> None:
            output.write(text)
            output.flush()

        def take() -> None:
            presses = source.read_keys()
            if source.closed and not done.done():
                done.set_result(None)
            for press in presses:
                if done.done():  # typed ahead, for the next prompt
                    store_typeahead(source, [press])
                elif press.key in (Keys.ControlM, Keys.ControlJ, Keys.ControlD):
                    write("\n")
                    done.set_result(None if press.key == Keys.ControlD else "".join(typed))
                elif press.key == Keys.Backspace and typed:
                    typed.pop()
                    write("\b \b")
                elif len(press.key) == 1 and press.key.isprintable():
                    typed.append(press.key)
                    write(press.key)

        write(question)
        with source.attach(take):
            try:
                return await done
            except asyncio.CancelledError:
                write("\n")
                raise

    async def pick(self, choices: Sequence[Choice], title: str) -> str | None:
        """The value that a person chooses from a list; None when they choose nothing."""
        from .picker import pick  # many chats do without it

        app = self._session.app
        return await pick(choices, title, source=app.input, output=app.output, color_depth=self._color_depth)

    def complete_anew(self) -> None:
        """Show the menu again while a command is typed, because there are more completions."""
        buffer = self._session.default_buffer
        if self._session.app.is_running and self._calls_a_command() and not _choosing_in(buffer):
            buffer.start_completion(select_first=False)

    def remember(self, text: str) -> None:
        """Add a text that was not typed here to the history."""
        self._session.history.append_string(text)

    def _calls_a_command(self) -> bool:
        return self._session.default_buffer.text.startswith("/")

    def _toolbar_text(self) -> str:
        mode = f"{_MODES.get(self._session.app.vi_state.input_mode, 'insert')} · " if self._vi else ""
        text = self._hint or f"{mode}{self._toolbar()}"
        room = self._session.app.output.get_size().columns - 1
        if get_cwidth(text) > room:
            while text and get_cwidth(text) >= room:
                text = text[:-1]
            text += "…"
        return text

    def _begin(self) -> None:
        self._by_hand.begin()
        self._place = _NEWEST  # the buffer may still stand on an older line, which was taken before
        self._session.reserve_space_for_menu = max(1, min(_MENU_ROWS, self._session.output.get_size().rows // 3))

    def _follow(self, buffer: Buffer) -> None:
        self._hint = ""
        self._by_hand.change(
            buffer.text,
            pasted=self._pasting,
            recalled=_place_of(buffer) != self._place,
            offered=self._completer.offered,
            cursor=buffer.cursor_position,
        )
        self._place = _place_of(buffer)

    def _bindings(self, *, vi: bool) -> KeyBindings:
        bindings = KeyBindings()
        typing = ~is_searching

        @bindings.add("enter", filter=typing & ~_choosing)
        def enter(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if self.multiline or is_open_block(buffer.text):
                buffer.newline(copy_margin=False)
            else:
                buffer.validate_and_handle()

        @bindings.add("enter", filter=typing & _choosing)
        def take(event: KeyPressEvent) -> None:
            event.current_buffer.complete_state = None

        @bindings.add("tab", filter=typing)
        def tab(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            if _choosing():
                buffer.complete_next()
                return
            # At once: a menu that is still about to open would take the key.
            asked = CompleteEvent(completion_requested=True)
            found = list(self._completer.get_completions(buffer.document, asked))
            if len(found) == 1:
                buffer.apply_completion(found[0])
            elif common := get_common_complete_suffix(buffer.document, found):
                buffer.insert_text(common)
            elif buffer.complete_state is not None:
                buffer.complete_next()
            elif found:
                buffer.start_completion(select_first=False)

        # In vi mode, Escape and then Enter are two keys: only when both arrive at once it is Alt-Enter.
        @bindings.add("escape", "c-j", filter=typing)
        @bindings.add("escape", "enter", filter=typing & Condition(lambda: not vi))
        def alt_enter(event: KeyPressEvent) -> None:
            if self.multiline:
                event.current_buffer.validate_and_handle()
            else:
                event.current_buffer.newline(copy_margin=False)

        @bindings.add("c-j", filter=typing)
        def ctrl_j(event: KeyPressEvent) -> None:
            event.current_buffer.newline(copy_margin=False)

        @bindings.add("c-c", filter=typing)
        def ctrl_c(event: KeyPressEvent) -> None:
            if event.current_buffer.text:
                event.current_buffer.reset()
                self._begin()
            else:
                self._hint = _LEAVE_HINT

        @bindings.add(Keys.BracketedPaste, filter=typing)
        def paste(event: KeyPressEvent) -> None:
            self._pasting = True
            try:
                event.current_buffer.insert_text(event.data.replace("\r\n", "\n").replace("\r", "\n"))
            finally:
                self._pasting = False

        @bindings.add(
            "c-x", "c-e", filter=typing & ((emacs_mode & ~has_selection) | vi_insert_mode | vi_navigation_mode)
        )
        @bindings.add("v", filter=typing & vi_navigation_mode)
        async def in_editor(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            before = buffer.text
            changed = await run_in_terminal(lambda: self._edit(before))
            if changed != before:
                buffer.document = Document(changed, len(changed))

        @bindings.add("c-l")
        def ctrl_l(event: KeyPressEvent) -> None:
            event.app.renderer.clear()

        return bindings


_MODES = {
    InputMode.NAVIGATION: "normal",
    InputMode.REPLACE: "replace",
    InputMode.REPLACE_SINGLE: "replace",
}
"""vi's names for the modes in which keys are not inserted."""


def is_open_block(text: str) -> bool:
    """Whether the text opened a block with three double quotes that is not closed yet."""
    return text.lstrip().startswith(BLOCK) and text.count(BLOCK) < 2


def block_of(text: str) -> str | None:
    """The text of a block without its quotes; None for any other text."""
    stripped = text.strip()
    if stripped.startswith(BLOCK) and stripped.endswith(BLOCK) and len(stripped) >= 2 * len(BLOCK):
        return stripped[len(BLOCK) : -len(BLOCK)].strip("\n")
    return None


def _continuation(width: int, number: int, wrapped: int) -> StyleAndTextTuples:
    return [("class:continuation", "· ".rjust(width))]


_NEWEST = 1


def _place_of(buffer: Buffer) -> int:
    """Which line is shown, counted from the newest: older ones are still loading while one types."""
    return len(buffer._working_lines) - buffer.working_index


def _plain_output() -> AbstractContextManager[object]:
    """The output of a terminal that understands no escape sequences."""
    from prompt_toolkit.output.plain_text import PlainTextOutput

    return create_app_session(output=PlainTextOutput(sys.stdout))


@Condition
def _is_completion_chosen() -> bool:
    from prompt_toolkit.application.current import get_app

    return _choosing_in(get_app().current_buffer)


def _choosing_in(buffer: Buffer) -> bool:
    state = buffer.complete_state
    return state is not None and state.current_completion is not None


_choosing = has_completions & _is_completion_chosen


class _Shared(History):
    """The input history, with the library's interface."""

    def __init__(self, history: InputHistory) -> None:
        super().__init__()
        self._history = history

    @property
    def count(self) -> int:
        return len(self.get_strings())

    def newest_lines(self) -> Iterator[str]:
        return (line for entry in reversed(self.get_strings()) for line in reversed(entry.splitlines()))

    def append_string(self, string: str) -> None:
        if string.strip():
            super().append_string(string)

    def load_history_strings(self) -> Iterable[str]:
        return self._history.newest_first()

    def store_string(self, string: str) -> None:
        self._history.add(string)


class _FromHistory(AutoSuggest):
    """The newest line that begins with the text before the cursor.

    While a line grows, the search continues where it was: a line that did not begin with the shorter text does not
    begin with the longer one either.  So no key searches the whole history again.
    """

    def __init__(self) -> None:
        self._known = -1
        self._lines: list[str] = []
        self._text = ""
        self._place = 0

    def get_suggestion(self, buffer: Buffer, document: Document) -> Suggestion | None:
        text = document.current_line_before_cursor
        if not text.strip() or not document.is_cursor_at_the_end:
            return None
        history = buffer.history
        assert isinstance(history, _Shared)
        if history.count != self._known:
            self._known = history.count
            self._lines = list(dict.fromkeys(history.newest_lines()))
            self._text = ""
        if not self._text or not text.startswith(self._text):
            self._place = 0
        self._text = text
        while self._place < len(self._lines) and not self._lines[self._place].startswith(text):
            self._place += 1
        return Suggestion(self._lines[self._place][len(text) :]) if self._place < len(self._lines) else None


if sys.platform != "win32":

    class _Reader(PosixStdinReader):
        """Notices a terminal that was closed, which the library's own reader would poll forever."""

        def read(self, count: int = 1024) -> str:
            text = super().read(count)
            if not text and not os.isatty(self.stdin_fd):
                self.closed = True
            return text.replace("\x1b\r", "\x1b\n")


class _Completer(Completer):
    def __init__(self, complete: Callable[[str], Iterable[Candidate]]) -> None:
        self._complete = complete
        self.offered: list[str] = []
        """The text before the cursor with each of the last completions applied."""

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        before = document.text_before_cursor
        self.offered = []
        for each in self._complete(before):
            self.offered.append(before[: len(before) - each.replaces] + each.text)
            yield Completion(each.text, start_position=-each.replaces, display_meta=each.about or None)


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
