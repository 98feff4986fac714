"""The history as a file: Markdown or an HTML page for people, JSON or JSON lines for programs; made in pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..sessions.export import conversation_data, conversation_markdown

if TYPE_CHECKING:
    from ..sessions import Session
    from ..sessions.turns import SessionTurns

ExportFormat = Literal["markdown", "html", "json", "jsonl"]

_BY_SUFFIX: dict[str, ExportFormat] = {".html": "html", ".htm": "html", ".json": "json", ".jsonl": "jsonl"}


def format_of(path: Path | None) -> ExportFormat:
    """The format of a file by its suffix: Markdown for an unknown one, or for stdout."""
    return _BY_SUFFIX.get(path.suffix.lower(), "markdown") if path else "markdown"


def exported(
    conversations: Iterable[SessionTurns], form: ExportFormat, *, sessions: Sequence[Session] = ()
) -> Iterator[str]:
    """The exported text, in pieces.

    "json" is one array of sessions, "jsonl" one session per line; "html" is a page that begins with a list of
    `sessions`, those of the conversations, when there are several.
    """
    if form == "markdown":
        for index, conversation in enumerate(conversations):
            yield from ("\n---\n\n" if index else "", conversation_markdown(conversation))
    elif form == "html":
        from .history_page import history_page

        yield from history_page(conversations, sessions)
    elif form == "jsonl":
        for conversation in conversations:
            yield json.dumps(conversation_data(conversation), ensure_ascii=False) + "\n"
    else:
        separator = "[\n"
        for conversation in conversations:
            yield separator + json.dumps(conversation_data(conversation), ensure_ascii=False, indent=2)
            separator = ",\n"
        yield "[]\n" if separator == "[\n" else "\n]\n"
