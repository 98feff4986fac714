"""The way into every route: who calls, which fault strikes, and a place among the simultaneous requests."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import nullcontext

from aiohttp import web
from aiohttp.typedefs import Handler

from .access import Caller, authorise
from .accounts import TooManyRequests
from .faults import Fault
from .misbehaviour import play
from .replies import STATE, Refusal

Answering = Callable[[web.Request, Caller], Awaitable[web.StreamResponse]]


def admitted(*places: str, generates: bool = False) -> Callable[[Answering], Handler]:
    """Let a handler in after the caller is known and the fault of its places has been played.

    ``generates``: the request holds one of the key's simultaneous ones.
    """

    def wrap(answering: Answering) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            state = request.app[STATE]
            caller = authorise(request)
            place = state.accounts.place(caller.key, state.max_requests) if generates else nullcontext()
            try:
                with place:
                    fault = await take_fault(request, *places)
                    played = await play(fault, request, caller.access_token) if fault is not None else None
                    return played if played is not None else await answering(request, caller)
            except TooManyRequests:
                raise Refusal(429) from None

        handle.__doc__ = answering.__doc__
        return handle

    return wrap


async def take_fault(request: web.Request, *places: str) -> Fault | None:
    """Take the fault that strikes a request at one of these places."""
    body = await request.read()

    def model() -> str | None:
        try:
            sent = json.loads(body)
        except ValueError:
            return None
        name = sent.get("model") if isinstance(sent, dict) else None
        return name if isinstance(name, str) else None

    return request.app[STATE].faults.take(*places, model=model)
