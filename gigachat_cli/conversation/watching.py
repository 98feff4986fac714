"""Answers watched for files that the service made: apart, so that an answer without any pays for one look a chunk."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from ..messages import Chunk

if TYPE_CHECKING:
    from .generated import FileSaver


async def with_files(
    chunks: AsyncGenerator[Chunk, None], saver: Callable[[], FileSaver]
) -> AsyncGenerator[Chunk, None]:
    """The chunks, where a tag that stands for a file becomes a chunk with that file, saved; text stays as it is.

    From the first tag on the text is held back until the answer has ended: an account may have one request at a time.
    """
    async with aclosing(chunks):
        async for chunk in chunks:
            if "<" not in chunk.text:
                yield chunk
                continue
            from .generated import saved  # only here can a tag begin

            async with aclosing(saved(chunk, chunks, saver())) as rest:
                async for each in rest:
                    yield each
