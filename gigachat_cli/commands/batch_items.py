"""How one item of a batch is asked: by one request, or by as many as functions and a schema take."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..batch.items import Item
from ..batch.run import Ask
from ..messages import Answer, AnswerBuilder, Chunk, Message
from ..render.terminal import Terminal

if TYPE_CHECKING:
    from ..conversation.functions import FunctionOptions, Functions
    from ..conversation.schema import Schema
    from ..engine import GigaChat
    from ..engine.slots import KeptSlot


@asynccontextmanager
async def asking(
    client: GigaChat,
    terminal: Terminal,
    *,
    functions: FunctionOptions | None,
    schema: Schema | None,
    schema_retries: int | None,
) -> AsyncIterator[Ask]:
    """What asks an item, for as long as a batch runs.  Raises UsageError for functions that cannot be loaded."""
    async with _opened(functions, terminal) as library:

        async def once(item: Item, fields: Mapping[str, Any], between: Sequence[Message], slot: KeptSlot) -> Answer:
            messages = [*item.messages, *between]
            if library is None:
                return await client.ask(messages, model=item.model, slot=slot, **fields)
            return await _in_rounds(client, library, replace(item, messages=tuple(messages), fields=fields), slot)

        async def ask(item: Item, slot: KeptSlot) -> Answer:
            if schema is None:
                return await once(item, item.fields, (), slot)
            from ..conversation.schema import DEFAULT_RETRIES, structured

            fields = schema.fields(item.fields)
            retries = DEFAULT_RETRIES if schema_retries is None else schema_retries
            fitting = await structured(schema, lambda between: once(item, fields, between, slot), retries=retries)
            return replace(fitting.answer, text=fitting.text)

        yield ask


@asynccontextmanager
async def _opened(options: FunctionOptions | None, terminal: Terminal) -> AsyncIterator[Functions | None]:
    if options is None:
        yield None
        return
    from ..conversation.functions import open_functions
    from ..render.calls import CallsAtTerminal

    # Thousands of calls, shown, would tell a person nothing.
    functions = await open_functions(options, CallsAtTerminal(terminal, None, shows=False))
    try:
        yield functions
    finally:
        functions.library.close()


async def _in_rounds(client: GigaChat, functions: Functions, item: Item, slot: KeptSlot) -> Answer:
    from ..conversation.functions import in_rounds

    def request(between: Sequence[Message], fields: Mapping[str, Any]) -> AsyncGenerator[Chunk, None]:
        return client.stream([*item.messages, *between], model=item.model, stream=False, slot=slot, **fields)

    builder = AnswerBuilder()
    async with aclosing(in_rounds(functions, request, item.fields, lambda message: None)) as chunks:
        async for chunk in chunks:
            builder.add(chunk)
    return builder.answer(ended=True)
