"""The floor of `ask`: the least that aiohttp needs for one streamed answer, without OAuth and without care."""

import asyncio
import json
import os
import ssl
import sys

import aiohttp


async def main() -> None:
    context = ssl.create_default_context(cafile=os.environ["GIGACHAT_CA_BUNDLE_FILE"])
    headers = {"Authorization": f"Bearer {os.environ['ACCESS_TOKEN']}", "Accept": "text/event-stream"}
    body = {"model": "GigaChat-2", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    url = os.environ["GIGACHAT_BASE_URL"] + "/chat/completions"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, ssl=context, headers=headers, json=body) as response,
    ):
        async for line in response.content:
            if line.startswith(b"data: {"):
                sys.stdout.write(json.loads(line[6:])["choices"][0]["delta"].get("content", ""))
                sys.stdout.flush()
    sys.stdout.write("\n")


asyncio.run(main())
