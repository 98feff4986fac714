"""How one item of a batch is asked: a conversation of its own, which no history keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..batch.items import Item
from ..batch.run import Ask
from ..conversation import Conversation, NamedModel, Question
from ..engine.slots import KeptSlot
from ..messages import Answer, Notice, answer_of

if TYPE_CHECKING:
    from ..conversation.functions import Functions
    from ..conversation.schema import Schema
    from ..engine import GigaChat


def asking(
    client: GigaChat,
    *,
    functions: Functions | None,
    schema: Schema | None,
    schema_retries: int | None,
    max_retries: int | None,
    notify: Callable[[Notice], None],
) -> Ask:
    """What asks an item; each of its requests is repeated `max_retries` times."""
    named = client.settings.model

    async def ask(item: Item, slot: KeptSlot) -> Answer:
        *opening, prompt = item.messages
        model = item.model or named
        conversation = Conversation(named_model=NamedModel(model) if model else None, opening=opening, notify=notify)
        question = Question(
            prompt,
            functions=functions,
            schema=schema,
            schema_retries=schema_retries,
            fields=item.fields,
            stream=False,
            slot=slot,
            max_retries=max_retries,
        )
        return await answer_of(conversation.ask(client, question))

    return ask
