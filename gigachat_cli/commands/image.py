"""The work of `gigachat image`: a question whose answer is a picture."""

from __future__ import annotations

from collections.abc import Sequence

from .ask import Picture, Question, answer
from .context import Context
from .flags import ImageFlags


def draw(words: Sequence[str], flags: ImageFlags, context: Context) -> None:
    """Have a picture drawn, and save or write it.  Raises what went wrong."""
    on_stdout = str(flags.output_file) == "-"
    question = Question(
        words=tuple(words),
        system=flags.system,
        stdin=not flags.no_stdin,
        editor=False,
        # The service draws only when it may call its own functions.
        fields=('function_call="auto"', *flags.fields),
        stream=True,
        format="json" if flags.json else "text" if flags.raw else None,
        continued=flags.continued,
        session=flags.session,
        resume=False,
        log=not flags.no_log,
        extract=False,
        usage=False,
        output_file=None,
        force=flags.force,
        dry_run=False,
        picture=Picture(on_stdout=True) if on_stdout else Picture(flags.output_file),
    )
    answer(question, context)
