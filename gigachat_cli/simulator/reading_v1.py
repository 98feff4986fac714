"""Reads and checks the body of a chat request of API v1, with the refusals that are documented."""

from __future__ import annotations

import json
from typing import Any

from .access import Caller
from .functions import BUILT_IN, FunctionCall, FunctionResult
from .prompt import (
    Message,
    Prompt,
    Wishes,
    assemble,
    check_effort,
    check_functions,
    check_numbers,
    check_order,
    check_schema,
    decode,
    find_model,
    invalid,
)
from .replies import compact
from .state import State

_ROLES = frozenset({"system", "user", "assistant", "function"})


def read_prompt(body: bytes, state: State, caller: Caller) -> Prompt:
    """Decode and check a request body. Raises Refusal (400, 403, 404, 413, 422)."""
    sent = decode(body)
    model = find_model(sent.get("model"), state)
    check_numbers(sent)
    messages = _messages(sent, state, caller)
    stream = sent.get("stream") or False
    if not isinstance(stream, bool):
        raise invalid("stream must be a boolean")
    return assemble(model, messages, state=state, caller=caller, options=sent, stream=stream, wishes=_wishes(sent))


def _wishes(sent: dict[str, Any]) -> Wishes:
    listed = sent.get("functions") or []
    if not isinstance(listed, list):
        raise invalid("functions must be an array")
    functions = check_functions(listed)
    choice = sent.get("function_call")
    partial: Any = {}
    if isinstance(choice, dict):
        name, partial = choice.get("name"), choice.get("partial_arguments") or {}
        if name not in functions and name not in BUILT_IN:
            raise invalid(f"function {name} of function_call is not in functions")
        forced = str(name)
    elif choice in (None, "auto", "none"):
        forced = ""
    else:
        raise invalid("function_call must be auto, none or an object with a name")
    schema, regex = check_schema(sent.get("response_format"))
    return Wishes(
        functions={name: function for name, function in functions.items() if name not in BUILT_IN},
        tools=_tools(functions, choice, forced),
        choice=_TOOL_NAMES.get(forced, forced) or ("none" if choice == "none" else "auto"),
        partial_arguments=partial if isinstance(partial, dict) else {},
        schema=schema,
        regex=regex,
        reasoning=check_effort(sent.get("reasoning_effort")),
    )


_TOOL_NAMES = {"text2image": "image_generate", "text2model3d": "model_3d_generate"}


def _tools(functions: dict[str, Any], choice: object, forced: str) -> tuple[str, ...]:
    """Return the service's own functions that may be used, by their names in API v2.

    With ``auto`` pictures need no listing unless other functions are listed; 3D models always need it.
    """
    listed = [name for name in _TOOL_NAMES if name in functions and choice == "auto"]
    if choice == "auto" and not functions:
        listed = ["text2image"]
    return tuple(_TOOL_NAMES[name] for name in (*listed, forced) if name in _TOOL_NAMES)


def _messages(sent: dict[str, Any], state: State, caller: Caller) -> list[Message]:
    given = sent.get("messages")
    if not isinstance(given, list) or not given:
        raise invalid("messages must not be empty")
    messages: list[Message] = []
    for number, each in enumerate(given):
        message = _message(number, each, state, caller)
        check_order(messages, message)
        messages.append(message)
    return messages


def _message(number: int, sent: Any, state: State, caller: Caller) -> Message:
    role = sent.get("role") if isinstance(sent, dict) else None
    if role not in _ROLES:
        raise invalid(f"unknown role of message {number}")
    text = sent.get("content")
    calls: tuple[FunctionCall, ...] = ()
    if role == "assistant" and sent.get("function_call") is not None:
        calls = (_call(number, sent, state, caller),)
        text = text or ""
    if not isinstance(text, str):
        raise invalid(f"content of message {number} must be a string")
    if role == "function":
        if not _is_object(text):
            raise invalid(f"content of function message {number} must be a JSON object as a string")
        return Message(role, text, results=(FunctionResult(sent.get("name"), text),))
    return Message(role, text, files=_files(number, sent), calls=calls)


def _call(number: int, sent: dict[str, Any], state: State, caller: Caller) -> FunctionCall:
    call = sent["function_call"]
    name = call.get("name") if isinstance(call, dict) else None
    arguments = call.get("arguments") or {} if isinstance(call, dict) else None
    # The documents show an object and call it a string in one place, so that both pass here.
    if isinstance(arguments, str) and _is_object(arguments):
        arguments = json.loads(arguments)
    if not isinstance(name, str) or not isinstance(arguments, dict):
        raise invalid(f"function_call of message {number} must have a name and arguments")
    state_ids = state.state_ids_of(caller.key, call_text(name, arguments)) if state.demand_state_id else ()
    if state_ids and sent.get("functions_state_id") not in state_ids:
        raise invalid(f"functions_state_id of message {number} is not that of its function call")
    return FunctionCall(name, arguments)


def call_text(name: str, arguments: object) -> str:
    """Return a call as text, by which it is known again."""
    return f"{name} {compact(arguments)}"


def _files(number: int, sent: dict[str, Any]) -> tuple[str, ...]:
    attached = sent.get("attachments") or []
    if not isinstance(attached, list) or not all(isinstance(each, str) for each in attached):
        raise invalid(f"attachments of message {number} must be an array of file ids")
    if attached and sent["role"] != "user":
        raise invalid(f"attachments of message {number}: only user messages have them")
    return tuple(attached)


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
