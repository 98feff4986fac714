"""A chat request as the answer sees it, whatever API version it came in, with the checks that both have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .access import Caller
from .attachments import check_attachments
from .functions import BUILT_IN, FunctionCall, FunctionResult, is_name, is_taken, unsupported
from .options import Model
from .replies import Refusal
from .state import State
from .stored_files import StoredFile

_NEWEST_VERSION, _OTHER_VERSION = "32.3.18.5", "2.0.28.2"
_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 3
_EFFORTS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a request: its text, the ids of its files, and the calls or the results that it holds."""

    role: str
    text: str
    files: tuple[str, ...] = ()
    calls: tuple[FunctionCall, ...] = ()
    results: tuple[FunctionResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request asks for besides text: functions, tools of the service, a schema, reasoning.

    ``choice`` is ``auto``, ``none``, or the name of the function or tool that must be used.
    """

    functions: Mapping[str, Any] = field(default_factory=dict)
    tools: tuple[str, ...] = ()
    choice: str = "auto"
    partial_arguments: Mapping[str, Any] = field(default_factory=dict)
    schema: Any = None
    regex: str | None = None
    reasoning: str | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A checked chat request: what the answer depends on, and its size in tokens.

    ``files`` are those of the last message, ``results`` those that came after the last question.
    """

    model: str
    question: str
    system: str | None
    spoken_count: int
    stream: bool
    max_tokens: int | None
    update_interval: float
    prompt_tokens: int
    message_sizes: list[tuple[int, int]]
    wishes: Wishes
    files: tuple[StoredFile, ...]
    results: tuple[FunctionResult, ...]

    @property
    def model_version(self) -> str:
        """The answering model as the service names it, for example ``GigaChat-2:2.0.28.2``."""
        return f"{self.model}:{_NEWEST_VERSION if self.model.startswith('GigaChat-3') else _OTHER_VERSION}"


def decode(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body. Raises Refusal (400)."""
    try:
        sent = json.loads(body)
    except ValueError:
        raise Refusal(400) from None
    if not isinstance(sent, dict):
        raise Refusal(400)
    return sent


def find_model(name: object, state: State, *, kind: str = "chat") -> Model:
    """Return the model of a name; what stands after a colon is no part of it. Raises Refusal (404, 422)."""
    if not isinstance(name, str) or not name:
        raise invalid("model must not be empty")
    plain = name.partition(":")[0]
    for model in state.models:
        if model.id == plain and model.type == kind:
            return model
    raise Refusal(404)


def check_numbers(sent: Mapping[str, Any]) -> None:
    """Refuse sampling options that are out of range (422)."""
    for name in ("temperature", "repetition_penalty"):
        if (value := _number(sent, name)) is not None and value <= 0:
            raise invalid(f"{name} must be in range (0, +inf)")
    if (value := _number(sent, "top_p")) is not None and not 0 <= value <= 1:
        raise invalid("top_p must be in range [0, 1]")
    if (value := _number(sent, "max_tokens")) is not None and (value <= 0 or not isinstance(value, int)):
        raise invalid("max_tokens must be in range (0, +inf)")
    if (value := _number(sent, "update_interval")) is not None and value < 0:
        raise invalid("update_interval must be in range [0, +inf)")


def check_functions(listed: Sequence[Any]) -> dict[str, Any]:
    """Return the listed functions by name; the service's own may be named alone. Raises Refusal (422)."""
    functions: dict[str, Any] = {}
    for number, function in enumerate(listed):
        name = function.get("name") if isinstance(function, dict) else None
        if not isinstance(name, str) or not is_name(name):
            raise invalid(f"name of function {number} may have latin letters, digits (not first), '_', '-' and '.'")
        if not isinstance(function.get("parameters"), dict) and name not in BUILT_IN:
            raise invalid(f"function {name} has no parameters")
        if "parameters" in function and is_taken(name):
            raise invalid(f"function {name} is called like a built-in one")
        for said in unsupported(function.get("parameters")):
            raise Refusal(422, said)
        functions[name] = function
    return functions


def check_schema(response_format: object) -> tuple[Any, str | None]:
    """Return the schema, or the regular expression, that the answer is to fit. Raises Refusal (400, 422)."""
    if response_format is None:
        return None, None
    if not isinstance(response_format, dict):
        raise invalid("response_format must be an object")
    match response_format.get("type"):
        case "text":
            return None, None
        case "regex" if isinstance(response_format.get("regex"), str):
            return None, response_format["regex"]
        case "json_schema":
            return _schema(response_format), None
        case other:
            raise Refusal(400, f'Unknown type "{other}" in response_format')


def check_effort(effort: object) -> str | None:
    """Return how much reasoning is asked for. Raises Refusal (422)."""
    if effort is not None and effort not in _EFFORTS:
        raise invalid(f"reasoning effort must be one of {', '.join(_EFFORTS)}")
    return str(effort) if effort else None


def check_order(messages: Sequence[Message], message: Message) -> None:
    """Refuse a message that may not follow the ones before it (422)."""
    if message.role == "system" and messages:
        raise invalid("system message must be the first message")
    if messages and messages[-1].calls and not message.results:
        raise invalid("every assistant function call must have a result in history")
    if message.results:
        waiting = next((earlier.calls for earlier in reversed(messages) if not earlier.results), ())
        for result in message.results:
            if result.name not in (None, *(call.name for call in waiting)):
                raise invalid(f"function result {result.name} has no function call before it")
        if not waiting:
            raise invalid("function result has no function call before it")


def assemble(
    model: Model,
    messages: Sequence[Message],
    *,
    state: State,
    caller: Caller,
    options: Mapping[str, Any],
    stream: bool,
    wishes: Wishes,
) -> Prompt:
    """Put checked messages together. Raises Refusal (403, 404, 413, 422)."""
    if messages[-1].calls:
        raise invalid("every assistant function call must have a result in history")
    if wishes.functions.keys() - BUILT_IN and not model.takes_functions:
        raise Refusal(422, "Requested model does not support functions")
    sizes = [(hash((each.role, each.text)), count_tokens(len(each.text)) + _TOKENS_PER_MESSAGE) for each in messages]
    prompt_tokens = sum(tokens for _, tokens in sizes)
    if state.context_tokens is not None and prompt_tokens > state.context_tokens:
        raise Refusal(413)
    attached = [each.files for each in messages]
    files: list[StoredFile] = []
    if any(attached):
        files, tokens = check_attachments(
            state, caller.key, caller.client_id, attached, takes_images=model.takes_images
        )
        prompt_tokens += tokens
    asked = [number for number, each in enumerate(messages) if each.role == "user"]
    since = messages[asked[-1] + 1 :] if asked else messages
    return Prompt(
        model=model.id,
        question=messages[asked[-1]].text if asked else "",
        system=messages[0].text if messages[0].role == "system" else None,
        spoken_count=sum(each.role != "system" for each in messages),
        stream=stream,
        max_tokens=options.get("max_tokens"),
        update_interval=options.get("update_interval") or 0.0,
        prompt_tokens=prompt_tokens,
        message_sizes=sizes,
        wishes=wishes,
        files=tuple(files),
        results=tuple(result for each in since for result in each.results),
    )


def count_tokens(characters: int) -> int:
    """Estimate the tokens of so many characters: one for every four, begun ones counted."""
    return -(-characters // _CHARACTERS_PER_TOKEN)


def characters_in(tokens: int) -> int:
    """Return how many characters so many tokens hold."""
    return tokens * _CHARACTERS_PER_TOKEN


def invalid(reason: str) -> Refusal:
    """Return the refusal of a value or an order that is not allowed."""
    return Refusal(422, f"Invalid params: {reason}")


def _schema(response_format: Mapping[str, Any]) -> Any:
    schema = response_format.get("schema")
    if not isinstance(schema, dict):
        raise invalid("response_format has no schema")
    # The documents demand it where there is something to require; the words are not known.
    if response_format.get("strict") and schema.get("type", "object") == "object" and "required" not in schema:
        raise invalid("response_format with strict must have required in its schema")
    return schema


def _number(sent: Mapping[str, Any], name: str) -> float | None:
    value = sent.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise invalid(f"{name} must be a number")
    return value
