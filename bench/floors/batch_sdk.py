"""A peer of `batch`: the official SDK's async client in a loop of as many workers.

python batch_sdk.py IN.jsonl OUT.jsonl CONCURRENCY
"""

import asyncio
import json
import os
import ssl
import sys
from collections.abc import Iterator
from typing import IO

from gigachat import GigaChat


async def main(lines: Iterator[str], rows: IO[str], concurrency: int) -> None:
    context = ssl.create_default_context(cafile=os.environ["GIGACHAT_CA_BUNDLE_FILE"])

    async def work(giga: GigaChat) -> None:
        for line in lines:
            item = json.loads(line)
            answer = await giga.achat(item["prompt"])
            row = {"id": item["id"], "answer": answer.choices[0].message.content}
            rows.write(json.dumps(row, ensure_ascii=False) + "\n")
            rows.flush()

    async with GigaChat(access_token=os.environ["ACCESS_TOKEN"], model="GigaChat-2", ssl_context=context) as giga:
        await asyncio.gather(*(work(giga) for _ in range(concurrency)))


with open(sys.argv[1], encoding="utf-8") as source, open(sys.argv[2], "w", encoding="utf-8") as target:
    asyncio.run(main(iter(source), target, int(sys.argv[3])))
