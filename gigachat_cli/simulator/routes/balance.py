"""What is left of the prepaid packages."""

from __future__ import annotations

from aiohttp import web

from ..access import Caller
from ..admission import admitted
from ..replies import STATE, Refusal, json_reply


@admitted("balance")
async def balance(request: web.Request, caller: Caller) -> web.StreamResponse:
    """GET {base}/balance; an account that pays as it goes has none and is refused."""
    state = request.app[STATE]
    if state.accounts.scope_of(caller.key) == "GIGACHAT_API_CORP":
        raise Refusal(403)
    rows = [{"usage": usage, "value": value} for usage, value in state.balance]
    return json_reply(request, {"balance": rows})
