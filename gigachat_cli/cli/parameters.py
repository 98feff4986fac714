"""Options as the parameters that typer reads: a command says what it takes, and gets a context made of it."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, get_args, get_origin, overload

import typer

from .. import options
from ..commands.flags import Flags, QuestionFlags
from ..docstrings import docstring
from ..options import Option
from ..settings import declarations, request_settings
from . import completions

if TYPE_CHECKING:
    from ..commands.context import Context

F = TypeVar("F", bound=Flags)
P = ParamSpec("P")

CONNECTION = " ".join(name for name, each in declarations().items() if each.flags and each.panel == options.CONNECTION)
SAMPLING = " ".join(request_settings())
BATCH_SAMPLING = " ".join(request_settings(streams=False))
FUNCTIONS = " ".join(name for name, each in QuestionFlags.declared.items() if each.panel == options.FUNCTIONS)
OUTPUT = " ".join(Flags.declared)
"""What commands take together: names of settings, and of flags, with blanks between them."""


@overload
def takes(*names: str) -> Callable[[Callable[Concatenate[Context, P], None]], Callable[..., None]]: ...
@overload
def takes(
    flags: type[F], /, *names: str
) -> Callable[[Callable[Concatenate[Context, F, P], None]], Callable[..., None]]: ...
def takes(*given: Any) -> Any:
    """Have a command take settings and flags by their names, in the order of its help, after its own parameters.

    The function gets the `Context` that is made of them, then, where a class of flags is named, these.  The
    annotations of its own parameters are read as they stand: its module has no `annotations` from `__future__`.
    """
    own_flags = bool(given) and not isinstance(given[0], str)
    flags: type[Flags] = given[0] if own_flags else Flags
    names = " ".join(given[1:] if own_flags else given).split()
    settings = [name for name in names if name not in flags.declared]

    def declare(work: Callable[..., None]) -> Callable[..., None]:
        def command(**values: Any) -> None:
            from ..commands.context import Context

            chosen = flags(**{name: _meant(flags.declared[name], values.pop(name, None)) for name in taken_flags})
            context = Context({name: values.pop(name, None) for name in settings}, chosen)
            work(context, *([chosen] if own_flags else []), **values)

        taken_flags = [name for name in names if name in flags.declared]
        own = list(signature(work).parameters.values())[2 if own_flags else 1 :]
        shared = [_parameter(flags.declared.get(name) or declarations()[name]) for name in names]
        command.__signature__ = Signature([each.replace(kind=Parameter.KEYWORD_ONLY) for each in own] + shared)  # type: ignore[attr-defined]  # typer reads it
        command.__name__, command.__doc__ = work.__name__, docstring(work)
        command.__annotations__ = {}
        return command

    return declare


def _parameter(declared: Option) -> Parameter:
    """A setting is taken as a text, which is checked where it is known what it came from."""
    kind = str | None if declared is declarations().get(declared.name) else declared.type
    if get_origin(kind) is tuple:
        kind = list[get_args(kind)[0]] | None  # type: ignore[misc]  # typer reads it
    flags = declared.flags or (f"--{declared.name.replace('_', '-')}",)
    completion = declared.completion and getattr(completions, f"complete_{declared.completion}")
    default = typer.Option(
        False if declared.type is bool else None,
        *flags,
        metavar=declared.metavar,
        help=declared.brief or declared.help,
        rich_help_panel=declared.panel,
        autocompletion=completion or None,
        show_default=False,
    )
    return Parameter(declared.name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _meant(declared: Option, value: Any) -> Any:
    if value is None:
        return declared.default
    return tuple(value) if isinstance(value, list) else declared.parse(value)
