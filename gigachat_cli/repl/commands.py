"""The registry of slash commands: lines are matched against it; `/help`, completion and the reference are made from it.

A command is a function in `question_commands`, `session_commands` or `tool_commands`, which gets the chat and the text
after its name.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import normalize

from ..docstrings import docstring
from ..errors import GigaChatError, UsageError, nearest
from ..paths import expanded
from ..settings import declarations
from ..systems import is_windows
from ..text import one_line
from ..ways import Ways

if TYPE_CHECKING:
    from .chat import Chat
    from .editor import Candidate

    Run = Callable[[Chat, str], Awaitable[None]]
    Choices = Callable[[Chat, str], Iterable[str | tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command: its name, its help in one line and at length, and what may follow it.

    `choices` gets the argument as far as it is typed; those that begin with it are offered, each with a description
    when it is a pair.  A command with `reads_file` sends a file that is named, or runs it.
    """

    name: str
    usage: str
    help: str
    more: str
    run: Run
    choices: Choices | None = None
    reads_file: bool = False

    @property
    def about(self) -> str:
        return f"{self.help}. {self.more}".strip()


COMMANDS: dict[str, Command] = {}

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("The answer", ("retry", "continue", "undo", "edit", "copy", "history", "usage")),
    ("The model", ("model", "system", "set", "reasoning", "web", "tool", "functions")),
    ("Sessions", ("session", "sessions", "rename", "fork", "clear", "compact", "search")),
    ("This chat", ("attach", "multiline", "export", "info", "help", "quit")),
)
"""Every command, in the order of `/help`."""

WAYS: Ways = {
    **{name: f"'gigachat config set {name} VALUE'" for name, declared in declarations().items() if not declared.secret},
    "attach": "/attach FILE",
    "functions": "/functions FILE.py",
    "go_on": "/continue",
    "max_rounds": "'gigachat chat --max-rounds N'",
    "max_tokens": "/set max_tokens N",
    "model": "/model NAME",
    "no_log": "'gigachat chat --no-log'",
    "output_file": "/export FILE",
    "sessions": "/sessions",
}
"""The chat's names for next steps (see `ways`)."""


def command(
    name: str, usage: str = "", *, choices: Choices | None = None, reads_file: bool = False
) -> Callable[[Run], Run]:
    """Register a function as `/name`; its docstring's first line is the help, the rest explains it."""

    def register(run: Run) -> Run:
        first, _, more = docstring(run).strip().partition("\n")
        COMMANDS[name] = Command(
            name, f"/{name} {usage}".strip(), first, " ".join(more.split()), run, choices, reads_file
        )
        return run

    return register


def find(text: str) -> tuple[Command, str] | None:
    """The command that a line calls, with its argument; None when the line is a question.

    `.name` is accepted for an existing command.  Raises UsageError for an unknown `/name`.
    """
    line = text.strip()
    if line.startswith("//") or not line.startswith(("/", ".")):
        return None
    word, *argument = line.split(maxsplit=1)
    known = COMMANDS.get(word[1:].lower())
    if known is not None:
        return known, "".join(argument).strip()
    if line.startswith("."):
        return None
    raise unknown(word)


def question_of(text: str) -> str:
    """The question in a line: `//` at its beginning stands for a slash, unless a blank follows, as in a comment."""
    question = text.strip("\n")
    bare = question.lstrip()
    return bare[1:] if re.match(r"//\S", bare) else question


def leaves(text: str) -> bool:
    """Whether the line ends the chat."""
    return text.strip().lower() in ("exit", "quit", "/quit", "/exit", ".quit", ".exit", "/q")


def unknown(word: str) -> UsageError:
    """The error for a command that does not exist."""
    name = word.lstrip("/.")
    near = nearest(name.lower(), list(COMMANDS))
    hint = f"Did you mean /{near}?" if near else "/help lists them."
    return UsageError(f"There is no command {word}.", hint=f"{hint} To send it as a question, begin it with //.")


def complete(chat: Chat, text: str) -> Iterable[Candidate]:
    """Completions of a line up to the cursor: commands and their arguments."""
    from .editor import Candidate

    called = re.match(r"([/.])([\w-]*)(?:(\s+)(\S*))?\Z", text)
    if called is None:
        yield from _mentions(text)
        return
    mark, name, blank, typed = called.groups()
    if blank is None:
        for each in COMMANDS.values():
            if each.name.startswith(name.lower()):
                yield Candidate(mark + each.name, len(text), each.help)
        return
    known = COMMANDS.get(name.lower())
    if known is None or known.choices is None:
        return
    try:
        choices = list(known.choices(chat, typed))
    except GigaChatError:  # a history that cannot be read offers nothing
        return
    for choice in choices:
        text, about = (choice, "") if isinstance(choice, str) else choice
        if text.lower().startswith(typed.lower()):
            yield Candidate(text, len(typed), about)


def _mentions(text: str) -> Iterable[Candidate]:
    """Completions of a path after an `@`; a path with blanks is put in quotes."""
    from .editor import Candidate

    begun = re.search(r'(?<!\S)@("[^"\n]*|[^\s"]*)\Z', text)
    if begun is None:
        return
    for path in files(begun[1].removeprefix('"')):
        quoted = begun[1].startswith('"') or " " in path
        end = "" if path.endswith("/") else '"'
        yield Candidate(f'"{path}{end}' if quoted else path, len(begun[1]))


def files(typed: str) -> Iterable[str]:
    """Files and folders whose path begins with the typed text."""
    place = max(typed.rfind(sign) for sign in ("/\\" if is_windows() else "/")) + 1
    folder, beginning = typed[:place], typed[place:]
    try:
        entries = sorted(expanded(folder or ".").iterdir())
    except OSError:
        return
    # macOS keeps names as they were created, often with й as two code points; keyboards type one.
    begun = normalize("NFC", beginning)
    for each in entries[:500]:
        hidden = each.name.startswith(".") and not beginning.startswith(".")
        if normalize("NFC", each.name).startswith(begun) and not hidden:
            yield f"{folder}{each.name}{'/' if each.is_dir() else ''}"


def reference() -> str:
    """The commands as a Markdown table."""
    rows = [f"| `{_cell(each.usage)}` | {_cell(each.about)} |" for each in COMMANDS.values()]
    return "\n".join(["| Command | Does |", "|---|---|", *rows]) + "\n"


def count(text: str, default: int) -> int:
    """A number above 0 as a command's argument.  Raises UsageError."""
    if not text:
        return default
    if not re.fullmatch("[0-9]{1,9}", text) or int(text) < 1:
        raise UsageError(f"{one_line(text, 80)} is not a number above 0.")
    return int(text)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


from . import question_commands, session_commands, tool_commands  # noqa: E402, F401  # they register, in this order
