"""Who is calling: the User-Agent that the service insists on, the access token, or the client certificate."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from aiohttp import web

from .replies import STATE, Refusal


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose request it is: account key, access token (None for a client certificate), X-Client-ID if sent."""

    key: str
    access_token: str | None
    client_id: str | None


def authorise(request: web.Request) -> Caller:
    """Return who calls. Raises Refusal (401, 403)."""
    state = request.app[STATE]
    if not request.headers.get("User-Agent"):
        raise Refusal(403, body={"message": "Unauthorized"})
    client_id = request.headers.get("X-Client-ID") or None
    if state.options.require_client_certificate:
        return Caller(state.credentials, None, client_id)
    scheme, _, access_token = request.headers.get("Authorization", "").partition(" ")
    issued = state.accounts.find(access_token.strip())
    if scheme.lower() != "bearer" or issued is None:
        raise Refusal(401)
    if state.accounts.is_over(issued):
        raise Refusal(401, "Token has expired")
    return Caller(issued.key, issued.access_token, client_id)


def basic_words(authorization: str) -> tuple[str, str, str] | None:
    """Return the encoded text and the two decoded words of a ``Basic`` (or ``Bearer``) header, or None."""
    scheme, _, encoded = authorization.partition(" ")
    encoded = encoded.strip()
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    first, colon, second = decoded.partition(":")
    if scheme.lower() not in {"basic", "bearer"} or not colon or not first or not second:
        return None
    return encoded, first, second
