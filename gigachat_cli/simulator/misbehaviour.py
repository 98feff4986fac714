"""Plays the faults that need no answer: refusals, gateway pages, redirects, silence, broken connections."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from email.utils import formatdate

from aiohttp import web

from .faults import Fault
from .replies import MESSAGES, STATE, Refusal, api_headers, compact, oauth_reply
from .state import State

GARBAGE = {
    "json": b'{"choices":[{"message":{"content":"half of an obj',
    "bytes": b"\x00\xff\xfe\x80\xc3(\xa0\xa1\xf0\x28\x8c\xbc",
    "utf8": b'{"choices":[{"delta":{"content":"\xff\xfe\xd0"},"index":0}],"message":"\xd0"}',
    "text": b"upstream connect error or disconnect/reset before headers",
}
"""Bodies that no client can decode, by kind."""

_OAUTH_BODIES = {
    400: {"code": 4, "message": "Can't decode 'Authorization' header"},
    401: {"code": 6, "message": "credentials doesn't match db data"},
}

_PAGE = """<!DOCTYPE html>
<html>
<head><title>{title}</title></head>
<body bgcolor="white">
<center><h1>{title}</h1></center>
<hr><center>simulated gateway</center>
</body>
</html>
"""


async def play(fault: Fault, request: web.Request, access_token: str | None = None) -> web.StreamResponse | None:
    """Play a fault in place of the answer, or return None when the answer is to go on.

    ``access_token`` is the one that a simulated 401 forgets. Raises Refusal for the API's own refusals.
    """
    if fault.name.isdigit():
        return _refuse(fault, request, access_token)
    match fault.name:
        case "slow":
            await asyncio.sleep(fault.seconds(3.0))
            return None
        case "stall":
            await keep_silent(fault, request.app[STATE])
            return None
        case "reset":
            reset_connection(request)
            return web.Response()
        case "redirect":
            port = request.url.port
            target = fault.text("to", f"https://localhost:{port}/redirected")
            headers = {**api_headers(request, success=False), "Location": target}
            return web.Response(status=fault.whole_number("status", 302), headers=headers)
        case "html":
            return _page(fault, request)
        case "empty":
            return web.Response(headers=api_headers(request), content_type="application/json")
        case "error-object":
            return web.json_response(error_object(fault), dumps=compact, headers=api_headers(request))
        case "garbage":
            kind = fault.text("kind", "json")
            headers = {**api_headers(request), "Content-Type": "application/json; charset=utf-8"}
            return web.Response(body=GARBAGE[kind], headers=headers)
    return None


def error_object(fault: Fault) -> dict[str, object]:
    """Return the error object that a gateway puts under status 200."""
    message = fault.text("message", MESSAGES[500])
    if fault.text("shape", "error") == "error":
        return {"error": {"code": 500, "message": message}}
    return {"status": 500, "message": message}


async def keep_silent(fault: Fault, state: State) -> None:
    """Wait until somebody releases the answer, or for the seconds that the fault names."""
    with suppress(TimeoutError):
        limit = fault.seconds(0.0) if "seconds" in fault.detail else None
        await asyncio.wait_for(state.released.acquire(), limit)


async def cut_body(request: web.Request, body: bytes, fault: Fault, *, content_type: str) -> web.StreamResponse:
    """Send half of a body and break off, or fall silent and then send the rest."""
    response = web.StreamResponse(headers={**api_headers(request), "Content-Type": content_type})
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if fault.name == "stall":
        await keep_silent(fault, request.app[STATE])
        await response.write(body[len(body) // 2 :])
    elif fault.text("how", "end") == "reset":
        reset_connection(request)
    elif request.transport is not None:
        request.transport.close()
    return response


def reset_connection(request: web.Request) -> None:
    """Break the connection with a reset: no close notice of TLS, no orderly end of TCP."""
    transport = request.transport
    if transport is None:
        return
    connection: socket.socket | None = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _refuse(fault: Fault, request: web.Request, access_token: str | None) -> web.StreamResponse:
    status = int(fault.name)
    headers = {"Retry-After": fault.text("retry-after", "")} if "retry-after" in fault.detail else {}
    message = fault.detail.get("message")
    if fault.at == "oauth":
        body = _OAUTH_BODIES.get(status, {"status": status, "message": MESSAGES[status]})
        reply = oauth_reply(request, status, {**body, **({"message": message} if message else {})})
        reply.headers.update(headers)
        return reply
    if status == 401:
        if access_token is not None:
            request.app[STATE].accounts.forget(access_token)
        raise Refusal(401, message or "Token has expired", headers=headers)
    raise Refusal(status, message, headers=headers)


def _page(fault: Fault, request: web.Request) -> web.Response:
    status = fault.whole_number("status", 502)
    title = f"{status} {MESSAGES.get(status, 'Welcome')}"
    headers = {"Date": formatdate(request.app[STATE].now(), usegmt=True), "Server": "nginx"}
    return web.Response(status=status, text=_PAGE.format(title=title), content_type="text/html", headers=headers)
