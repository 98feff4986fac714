"""The work of `gigachat check`: whether a model wrote a text, or whether it is profane."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from ..engine.outside import as_object
from ..interrupts import apart
from ..render.reports import show_rows
from ..render.terminal import Terminal
from ..text import one_line
from .agreement import agree_to_files
from .context import Context
from .inputs import named_texts

_EXCERPT = 60  # characters of a text

_PROFANITY_HINT = "Type it, name files with --file, or pipe it in, as in: gigachat check --profanity < letter.txt"
_CHECK_HINT = "Type it, name files with --file, or pipe it in, as in: gigachat check < letter.txt"


def check_texts(words: Sequence[str], files: Sequence[Path], context: Context, *, model: str | None) -> None:
    """Show for each text whether a person or a model wrote it, and the intervals that a model wrote."""
    agree_to_files(files, context.terminal)
    rows: list[dict[str, object]] = []
    terminal = context.terminal

    async def check() -> None:
        texts = named_texts(words, files, hint=_CHECK_HINT, silence=context.silence)
        async with context.client() as giga:
            while named := await apart(lambda: next(texts, None)):
                name, text = named
                verdict = await giga.check_author(text, model=model)
                intervals = [
                    {"start": start, "end": end, "text": _excerpt(text, start, end)} for start, end in verdict.intervals
                ]
                rows.append({"input": name, **as_object(verdict), "intervals": intervals})

    try:
        context.run(check())
    finally:  # the verdicts so far are shown even when a later text is refused
        if rows:
            _show_verdicts(rows, terminal, as_array=context.flags.json)


def check_profanity(words: Sequence[str], files: Sequence[Path], context: Context, *, model: str | None) -> None:
    """Show for each text whether the service's filter finds it profane."""
    agree_to_files(files, context.terminal)
    rows: list[dict[str, object]] = []

    async def check() -> None:
        texts = named_texts(words, files, hint=_PROFANITY_HINT, silence=context.silence)
        async with context.client() as giga:
            while named := await apart(lambda: next(texts, None)):
                name, text = named
                verdict = await giga.check_profanity(text, model=model)
                rows.append({"input": name, **as_object(verdict)})

    try:
        context.run(check())
    finally:  # the verdicts so far are shown even when a later text is refused
        if rows:
            show_rows(rows, ("input", "is_profane", "tokens"), context.terminal, as_array=context.flags.json)


def _show_verdicts(rows: list[dict[str, object]], terminal: Terminal, *, as_array: bool) -> None:
    if as_array:
        show_rows(rows, (), terminal, as_array=True)
        return
    columns = ("input", "category", "characters", "tokens", "intervals")
    show_rows([{**row, "intervals": _places(row["intervals"])} for row in rows], columns, terminal, as_array=False)
    if terminal.stdout_is_terminal and any(row["intervals"] for row in rows):
        places = chain.from_iterable(
            (
                {"input": row["input"], "ai_from": each["start"], "to": each["end"], "text": each["text"]}
                for each in found
            )
            for row in rows
            if isinstance(found := row["intervals"], list)
        )
        terminal.write("\n")
        show_rows(list(places), ("input", "ai_from", "to", "text"), terminal, as_array=False)


def _places(intervals: object) -> str:
    found = intervals if isinstance(intervals, list) else []
    return " ".join(f"{each['start']}-{each['end']}" for each in found)


def _excerpt(text: str, start: int, end: int) -> str:
    """The text of an interval, extended to whole words: it is not documented whether characters count from 0 or 1."""
    start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return one_line(text[start:end], _EXCERPT)
