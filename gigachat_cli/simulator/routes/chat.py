"""Chat completions, whole and streamed, of API v1 and of the second."""

from __future__ import annotations

from aiohttp import web

from ..completing import complete
from ..forms import FormV1, FormV2
from ..reading_v1 import read_prompt
from ..reading_v2 import read_prompt_v2


async def complete_v1(request: web.Request) -> web.StreamResponse:
    """POST {base}/chat/completions."""
    return await complete(request, read_prompt, FormV1)


async def complete_v2(request: web.Request) -> web.StreamResponse:
    """POST /v2/chat/completions."""
    return await complete(request, read_prompt_v2, FormV2)
