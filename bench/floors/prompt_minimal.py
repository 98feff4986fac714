"""The floor of a chat's prompt: prompt-toolkit with a history, and on request a completer and a toolbar."""

import sys
from pathlib import Path

from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.shortcuts import PromptSession

entries = Path(sys.argv[1]).read_text().splitlines()
dressed = {"completer": WordCompleter(["/help", "/quit"]), "bottom_toolbar": "GigaChat"} if sys.argv[2:] else {}
session: PromptSession[str] = PromptSession("› ", history=InMemoryHistory(entries), **dressed)  # type: ignore[arg-type]
while True:
    try:
        session.prompt()
    except EOFError:
        break
