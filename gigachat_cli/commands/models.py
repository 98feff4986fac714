"""The work of `gigachat models`."""

from __future__ import annotations

from dataclasses import asdict

from ..known_models import CHAT_TYPES
from ..messages import Model
from ..render.reports import show_rows
from .context import Context


def show_models(context: Context, *, every: bool) -> None:
    """Show the account's models: those to chat with, or `every` one with its type."""

    async def listed() -> list[Model]:
        async with context.client() as giga:
            return await giga.models()

    rows = [asdict(model) for model in context.run(listed()) if every or model.type in CHAT_TYPES]
    show_rows(rows, ("id", "type", "owned_by") if every else ("id",), context.terminal, as_array=context.flags.json)
