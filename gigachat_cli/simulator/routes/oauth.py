"""Access tokens: by authorization key and scope, or by user name and password."""

from __future__ import annotations

import math
import uuid
from urllib.parse import parse_qs

from aiohttp import web

from ..access import basic_words
from ..accounts import Issued, user_key
from ..misbehaviour import play
from ..options import SCOPES
from ..replies import STATE, Refusal, json_reply, oauth_reply
from ..state import State


async def grant(request: web.Request) -> web.StreamResponse:
    """POST /api/v2/oauth: an access token for an authorization key and its scope."""
    state = request.app[STATE]
    fault = state.faults.take("oauth")
    if fault is not None and (played := await play(fault, request)) is not None:
        return played
    if not _is_uuid4(request.headers.get("RqUID", "")):
        # The service's own body for this refusal is not documented; only the status is.
        return oauth_reply(request, 400, {"message": "header RqUID must be a UUIDv4"})
    words = basic_words(request.headers.get("Authorization", ""))
    if words is None:
        return _refused(request, 400, 4, "Can't decode 'Authorization' header")
    scope = parse_qs(await request.text()).get("scope", [""])[0]
    if not scope:
        return _refused(request, 400, 5, "scope is empty")
    if scope not in SCOPES:
        return _refused(request, 400, 1, "scope data format invalid")
    key = words[0]
    own_scope = state.accounts.scope_of(key)
    if own_scope is None:
        return _refused(request, 401, 6, "credentials doesn't match db data")
    if own_scope != scope:
        return _refused(request, 400, 7, "scope from db not fully includes consumed scope")
    issued = state.accounts.issue(key, state.token_lifetime)
    expires_at = _expiry(state, issued)
    if state.token_form == "tok":  # noqa: S105  # the name of a JSON field
        return oauth_reply(request, 200, {"tok": issued.access_token, "exp": expires_at})
    return oauth_reply(request, 200, {"access_token": issued.access_token, "expires_at": expires_at})


async def grant_to_user(request: web.Request) -> web.StreamResponse:
    """POST {base}/token: an access token for a user name and a password."""
    state = request.app[STATE]
    if not request.headers.get("User-Agent"):
        raise Refusal(403, body={"message": "Unauthorized"})
    fault = state.faults.take("oauth")
    if fault is not None and (played := await play(fault, request)) is not None:
        return played
    words = basic_words(request.headers.get("Authorization", ""))
    key = user_key(words[1], words[2]) if words else None
    if key is None:
        raise Refusal(401)
    issued = state.accounts.issue(key, state.token_lifetime)
    return json_reply(request, {"tok": issued.access_token, "exp": _expiry(state, issued)})


def _expiry(state: State, issued: Issued) -> int:
    return math.floor(issued.expires_at * (1000 if state.expiry_unit == "ms" else 1))


def _refused(request: web.Request, status: int, code: int, message: str) -> web.Response:
    return oauth_reply(request, status, {"code": code, "message": message})


def _is_uuid4(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower() and uuid.UUID(text).version == 4
    except ValueError:
        return False
