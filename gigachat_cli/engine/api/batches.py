"""Batches that the service works on by itself: `POST {base}/batches` and `GET {base}/batches` (documented).

Only for businesses that pay as they go.  The form of a result is not documented; whatever holds an answer is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from msgspec import Struct

from ...errors import AccessDeniedError, ContentFilterError, GigaChatError, ServiceError, UsageError
from ...masking import from_outside
from ...messages import Answer, AnswerBuilder
from ...text import one_line
from ..outside import FileId, Floor, Identifier, Word, typed_file_id, understood
from ..refusals import Told, error_told
from ..wire import Request
from . import chat
from .files import AS_IT_IS, Content

if TYPE_CHECKING:
    from ..client import GigaChat

PATH = "/batches"
METHOD = "chat_completions"
COMPLETED = "completed"

_DENIED_HINT = "The batch API is for businesses that pay as they go (scope GIGACHAT_API_CORP). Leave ‹remote› out."


class BatchTask(Struct, frozen=True):
    """A batch as the service tells of it.  Times are Unix seconds; `output_file_id` is there when it is completed."""

    id: str
    status: str
    total: int | None = None
    completed: int | None = None
    failed: int | None = None
    created_at: int | None = None
    updated_at: int | None = None
    output_file_id: str | None = None
    method: str = ""


class _Counts(Struct, frozen=True):
    total: Floor | None = None
    completed: Floor | None = None
    failed: Floor | None = None


class _Task(Struct, frozen=True):
    id: Identifier = Identifier()
    status: Word = Word()
    request_counts: _Counts | None = None
    created_at: Floor | None = None
    updated_at: Floor | None = None
    output_file_id: FileId = FileId()
    method: Word = Word()


class _Tasks(_Task, frozen=True):
    batches: list[_Task] | None = None


async def submit_batch(giga: GigaChat, lines: bytes) -> BatchTask:
    """Hand over requests, a JSON line `{"id", "request"}` each.  Raises as `fetch` does.

    Wants a client with `max_retries=0`: an attempt that failed may have been taken, and would be paid twice.
    """
    url = f"{giga.settings.base_url}{PATH}?{urlencode({'method': METHOD})}"
    headers = {"Accept": "application/json", "Content-Type": "application/octet-stream"}
    request = Request("POST", url, "the batch", headers, lines)
    found = understood(await _fetched(giga, request), _Task)
    if found is None or not found.id:
        raise ServiceError("The service took the batch but named no id for it.")
    return _task(found)


async def batches(giga: GigaChat, batch_id: str | None = None) -> list[BatchTask]:
    """All batches of the account, or the one with that id, alone in the list.

    The service's OpenAPI file shows an object that holds the list, its own SDKs read the list itself: both are read.
    Raises UsageError for an id that is unknown, and as `fetch` does.
    """
    query = f"?{urlencode({'batch_id': batch_id})}" if batch_id is not None else ""
    request = Request("GET", f"{giga.settings.base_url}{PATH}{query}", "the batches", {"Accept": "application/json"})
    try:
        found = await _fetched(giga, request)
    except ServiceError as problem:
        if batch_id is not None and problem.status == 404:
            raise _unknown(batch_id, problem) from None
        raise
    holder = understood(found, _Tasks)
    if holder is None:
        listed = understood(found, list[_Task])
    else:
        listed = [holder] if holder.batches is None and holder.id else holder.batches
    if listed is None:
        raise ServiceError("The service answered with something that is not a list of batches.")
    read = [_task(each) for each in listed if each.id]
    if batch_id is None:
        return read
    named = [task for task in read if task.id == batch_id]
    if not named:
        raise _unknown(batch_id)
    return named[:1]


async def batch_results(giga: GigaChat, file_id: str) -> bytes:
    """The results of a completed batch, as the service keeps them.  Raises as `receive` does."""
    url = f"{giga.settings.base_url}/files/{quote(typed_file_id(file_id), safe='')}/content"
    content = Content()
    await giga.receive(Request("GET", url, "the results of the batch", AS_IT_IS), content)
    return bytes(content.received)


def line_of(identity: str, request: Request) -> bytes:
    """One line of a batch, from the request that would ask it at once."""
    return b'{"id":%s,"request":%s}\n' % (json.dumps(identity, ensure_ascii=False).encode(), request.body or b"{}")


def parse_results(content: bytes) -> Iterator[tuple[str, Answer | GigaChatError]]:
    """The results by the id of their line; what is no result is left out."""
    for each in content.split(b"\n"):
        found = understood(each, dict[str, Any])
        if found is not None and isinstance(found.get("id"), str | int):
            yield from_outside(str(found["id"])), _result(found)


def _unknown(batch_id: str, problem: ServiceError | None = None) -> UsageError:
    return UsageError(
        f"The service knows no batch {one_line(batch_id, 80)}.",
        hint="'gigachat batch list' shows those of the account.",
        status=problem.status if problem else None,
        request_id=problem.request_id if problem else None,
    )


async def _fetched(giga: GigaChat, request: Request) -> bytes:
    try:
        return (await giga.fetch(request)).body
    except AccessDeniedError as problem:
        problem.hint = _DENIED_HINT
        raise


def _task(found: _Task) -> BatchTask:
    counts = found.request_counts or _Counts()
    return BatchTask(
        found.id,
        found.status,
        counts.total,
        counts.completed,
        counts.failed,
        found.created_at,
        found.updated_at,
        found.output_file_id or None,
        found.method,
    )


def _result(found: Mapping[str, Any]) -> Answer | GigaChatError:
    request = Request("POST", "", "the item")
    inner = _holder_of("choices", found)
    if inner is None:
        said = _holder_of("message", found) or found.get("error")
        return error_told(request, Told(error=said or "no answer"))
    try:
        chunk = chat.parse_whole(request, json.dumps(inner).encode(), request_id=None)
    except GigaChatError as problem:
        return problem
    builder = AnswerBuilder()
    builder.add(chunk)
    answer = builder.answer(ended=True)
    if answer.finish_reason == "blacklist":
        return ContentFilterError("The service's content filter stopped the answer (finish_reason: blacklist).")
    return answer if answer.text or answer.finish_reason else replace(answer, complete=False)


def _holder_of(key: str, found: object, *, depth: int = 4) -> Mapping[str, Any] | None:
    """The object that holds `key`, however deep it is wrapped (`result`, `response`, `body`, …)."""
    if not isinstance(found, Mapping) or depth == 0:
        return None
    if key in found:
        return found
    return next((inner for each in found.values() if (inner := _holder_of(key, each, depth=depth - 1))), None)
