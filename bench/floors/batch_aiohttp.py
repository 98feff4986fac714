"""The floor of `batch`: the least that aiohttp needs for many prompts, a row each as they come, in no order.

python batch_aiohttp.py IN.jsonl OUT.jsonl CONCURRENCY
"""

import asyncio
import json
import os
import ssl
import sys
from collections.abc import Iterator
from typing import IO, Any

import aiohttp


async def main(lines: Iterator[str], rows: IO[str], concurrency: int) -> None:
    context = ssl.create_default_context(cafile=os.environ["GIGACHAT_CA_BUNDLE_FILE"])
    headers = {"Authorization": f"Bearer {os.environ['ACCESS_TOKEN']}"}
    url = os.environ["GIGACHAT_BASE_URL"] + "/chat/completions"

    async def work(session: aiohttp.ClientSession) -> None:
        for line in lines:
            item: dict[str, Any] = json.loads(line)
            body = {"model": "GigaChat-2", "messages": [{"role": "user", "content": item["prompt"]}]}
            async with session.post(url, ssl=context, headers=headers, json=body) as response:
                answer = await response.json()
            text = answer["choices"][0]["message"]["content"]
            rows.write(json.dumps({"id": item["id"], "answer": text}, ensure_ascii=False) + "\n")
            rows.flush()

    connector = aiohttp.TCPConnector(limit=concurrency)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(work(session) for _ in range(concurrency)))


with open(sys.argv[1], encoding="utf-8") as source, open(sys.argv[2], "w", encoding="utf-8") as target:
    asyncio.run(main(iter(source), target, int(sys.argv[3])))
