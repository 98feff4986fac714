"""The work of `tokens`, `balance`, `embed` and `check`: one endpoint each, shown as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.api import ai_check, balance, embeddings, filter_check, tokens
from ..errors import ServiceError, UnknownModelError, UsageError
from ..render.answers import as_json
from ..render.reports import show_rows
from ..render.terminal import Terminal
from ..text import one_line
from .attaching import agree_to_files
from .context import Context
from .inputs import apart, batched, named_texts, text_lines

if TYPE_CHECKING:
    from ..engine import GigaChat

_COUNTED_AT_ONCE = 32
_EMBEDDED_AT_ONCE = 16
_CHARACTERS_AT_ONCE = 200_000
_EXCERPT = 60
_SHOWN_NUMBERS = 3

_TOKENS_HINT = "Type it, name files with --file, or pipe it in, as in: gigachat tokens < letter.txt"
_EMBED_HINT = "Type it, name files with --file, or pipe in a text a line, as in: gigachat embed < titles.txt"
_PROFANITY_HINT = "Type it, name files with --file, or pipe it in, as in: gigachat check --profanity < letter.txt"
_CHECK_HINT = "Type it, name files with --file, or pipe it in, as in: gigachat check < letter.txt"


def count_tokens(words: Sequence[str], files: Sequence[Path], context: Context, *, as_array: bool) -> None:
    """Show the tokens and characters of each text, and of all when there are several."""
    agree_to_files(files, context.terminal)
    rows: list[dict[str, object]] = []

    async def count() -> None:
        names: list[str] = []

        def texts() -> Iterator[str]:
            for name, text in named_texts(words, files, hint=_TOKENS_HINT, silence=context.silence):
                names.append(name)
                yield text  # and is let go batch by batch

        async with context.client() as giga:
            batches = batched(texts(), _COUNTED_AT_ONCE, characters=_CHARACTERS_AT_ONCE)
            while batch := await apart(lambda: next(batches, None)):
                for size in await tokens.count_tokens(giga, batch):
                    rows.append({"input": names[len(rows)], **asdict(size)})

    context.run(count())
    if len(rows) > 1:
        total = {name: sum(int(str(row[name])) for row in rows) for name in ("tokens", "characters")}
        rows.append({"input": "total", **total})
    show_rows(rows, ("input", "tokens", "characters"), context.terminal, as_array=as_array)


def show_balance(context: Context, *, as_array: bool) -> None:
    """Show the tokens left in each package; on a terminal with a bar beside it."""

    async def asked() -> list[balance.Package]:
        async with context.client() as giga:
            return await balance.balance(giga)

    packages = context.run(asked())
    terminal = context.terminal
    if terminal.stdout_is_terminal and not as_array:
        from ..render.bars import bars

        terminal.write(bars([(each.usage, each.tokens) for each in packages], width=terminal.width))
        if not packages:
            terminal.say("gigachat: The account has no packages.")
        return
    show_rows([asdict(each) for each in packages], ("usage", "tokens"), terminal, as_array=as_array)


def embed_texts(
    words: Sequence[str], files: Sequence[Path], context: Context, *, model: str | None, as_lines: bool
) -> None:
    """Show the vector of each text as a JSON line, while they come; on a terminal the beginning of each."""
    terminal = context.terminal
    terminal.check_stdout()
    agree_to_files(files, terminal)
    brief = terminal.stdout_is_terminal and not as_lines

    async def embed() -> None:
        index = 0
        batches = batched(
            text_lines(words, files, hint=_EMBED_HINT, silence=context.silence),
            _EMBEDDED_AT_ONCE,
            characters=_CHARACTERS_AT_ONCE,
        )
        async with context.client() as giga:
            while batch := await apart(lambda: next(batches, None)):
                try:
                    found = await _embedded(giga, batch, model)
                except ServiceError as problem:
                    if index or len(batch) > 1:
                        problem.message += f" It is about the texts {index} to {index + len(batch) - 1}."
                    raise
                for text, each in zip(batch, found, strict=True):
                    if brief:
                        line = _brief(index, text, each.vector)
                    else:
                        line = as_json({"index": index, "text": text, "vector": each.vector})
                    terminal.write(f"{line}\n")
                    index += 1
        if not index:
            raise UsageError("There is no text.", hint=_EMBED_HINT)

    context.run(embed())


async def _embedded(giga: GigaChat, texts: list[str], model: str | None) -> list[embeddings.Embedding]:
    try:
        return await embeddings.embed(giga, texts, model=model or embeddings.DEFAULT_MODEL)
    except UnknownModelError as problem:
        if model:
            problem.hint = f"{problem.hint or ''} The name comes from --model.".strip()
        raise


def check_texts(
    words: Sequence[str], files: Sequence[Path], context: Context, *, model: str | None, as_array: bool
) -> None:
    """Show who wrote each text, and the places that a model wrote."""
    agree_to_files(files, context.terminal)
    rows: list[dict[str, object]] = []
    terminal = context.terminal

    async def check() -> None:
        texts = named_texts(words, files, hint=_CHECK_HINT, silence=context.silence)
        async with context.client() as giga:
            while named := await apart(lambda: next(texts, None)):
                name, text = named
                verdict = await ai_check.check(giga, text, model=model or ai_check.DEFAULT_MODEL)
                intervals = [
                    {"start": start, "end": end, "text": _excerpt(text, start, end)} for start, end in verdict.intervals
                ]
                rows.append({"input": name, **asdict(verdict), "intervals": intervals})

    try:
        context.run(check())
    finally:  # a text that is refused costs no verdict on another
        if rows:
            _show_verdicts(rows, terminal, as_array=as_array)


def check_profanity(
    words: Sequence[str], files: Sequence[Path], context: Context, *, model: str | None, as_array: bool
) -> None:
    """Show of each text whether the service's filter finds it profane."""
    agree_to_files(files, context.terminal)
    rows: list[dict[str, object]] = []

    async def check() -> None:
        texts = named_texts(words, files, hint=_PROFANITY_HINT, silence=context.silence)
        async with context.client() as giga:
            while named := await apart(lambda: next(texts, None)):
                name, text = named
                verdict = await filter_check.check_profanity(giga, text, model=model or filter_check.DEFAULT_MODEL)
                rows.append({"input": name, **asdict(verdict)})

    try:
        context.run(check())
    finally:  # a text that is refused costs no verdict on another
        if rows:
            show_rows(rows, ("input", "is_profane", "tokens"), context.terminal, as_array=as_array)


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


def _brief(index: int, text: str, vector: Sequence[float]) -> str:
    numbers = " ".join(f"{number:.4f}" for number in vector[:_SHOWN_NUMBERS])
    return f"{index}  {len(vector)} numbers  {numbers} …  {one_line(text, _EXCERPT)}"


def _places(intervals: object) -> str:
    found = intervals if isinstance(intervals, list) else []
    return " ".join(f"{each['start']}-{each['end']}" for each in found)


def _excerpt(text: str, start: int, end: int) -> str:
    """The words at a place, begun and ended ones whole: it is not told whether characters count from 0 or 1."""
    start, end = max(0, min(start, len(text))), max(0, min(end, len(text)))
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return one_line(text[start:end], _EXCERPT)
