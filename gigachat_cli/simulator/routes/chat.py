"""Chat completions: whole and streamed, in the recorded form, with the faults that happen in mid-answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from gigachat_cli.simulator.access import authorise
from gigachat_cli.simulator.accounts import TooManyRequests
from gigachat_cli.simulator.answers import Answer, chunks_for
from gigachat_cli.simulator.faults import Fault
from gigachat_cli.simulator.misbehaviour import GARBAGE, error_object, keep_silent, play, reset_connection
from gigachat_cli.simulator.prompt import Prompt, read_prompt
from gigachat_cli.simulator.replies import STATE, Refusal, api_headers, compact, json_reply
from gigachat_cli.simulator.state import State

_WORDS_OF_THE_ANSWER = frozenset({"blacklist", "length"})
_STRIKES_AFTER = {"cut": 2, "empty": 0, "error-object": 2, "garbage": 0, "stall": 1}
"""Text chunks before a fault strikes in mid-stream, unless it says otherwise."""

_DONE = b"data: [DONE]\n\n"
_BATCH = 16_384
"""Bytes of events that are written at once when there is no pace to keep."""


async def complete(request: web.Request) -> web.StreamResponse:
    """POST {base}/chat/completions. Raises Refusal."""
    state = request.app[STATE]
    key, access_token = authorise(request)
    try:
        with state.accounts.place(key, state.max_requests):
            fault = state.faults.take("chat")
            if fault is not None and not _strikes_in_the_answer(fault):
                played = await play(fault, request, access_token)
                if played is not None:
                    return played
            prompt = read_prompt(await request.read(), state)
            answer = _answer(prompt, state, request, fault)
            if prompt.stream:
                return await _stream(request, answer, fault)
            return await _whole(request, answer, fault)
    except TooManyRequests:
        raise Refusal(429) from None


def _strikes_in_the_answer(fault: Fault) -> bool:
    if fault.name == "error-object":
        return "after" in fault.detail or fault.text("shape", "error") == "event"
    return fault.name in _STRIKES_AFTER


def _answer(prompt: Prompt, state: State, request: web.Request, fault: Fault | None) -> Answer:
    cached = state.cached_tokens(request.headers.get("X-Session-ID"), prompt.message_sizes)
    chunks = chunks_for(prompt, state.answer, state.chunks)
    answer = Answer(prompt, chunks, created=int(state.now()), cached_tokens=cached)
    if fault is not None and fault.name in _WORDS_OF_THE_ANSWER:
        answer.end_early(fault.name, after=fault.whole_number("after", 3 if fault.name == "length" else 0))
    return answer


async def _whole(request: web.Request, answer: Answer, fault: Fault | None) -> web.StreamResponse:
    message = {"content": "".join(answer), "role": "assistant"}
    choice = {"message": message, "index": 0, "finish_reason": answer.finish_reason}
    body: dict[str, Any] = {"choices": [choice], **_about(answer), "usage": answer.usage()}
    match fault.name if fault else "":
        case "no-usage":
            del body["usage"]
        case "no-finish":
            del choice["finish_reason"]
        case "cut" | "stall":
            return await _half(request, compact(body).encode(), fault)
        case "empty" | "garbage" | "error-object":
            played = await play(fault, request) if fault else None
            return played if played is not None else json_reply(request, body)
    return json_reply(request, body)


def _about(answer: Answer) -> dict[str, Any]:
    return {"created": answer.created, "model": answer.prompt.model_version, "object": "chat.completion"}


async def _half(request: web.Request, body: bytes, fault: Fault | None) -> web.StreamResponse:
    headers = {**api_headers(request), "Content-Type": "application/json; charset=utf-8"}
    response = web.StreamResponse(headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    if fault is not None and fault.name == "stall":
        await keep_silent(fault, request.app[STATE])
        await response.write(body[len(body) // 2 :])
    elif fault is not None and fault.text("how", "end") == "reset":
        reset_connection(request)
    elif request.transport is not None:
        request.transport.close()
    return response


async def _stream(request: web.Request, answer: Answer, fault: Fault | None) -> web.StreamResponse:
    state = request.app[STATE]
    if state.stream_bytes is not None:
        return await _verbatim(request, state)
    events = await _Events.begin(request, max(state.pace, answer.prompt.update_interval))
    strikes_after: int | None = None
    if fault is not None and fault.name in _STRIKES_AFTER:
        strikes_after = fault.whole_number("after", _STRIKES_AFTER[fault.name])
    tail = f'"index":0}}],{compact(_about(answer))[1:]}\n\n'
    count = 0
    for text in answer:
        if count == strikes_after and fault is not None and await _strike(fault, request, events):
            return events.response
        content = json.dumps(text, ensure_ascii=False)
        role = ',"role":"assistant"' if count == 0 else ""
        # Put together by hand: encoding the whole object would be most of the work of a long stream.
        await events.send(f'data: {{"choices":[{{"delta":{{"content":{content}{role}}},{tail}'.encode())
        count += 1
    short = fault if strikes_after is not None and count <= strikes_after else None
    if short is not None and await _strike(short, request, events):
        return events.response
    await events.end(_ending(answer, fault))
    return events.response


def _ending(answer: Answer, fault: Fault | None) -> bytes:
    missing = fault.name if fault else ""
    choice: dict[str, Any] = {"delta": {"content": ""}, "index": 0}
    if missing != "no-finish":
        choice["finish_reason"] = answer.finish_reason
    last: dict[str, Any] = {"choices": [choice], **_about(answer)}
    if missing != "no-usage":
        last["usage"] = answer.usage()
    return f"data: {compact(last)}\n\n".encode() + (b"" if missing == "no-done" else _DONE)


async def _strike(fault: Fault, request: web.Request, events: _Events) -> bool:
    """Play a fault in mid-stream; return whether the answer ends with it."""
    match fault.name:
        case "stall":
            await events.flush()
            await keep_silent(fault, request.app[STATE])
            return False
        case "garbage":
            await events.end(_garbled(fault.text("kind", "json")))
        case "error-object":
            event = b"event: error\n" if fault.text("shape", "error") == "event" else b""
            await events.end(event + f"data: {compact(error_object(fault))}\n\n".encode())
        case "cut" if fault.text("how", "end") == "reset":
            await events.flush()
            reset_connection(request)
        case "cut" if fault.text("how", "end") == "close":
            await events.flush()
            if request.transport is not None:
                request.transport.close()
        case _:
            await events.end(b"")
    return True


def _garbled(kind: str) -> bytes:
    garbage = GARBAGE[kind]
    return garbage + b"\n" if kind == "text" else b"data: " + garbage + b"\n\n"


async def _verbatim(request: web.Request, state: State) -> web.StreamResponse:
    events = await _Events.begin(request, state.pace)
    for piece in state.stream_bytes or ():
        await events.send(piece)
        await events.flush()
    await events.end(b"")
    return events.response


class _Events:
    """Writes the events of one stream, at a pace; without one the first alone, the others in batches."""

    def __init__(self, response: web.StreamResponse, pace: float) -> None:
        self.response = response
        self._pace = pace
        self._next_at = 0.0
        self._waiting = bytearray()
        self._begun = False

    @classmethod
    async def begin(cls, request: web.Request, pace: float) -> _Events:
        """Send the headers of a stream."""
        response = web.StreamResponse(headers={**api_headers(request), "Content-Type": "text/event-stream"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        return cls(response, pace)

    async def send(self, event: bytes) -> None:
        """Write one event when its time has come."""
        if self._pace > 0:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, self._next_at - now))
            self._next_at = max(self._next_at, now) + self._pace
            await self.response.write(event)
            return
        self._waiting += event
        if len(self._waiting) >= _BATCH or not self._begun:
            self._begun = True
            await self.flush()

    async def flush(self) -> None:
        """Write what is held back, and let other requests have their turn."""
        if self._waiting:
            await self.response.write(bytes(self._waiting))
            self._waiting.clear()
        await asyncio.sleep(0)

    async def end(self, last: bytes) -> None:
        """Write the last bytes, at the pace, and the end of the body."""
        if self._pace > 0 and last:
            await asyncio.sleep(max(0.0, self._next_at - asyncio.get_running_loop().time()))
        await self.response.write_eof(bytes(self._waiting) + last)
        self._waiting.clear()
