"""Chat completions, v2: `POST …/v2/chat/completions`, with the tools that the service runs itself (recorded).

Contents are lists of parts, sampling fields have a place of their own, streams have named events and no `[DONE]`.
Request fields of API v1 are put where this one has them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from ...errors import ConfigError, UsageError
from ...masking import from_outside
from ...messages import Chunk, FunctionCall, Message, Source, Usage
from ...text import one_line
from ..outside import Count, FileId, Floor, Identifier, Label, Word, converted
from ..sse import Event
from ..wire import Request
from . import chat
from .citations import Citations

DONE = "response.message.done"

_OPTIONS = (
    "temperature",
    "top_p",
    "max_tokens",
    "repetition_penalty",
    "update_interval",
    "response_format",
    "top_logprobs",
    "unnormalized_history",
    "preset",
)
_RENAMED = {"function_ranker": "ranker_options"}
_BUILT_IN_FUNCTIONS = {"text2image": "image_generate", "text2model3d": "model_3d_generate"}
_REASONS = {
    "request_blacklist": "blacklist",
    "request_whitelist": "blacklist",
    "request_filter": "blacklist",
    "response_blacklist": "blacklist",
    "function_call_error": "error",
}
"""Reasons for the end that API v1 says in one word."""


def url(base_url: str) -> str:
    """The address: that of API v1 with its version replaced.  Raises ConfigError when it has none."""
    root, version = base_url.rpartition("/")[::2]
    if not re.fullmatch(r"v\d+", version):
        raise ConfigError(
            f"base_url {base_url} does not end in a version, so the address of the service's tools is not known.",
            hint="It ends like https://api.giga.chat/v1",
        )
    return f"{root}/v2{chat.PATH}"


def body(model: str | None, messages: Sequence[Message], *, stream: bool, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The request as JSON, with arguments and errors of `chat.body`."""
    plain = chat.body(model, messages, stream=stream, fields=fields)
    options: dict[str, Any] = {name: plain.pop(name) for name in _OPTIONS if name in plain}
    if "reasoning_effort" in plain:
        options["reasoning"] = {"effort": plain.pop("reasoning_effort")}
    del plain["messages"]
    sent: dict[str, Any] = {"model": plain.pop("model")} if "model" in plain else {}
    sent["messages"] = [_message(each) for each in messages]
    options |= _object(plain.pop("model_options", None), "model_options")
    if options:
        sent["model_options"] = options
    tools = [*_listed(plain.pop("tools", None)), *_functions(plain.pop("functions", None))]
    if tools:
        sent["tools"] = tools
    if "function_call" in plain:
        sent["tool_config"] = _choice(plain.pop("function_call"))
    if "profanity_check" in plain:
        sent["disable_filter"] = not plain.pop("profanity_check")
    if "storage" in plain:
        sent |= _storage(plain.pop("storage"))
    return sent | {_RENAMED.get(name, name): value for name, value in plain.items()}


def parse_event(request: Request, event: Event, *, request_id: str | None) -> Chunk | None:
    """The chunk of one event; None for an end as API v1 has it.  Raises as `chat.parse_event` does."""
    if event.data.strip() == chat.END_OF_STREAM:
        return None
    chat.check_event(request, event, request_id=request_id)
    of_answer = event.name in ("", "message") or event.name.startswith("response.")
    if not of_answer or not event.data.strip():
        return Chunk(finish_reason="stop") if is_last(event) else Chunk()
    found = chat.completion(request, event.data, _Answer, request_id=request_id)
    if found is None:
        raise chat.unreadable(request_id)
    if found.is_of_v1:  # documented, and against every recording: data of API v1 under these names
        return chat.parse_event(request, event, request_id=request_id)
    chunk = _chunk(found, request_id)
    if is_last(event) and chunk.finish_reason is None:
        return replace(chunk, finish_reason="function_call" if chunk.function_call else "stop")
    return chunk


def is_last(event: Event) -> bool:
    """Whether nothing follows this event."""
    return event.name == DONE


def parse_whole(request: Request, content: bytes, *, request_id: str | None) -> Chunk:
    """A whole answer as one chunk.  Raises as `parse_event` does."""
    found = chat.completion(request, content, _Answer, request_id=request_id)
    if found is None or found.is_of_v1:
        return chat.parse_whole(request, content, request_id=request_id)
    return _chunk(found, request_id)


async def settled(chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
    """The chunks with the marks of sources as `[2]`; a mark may be split between two of them."""
    citations = Citations()
    ended = False
    async with aclosing(chunks):
        try:
            async for chunk in chunks:
                text = citations.feed(chunk.text)
                if chunk.finish_reason is not None:
                    ended, text = True, text + citations.close()
                yield replace(chunk, text=text)
        except Exception:
            rest = citations.close()
            if rest:  # a piece of an answer that broke off is a piece of it all the same
                yield Chunk(text=rest)
            raise
    rest = "" if ended else citations.close()
    if rest:
        yield Chunk(text=rest)


def _message(message: Message) -> dict[str, Any]:
    if message.role == "function":
        # Sources disagree: the SDK sends role tool and an object, the public host took this and refused that (field).
        return {"role": "function", "content": [{"function_result": {"name": message.name, "result": message.content}}]}
    parts: list[dict[str, Any]] = []
    if message.content or not (message.function_call or message.attachments):
        parts.append({"text": message.content})
    if message.attachments:
        parts.append({"files": [{"id": file_id} for file_id in message.attachments]})
    if message.function_call is not None:
        call = message.function_call
        parts.append({"function_call": {"name": call.name, "arguments": dict(call.arguments)}})
    sent: dict[str, Any] = {"role": message.role, "content": parts}
    if message.functions_state_id is not None:
        sent["tools_state_id"] = message.functions_state_id
    return sent


def _listed(tools: object) -> list[Any]:
    """The tools as objects; a name alone stands for a tool without settings."""
    if tools is None:
        return []
    if not isinstance(tools, list):
        raise UsageError("The request field tools must be a list.", hint="As in: -o tools='[{\"web_search\":{}}]'")
    return [{each: {}} if isinstance(each, str) else each for each in tools]


def _functions(functions: object) -> list[dict[str, Any]]:
    if not isinstance(functions, list):
        return []
    names = [each.get("name") if isinstance(each, Mapping) else None for each in functions]
    own = [each for each, name in zip(functions, names, strict=True) if name not in _BUILT_IN_FUNCTIONS]
    built_in: list[dict[str, Any]] = [{_BUILT_IN_FUNCTIONS[name]: {}} for name in names if name in _BUILT_IN_FUNCTIONS]
    return [*built_in, *([{"functions": {"specifications": own}}] if own else [])]


def _choice(function_call: object) -> dict[str, Any]:
    if not isinstance(function_call, Mapping):
        return {"mode": function_call}
    name = function_call.get("name")
    if name in _BUILT_IN_FUNCTIONS:
        return {"mode": "forced", "tool_name": _BUILT_IN_FUNCTIONS[name]}
    return {"mode": "forced", "function_name": name}


def _storage(storage: object) -> dict[str, Any]:
    """Stateful storage is one that is there at all; the assistant stands beside it."""
    if storage is True:
        return {"storage": {}}
    given = _object(storage, "storage")
    if not given or given.get("is_stateful") is False:
        return {}
    assistant = {"assistant_id": given["assistant_id"]} if "assistant_id" in given else {}
    return {"storage": {name: each for name, each in given.items() if name not in ("is_stateful", "assistant_id")}} | (
        assistant
    )


def _object(value: object, name: str) -> dict[str, Any]:
    if value is None or value is False:
        return {}
    if not isinstance(value, Mapping):
        raise UsageError(f"The request field {name} must be an object.")
    return dict(value)


class _File(Struct, frozen=True):
    id: FileId = FileId()
    target: str | None = None
    mime: str | None = None


class _Execution(Struct, frozen=True):
    """How far a tool of the service's own is."""

    name: Label = Label()
    status: Label = Label()
    seconds_left: Floor | None = None
    censored: bool | None = None


class _Page(Struct, frozen=True):
    url: str
    title: Label = Label()


class _InlineData(Struct, frozen=True):
    sources: dict[str, Any] | None = None


class _Part(Struct, frozen=True):
    text: str | None = None
    files: list[_File] | None = None
    function_call: Any = None
    tool_execution: _Execution | None = None
    inline_data: _InlineData | None = None


class _Message(Struct, frozen=True):
    role: str | None = None
    content: list[_Part | str | None] | _Part | str | None = None
    reasoning_content: str | None = None
    tool_state_id: Identifier = Identifier()
    tools_state_id: Identifier = Identifier()
    functions_state_id: Identifier = Identifier()

    @property
    def parts(self) -> list[_Part]:
        """The parts of the content, which is a list of them, or one, or a text."""
        listed = self.content if isinstance(self.content, list) else [self.content]
        return [each if isinstance(each, _Part) else _Part(text=each) for each in listed]


class _Counts(Struct, frozen=True):
    cached_tokens: Count = Count()


class _Usage(Struct, frozen=True):
    input_tokens: Count = Count()
    output_tokens: Count = Count()
    total_tokens: Count = Count()
    input_tokens_details: _Counts | None = None


class _Answer(chat.Answering, frozen=True):
    messages: list[_Message] | UnsetType | None = UNSET
    finish_reason: Word = Word()
    usage: _Usage | None = None
    tool_state_id: Identifier = Identifier()
    tools_state_id: Identifier = Identifier()
    functions_state_id: Identifier = Identifier()

    @property
    def is_of_v1(self) -> bool:
        return self.messages is UNSET and self.choices is not UNSET


def _chunk(found: _Answer, request_id: str | None) -> Chunk:
    """Raises StreamError."""
    texts: list[str] = []
    reasonings: list[str] = []
    progress = state_id = ""
    calls: list[FunctionCall] = []
    sources: dict[int, Source] = {}
    for message in found.messages or ():
        role = message.role or "assistant"
        reasonings.append(message.reasoning_content or "")
        state_id = _state_id(message) or state_id
        for part in message.parts:
            if role == "reasoning":
                reasonings.append(part.text or "")
            elif role == "assistant":
                texts += [*(_tag(each) for each in part.files or () if each.id), part.text or ""]
            progress = (_progress(part.tool_execution) if part.tool_execution else "") or progress
            call = chat.asked_call(part.function_call, request_id)
            calls.extend([call] if call else [])
            sources |= _sources(part.inline_data.sources or {}) if part.inline_data else {}
    return Chunk(
        text="".join(texts),
        reasoning="".join(reasonings),
        progress=progress,
        sources=tuple(sources.values()),
        # Of calls that were made at once the first is run; the model can make the others again.
        function_call=calls[0] if calls else None,
        functions_state_id=state_id or _state_id(found) or None,
        finish_reason=_REASONS.get(found.finish_reason, found.finish_reason) or None,
        usage=_usage(found.usage) if found.usage else None,
        model=found.model or None,
        request_id=request_id,
    )


def _tag(file: _File) -> str:
    """A file that the service made, as API v1 tells of it: a tag in the text."""
    if file.target == "image" or (file.mime or "").startswith("image/"):
        return f'<img src="{file.id}" fuse="true"/> '
    return f'<div data-model-id="{file.id}" fuse="true"/> '


def _progress(execution: _Execution) -> str:
    left = "" if execution.seconds_left is None else f"{execution.seconds_left} s left"
    stopped = "stopped by the content filter" if execution.censored else ""
    return ", ".join(filter(None, (execution.name, execution.status.replace("_", " "), left, stopped)))


def _sources(listed: Mapping[str, Any]) -> dict[int, Source]:
    found = {}
    for key, each in listed.items():
        page = converted(each, _Page)
        if page is not None and re.fullmatch(r"[0-9]{1,6}", key):
            found[int(key)] = Source(int(key), page.title, one_line(from_outside(page.url), 4000))
    return found


def _usage(found: _Usage) -> Usage:
    cached = found.input_tokens_details.cached_tokens if found.input_tokens_details else 0
    return Usage(found.input_tokens, found.output_tokens, found.total_tokens, cached)


def _state_id(found: _Message | _Answer) -> str:
    """The handle of a function call, whose name differs between recordings, documentation and SDK."""
    return found.tool_state_id or found.tools_state_id or found.functions_state_id
