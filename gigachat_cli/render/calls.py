"""Function calls as a person sees them, all on stderr: what the model calls, and what the functions print."""

from __future__ import annotations

from ..text import safe
from .terminal import Terminal


def show_call(text: str, terminal: Terminal) -> None:
    """A call that the model makes; for people at a terminal."""
    if terminal.stderr_is_terminal and not terminal.quiet:
        terminal.say(f"gigachat: The model calls {safe(text)}")


def show_printed(line: str, terminal: Terminal) -> None:
    """A line that a function printed; the model may have given it a part of that."""
    terminal.say(safe(line) if terminal.stderr_is_terminal else line)
