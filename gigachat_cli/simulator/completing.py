"""Answers a chat request of either API version, whole or streamed, with the faults that happen in mid-answer."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from .access import Caller, authorise
from .accounts import TooManyRequests
from .admission import take_fault
from .answers import Answer
from .composing import compose
from .events import Events
from .faults import Fault
from .forms import Form
from .misbehaviour import GARBAGE, cut_body, error_object, keep_silent, play, reset_connection
from .prompt import Prompt
from .replies import STATE, Refusal, compact, json_reply
from .state import State

Read = Callable[[bytes, State, Caller], Prompt]

_STRIKES_AFTER = {"cut": 2, "empty": 0, "error-object": 2, "garbage": 0, "stall": 1}
"""Text chunks before a fault strikes in mid-stream, unless it says otherwise."""


async def complete(request: web.Request, read: Read, form: type[Form]) -> web.StreamResponse:
    """Read a chat request and answer it in a form. Raises Refusal."""
    state = request.app[STATE]
    caller = authorise(request)
    try:
        with state.accounts.place(caller.key, state.max_requests):
            fault = await take_fault(request, "chat")
            if fault is not None and not _strikes_in_the_answer(fault):
                played = await play(fault, request, caller.access_token)
                if played is not None:
                    return played
            prompt = read(await request.read(), state, caller)
            answer = compose(prompt, state, caller, session=request.headers.get("X-Session-ID"), fault=fault)
            if prompt.stream:
                return await _stream(request, answer, form(answer), fault)
            return await _whole(request, form(answer), fault)
    except TooManyRequests:
        raise Refusal(429) from None


def _strikes_in_the_answer(fault: Fault) -> bool:
    if fault.name == "error-object":
        return "after" in fault.detail or fault.text("shape", "error") == "event"
    return fault.name in _STRIKES_AFTER


async def _whole(request: web.Request, form: Form, fault: Fault | None) -> web.StreamResponse:
    body = form.whole(fault.name if fault is not None else "")
    if fault is not None and fault.name in {"cut", "stall"}:
        return await cut_body(request, compact(body).encode(), fault, content_type="application/json; charset=utf-8")
    if fault is not None and fault.name in {"empty", "garbage", "error-object"}:
        played = await play(fault, request)
        return played if played is not None else json_reply(request, body)
    return json_reply(request, body)


async def _stream(request: web.Request, answer: Answer, form: Form, fault: Fault | None) -> web.StreamResponse:
    state = request.app[STATE]
    if state.stream_bytes is not None:
        return await _verbatim(request, state)
    events = await Events.begin(request, max(state.pace, answer.prompt.update_interval))
    strikes_after: int | None = None
    if fault is not None and fault.name in _STRIKES_AFTER:
        strikes_after = fault.whole_number("after", _STRIKES_AFTER[fault.name])
    for event in form.head():
        await events.send(event)
    count = 0
    for text in answer:
        if count == strikes_after and fault is not None and await _strike(fault, request, events):
            return events.response
        await events.send(form.text(text))
        count += 1
    short = fault if strikes_after is not None and count <= strikes_after else None
    if short is not None and await _strike(short, request, events):
        return events.response
    await events.end(form.ending(fault.name if fault is not None else ""))
    return events.response


async def _strike(fault: Fault, request: web.Request, events: Events) -> bool:
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
    events = await Events.begin(request, state.pace)
    for piece in state.stream_bytes or ():
        await events.send(piece)
        await events.flush()
    await events.end(b"")
    return events.response
