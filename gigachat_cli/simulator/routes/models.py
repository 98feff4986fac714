"""The list of models, and one of them."""

from __future__ import annotations

from aiohttp import web

from ..access import Caller
from ..admission import admitted
from ..options import Model
from ..replies import STATE, Refusal, json_reply


@admitted("models")
async def list_models(request: web.Request, _caller: Caller) -> web.StreamResponse:
    """GET {base}/models."""
    rows = [_row(model) for model in request.app[STATE].models]
    return json_reply(request, {"object": "list", "data": rows})


@admitted("models")
async def show_model(request: web.Request, _caller: Caller) -> web.StreamResponse:
    """GET {base}/models/{id}."""
    for model in request.app[STATE].models:
        if model.id == request.match_info["model"]:
            return json_reply(request, _row(model))
    raise Refusal(404)


def _row(model: Model) -> dict[str, str]:
    return {"id": model.id, "object": "model", "owned_by": "salutedevices", "type": model.type}
