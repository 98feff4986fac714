"""Files of an account: upload, list, one, its bytes, delete. X-Client-ID says who may use a file."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from ..access import Caller
from ..admission import admitted, take_fault
from ..attachments import check_upload, reach
from ..misbehaviour import cut_body, play
from ..multipart import read_form
from ..replies import STATE, Refusal, api_headers, json_reply
from ..stored_files import StoredFile

_PURPOSES = frozenset({"general", "assistant"})
_BYTES = "application/octet-stream"


@admitted("upload", "files")
async def upload(request: web.Request, caller: Caller) -> web.StreamResponse:
    """POST {base}/files: a multipart form with ``file`` and ``purpose``."""
    try:
        form = read_form(request.headers.get("Content-Type", ""), await request.read())
    except ValueError:
        raise Refusal(400) from None
    file, purpose = form.get("file"), form.get("purpose")
    if file is None or not file.filename:
        raise Refusal(422, "Invalid params: file is required")
    if purpose is None or purpose.content.decode("utf-8", "replace") not in _PURPOSES:
        raise Refusal(422, "Invalid params: purpose must be general")
    check_upload(file.content, file.mime)
    stored = request.app[STATE].files.add(
        caller.key,
        file.content,
        mime=file.mime,
        filename=file.filename,
        client_id=caller.client_id,
        purpose=purpose.content.decode(),
    )
    row = _row(stored)
    del row["access_policy"]
    return json_reply(request, row)


@admitted("files")
async def list_files(request: web.Request, caller: Caller) -> web.StreamResponse:
    """GET {base}/files: those that the caller may use."""
    files = request.app[STATE].files.all(caller.key)
    return json_reply(request, {"data": [_row(each) for each in files if each.client_id == caller.client_id]})


@admitted("files")
async def show_file(request: web.Request, caller: Caller) -> web.StreamResponse:
    """GET {base}/files/{id}."""
    return json_reply(request, _row(_reached(request, caller)))


@admitted()
async def content(request: web.Request, caller: Caller) -> web.StreamResponse:
    """GET {base}/files/{id}/content: the bytes, which a fault may cut in half."""
    fault = await take_fault(request, "content", "files")
    if fault is not None and fault.name in {"cut", "stall"}:
        stored = _reached(request, caller)
        return await cut_body(request, stored.content, fault, content_type=_BYTES)
    played = await play(fault, request, caller.access_token) if fault is not None else None
    if played is not None:
        return played
    stored = _reached(request, caller)
    return web.Response(body=stored.content, headers={**api_headers(request), "Content-Type": _BYTES})


@admitted("files")
async def delete(request: web.Request, caller: Caller) -> web.StreamResponse:
    """POST {base}/files/{id}/delete; whatever comes as a body is of no account."""
    stored = _reached(request, caller)
    request.app[STATE].files.remove(caller.key, stored.id)
    return json_reply(request, {"id": stored.id, "object": "file", "deleted": True})


def _reached(request: web.Request, caller: Caller) -> StoredFile:
    return reach(request.app[STATE], caller.key, caller.client_id, request.match_info["file"])


def _row(stored: StoredFile) -> dict[str, Any]:
    return {
        "id": stored.id,
        "object": "file",
        "bytes": len(stored.content),
        "access_policy": "private",
        "created_at": stored.created_at,
        "filename": stored.filename,
        "purpose": stored.purpose,
    }
