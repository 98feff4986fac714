"""The help of a command as a page: what it says, gathered once, for the terminal, the reference and the manual.

Typer's own help is either plain, and one list of all options, or drawn by rich in boxes that a narrow terminal breaks.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

import typer
from typer.core import TyperCommand, TyperGroup

from ..docstrings import docstring

F = TypeVar("F", bound=Callable[..., Any])

PIPE_WIDTH = 80
"""Columns of a help that no terminal shows: fixed, so that it is the same wherever it is kept."""

_WIDEST = 100  # longer lines are hard to read
_NARROW = 60  # below it a text stands under its name, not beside it
_BESIDE = 30  # the longest name that a text stands beside
_MAIN = "Options"
_MOST_USED = "Most used options"


class HelpRow(NamedTuple):
    """A name (of an option, an argument, a command, …), and what it is."""

    name: str
    text: str


class Section(NamedTuple):
    title: str
    rows: tuple[HelpRow, ...]
    note: str = ""


class HelpPage(NamedTuple):
    """`usage` has a line for each way to call the command; `paragraphs` the first of which is its summary."""

    path: str
    usage: tuple[str, ...]
    paragraphs: tuple[str, ...]
    examples: tuple[str, ...]
    sections: tuple[Section, ...]


class Lesson(NamedTuple):
    """What a page says beyond the command's own declaration: examples, the options to show first, tables below."""

    examples: tuple[str, ...] = ()
    first: tuple[str, ...] = ()
    usage: tuple[str, ...] = ()
    tables: Callable[[], tuple[Section, ...]] = tuple


class HelpCommand(TyperCommand):
    """A command whose help is a page."""

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]  # typer's own subclass
        return shown(page(self, ctx))


class Group(TyperGroup):
    """A command of commands, in the order of their declaration, whose help is a page.

    Without one of them it shows what there is: on a terminal what `today` shows and then the page, with exit code 0;
    elsewhere, where a script has left a word out, the page on stderr, with exit code 2.
    """

    def today(self) -> None:
        """Show the present state of what the commands are about; nothing, where that would ask the service."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # as below
        if not args and not ctx.resilient_parsing:
            self._show_what_there_is(ctx)
        return super().parse_args(ctx, args)

    def _show_what_there_is(self, ctx: typer.Context) -> NoReturn:
        if not (sys.stdout is not None and sys.stdout.isatty()):
            typer.echo("\n".join(lines(page(self, ctx), PIPE_WIDTH)), err=True)
            raise typer.Exit(2)
        from ..errors import GigaChatError
        from ..render.problems import show_problem
        from ..render.terminal import Terminal

        try:
            self.today()
        except GigaChatError as problem:  # a state like another, as no key is: it is told, and the page helps on
            show_problem(problem, Terminal(), as_object=False)
        typer.echo(f"\n{self.get_help(ctx)}")
        raise typer.Exit

    def get_help(self, ctx: typer.Context) -> str:  # type: ignore[override]  # as above
        return shown(page(self, ctx))

    def headings(self) -> Sequence[tuple[str, Sequence[str]]]:
        """The names of its commands below the headings they are listed under."""
        return (("Commands", tuple(self.commands)),)


class App(typer.Typer):
    """A group to declare commands in; each has a page for its help."""

    def __init__(self, *, help: str, cls: type[Group] = Group, **rest: Any) -> None:
        super().__init__(help=help, cls=cls, rich_markup_mode=None, **rest)

    def command(self, name: str | None = None, **rest: Any) -> Callable[[F], F]:
        declare = super().command(name, cls=HelpCommand, **rest)

        def declared(function: F) -> F:
            function.__doc__ = docstring(function)
            return declare(function)

        return declared


def page(command: Any, ctx: Any) -> HelpPage:
    """The page of a command, in the context in which it would be run."""
    from .lessons import LESSONS

    path = str(ctx.command_path)
    lesson = LESSONS.get(path.partition(" ")[2], Lesson())
    usage = lesson.usage or (" ".join(command.collect_usage_pieces(ctx)),)
    paragraphs = [" ".join(each.split()) for each in re.split(r"\n\s*\n", command.help or "") if each.strip()]
    commands = [
        Section(
            title, tuple(HelpRow(name, _summary(command.commands[name])) for name in names if name in command.commands)
        )
        for title, names in (command.headings() if isinstance(command, Group) else ())
    ]
    return HelpPage(
        path,
        tuple(f"{path} {each}".rstrip() for each in usage),
        tuple(paragraphs),
        lesson.examples,
        tuple(each for each in (*commands, *_parameters(command, ctx, lesson.first), *lesson.tables()) if each.rows),
    )


def shown(page: HelpPage) -> str:
    """The page for where stdout goes: as wide as its terminal, with bold headings where it can show them."""
    try:
        terminal = sys.stdout is not None and sys.stdout.isatty()
        width = min(os.get_terminal_size(sys.stdout.fileno()).columns or PIPE_WIDTH, _WIDEST) if terminal else 0
    except (OSError, ValueError):
        terminal, width = False, 0
    bold = terminal and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")
    return "\n".join(lines(page, width or PIPE_WIDTH, bold=bold))


def lines(page: HelpPage, width: int, *, bold: bool = False) -> Iterator[str]:
    """The page as text, at most `width` columns wide, but for a single word that is longer."""

    def heading(title: str) -> str:
        return f"\x1b[1m{title}:\x1b[0m" if bold else f"{title}:"

    for number, usage in enumerate(page.usage):
        first = heading("Usage") + " " if number == 0 else " " * 7
        wrapped = list(_wrapped(usage.split(), width - 7, later=4))
        yield first + wrapped[0]
        yield from (" " * 7 + each for each in wrapped[1:])
    for paragraph in page.paragraphs:
        yield ""
        yield from ("  " + each for each in _wrapped(paragraph.split(), width - 2))
    if page.examples:
        yield from ("", heading("Examples"))
        for example in page.examples:
            yield from ("  " + each for each in command_lines(example, width - 2))
    for section in page.sections:
        yield from ("", heading(section.title))
        yield from _table(section.rows, width)
        if section.note:
            yield ""
            yield from ("  " + each for each in _wrapped(section.note.split(), width - 2))


def command_lines(command: str, width: int) -> Iterator[str]:
    """A command line over as many lines as it needs, which a shell takes as one."""
    words = re.findall(r"(?:'[^']*'|\S)+", command)
    if len(command) <= width:
        yield command
        return
    *before, last = _wrapped(words, width - 2, later=4)
    yield from (f"{each} \\" for each in before)
    yield last


def _table(rows: Sequence[HelpRow], width: int) -> Iterator[str]:
    column = max((len(row.name) for row in rows if len(row.name) <= _BESIDE), default=0) + 4
    for row in rows:
        if width < _NARROW or len(row.name) > _BESIDE:
            yield from ("  " + each for each in _wrapped(row.name.split(), width - 2, later=4))
            left = 6 if width < _NARROW else column
            yield from (" " * left + each for each in _wrapped(row.text.split(), width - left))
        else:
            first, *more = list(_wrapped(row.text.split(), width - column)) or [""]
            yield f"  {row.name}".ljust(column) + first if first else f"  {row.name}"
            yield from (" " * column + each for each in more)


def _wrapped(words: Iterable[str], width: int, *, later: int = 0) -> Iterator[str]:
    """Lines of whole words; those after the first begin `later` columns further right."""
    line = ""
    for word in words:
        if line.strip() and len(line) + 1 + len(word) > width:
            yield line
            line = " " * later + word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def _parameters(command: Any, ctx: Any, first: Sequence[str]) -> Iterator[Section]:
    """Arguments, then options by their headings: those that matter most, those without a heading, the others."""
    arguments: list[HelpRow] = []
    main: list[tuple[int, HelpRow]] = []
    rest: dict[str, list[HelpRow]] = {_MAIN: []}
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is None:
            continue
        row = HelpRow(record[0], " ".join(record[1].split()))
        places = [first.index(each) for each in parameter.opts if each in first]
        is_help = "--help" in parameter.opts
        if parameter.param_type_name == "argument":
            arguments.append(row)
        elif places:
            main.append((places[0], row))
        elif first and is_help:
            main.append((len(first), row))
        else:
            rest.setdefault(getattr(parameter, "rich_help_panel", None) or _MAIN, []).append(row)
    yield Section("Arguments", tuple(arguments))
    yield Section(_MOST_USED, tuple(row for _, row in sorted(main, key=lambda each: each[0])))
    for title, rows in rest.items():
        yield Section("More options" if title == _MAIN and main else title, tuple(rows))


def _summary(command: Any) -> str:
    text = str(command.help or "").strip().split("\n\n")[0]
    return " ".join(text.split())
