"""The bodies and the events of both API versions, made of an answer.

A form writes a whole answer, or the events before, of and after its text. ``missing`` names a fault that
leaves something out: ``no-usage``, ``no-finish`` or ``no-done``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

from .answers import Answer
from .replies import compact

_SECONDS_OF_A_TOOL = 5
_V1_TOOLS = {"image_generate": "text2image", "model_3d_generate": "text2model3d"}
_V1_TAGS = {
    "image_generate": '<img src="{}" fuse="true"/>',
    "model_3d_generate": '<div data-model-id="{}" fuse="true"/>',
}
_TARGETS = {"image_generate": "image", "model_3d_generate": "model_3d"}


class Form(Protocol):
    """How one API version writes an answer."""

    def __init__(self, answer: Answer) -> None: ...

    def whole(self, missing: str = "") -> dict[str, Any]:
        """Return the body of a whole answer."""

    def head(self) -> Iterator[bytes]:
        """Yield the events before the text."""

    def text(self, text: str) -> bytes:
        """Return the event of one chunk of text."""

    def ending(self, missing: str = "") -> bytes:
        """Return the last events."""


class FormV1:
    """API v1: choices, deltas, and ``[DONE]`` at the end."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._role = ',"role":"assistant"'
        self._gap = ""
        # The plural was recorded with this family of models, and nobody may rely on either.
        name = "chat.completions" if answer.prompt.model.startswith("GigaChat-3") else "chat.completion"
        self._about: dict[str, Any] = {
            "created": answer.created,
            "model": answer.prompt.model_version,
            "object": name,
        }
        self._tail = f'"index":0}}],{compact(self._about)[1:]}\n\n'

    def whole(self, missing: str = "") -> dict[str, Any]:
        """Return ``choices`` with one message, and ``usage``."""
        answer, extras = self._answer, self._answer.extras
        text = "".join(answer)
        if extras.files:
            text = f"{self._tag()} {text}"
        message: dict[str, Any] = {"content": text, "role": "assistant"}
        if extras.reasoning:
            message["reasoning_content"] = "".join(extras.reasoning)
        if extras.calls:
            message["function_call"] = self._call()
        if extras.state_id is not None:
            message["functions_state_id"] = extras.state_id
        choice = {"message": message, "index": 0, "finish_reason": answer.finish_reason}
        body = {"choices": [choice], **self._about, "usage": answer.usage()}
        if missing == "no-usage":
            del body["usage"]
        if missing == "no-finish":
            del choice["finish_reason"]
        return body

    def head(self) -> Iterator[bytes]:
        """Yield reasoning, the progress of a tool with its tag, or a function call."""
        extras = self._answer.extras
        for thought in extras.reasoning:
            yield self._delta(f'"reasoning_content":{json.dumps(thought, ensure_ascii=False)}{self._take_role()}')
        if extras.tool is not None:
            progress = {
                "role": "function_in_progress",
                "content": f"{_SECONDS_OF_A_TOOL} seconds left",
                "name": _V1_TOOLS.get(extras.tool, extras.tool),
                "created": self._answer.created,
            }
            yield self._delta(compact(progress)[1:-1])
        if extras.files:
            yield self.text(self._tag())
            self._gap = " "
        if extras.calls:
            call = f',"function_call":{compact(self._call())},"functions_state_id":"{extras.state_id}"'
            yield self._delta(f'"content":""{self._take_role()}{call}')

    def text(self, text: str) -> bytes:
        """Return a delta; the first one has the role."""
        # Put together by hand: encoding the whole object would be most of the work of a long stream.
        gap, self._gap = self._gap, ""
        return self._delta(f'"content":{json.dumps(gap + text, ensure_ascii=False)}{self._take_role()}')

    def ending(self, missing: str = "") -> bytes:
        """Return the last delta, which is empty and has the finish reason and the usage, and ``[DONE]``."""
        choice: dict[str, Any] = {"delta": {"content": ""}, "index": 0}
        if missing != "no-finish":
            choice["finish_reason"] = self._answer.finish_reason
        last: dict[str, Any] = {"choices": [choice], **self._about}
        if missing != "no-usage":
            last["usage"] = self._answer.usage()
        return f"data: {compact(last)}\n\n".encode() + (b"" if missing == "no-done" else b"data: [DONE]\n\n")

    def _delta(self, inside: str) -> bytes:
        return f'data: {{"choices":[{{"delta":{{{inside}}},{self._tail}'.encode()

    def _take_role(self) -> str:
        role, self._role = self._role, ""
        return role

    def _tag(self) -> str:
        extras = self._answer.extras
        return _V1_TAGS[extras.tool or "image_generate"].format(extras.files[0].id)

    def _call(self) -> dict[str, Any]:
        if len(self._answer.extras.calls) > 1:
            raise ValueError("API v1 has one function call in an answer: plan them one by one")
        call = self._answer.extras.calls[0]
        return {"name": call.name, "arguments": call.arguments}


class FormV2:
    """API v2: messages of parts, named events, and no ``[DONE]``."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._about: dict[str, Any] = {"model": answer.prompt.model_version, "created_at": answer.created}

    def whole(self, missing: str = "") -> dict[str, Any]:
        """Return ``messages`` with their parts, ``finish_reason`` and ``usage`` at the top."""
        answer, extras = self._answer, self._answer.extras
        text = "".join(answer)
        parts = self._files() + self._calls()
        if text or not parts:
            parts.append({"text": text, **({"inline_data": self._inline_data()} if extras.sources else {})})
        messages = [{"role": "reasoning", "content": [{"text": "".join(extras.reasoning)}]}] if extras.reasoning else []
        return {**self._about, "messages": [*messages, self._message(parts)], **self._end(missing)}

    def head(self) -> Iterator[bytes]:
        """Yield reasoning, the begin and the end of a tool's work, and the files that it made."""
        extras = self._answer.extras
        for thought in extras.reasoning:
            yield self._messages("response.message.delta", {"role": "reasoning", "content": [{"text": thought}]})
        if extras.tool is not None:
            for event, status in (("in_progress", {"seconds_left": _SECONDS_OF_A_TOOL}), ("completed", {})):
                word = "success" if event == "completed" else event
                execution = {"name": extras.tool, "status": word, **status}
                message = {"role": "assistant", "content": [{"tool_execution": execution}]}
                yield self._messages(f"response.tool.{event}", message)
        if extras.files:
            yield self._messages("response.message.delta", {"role": "assistant", "content": self._files()})

    def text(self, text: str) -> bytes:
        """Return the event of one text part."""
        part = f'{{"role":"assistant","content":[{{"text":{json.dumps(text, ensure_ascii=False)}}}]}}'
        return f'event: response.message.delta\ndata: {compact(self._about)[:-1]},"messages":[{part}]}}\n\n'.encode()

    def ending(self, missing: str = "") -> bytes:
        """Return the sources if there are any, and the event with the end; calls come with it."""
        if missing == "no-done":
            return b""
        extras, events = self._answer.extras, b""
        if extras.sources:
            part = {"text": "", "inline_data": self._inline_data()}
            events = self._messages("response.message.delta", {"role": "assistant", "content": [part]})
        calls = self._calls()
        messages = {"messages": [self._message(calls)]} if calls else {}
        return events + self._event("response.message.done", {**self._about, **messages, **self._end(missing)})

    def _message(self, parts: list[dict[str, Any]]) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": parts}
        if self._answer.extras.state_id is not None:
            message["tool_state_id"] = self._answer.extras.state_id
        return message

    def _end(self, missing: str) -> dict[str, Any]:
        usage = self._answer.usage()
        reason = self._answer.finish_reason
        end = {
            "finish_reason": "function_call_error" if reason == "error" else reason,
            "usage": {
                "input_tokens": usage["prompt_tokens"],
                "input_tokens_details": {
                    "prompt_tokens": usage["prompt_tokens"] - usage["precached_prompt_tokens"],
                    "cached_tokens": usage["precached_prompt_tokens"],
                },
                "output_tokens": usage["completion_tokens"],
                "total_tokens": usage["total_tokens"],
            },
        }
        if missing == "no-finish":
            del end["finish_reason"]
        if missing == "no-usage":
            del end["usage"]
        return end

    def _files(self) -> list[dict[str, Any]]:
        extras = self._answer.extras
        target = _TARGETS.get(extras.tool or "", "file")
        files = [{"id": stored.id, "mime": stored.mime, "target": target} for stored in extras.files]
        return [{"files": files}] if files else []

    def _calls(self) -> list[dict[str, Any]]:
        return [
            {"function_call": {"id": str(uuid.uuid4()), "name": call.name, "arguments": call.arguments}}
            for call in self._answer.extras.calls
        ]

    def _inline_data(self) -> dict[str, Any]:
        sources = {mark: {"url": url, "title": title} for mark, (url, title) in self._answer.extras.sources.items()}
        return {"images": [], "sources": sources}

    def _messages(self, event: str, message: dict[str, Any]) -> bytes:
        return self._event(event, {**self._about, "messages": [message]})

    def _event(self, event: str, data: dict[str, Any]) -> bytes:
        return f"event: {event}\ndata: {compact(data)}\n\n".encode()
