"""Ask the engine in a few words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gigachat_cli.engine import Chunk, GigaChat
from gigachat_cli.errors import GigaChatError
from gigachat_cli.messages import Notice
from gigachat_cli.settings import load_settings

HELLO = [{"role": "user", "content": "Hello"}]


class Notices(list[Notice]):
    """What a client had to tell."""

    def texts(self, kind: str) -> list[str]:
        return [notice.text for notice in self if notice.kind == kind]


def program(*, notify: Callable[[Notice], None] = lambda notice: None, **flags: Any) -> GigaChat:
    """The program's client: it reads its file of settings and queues with all others on the machine."""
    return GigaChat.from_settings(load_settings(flags), notify=notify)


async def ask_in_queue(**flags: Any) -> str:
    """The answer that the program's client with these flags streams."""
    async with program(**flags) as giga:
        return "".join([chunk.text async for chunk in giga.stream(HELLO)])


async def ask(**settings: Any) -> str:
    """The answer that a client with these settings streams."""
    async with GigaChat(**settings) as giga:
        return "".join([chunk.text async for chunk in giga.stream(HELLO)])


async def until_error(giga: GigaChat, **named: Any) -> tuple[list[str], GigaChatError]:
    """What came before the error, and the error; an answer that comes to its end is none of the kind."""
    texts = []
    try:
        async for chunk in giga.stream(HELLO, **named):
            texts.append(chunk.text)
    except GigaChatError as problem:
        return texts, problem
    raise AssertionError(f"there was no error after {texts}")


async def chunks_of(giga: GigaChat, **named: Any) -> list[Chunk]:
    return [chunk async for chunk in giga.stream(HELLO, **named)]
