"""Reads and checks the body of a chat request, with the refusals that the service documents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from gigachat_cli.simulator.replies import Refusal
from gigachat_cli.simulator.state import State

_ROLES = frozenset({"system", "user", "assistant", "function"})
_VERSIONS = {"GigaChat-3": "32.3.18.5", "GigaChat-2": "2.0.28.2", "GigaChat": "2.0.28.2"}
_CHARACTERS_PER_TOKEN = 4
_TOKENS_PER_MESSAGE = 3


@dataclass(frozen=True, slots=True)
class Prompt:
    """A checked chat request: what the answer depends on, and its size in tokens."""

    model: str
    question: str
    system: str | None
    spoken_count: int
    stream: bool
    max_tokens: int | None
    update_interval: float
    prompt_tokens: int
    message_sizes: list[tuple[int, int]]

    @property
    def model_version(self) -> str:
        """The answering model as the service names it, for example ``GigaChat:2.0.28.2``."""
        return f"{self.model}:{next(v for head, v in _VERSIONS.items() if self.model.startswith(head))}"


def read_prompt(body: bytes, state: State) -> Prompt:
    """Decode and check a request body. Raises Refusal (400, 404, 413, 422)."""
    try:
        sent = json.loads(body)
    except ValueError:
        raise Refusal(400) from None
    if not isinstance(sent, dict):
        raise Refusal(400)
    model = _model(sent, state)
    _check_numbers(sent)
    messages = _messages(sent)
    sizes = [_size(message) for message in messages]
    prompt_tokens = sum(tokens for _, tokens in sizes)
    if state.context_tokens is not None and prompt_tokens > state.context_tokens:
        raise Refusal(413)
    stream = sent.get("stream") or False
    if not isinstance(stream, bool):
        raise _invalid("stream must be a boolean")
    asked = [message["content"] for message in messages if message["role"] == "user"]
    return Prompt(
        model=model,
        question=asked[-1] if asked else "",
        system=messages[0]["content"] if messages[0]["role"] == "system" else None,
        spoken_count=sum(message["role"] != "system" for message in messages),
        stream=stream,
        max_tokens=sent.get("max_tokens"),
        update_interval=sent.get("update_interval") or 0.0,
        prompt_tokens=prompt_tokens,
        message_sizes=sizes,
    )


def count_tokens(characters: int) -> int:
    """Estimate the tokens of so many characters: one for every four, begun ones counted."""
    return -(-characters // _CHARACTERS_PER_TOKEN)


def characters_in(tokens: int) -> int:
    """Return how many characters so many tokens hold."""
    return tokens * _CHARACTERS_PER_TOKEN


def _model(sent: dict[str, Any], state: State) -> str:
    name = sent.get("model")
    if not isinstance(name, str) or not name:
        raise _invalid("model must not be empty")
    plain = name.partition(":")[0]
    if any(model.id == plain and model.type == "chat" for model in state.models):
        return plain
    raise Refusal(404)


def _check_numbers(sent: dict[str, Any]) -> None:
    for field in ("temperature", "repetition_penalty"):
        if (value := _number(sent, field)) is not None and value <= 0:
            raise _invalid(f"{field} must be in range (0, +inf)")
    if (value := _number(sent, "top_p")) is not None and not 0 <= value <= 1:
        raise _invalid("top_p must be in range [0, 1]")
    if (value := _number(sent, "max_tokens")) is not None and (value <= 0 or not isinstance(value, int)):
        raise _invalid("max_tokens must be in range (0, +inf)")
    if (value := _number(sent, "update_interval")) is not None and value < 0:
        raise _invalid("update_interval must be in range [0, +inf)")


def _number(sent: dict[str, Any], field: str) -> float | None:
    value = sent.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid(f"{field} must be a number")
    return value


def _messages(sent: dict[str, Any]) -> list[dict[str, Any]]:
    messages = sent.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _invalid("messages must not be empty")
    call_waits = False
    for number, message in enumerate(messages):
        role = message.get("role") if isinstance(message, dict) else None
        if role not in _ROLES:
            raise _invalid(f"unknown role of message {number}")
        if role == "system" and number > 0:
            raise _invalid("system message must be the first message")
        if call_waits and role != "function":
            raise _invalid("every assistant function call must have a result in history")
        call_waits = role == "assistant" and message.get("function_call") is not None
        if call_waits and message.get("content") is None:
            continue
        if not isinstance(message.get("content"), str):
            raise _invalid(f"content of message {number} must be a string")
    if call_waits:
        raise _invalid("every assistant function call must have a result in history")
    return messages


def _size(message: dict[str, Any]) -> tuple[int, int]:
    content = message.get("content") or ""
    return hash((message["role"], content)), count_tokens(len(content)) + _TOKENS_PER_MESSAGE


def _invalid(reason: str) -> Refusal:
    return Refusal(422, f"Invalid params: {reason}")
