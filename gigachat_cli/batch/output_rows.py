"""The rows of the output, one JSON line each, written and read.  Keys are only ever added.

An answer: `{"id"?, "line", "answer", "model", "finish_reason", "complete", "usage", "request_id"}`, and
`"function_call"` when the model calls a function.  A failure: `{"id"?, "line", "error": {"code", "message", "hint",
"status", "request_id"}}`.  `id` is there when the input has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import GigaChatError
from ..messages import Answer
from ..render.answers import answer_object, as_json
from ..render.problems import problem_object
from .items import Item

_KEYS = ("answer", "model", "finish_reason", "complete", "usage", "request_id", "function_call")
"""Those keys of an answer's JSON form that a batch has: it has no history, and saves no files."""


def answer_row(item: Item, answer: Answer) -> str:
    """The row of an answered item, with its newline."""
    whole = answer_object(answer)
    shown = {key: whole[key] for key in _KEYS if key in whole}
    return f"{as_json({**head(item), **shown})}\n"


def error_row(item: Item, problem: GigaChatError) -> str:
    """The row of a failed item, with its newline."""
    return f"{as_json({**head(item), 'error': problem_object(problem)})}\n"


def head(item: Item) -> dict[str, Any]:
    """The keys that say which item a row belongs to."""
    return {"line": item.line} if item.id is None else {"id": item.id, "line": item.line}


def line_of(row: Mapping[str, Any] | None) -> int | None:
    """The line number of the input that a row belongs to; None when it is no row of a batch."""
    line = row.get("line") if row else None
    return line if type(line) is int and row is not None and ("answer" in row or "error" in row) else None
