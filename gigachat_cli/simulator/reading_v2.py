"""Reads and checks the body of a chat request of API v2.

Any wrong shape is one and the same 400 there; wrong values are 422, unknown tools 404.
"""

from __future__ import annotations

import json
from typing import Any

from .access import Caller
from .functions import TOOLS, FunctionCall, FunctionResult
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
from .replies import Refusal
from .state import State

_ROLES = frozenset({"system", "user", "assistant", "function", "tool"})
_MODES = frozenset({"auto", "none", "forced"})


def read_prompt_v2(body: bytes, state: State, caller: Caller) -> Prompt:
    """Decode and check a request body. Raises Refusal (400, 403, 404, 413, 422)."""
    sent = decode(body)
    given, options, stream = sent.get("messages"), sent.get("model_options") or {}, sent.get("stream") or False
    if not isinstance(given, list) or not given or not isinstance(options, dict) or not isinstance(stream, bool):
        raise Refusal(400)
    model = find_model(sent.get("model"), state)
    check_numbers(options)
    messages: list[Message] = []
    for each in given:
        message = _message(each, state)
        check_order(messages, message)
        messages.append(message)
    wishes = _wishes(sent, options, state.accounts.scope_of(caller.key))
    return assemble(model, messages, state=state, caller=caller, options=options, stream=stream, wishes=wishes)


def _wishes(sent: dict[str, Any], options: dict[str, Any], scope: str | None) -> Wishes:
    functions: dict[str, Any] = {}
    tools: list[str] = []
    listed = sent.get("tools") or []
    if not isinstance(listed, list):
        raise Refusal(400)
    for tool in listed:
        if not isinstance(tool, dict) or len(tool) != 1:
            raise Refusal(400)
        name, settings = next(iter(tool.items()))
        if name == "functions":
            functions |= check_functions(_specifications(settings))
        elif name not in TOOLS:
            raise Refusal(404, f"Unknown tool {name}")
        elif name == "code_interpreter" and scope == "GIGACHAT_API_PERS":
            raise Refusal(422, f"Tool {name} is unavailable")
        else:
            tools.append(name)
    schema, regex = check_schema(options.get("response_format"))
    reasoning = options.get("reasoning") or {}
    if not isinstance(reasoning, dict):
        raise Refusal(400)
    return Wishes(
        functions=functions,
        tools=tuple(tools),
        choice=_choice(sent.get("tool_config") or {}, functions, tools),
        schema=schema,
        regex=regex,
        reasoning=check_effort(reasoning.get("effort")),
    )


def _specifications(settings: Any) -> list[Any]:
    listed = settings.get("specifications") if isinstance(settings, dict) else None
    if not isinstance(listed, list):
        raise Refusal(400)
    return listed


def _choice(config: Any, functions: dict[str, Any], tools: list[str]) -> str:
    if not isinstance(config, dict) or config.get("mode", "auto") not in _MODES:
        raise Refusal(400)
    if config.get("mode") != "forced":
        return str(config.get("mode", "auto"))
    name = config.get("function_name") or config.get("tool_name")
    if name not in functions and name not in tools:
        raise invalid(f"forced tool {name} is not in tools")
    return str(name)


def _message(sent: Any, state: State) -> Message:
    role = sent.get("role") if isinstance(sent, dict) else None
    parts = sent.get("content") if isinstance(sent, dict) else None
    if role not in _ROLES or not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Refusal(400)
    return Message(
        str(role),
        "".join(_text(part["text"]) for part in parts if "text" in part),
        files=tuple(file_id for part in parts for file_id in _files(part.get("files", []))),
        calls=tuple(_call(part["function_call"]) for part in parts if "function_call" in part),
        results=tuple(
            _result(str(role), part["function_result"], state) for part in parts if "function_result" in part
        ),
    )


def _text(text: Any) -> str:
    if not isinstance(text, str):
        raise Refusal(400)
    return text


def _files(files: Any) -> list[str]:
    if not isinstance(files, list):
        raise Refusal(400)
    ids = [each.get("id") if isinstance(each, dict) else None for each in files]
    if not all(isinstance(file_id, str) for file_id in ids):
        raise Refusal(400)
    return [str(file_id) for file_id in ids]


def _call(call: Any) -> FunctionCall:
    if not isinstance(call, dict) or not isinstance(call.get("arguments"), dict):
        raise Refusal(400)
    return FunctionCall(_text(call.get("name")), call["arguments"])


def _result(role: str, given: Any, state: State) -> FunctionResult:
    """Read a result; the stands of the service disagree about its form, and so the state says which passes."""
    if not isinstance(given, dict) or role not in {"tool", "function"}:
        raise Refusal(400)
    result = given.get("result")
    form = "function" if isinstance(result, str) else "tool"
    if state.function_results not in {"either", form} or (state.function_results != "either" and role != form):
        raise Refusal(400)
    if isinstance(result, str):
        try:
            result = json.loads(result)
        except ValueError:
            raise Refusal(400) from None
    if not isinstance(result, dict):
        raise Refusal(400)
    return FunctionResult(_text(given.get("name")), json.dumps(result, ensure_ascii=False))
