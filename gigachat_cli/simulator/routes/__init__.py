"""The routes of the service, one module for each capability."""

from __future__ import annotations

from aiohttp import web

from gigachat_cli.simulator.routes import chat, models, oauth

_BASES = {"new": "/v1", "old": "/api/v1"}
"""Path prefixes of the two hosts."""


def all_routes() -> list[web.RouteDef]:
    """Return every route, under both path prefixes of the service.

    The first word of a route's name is the place that a request to it is recorded under.
    """
    routes = [web.post("/api/v2/oauth", oauth.grant, name="oauth")]
    for host, base in _BASES.items():
        routes += [
            web.post(f"{base}/token", oauth.grant_to_user, name=f"token.{host}"),
            web.get(f"{base}/models", models.list_models, name=f"models.{host}"),
            web.get(f"{base}/models/{{model}}", models.show_model, name=f"models.one.{host}"),
            web.post(f"{base}/chat/completions", chat.complete, name=f"chat.{host}"),
        ]
    return routes
