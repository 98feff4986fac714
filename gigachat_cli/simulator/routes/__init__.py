"""The routes of the service, one module for each capability."""

from __future__ import annotations

from aiohttp import web

from . import balance, batches, chat, files, functions, models, oauth, texts

_BASES = {"new": "", "old": "/api"}
"""What stands before the version in the paths of the two hosts."""


def all_routes() -> list[web.RouteDef]:
    """Return every route, under both path prefixes of the service.

    The first word of a route's name is the place that a request to it is recorded under.
    """
    routes = [
        web.post("/api/v2/oauth", oauth.grant, name="oauth"),
        # The new host has no login by password.
        web.post(f"{_BASES['old']}/v1/token", oauth.grant_to_user, name="token.old"),
    ]
    for host, before in _BASES.items():
        base = f"{before}/v1"
        routes += [
            web.get(f"{base}/models", models.list_models, name=f"models.{host}"),
            web.get(f"{base}/models/{{model}}", models.show_model, name=f"models.one.{host}"),
            web.post(f"{base}/chat/completions", chat.complete_v1, name=f"chat.{host}"),
            web.post(f"{before}/v2/chat/completions", chat.complete_v2, name=f"chat.v2.{host}"),
            web.post(f"{base}/files", files.upload, name=f"files.upload.{host}"),
            web.get(f"{base}/files", files.list_files, name=f"files.list.{host}"),
            web.get(f"{base}/files/{{file}}", files.show_file, name=f"files.one.{host}"),
            web.get(f"{base}/files/{{file}}/content", files.content, name=f"files.content.{host}"),
            web.post(f"{base}/files/{{file}}/delete", files.delete, name=f"files.delete.{host}"),
            web.post(f"{base}/tokens/count", texts.count, name=f"tokens.{host}"),
            web.get(f"{base}/balance", balance.balance, name=f"balance.{host}"),
            web.post(f"{base}/embeddings", texts.embed, name=f"embeddings.{host}"),
            web.post(f"{base}/ai/check", texts.check, name=f"check.{host}"),
            web.post(f"{base}/filter/check", texts.check_filter, name=f"filter.{host}"),
            web.post(f"{base}/functions/validate", functions.validate, name=f"functions.validate.{host}"),
            web.post(f"{base}/functions/convert", functions.convert, name=f"functions.convert.{host}"),
            web.post(f"{base}/batches", batches.create, name=f"batches.create.{host}"),
            web.get(f"{base}/batches", batches.list_batches, name=f"batches.list.{host}"),
        ]
    return routes
