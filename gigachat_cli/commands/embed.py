"""The work of `gigachat embed`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..engine.api.embeddings import Embedding
from ..errors import ServiceError, UnknownModelError, UsageError
from ..interrupts import apart
from ..render.answers import as_json
from ..text import one_line
from .agreement import agree_to_files
from .context import Context
from .inputs import CHARACTERS_AT_ONCE, batched, text_lines

if TYPE_CHECKING:
    from ..engine import GigaChat

_EMBEDDED_AT_ONCE = 16
_EXCERPT = 60  # characters of a text
_SHOWN_NUMBERS = 3
_HINT = "Type it, name files with --file, or pipe in a text a line, as in: gigachat embed < titles.txt"


def embed_texts(words: Sequence[str], files: Sequence[Path], context: Context, *, model: str | None) -> None:
    """Show the vector of each text as a JSON line when it arrives; on a terminal only its beginning."""
    terminal = context.terminal
    terminal.check_stdout()
    agree_to_files(files, terminal)
    brief = terminal.stdout_is_terminal and not context.flags.json

    async def embed() -> None:
        index = 0
        batches = batched(
            text_lines(words, files, hint=_HINT, silence=context.silence),
            _EMBEDDED_AT_ONCE,
            characters=CHARACTERS_AT_ONCE,
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
            raise UsageError("There is no text.", hint=_HINT)

    context.run(embed())


async def _embedded(giga: GigaChat, texts: list[str], model: str | None) -> list[Embedding]:
    try:
        return await giga.embed(texts, model=model)
    except UnknownModelError as problem:
        if model:
            problem.add_hint("The name comes from --model.")
        raise


def _brief(index: int, text: str, vector: Sequence[float]) -> str:
    numbers = " ".join(f"{number:.4f}" for number in vector[:_SHOWN_NUMBERS])
    return f"{index}  {len(vector)} numbers  {numbers} …  {one_line(text, _EXCERPT)}"
