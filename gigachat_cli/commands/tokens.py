"""The work of `gigachat tokens`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..engine.outside import as_object
from ..interrupts import apart
from ..render.reports import show_rows
from .agreement import agree_to_files
from .context import Context
from .inputs import CHARACTERS_AT_ONCE, batched, named_texts

_COUNTED_AT_ONCE = 32
_HINT = "Type it, name files with --file, or pipe it in, as in: gigachat tokens < letter.txt"


def count_tokens(words: Sequence[str], files: Sequence[Path], context: Context) -> None:
    """Show the tokens and characters of each text, and their sums when there are several."""
    agree_to_files(files, context.terminal)
    rows: list[dict[str, object]] = []

    async def count() -> None:
        names: list[str] = []

        def texts() -> Iterator[str]:
            for name, text in named_texts(words, files, hint=_HINT, silence=context.silence):
                names.append(name)
                yield text  # released batch by batch

        async with context.client() as giga:
            batches = batched(texts(), _COUNTED_AT_ONCE, characters=CHARACTERS_AT_ONCE)
            while batch := await apart(lambda: next(batches, None)):
                for size in await giga.count_tokens(batch):
                    rows.append({"input": names[len(rows)], **as_object(size)})

    context.run(count())
    if len(rows) > 1:
        total = {name: sum(int(str(row[name])) for row in rows) for name in ("tokens", "characters")}
        rows.append({"input": "total", **total})
    show_rows(rows, ("input", "tokens", "characters"), context.terminal, as_array=context.flags.json)
