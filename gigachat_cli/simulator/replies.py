"""The JSON and the headers of the service: compact bodies, ids on every answer, one form for refusals."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from aiohttp import web

from .state import State

STATE = web.AppKey("state", State)

_COMMON = {
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Headers": "Origin, X-Requested-With, Content-Type, Accept, Authorization",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Origin": "https://simulator.example",
    "Allow": "GET, POST",
    "Server": "GigaChat-simulator",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
_SUCCESS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-XSS-Protection": "1; mode=block",
}

MESSAGES = {
    400: "Your request contains invalid JSON syntax.",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Permission denied",
    404: "No such model",
    408: "Request Timeout",
    413: "Payload too large",
    422: "Invalid params: the simulator was told to refuse",
    429: "Too many requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""The service's message for each status."""


_UNKNOWN_ADDRESS = (
    "<html>\r\n<head><title>404 Not Found</title></head>\r\n<body>\r\n<h1>404 Not Found</h1>\r\n</body>\r\n</html>\r\n"
)


class Refusal(Exception):
    """An answer that is not 200: raised by a route, made into JSON in one place."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, message)
        self.status = status
        self.body = body or {"status": status, "message": message or MESSAGES[status]}
        self.headers = headers or {}


def compact(value: object) -> str:
    """Return JSON as the service writes it: no blanks, no ASCII escapes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def api_headers(request: web.Request, *, success: bool = True) -> dict[str, str]:
    """Return the headers of an API answer; the ids are the request's own or fresh UUIDs."""
    return {
        **_COMMON,
        **(_SUCCESS if success else {}),
        "Date": formatdate(request.app[STATE].now(), usegmt=True),
        "X-Request-Id": request.headers.get("X-Request-ID") or str(uuid.uuid4()),
        "X-Session-Id": request.headers.get("X-Session-ID") or str(uuid.uuid4()),
    }


def json_reply(request: web.Request, value: object) -> web.Response:
    """Return status 200 with a JSON body."""
    headers = {**api_headers(request), "Content-Type": "application/json; charset=utf-8"}
    return web.Response(body=compact(value).encode(), headers=headers)


def refusal_reply(request: web.Request, refusal: Refusal) -> web.Response:
    """Return the answer of a refusal; like the recorded ones it ends with a line feed."""
    headers = {
        **api_headers(request, success=False),
        "Content-Type": "application/json; charset=utf-8",
        **refusal.headers,
    }
    return web.Response(status=refusal.status, body=f"{compact(refusal.body)}\n".encode(), headers=headers)


def unknown_address(request: web.Request) -> web.Response:
    """Return what the gateway before the service says of an address that it does not know: a page (documented)."""
    headers = {"Date": formatdate(request.app[STATE].now(), usegmt=True), "Server": _COMMON["Server"]}
    return web.Response(status=404, text=_UNKNOWN_ADDRESS, content_type="text/html", headers=headers)


def oauth_reply(request: web.Request, status: int, value: object) -> web.Response:
    """Return an answer of the OAuth endpoint: no ids, no line feed, never cached."""
    headers = {
        "Allow": "GET, POST",
        "Cache-Control": "no-cache, no-store, max-age=0, must-revalidate",
        "Content-Type": "application/json",
        "Date": formatdate(request.app[STATE].now(), usegmt=True),
        "Expires": "0",
        "Pragma": "no-cache",
        "Server": _COMMON["Server"],
        "Strict-Transport-Security": _COMMON["Strict-Transport-Security"],
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return web.Response(status=status, body=compact(value).encode(), headers=headers)
