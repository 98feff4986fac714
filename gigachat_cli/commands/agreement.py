"""What a person is asked and told before files leave: those that look like secrets by name, then all of them.

Where nobody can be asked, a file that looks like a secret goes only with `-a`, or as what was piped in.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..conversation.prompt import read_system
from ..errors import UsageError
from ..paths import expanded
from ..render.terminal import Terminal
from ..text import visible
from .questions import agrees, somebody_is_there

if TYPE_CHECKING:
    from ..conversation.attachments import Attachment
    from ..engine.api.files import Opener


PIPE_IT = "If it is to go, pipe it in: < FILE"
ATTACH_IT = "If it is to go, attach it with -a."
GIVE_TEXT = "If it is to go, give its text in the place of its name."


def agree(attachments: Sequence[Attachment], terminal: Terminal, *, otherwise: str | None = None) -> None:
    """Ask whether those that look like secrets may go.  Raises UsageError for one that may not.

    Where nobody can be asked they go, as `-a` names them; with `otherwise`, the way that is left, none goes.
    """
    from ..conversation.attachments import secret_question

    for each in attachments:
        if each.secret:
            _agree(secret_question(each), visible(each.name), each.secret, terminal, otherwise)


def agree_to_files(files: Sequence[Path], terminal: Terminal, *, otherwise: str = PIPE_IT) -> None:
    """Ask whether files whose text is to go may, where they look like secrets; stdin and pipes never do.

    Raises UsageError for one that may not.  One that cannot be read is left to who reads it.
    """
    from ..conversation.secret_files import text_question, why_secret

    for path in files:
        with suppress(OSError):
            if str(path) == "-" or not path.exists():
                continue
            why = why_secret(str(path), _content(path))
            if why:
                _agree(text_question(str(path), why), visible(str(path)), why, terminal, otherwise)


def read_agreed(given: str | None, terminal: Terminal, *, otherwise: str) -> str | None:
    """A text, or that of the file after an `@`, as `read_system` reads it; `agree_to_files` holds for the file."""
    if given is not None and given.startswith("@"):
        agree_to_files([expanded(given[1:])], terminal, otherwise=otherwise)
    return read_system(given)


def agree_to_schema(given: str, terminal: Terminal) -> None:
    """As `agree_to_files`, where a schema is given as a file."""
    if not given.lstrip().startswith("{"):
        agree_to_files([expanded(given)], terminal, otherwise=GIVE_TEXT)


def announce(attachments: Sequence[Attachment], terminal: Terminal) -> None:
    """Say what goes."""
    from ..conversation.attachments import what_goes

    terminal.notice(what_goes(attachments))


def _content(path: Path) -> Opener | None:
    return (lambda: path.open("rb")) if path.is_file() else None  # a pipe can be read only once


def _agree(question: str, name: str, why: str, terminal: Terminal, otherwise: str | None) -> None:
    if not somebody_is_there(terminal):
        if otherwise is not None:
            raise UsageError(
                f"{name} looks like a secret ({why}), and nobody can be asked here; nothing was sent.", hint=otherwise
            )
        return
    if not agrees(f"gigachat: {question}", terminal):
        raise UsageError(f"{name} was not agreed to; nothing was sent.")
