"""The work of each command, and their table.

A new command is a word in `HEADINGS`, a file in `cli/` that declares it, and a file of the same name here.
"""

from __future__ import annotations

NAME = "gigachat"
HELP = "A terminal client for Sber's GigaChat."

HEADINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Talk", ("ask", "chat", "image", "history", "functions")),
    ("Work with many", ("batch", "tokens", "embed", "check")),
    ("Account and service", ("auth", "models", "balance", "files", "doctor")),
    ("This program", ("config", "completion", "simulator")),
)
"""Every command, under the headings of the help.  `cli/ask.py` declares `ask`, `commands/ask.py` does its work."""

COMMANDS = tuple(name for _, names in HEADINGS for name in names)
