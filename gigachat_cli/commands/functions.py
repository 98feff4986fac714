"""The work of `gigachat functions`: a file of functions, shown and checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..conversation.functions import left_out
from ..engine.api.functions import Validation
from ..errors import NotAsAskedError
from ..functions.library import Library
from ..messages import Notice
from ..render.calls import show_printed
from ..render.reports import show_rows
from .context import Context


def show_descriptions(file: Path, context: Context) -> None:
    """Show the descriptions that are sent to the service, as a JSON array."""
    with _loaded(file, context) as library:
        context.terminal.write_safely(json.dumps(library.descriptions, ensure_ascii=False, indent=2) + "\n")


def validate(file: Path, context: Context) -> None:
    """Let the service check the description of each function, and show what it finds.

    Raises NotAsAskedError when one is not valid.
    """
    with _loaded(file, context) as library:

        async def checked() -> list[Validation]:
            async with context.client() as giga:
                return [await giga.validate_function(each) for each in library.descriptions]

        found = context.run(checked())
        rows = [
            {
                "function": name,
                "valid": each.valid,
                "message": each.message,
                "errors": [{"place": place, "problem": problem} for place, problem in each.errors],
                "warnings": [{"place": place, "problem": problem} for place, problem in each.warnings],
            }
            for name, each in zip(library.names, found, strict=True)
        ]
        if context.flags.json:
            show_rows(rows, (), context.terminal, as_array=True)
        else:
            remarks = [
                "; ".join(f"{place}: {said}" for place, said in (*each.errors, *each.warnings)) for each in found
            ]
            shown = [{**row, "remarks": said} for row, said in zip(rows, remarks, strict=True)]
            show_rows(shown, ("function", "valid", "remarks"), context.terminal, as_array=False)
    wrong = sum(not each.valid for each in found)
    if wrong:
        raise NotAsAskedError(f"{wrong} of {len(found)} functions {'is' if wrong == 1 else 'are'} not valid.")


@contextmanager
def _loaded(file: Path, context: Context) -> Iterator[Library]:
    library = Library(file, output=lambda line: show_printed(line, context.terminal))
    try:
        context.run(library.start())
        for notice in left_out(library):
            context.terminal.notice(Notice("warning", notice.text))
        yield library
    finally:
        library.close()
