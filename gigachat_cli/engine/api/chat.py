"""Chat completions, v1: `POST {base}/chat/completions`, whole or streamed (recorded)."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import UNSET, Struct, UnsetType, structs

from ...bounded import whole as whole_number
from ...calls import read_call
from ...errors import StreamError, UsageError
from ...masking import from_outside
from ...messages import ROLES, Chunk, FunctionCall, Message, Usage
from ..outside import Count, Identifier, ModelName, Word, understood
from ..refusals import Told, error_told
from ..sse import Event
from ..wire import Request

T = TypeVar("T", bound="Answering")

PATH = "/chat/completions"
END_OF_STREAM = "[DONE]"

_NAMES = ("", "message", "response.message.delta", "response.message.done")
"""Names of events that are parts of an answer: none as recorded, what none means, and those of API v2."""

_LONGEST_WORDS = 1000  # characters of an error that is no JSON

_OURS = ("messages", "stream")


def url(base_url: str) -> str:
    """The address of chat completions."""
    return f"{base_url}{PATH}"


def body(model: str | None, messages: Sequence[Message], *, stream: bool, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The request as JSON; a model or a field that is None is not sent.  `fields` are further request fields.

    Raises UsageError when the messages are in an order that the service is known to refuse, or a field is one that
    the call itself fills.
    """
    check(messages)
    for name in _OURS:
        if name in fields:
            raise UsageError(f"The request field {name} cannot be set, it is filled from the prompt and the flags.")
    sent: dict[str, Any] = {} if model is None else {"model": model}
    sent["messages"] = [_message(each) for each in messages]
    sent.update((name, value) for name, value in fields.items() if value is not None)
    if stream:
        sent["stream"] = True
    return sent


def encode(sent: Mapping[str, Any]) -> bytes:
    """JSON as the service likes it: compact, UTF-8 (documented: unescaped text costs fewer tokens)."""
    try:
        return json.dumps(sent, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        raise UsageError("The prompt holds characters that are no text (lone surrogates).") from None
    except RecursionError:
        raise UsageError("A request field is nested too deeply.") from None
    except ValueError:
        raise UsageError("A request field holds a number that JSON does not know.") from None


def check(messages: Sequence[Message]) -> None:
    """Raise UsageError unless there is a message, and a system message only at the head."""
    if not messages:
        raise UsageError("There is no message to send.")
    if any(message.role == "system" for message in messages[1:]):
        raise UsageError("A system message must be the first message, and there can be only one.")


def messages_of(given: Sequence[Message | Mapping[str, Any]]) -> list[Message]:
    """Messages from values or from `{"role": …, "content": …}`.  Raises UsageError for what is neither.

    A content is a text, a list of parts (`{"text": …}`, also with `"type": "text"`, and `{"files": [{"id": …}]}`), or
    None beside a function call.
    """
    return [each if isinstance(each, Message) else _message_of(each) for each in given]


def _message_of(given: Mapping[str, Any]) -> Message:
    try:
        role, content, call = given["role"], given["content"], function_call(given.get("function_call"))
        attachments = [*(given.get("attachments") or ())]
        if isinstance(content, list):
            parts, content = content, ""
            for part in parts:
                content += part if isinstance(part, str) else part.get("text", "")
                attachments += [file["id"] for file in part.get("files", ())] if isinstance(part, Mapping) else []
                if not isinstance(part, str) and not {"text", "files"} & part.keys():
                    raise TypeError
        if content is None and call is not None:
            content = ""
        if role not in ROLES or not isinstance(content, str) or not all(isinstance(each, str) for each in attachments):
            raise TypeError
        name, state_id = given.get("name"), given.get("functions_state_id")
        return Message(role, content, name, tuple(attachments), call, state_id)
    except (TypeError, KeyError, AttributeError):
        raise UsageError(
            f"A message needs a role ({', '.join(ROLES)}) and a content that is text, or parts of text and files."
        ) from None


def parse_event(request: Request, event: Event, *, request_id: str | None) -> Chunk | None:
    """The chunk of one event, an empty one for an event that is no part of the answer; None for the end of the stream.

    Raises StreamError for what is not JSON, and the service's own error when the event is an error object.
    """
    said = event.data.strip()
    if said == END_OF_STREAM:
        return None
    check_event(request, event, request_id=request_id)
    if event.name not in _NAMES or not said:
        return Chunk()
    found = completion(request, event.data, Completion, request_id=request_id)
    if found is None:
        raise unreadable(request_id)
    return _chunk(found, whole=False, request_id=request_id)


def check_event(request: Request, event: Event, *, request_id: str | None) -> None:
    """Raise the service's own error when the name of an event says that it tells of one, in JSON or in words."""
    if event.name.rpartition(".")[2] == "error":
        told = understood(event.data, Told) or Told(message=event.data[:_LONGEST_WORDS])
        raise error_told(request, told, request_id=request_id)


def completion(request: Request, content: bytes | str, kind: type[T], *, request_id: str | None) -> T | None:
    """One object of an answer; None when the content is none.  Raises the service's own error."""
    found = understood(content, kind)
    if found is not None and (found.error is not None or (found.message is not None and found.choices is UNSET)):
        raise error_told(request, found, request_id=request_id)
    return found


def unreadable(request_id: str | None) -> StreamError:
    """The error for an event that is no JSON of an answer."""
    return StreamError(
        "The stream holds something that is not an answer.",
        hint="Try again; a proxy or a portal may stand in between.",
        request_id=request_id,
    )


def is_last(event: Event) -> bool:
    """Whether nothing follows this event: in this version only `[DONE]` says so, which is no chunk."""
    return False


def parse_whole(request: Request, content: bytes, *, request_id: str | None) -> Chunk:
    """A whole answer as one chunk.  Raises as `parse_event` does."""
    found = completion(request, content, Completion, request_id=request_id)
    if found is None:
        raise StreamError("The service answered with something that is not an answer.", request_id=request_id)
    return _chunk(found, whole=True, request_id=request_id)


def settled(chunks: AsyncGenerator[Chunk, None]) -> AsyncGenerator[Chunk, None]:
    """The chunks as they are."""
    return chunks


def function_call(found: object) -> FunctionCall | None:
    """The function call that a JSON value is, with what is wrong with its arguments; None when it is none."""
    if not isinstance(found, Mapping) or not isinstance(found.get("name"), str):
        return None
    return read_call(found["name"], found.get("arguments"))


def asked_call(found: object, request_id: str | None) -> FunctionCall | None:
    """The call that the service asks for.  Raises StreamError when what it names cannot be a function."""
    call = function_call(found)
    if call is not None and not Word.of(call.name):
        raise StreamError("The service calls a function by what is no name.", request_id=request_id)
    return call


class _Usage(Struct, frozen=True):
    prompt_tokens: Count = Count()
    completion_tokens: Count = Count()
    total_tokens: Count = Count()
    precached_prompt_tokens: Count = Count()


class _Said(Struct, frozen=True):
    """A message, or what a delta adds to one."""

    role: str | None = None
    content: str | None = None
    name: str | None = None
    reasoning_content: str | None = None
    function_call: Any = None
    functions_state_id: Identifier = Identifier()


class _Choice(Struct, frozen=True):
    index: int | float | None = None
    delta: _Said | None = None
    message: _Said | None = None
    finish_reason: Word = Word()


class Answering(Told, frozen=True):
    """What both API versions have at the head of an object of an answer, which may be an error instead."""

    choices: Any = UNSET
    model: ModelName = ModelName()


class Completion(Answering, frozen=True):
    choices: list[_Choice] | UnsetType | None = UNSET
    usage: _Usage | None = None


_NOTHING_SAID, _NO_CHOICE = _Said(), _Choice()


def _chunk(found: Completion, *, whole: bool, request_id: str | None) -> Chunk:
    """Raises StreamError."""
    # An index that is missing or odd counts as the first; further choices are other answers.
    choice = next(
        (each for each in found.choices or () if not each.index or (whole_number(each.index) or 0) < 1), _NO_CHOICE
    )
    said = (choice.message if whole else choice.delta) or _NOTHING_SAID
    in_progress = said.role == "function_in_progress"  # documented: a status, not a part of the answer
    return Chunk(
        text="" if in_progress else said.content or "",
        reasoning=said.reasoning_content or "",
        progress=from_outside(said.content or said.name or "") if in_progress else "",
        function_call=None if said.function_call is None else asked_call(said.function_call, request_id),
        functions_state_id=said.functions_state_id or None,
        finish_reason=choice.finish_reason or None,
        usage=Usage(*structs.astuple(found.usage)) if found.usage else None,
        model=found.model or None,
        request_id=request_id,
    )


def _message(message: Message) -> dict[str, Any]:
    sent: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.name is not None:
        sent["name"] = message.name
    if message.attachments:
        sent["attachments"] = list(message.attachments)
    if message.function_call is not None:
        # An object, not a text: documented, and a text is known to be refused on v2.
        call = message.function_call
        sent["function_call"] = {"name": call.name, "arguments": dict(call.arguments)}
    if message.functions_state_id is not None:
        sent["functions_state_id"] = message.functions_state_id
    return sent
