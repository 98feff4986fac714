"""A client that says what it is told to, and how a conversation asks it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any, cast

from gigachat_cli.conversation import Conversation, NamedModel, Question
from gigachat_cli.messages import Answer, Chunk, Message, Usage, answer_of

if TYPE_CHECKING:
    from gigachat_cli.conversation.schema import Schema
    from gigachat_cli.engine import GigaChat


class Model:
    """Says these texts one after another, or raises them, and keeps what was said to it after the question."""

    def __init__(self, *texts: str | Exception, finish_reason: str = "stop") -> None:
        self.texts = list(texts)
        self.heard: list[tuple[Message, ...]] = []
        self.finish_reason = finish_reason

    async def stream(self, messages: Sequence[Message], **named: Any) -> AsyncGenerator[Chunk, None]:
        self.heard.append(tuple(messages[1:]))
        text = self.texts.pop(0)
        if isinstance(text, Exception):
            raise text
        yield Chunk(text=text, finish_reason=self.finish_reason, usage=Usage(1, 2, 3))


async def asked(schema: Schema, model: Model, *, retries: int | None = None) -> Answer:
    """The answer of a conversation that asks for what fits the schema."""
    conversation = Conversation(named_model=NamedModel("any"))
    question = Question("Who?", schema=schema, schema_retries=retries)
    return await answer_of(conversation.ask(cast("GigaChat", model), question))
