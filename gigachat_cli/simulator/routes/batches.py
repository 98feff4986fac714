"""Batches of requests: the whole JSONL in one body, done by and by, the results in a file."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

from aiohttp import web

from ..access import Caller
from ..admission import admitted
from ..batch import Batch
from ..composing import compose
from ..forms import FormV1
from ..prompt import invalid
from ..reading_v1 import read_prompt
from ..replies import STATE, Refusal, compact, json_reply
from ..state import State
from .texts import embeddings

_METHODS = frozenset({"chat_completions", "embedder"})
_LINES_AT_ONCE = 50
"""Lines that are worked on before other requests have their turn."""


@admitted("batches")
async def create(request: web.Request, caller: Caller) -> web.StreamResponse:
    """POST {base}/batches?method=chat_completions|embedder."""
    _check_scope(request, caller)
    state = request.app[STATE]
    method = request.query.get("method", "")
    if method not in _METHODS:
        raise invalid(f"method must be one of {', '.join(sorted(_METHODS))}")
    now, lines = int(state.now()), _lines(await request.read())
    batch = Batch(
        id=str(uuid.uuid4()),
        key=caller.key,
        client_id=caller.client_id,
        method=method,
        lines=lines,
        total=len(lines),
        created_at=now,
        updated_at=now,
    )
    state.batches[batch.id] = batch
    return json_reply(request, batch.created())


@admitted("batches")
async def list_batches(request: web.Request, caller: Caller) -> web.StreamResponse:
    """GET {base}/batches, or one with ?batch_id=; each look moves what it shows one step on."""
    _check_scope(request, caller)
    state = request.app[STATE]
    shown = [batch for batch in state.batches.values() if batch.key == caller.key]
    if "batch_id" in request.query:
        shown = [batch for batch in shown if batch.id == request.query["batch_id"]]
        if not shown:
            raise Refusal(404, "Batch task not found")
    for batch in shown:
        await _move_on(batch, state)
    return json_reply(request, {"batches": [batch.row() for batch in shown]})


def _check_scope(request: web.Request, caller: Caller) -> None:
    if request.app[STATE].accounts.scope_of(caller.key) != "GIGACHAT_API_CORP":
        raise Refusal(403)


def _lines(body: bytes) -> list[tuple[str, dict[str, Any]]]:
    lines: dict[str, dict[str, Any]] = {}
    for number, line in enumerate(body.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            task = json.loads(line)
        except ValueError:
            raise Refusal(400) from None
        if (
            not isinstance(task, dict)
            or not isinstance(task.get("id"), str)
            or not isinstance(task.get("request"), dict)
        ):
            raise invalid(f"line {number} must have an id and a request")
        if task["id"] in lines:
            raise invalid(f"id {task['id']} of line {number} is not unique")
        lines[task["id"]] = task["request"]
    if not lines:
        raise invalid("the batch has no requests")
    return list(lines.items())


async def _move_on(batch: Batch, state: State) -> None:
    if batch.status == "completed":
        return
    batch.polls += 1
    batch.updated_at = int(state.now())
    batch.status = "in_progress"
    if batch.polls < state.batch_polls:
        batch.completed = batch.total * batch.polls // state.batch_polls
        return
    caller = Caller(batch.key, None, batch.client_id)
    results, failed = [], 0
    for number, (line_id, sent) in enumerate(tuple(batch.lines)):
        if number % _LINES_AT_ONCE == 0:
            await asyncio.sleep(0)
        result = _result(batch.method, sent, state, caller)
        failed += "error" in result
        results.append(compact({"id": line_id, **result}))
    stored = state.files.add(
        batch.key,
        "".join(f"{line}\n" for line in results).encode(),
        mime="application/jsonl",
        filename=f"{batch.id}.jsonl",
        client_id=batch.client_id,
    )
    batch.failed, batch.completed = failed, batch.total - failed
    batch.lines.clear()
    batch.output_file_id, batch.status = stored.id, "completed"


def _result(method: str, sent: dict[str, Any], state: State, caller: Caller) -> dict[str, Any]:
    """Answer one line. The form of a result is not documented: here it is the body of the method, or its error."""
    body = compact(sent).encode("utf-8", "replace")
    try:
        if method == "embedder":
            return {"result": embeddings(body, state)}
        return {"result": FormV1(compose(read_prompt(body, state, caller), state, caller)).whole()}
    except Refusal as refusal:
        return {"error": dict(refusal.body)}
