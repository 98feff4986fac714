"""The work of `gigachat image`: a question whose answer is a picture."""

from __future__ import annotations

from collections.abc import Sequence

from .ask import Picture, answer
from .context import Context
from .flags import AskFlags, ImageFlags


def draw(words: Sequence[str], flags: ImageFlags, context: Context) -> None:
    """Have a picture drawn, and save or write it.  Raises what went wrong."""
    picture = Picture(on_stdout=True) if str(flags.output_file) == "-" else Picture(flags.output_file)
    given = {name: getattr(flags, name) for name in flags.declared}
    # The service draws only when it may call its own functions.
    given |= {"fields": ('function_call="auto"', *flags.fields), "output_file": None}
    answer(words, AskFlags(**given), context, picture=picture)
