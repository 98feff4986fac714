"""The service's own batch API: the items are submitted at once, and their results joined to the lines again.

Submitted batches are recorded in the data directory, with a line for each item: the results have only line numbers.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from .. import paths
from ..engine import GigaChat
from ..engine.api.batches import COMPLETED, BatchTask, line_of, parse_results
from ..engine.outside import json_object
from ..errors import GigaChatError, NotAsAskedError, ServiceError, UsageError
from .items import Item
from .output_rows import answer_row, error_row, head

_FIRST_LOOK = 1.0  # seconds
_LONGEST_LOOK = 30.0


async def submit(giga: GigaChat, items: AsyncGenerator[Item, None]) -> BatchTask:
    """Submit all items; invalid ones only get an error row later.  Raises UsageError when no item is valid."""
    lines: list[bytes] = []
    remembered: list[str] = []
    async with aclosing(items):
        async for item in items:
            try:
                if item.problem is not None:
                    raise item.problem
                lines.append(_line(giga, item, model=item.model or await giga.model()))
                remembered.append(json.dumps(head(item), ensure_ascii=False))
            except UsageError as problem:
                remembered.append(error_row(item, problem).rstrip())
    if not lines:
        raise UsageError("There is no item that could be asked.")
    task = await giga.submit_batch(b"".join(lines))
    with suppress(OSError):  # the results can be joined by line number without it
        paths.write_private(_memory_file(task.id), "".join(f"{each}\n" for each in remembered).encode())
    return task


async def completed(giga: GigaChat, batch_id: str, *, wait: bool) -> BatchTask:
    """The batch once it is completed.  Raises NotAsAskedError when it is not and `wait` is false."""
    pause = _FIRST_LOOK
    while True:
        (task,) = await giga.batches(batch_id)
        if task.status == COMPLETED and task.output_file_id:
            return task
        if not wait:
            how_far = f": {task.completed or 0} of {task.total} are done" if task.total is not None else ""
            raise NotAsAskedError(
                f"The batch {batch_id} is not completed (status {task.status}){how_far}.",
                hint="Ask again later, or wait for it with --wait.",
            )
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, _LONGEST_LOOK)


async def rows(giga: GigaChat, task: BatchTask) -> list[tuple[str, bool]]:
    """The rows of a completed batch in the order of its input, each with whether it is an answer."""
    found = dict(parse_results(await giga.batch_results(task.output_file_id or "")))
    remembered = list(_remembered(task.id))
    if not remembered:  # submitted on another machine
        remembered = [_foreign(identity, number) for number, identity in enumerate(found, start=1)]
    return [_row(each, found) for each in remembered]


def _line(giga: GigaChat, item: Item, *, model: str) -> bytes:
    request = giga.chat_request(item.messages, model=model, stream=False, **item.fields)
    return line_of(str(item.line), request)


def _row(each: dict[str, Any], found: dict[str, Any]) -> tuple[str, bool]:
    if "error" in each:
        return f"{json.dumps(each, ensure_ascii=False)}\n", False
    key = str(each.pop("key", each["line"]))
    item = Item(each["line"], 0, 0, id=each.get("id"))
    result = found.get(key) or ServiceError("The results of the batch hold no answer to this line.")
    if isinstance(result, GigaChatError):
        return error_row(item, result), False
    return answer_row(item, result), True


def _foreign(identity: str, number: int) -> dict[str, Any]:
    return {"line": number, "id": identity, "key": identity}


def _remembered(batch_id: str) -> Iterator[dict[str, Any]]:
    with suppress(OSError):
        for each in (paths.read_private(_memory_file(batch_id)) or b"").splitlines():
            found = json_object(each)
            if found is not None and isinstance(found.get("line"), int):
                yield found


def _memory_file(batch_id: str) -> Path:
    # An id comes from the service: only its letters, digits and dashes become part of a file name.
    name = re.sub(r"[^A-Za-z0-9-]", "_", batch_id)[:100]
    return paths.data_dir() / "batches" / f"{name}.jsonl"


__all__ = ["completed", "rows", "submit"]
