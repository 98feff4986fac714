"""The list of models, and one of them."""

from __future__ import annotations

from aiohttp import web

from gigachat_cli.simulator.access import authorise
from gigachat_cli.simulator.misbehaviour import play
from gigachat_cli.simulator.options import Model
from gigachat_cli.simulator.replies import STATE, Refusal, json_reply


async def list_models(request: web.Request) -> web.StreamResponse:
    """GET {base}/models."""
    if (played := await _admitted(request)) is not None:
        return played
    rows = [_row(model) for model in request.app[STATE].models]
    return json_reply(request, {"object": "list", "data": rows})


async def show_model(request: web.Request) -> web.StreamResponse:
    """GET {base}/models/{id}."""
    if (played := await _admitted(request)) is not None:
        return played
    for model in request.app[STATE].models:
        if model.id == request.match_info["model"]:
            return json_reply(request, _row(model))
    raise Refusal(404)


async def _admitted(request: web.Request) -> web.StreamResponse | None:
    _, access_token = authorise(request)
    fault = request.app[STATE].faults.take("models")
    return None if fault is None else await play(fault, request, access_token)


def _row(model: Model) -> dict[str, str]:
    return {"id": model.id, "object": "model", "owned_by": "salutedevices", "type": model.type}
