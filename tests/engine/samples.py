"""Streams to take apart: the recorded ones, and shorter ones of the same shape."""

from __future__ import annotations

import json

from ..conftest import RECORDINGS

CHAT = (
    'data: {"choices":[{"delta":{"content":"1\\\\, 2 —","role":"assistant"},"index":0}],"created":1,"model":"M:2",'
    '"object":"chat.completion"}\n\n'
    'data: {"choices":[{"delta":{"content":" **три** 🐈\\n\\n"},"index":0}],"created":1,"model":"M:2",'
    '"object":"chat.completion"}\n\n'
    'data: {"choices":[{"delta":{"content":""},"index":0,"finish_reason":"stop"}],"created":1,"model":"M:2",'
    '"object":"chat.completion","usage":{"prompt_tokens":17,"completion_tokens":42,"total_tokens":59,'
    '"precached_prompt_tokens":2}}\n\n'
    "data: [DONE]\n\n\n"
).encode()

IMAGE = (
    'data: {"choices":[{"delta":{"role":"function_in_progress","content":"осталось 5 секунд","name":"text2image",'
    '"created":1},"index":0}],"created":1,"model":"M:2","object":"chat.completion"}\n\n'
    'data: {"choices":[{"delta":{"content":"<img src=\\"3727db23\\" fuse=\\"true\\"/>","role":"assistant"},"index":0}],'
    '"created":2,"model":"M:2","object":"chat.completion"}\n\n'
    'data: {"choices":[{"delta":{"content":""},"index":0,"finish_reason":"stop"}],"created":2,"model":"M:2",'
    '"object":"chat.completion"}\n\ndata: [DONE]\n\n'
).encode()

NAMED = (
    b'event: response.message.delta\ndata: {"messages":[{"content":[{"text":"1, 2, 3"}]}]}\n\n'
    b'event: response.message.done\ndata: {"finish_reason":"stop","usage":{"total_tokens":27}}\n\n'
)

STREAMS: dict[str, bytes] = {"chat": CHAT, "image": IMAGE, "named": NAMED}
STREAMS |= {path.name: path.read_bytes() for path in sorted(RECORDINGS.glob("*.sse"))}


def chunk(text: str = "", **delta: object) -> bytes:
    """One event of a chat stream."""
    choice = {"delta": {"content": text, **delta}, "index": 0}
    return f"data: {json.dumps({'choices': [choice], 'model': 'M:2'}, ensure_ascii=False)}\n\n".encode()


def last(finish_reason: str = "stop") -> bytes:
    """The event that ends an answer."""
    choice = {"delta": {"content": ""}, "index": 0, "finish_reason": finish_reason}
    usage = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    return f"data: {json.dumps({'choices': [choice], 'model': 'M:2', 'usage': usage})}\n\n".encode()


DONE = b"data: [DONE]\n\n"
