"""Chat completions, v2: `POST …/v2/chat/completions`, with the tools that the service runs itself (recorded).

Contents are lists of parts, sampling fields have a place of their own, streams have named events and no `[DONE]`.
Request fields of API v1 are put where this one has them.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from ...bounded import whole
from ...errors import ConfigError, StreamError, UsageError
from ...messages import Chunk, FunctionCall, Message, Source, Usage
from ...text import one_line
from ..outside import answered, file_id, identifier, label, model_name, word
from ..refusals import error_object
from ..sse import Event
from ..wire import Request
from . import chat
from .citations import Citations

DONE = "response.message.done"

encode = chat.encode

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
    of_answer = event.name in ("", "message") or event.name.startswith("response.")
    found = chat.event_object(event, of_answer=of_answer, request_id=request_id)
    if found is None:
        return Chunk(finish_reason="stop") if is_last(event) else Chunk()
    chunk = _chunk(request, found, request_id)
    if chunk is None:  # documented, and against every recording: data of API v1 under these names
        return chat.parse_event(request, event, request_id=request_id)
    if is_last(event) and chunk.finish_reason is None:
        return replace(chunk, finish_reason="function_call" if chunk.function_call else "stop")
    return chunk


def is_last(event: Event) -> bool:
    """Whether nothing follows this event."""
    return event.name == DONE


def parse_whole(request: Request, content: bytes, *, request_id: str | None) -> Chunk:
    """A whole answer as one chunk.  Raises as `parse_event` does."""
    found = answered(content)
    if found is None:
        raise StreamError("The service answered with something that is not an answer.", request_id=request_id)
    chunk = _chunk(request, found, request_id)
    return chat.parse_whole(request, content, request_id=request_id) if chunk is None else chunk


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


def _chunk(request: Request, found: Mapping[str, Any], request_id: str | None) -> Chunk | None:
    """What an object of this version says; None for one of API v1."""
    if "messages" not in found and "choices" in found:
        return None
    problem = error_object(request, found, request_id=request_id)
    if problem:
        raise problem
    texts: list[str] = []
    reasonings: list[str] = []
    progress, state_id = "", None
    calls: list[FunctionCall] = []
    sources: dict[int, Source] = {}
    for message in _mappings(found.get("messages")):
        role = message.get("role", "assistant")
        reasonings.append(_text(message.get("reasoning_content")))
        state_id = _state_id(message) or state_id
        for part in _parts(message.get("content")):
            if role == "reasoning":
                reasonings.append(_text(part.get("text")))
            elif role == "assistant":
                texts.extend([*_tags(part.get("files")), _text(part.get("text"))])
            progress = _progress(part.get("tool_execution")) or progress
            call = chat.asked_call(part.get("function_call"), request_id)
            calls.extend([call] if call else [])
            sources |= _sources(part.get("inline_data"))
    reason = word(found.get("finish_reason")) or ""
    return Chunk(
        text="".join(texts),
        reasoning="".join(reasonings),
        progress=progress,
        sources=tuple(sources.values()),
        # Of calls that were made at once the first is run; the model can make the others again.
        function_call=calls[0] if calls else None,
        functions_state_id=state_id or _state_id(found),
        finish_reason=_REASONS.get(reason, reason) or None,
        usage=_usage(found.get("usage")),
        model=model_name(found.get("model")),
        request_id=request_id,
    )


def _parts(content: object) -> Iterator[Mapping[str, Any]]:
    """The parts of a content, which is a list of them, or one, or a text."""
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            yield {"text": part}
        elif isinstance(part, Mapping):
            yield part


def _tags(files: object) -> list[str]:
    """Files that the service made, as API v1 tells of them: tags in the text."""
    tags = []
    for each in _mappings(files):
        stored = file_id(each.get("id"))
        if stored is None:
            continue
        if each.get("target") == "image" or _text(each.get("mime")).startswith("image/"):
            tags.append(f'<img src="{stored}" fuse="true"/> ')
        else:
            tags.append(f'<div data-model-id="{stored}" fuse="true"/> ')
    return tags


def _progress(execution: object) -> str:
    if not isinstance(execution, Mapping):
        return ""
    told = [_text(execution.get("name")), _text(execution.get("status")).replace("_", " ")]
    left = whole(execution.get("seconds_left"))
    if left is not None:
        told.append(f"{left} s left")
    if execution.get("censored") is True:
        told.append("stopped by the content filter")
    return ", ".join(filter(None, told))


def _sources(inline_data: object) -> dict[int, Source]:
    listed = inline_data.get("sources") if isinstance(inline_data, Mapping) else None
    found = {}
    for key, each in listed.items() if isinstance(listed, Mapping) else ():
        if isinstance(each, Mapping) and re.fullmatch(r"[0-9]{1,6}", str(key)) and isinstance(each.get("url"), str):
            title = label(each.get("title"))
            found[int(key)] = Source(int(key), title, one_line(each["url"], 4000))
    return found


def _usage(found: object) -> Usage | None:
    if not isinstance(found, Mapping):
        return None
    details = found.get("input_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else None
    return Usage(
        prompt_tokens=chat.whole_number(found.get("input_tokens")),
        completion_tokens=chat.whole_number(found.get("output_tokens")),
        total_tokens=chat.whole_number(found.get("total_tokens")),
        precached_prompt_tokens=chat.whole_number(cached),
    )


def _state_id(found: Mapping[str, Any]) -> str | None:
    """The handle of a function call, whose name differs between recordings, documentation and SDK."""
    names = ("tool_state_id", "tools_state_id", "functions_state_id")
    return next((state_id for name in names if (state_id := identifier(found.get(name)))), None)


def _mappings(found: object) -> list[Mapping[str, Any]]:
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _text(found: object) -> str:
    return found if isinstance(found, str) else ""
