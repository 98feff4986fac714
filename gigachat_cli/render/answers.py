"""Answers, one class for each output format, each with the same three moments: start, chunk, end.

A new format is a class here and an entry in `writer`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import (
    ClosedPipeError,
    ContentFilterError,
    CutAnswerError,
    FunctionCallError,
    GigaChatError,
    NoAnswerError,
    NothingToExtractError,
    OutputError,
    UsageError,
)
from ..messages import Answer, AnswerBuilder, Chunk, SavedFile, Usage
from ..named_files import check_output, is_stream, open_output
from ..text import TerminalFilter, one_line, safe
from ..ways import worded
from .terminal import Terminal

if TYPE_CHECKING:
    from ..settings import Settings

FORMATS = ("text", "markdown", "json", "stream-json")

_GO_ON = "‹go_on› goes on with it."
_LONGEST_PART = 4096  # characters of a chunk that are written in one go

Write = Callable[[str], None]
Draw = Callable[[SavedFile], str]


class TextAnswer:
    """The exact text as it streams, a final newline if it has none, and the sources as `footnotes`.

    `needs_text` says whether the end needs the whole text; a writer without it can write an answer of any length
    without holding it in memory.  `shows_calls` says whether a function call in place of an answer is written too.
    """

    needs_text = False
    shows_calls = False

    def __init__(self, write: Write, *, footnotes: bool = True) -> None:
        self._write = write
        self._last = "\n"
        self._footnotes = footnotes
        self._came = False

    def start(self) -> None:
        """Before the first chunk."""

    def chunk(self, chunk: Chunk) -> None:
        self._put(chunk.text)

    def file(self, chunk: Chunk) -> None:
        """A file of the answer; the chunk's text is the path where it was saved."""
        self.chunk(chunk)

    async def keep_up(self) -> None:
        """Draw text that is behind, in steps; between them Ctrl-C and other tasks can run."""

    def pause(self) -> None:
        """Before others write to the terminal: what came is drawn, and the answer continues below."""

    async def finish(self, answer: Answer) -> None:
        """Do slow work before the end of a whole answer, in steps as `keep_up` does."""

    def end(self, answer: Answer) -> None:
        """After the last chunk, whether the answer is whole or not."""
        came = self._came
        if self._last != "\n":
            self._put("\n")
        if self._footnotes and answer.sources and came:
            self._put("\n" + "".join(f"[{each.number}] {each.title} {each.url}\n" for each in answer.sources))

    def no_answer(self, answer: Answer) -> None:
        """Instead of `end`, when the stream ended without an answer."""
        self.end(answer)

    def _put(self, text: str) -> None:
        if text:
            self._write(text)
            self._last = text[-1]
            self._came = True


class TerminalAnswer(TextAnswer):
    """The text on a terminal, without control characters other than newline and tab; `draw` renders a file in lines."""

    def __init__(self, write: Write, *, draw: Draw, footnotes: bool = True) -> None:
        super().__init__(write, footnotes=footnotes)
        self._filter = TerminalFilter()
        self._draw = draw
        self._below_file = False

    def chunk(self, chunk: Chunk) -> None:
        text = self._filter.feed(chunk.text)
        if self._below_file and text:  # the separator from the picture's tag would be an indent here
            text, self._below_file = text.lstrip(" "), False
        self._put(text)

    def pause(self) -> None:
        self._put(self._filter.close())
        if self._last != "\n":
            self._put("\n")

    def file(self, chunk: Chunk) -> None:
        self.pause()
        if chunk.file is not None:
            self._put(self._draw(chunk.file))
            self._below_file = True

    def end(self, answer: Answer) -> None:
        self._put(self._filter.close())
        super().end(answer)


class ExtractedAnswer(TextAnswer):
    """Only the first fenced code block; without one, the whole answer, and NothingToExtractError."""

    needs_text = True

    def __init__(self, write: Write, *, filtered: bool) -> None:
        super().__init__(write)
        self._clean = safe if filtered else str

    def chunk(self, chunk: Chunk) -> None:
        """Nothing yet: the block is known only at the end."""

    def end(self, answer: Answer) -> None:
        code = next(iter(code_blocks(answer.text)), None)
        self._put(self._clean(answer.text if code is None else code))
        super().end(replace(answer, sources=()))
        if code is None:
            raise NothingToExtractError(
                "There is no fenced code block in the answer.", hint="The whole answer was printed."
            )


class JsonAnswer(TextAnswer):
    """One JSON object at the end; `session` gives the id of the session that records the answer.

    The text of a `structured` answer is JSON; its value is added as `data`.
    """

    needs_text = True
    shows_calls = True

    def __init__(self, write: Write, *, session: Callable[[], str | None], structured: bool = False) -> None:
        super().__init__(write)
        self._session = session
        self._structured = structured

    def chunk(self, chunk: Chunk) -> None:
        """Nothing yet: the object is made of the whole answer."""

    def end(self, answer: Answer) -> None:
        if answer.complete or answer.text or answer.finish_reason:
            self.no_answer(answer)

    def no_answer(self, answer: Answer) -> None:
        self._write(f"{as_json(self._object(answer))}\n")

    def _object(self, answer: Answer) -> dict[str, Any]:
        value = {"data": json.loads(answer.text)} if self._structured and answer.complete else {}
        return answer_object(answer, session=self._session()) | value


class JsonLinesAnswer(JsonAnswer):
    """A JSON line for each chunk, and one for the answer."""

    def chunk(self, chunk: Chunk) -> None:
        if chunk.text:
            self._write(f"{as_json({'type': 'chunk', 'text': chunk.text})}\n")

    def no_answer(self, answer: Answer) -> None:
        self._write(f"{as_json({'type': 'answer', **self._object(answer)})}\n")


class OutputFile:
    """An output file that the person named.  It is created with the first text, so an error before keeps an existing
    file.

    Raises UsageError when it exists and `force` is false, or cannot be written.
    """

    def __init__(self, path: Path, *, force: bool) -> None:
        self._path = path
        self._force = force
        self._file: IO[str] | None = None
        check_output(path)
        if path.exists() and not force:
            raise UsageError(f"{path} exists.", hint="Give --force to replace it, or name another file.")
        if is_stream(path):  # at once: if nobody reads the pipe, the answer would be lost
            self._begin()

    def write(self, text: str) -> None:
        """Write text.  Raises OutputError."""
        try:
            if self._file is None:
                self._begin()
            assert self._file is not None
            self._file.write(text)
            self._file.flush()
        except FileExistsError:
            raise UsageError(f"{self._path} exists.", hint="Give --force to replace it.") from None
        except OSError as problem:
            raise OutputError(f"{self._path} could not be written: {problem.strerror}.") from None

    def close(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _begin(self) -> None:
        """Open the file.  Raises FileExistsError, OutputError."""
        try:
            descriptor = open_output(self._path, os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if self._force else os.O_EXCL))
        except FileExistsError:
            raise
        except OSError as problem:
            raise OutputError(f"{self._path} could not be written: {problem.strerror}.") from None
        self._file = os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="")


def writer(
    format: str,
    terminal: Terminal,
    *,
    extract: bool = False,
    file: OutputFile | None = None,
    settings: Settings | None = None,
    session: Callable[[], str | None] = lambda: None,
    structured: bool = False,
) -> TextAnswer:
    """The writer for a format of `FORMATS`, to the terminal's stdout or to `file`.

    "markdown" needs `settings` for its look; the JSON formats name the `session` that records the answer, and contain
    the value of a `structured` one, which has no footnotes.
    """
    write = file.write if file else terminal.write
    filtered = file is None and terminal.stdout_is_terminal

    def draw(saved: SavedFile) -> str:
        from .pictures import shown_file, way_of  # only a picture needs it

        wanted = settings.images if settings is not None else "auto"
        return shown_file(
            saved,
            width=terminal.width,
            height=terminal.height,
            way=way_of(wanted, color=terminal.color_on_stdout),
            escapes=terminal.moves_on_stdout,
        )

    if format == "json":
        return JsonAnswer(write, session=session, structured=structured)
    if format == "stream-json":
        return JsonLinesAnswer(write, session=session, structured=structured)
    if extract:
        return ExtractedAnswer(write, filtered=filtered)
    if format == "markdown" and settings is not None and not (filtered and not terminal.moves_on_stdout):
        from .growing import GrowingAnswer, RenderedAnswer, options_from  # slow to import

        if filtered:
            options = options_from(settings, color=terminal.color_on_stdout, asks=True)
            return GrowingAnswer(write, size=lambda: (terminal.width, terminal.height), options=options, draw=draw)
        options = options_from(settings, color=file is None and terminal.color_is_forced)
        return RenderedAnswer(write, width=terminal.width, options=options)
    footnotes = not structured
    return TerminalAnswer(write, draw=draw, footnotes=footnotes) if filtered else TextAnswer(write, footnotes=footnotes)


async def show(chunks: AsyncGenerator[Chunk, None], writer: TextAnswer, terminal: Terminal) -> Answer:
    """Write an answer while it comes, and return it.

    When the stream fails or is interrupted, what came is written to its end and marked, and the error goes on.
    Raises NothingToExtractError after an answer without code.
    """
    builder = AnswerBuilder(most_held=None if writer.needs_text else 0)
    writer.start()
    reasoning = TerminalFilter()
    try:
        async with terminal.spinner(), aclosing(chunks):
            async for chunk in chunks:
                builder.add(chunk)
                terminal.reasoning(reasoning.feed(chunk.reasoning))
                if chunk.progress:
                    terminal.beside_spinner(chunk.progress)
                if chunk.file is None:
                    await _write_in_parts(chunk, writer)
                else:
                    writer.file(chunk)
                if chunk.pause:
                    writer.pause()
            await writer.finish(builder.answer(ended=True))
    except (ClosedPipeError, OutputError):
        raise
    except BaseException as problem:
        partial = builder.answer(ended=False)
        with suppress(NothingToExtractError):
            (writer.no_answer if isinstance(problem, NoAnswerError) else writer.end)(partial)
        if builder.any_text:
            _mark(problem, terminal)
        raise
    answer = builder.answer(ended=True)
    try:
        writer.end(answer)
    finally:
        if answer.finish_reason == "length":
            terminal.say(worded(f"gigachat: The answer is not complete: it met its token limit. {_GO_ON}"))
    if answer.function_call is not None and not writer.shows_calls:
        raise FunctionCallError(
            f"The model calls the function {one_line(answer.function_call.name, 60)} instead of an answer.",
            hint="‹json› gives the call. ‹functions› lets the model call functions of yours.",
            request_id=answer.request_id,
        )
    return answer


async def _write_in_parts(chunk: Chunk, writer: TextAnswer) -> None:
    """Write a chunk, a long one in parts, so that Ctrl-C never waits long."""
    if len(chunk.text) <= _LONGEST_PART:
        writer.chunk(chunk)
        await writer.keep_up()
        return
    for start in range(0, len(chunk.text), _LONGEST_PART):
        writer.chunk(replace(chunk, text=chunk.text[start : start + _LONGEST_PART]))
        await writer.keep_up()
        await asyncio.sleep(0)


def _mark(problem: BaseException, terminal: Terminal) -> None:
    """Say that the answer is incomplete: with the problem that will be shown, else (Ctrl-C) on a line of its own."""
    if not isinstance(problem, GigaChatError):
        terminal.say(worded(f"gigachat: The answer is not complete. {_GO_ON}"))
    elif not isinstance(problem, CutAnswerError):  # the message says so
        problem.message += " The answer is not complete."
        if not isinstance(problem, ContentFilterError):  # the service would block the rest, too
            problem.add_hint(_GO_ON)


def answer_object(answer: Answer, *, session: str | None = None) -> dict[str, Any]:
    """The JSON form of an answer; keys are only ever added.  `function_call` is there where the model calls one."""
    call = answer.function_call
    return {
        "answer": answer.text,
        "model": answer.model,
        "finish_reason": answer.finish_reason,
        "complete": answer.complete,
        "usage": asdict(answer.usage) if answer.usage else None,
        "session": session,
        "request_id": answer.request_id,
        "files": [asdict(each) for each in answer.files],
        "sources": [asdict(each) for each in answer.sources],
        **({} if call is None else {"function_call": call.as_object()}),
    }


def usage_line(usage: Usage | None) -> str:
    """Tokens of an answer, for a person."""
    if usage is None:
        return "The service told no token usage."
    cached = f" ({usage.precached_prompt_tokens} cached)" if usage.precached_prompt_tokens else ""
    return (
        f"{usage.prompt_tokens} prompt tokens{cached} + {usage.completion_tokens} answer tokens = {usage.total_tokens}"
    )


def as_json(value: Any) -> str:
    """One line of JSON in UTF-8, with escapes for lone surrogates and for characters that control a terminal."""
    return _ESCAPED_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


_ESCAPED_IN_JSON = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, those of text direction, and lone surrogates; C0 is escaped in any case."""


def code_blocks(text: str) -> list[str]:
    """The contents of the fenced code blocks, those in lists and quotes as well."""
    from markdown_it import MarkdownIt  # slow to import, and needed only here

    return [token.content for token in MarkdownIt("commonmark").parse(text) if token.type == "fence"]
