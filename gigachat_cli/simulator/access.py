"""Who is calling: the User-Agent that the service insists on, the access token, or the client certificate."""

from __future__ import annotations

import base64
import binascii

from aiohttp import web

from gigachat_cli.simulator.replies import STATE, Refusal


def authorise(request: web.Request) -> tuple[str, str | None]:
    """Return the caller's key and access token (None for a client certificate). Raises Refusal (401, 403)."""
    state = request.app[STATE]
    if not request.headers.get("User-Agent"):
        raise Refusal(403, body={"message": "Unauthorized"})
    if state.options.require_client_certificate:
        return state.credentials, None
    scheme, _, access_token = request.headers.get("Authorization", "").partition(" ")
    issued = state.accounts.find(access_token.strip())
    if scheme.lower() != "bearer" or issued is None:
        raise Refusal(401)
    if state.accounts.is_over(issued):
        raise Refusal(401, "Token has expired")
    return issued.key, issued.access_token


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
