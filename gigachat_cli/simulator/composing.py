"""Decides what an answer is: the plan, a function call, an exact text, a fitting value, a picture, or words.

A plan goes before everything; then calls that the question asks for; then ``answer``; then a value that fits a
schema, the service's own tools, and the simulated text.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from .access import Caller
from .answers import Answer, Extras, chunks_for, phrases
from .faults import Fault
from .functions import FunctionCall, calls_asked_for, made_up_arguments
from .pictures import model_3d, picture
from .prompt import Prompt, invalid
from .reading_v1 import call_text
from .schemas import example, misfit, quoted_value
from .state import Planned, State
from .texts import texts_for

_ENDS = {"blacklist": 0, "length": 3}
"""Faults that end the text early, with the chunks before them."""

_ADDRESS = re.compile(r"https?://[^\s<>\"')\]]+")
_WISHES = {
    "model_3d_generate": re.compile(r"\b3\s?-?[dд]\b|тр[её]хмерн", re.IGNORECASE),
    "image_generate": re.compile(r"нарису|изобрази|\bdraw\b|\bpaint\b|\bpicture of\b", re.IGNORECASE),
    "url_content_extraction": _ADDRESS,
}
"""What a question must hold for a tool to be used; the other tools are used whenever they are listed."""

_TOOLS_BY_RANK = ("model_3d_generate", "image_generate", "url_content_extraction", "web_search", "code_interpreter")
_WISH_WITHIN = 20_000
"""Characters of a question in which a wish is looked for: a long document attached to it is none."""

_TOKENS_OF_A_SEARCH = 23_748
_REASONING = {"low": 1, "medium": 2, "high": 3}


def compose(
    prompt: Prompt, state: State, caller: Caller, *, session: str | None = None, fault: Fault | None = None
) -> Answer:
    """Make the answer to a prompt."""
    chunks, extras = _content(prompt, state, caller, fault)
    for call in extras.calls:
        if extras.state_id is not None:
            state.remember_call(caller.key, call_text(call.name, call.arguments), extras.state_id)
    cached_tokens = state.cached_tokens(session, prompt.message_sizes)
    answer = Answer(prompt, chunks, created=int(state.now()), cached_tokens=cached_tokens, extras=extras)
    if fault is not None and fault.name in _ENDS:
        answer.end_early(fault.name, after=fault.whole_number("after", _ENDS[fault.name]))
    return answer


def _content(prompt: Prompt, state: State, caller: Caller, fault: Fault | None) -> tuple[Iterator[str], Extras]:
    wishes, reasoning = prompt.wishes, _reasoning(prompt)
    if fault is not None and fault.name == "function-error":
        return iter(()), Extras(reasoning, call_failed=True)
    planned = state.next_planned()
    calls = _calls(prompt) if planned is None else _planned_calls(planned)
    if calls:
        if any(call.arguments is None for call in calls):
            return iter(()), Extras(reasoning, call_failed=True)
        return iter(()), Extras(reasoning, tuple(calls), state_id=str(uuid.uuid4()))
    if planned is not None:
        return phrases(str(planned)), Extras(reasoning)
    if wishes.schema is not None and (text := _unfit(prompt, state, fault)) is not None:
        return phrases(text), Extras(reasoning)
    if state.answer is not None:
        return chunks_for(prompt, state.answer, state.chunks), Extras(reasoning)
    if wishes.schema is not None or wishes.regex is not None:
        return phrases(_fitting(prompt)), Extras(reasoning)
    tool = _tool(prompt)
    if tool is not None:
        return _use(tool, prompt, state, caller, reasoning)
    return chunks_for(prompt, None, state.chunks), Extras(reasoning)


def _calls(prompt: Prompt) -> list[FunctionCall]:
    """Return the call of this round: the forced one right after the question, or the next that is asked for."""
    wishes, rounds = prompt.wishes, len(prompt.results)
    if not wishes.functions or wishes.choice == "none":
        return []
    asked = calls_asked_for(prompt.question, wishes.functions)
    if wishes.choice in wishes.functions:
        if rounds:
            return []
        named = [call for call in asked if call.name == wishes.choice]
        made_up = FunctionCall(wishes.choice, made_up_arguments(wishes.functions[wishes.choice]))
        call = named[0] if named else made_up
        given = {**(call.arguments or {}), **wishes.partial_arguments}
        return [FunctionCall(call.name, given if call.arguments is not None else None)]
    return asked[rounds : rounds + 1]


def _planned_calls(planned: Planned) -> list[FunctionCall]:
    if isinstance(planned, str):
        return []
    each = planned if isinstance(planned, list) else [planned]
    return [FunctionCall(name, arguments) for name, arguments in each]


def _unfit(prompt: Prompt, state: State, fault: Fault | None) -> str | None:
    """Return an answer that does not fit the schema, when one is wanted."""
    struck = fault is not None and fault.name == "misfit"
    if not struck and not state.take_misfit():
        return None
    value = misfit(prompt.wishes.schema)
    if value is None or (fault is not None and fault.text("form", "value") == "text"):
        return texts_for(prompt.question).parts["simulated"]
    return _pretty(value)


def _fitting(prompt: Prompt) -> str:
    wishes = prompt.wishes
    if wishes.regex is not None:
        tries = (*prompt.question.split(), "1", "yes", "да", "A", "2026-01-31", "simulated")
        try:
            found = next((word for word in tries if re.fullmatch(wishes.regex, word)), None)
        except re.error:
            found = None
        if found is None:
            raise invalid("the simulator knows no text that fits this regex")
        return found
    quoted = quoted_value(prompt.question, wishes.schema)
    return _pretty(quoted if quoted is not None else example(wishes.schema))


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=4)


def _reasoning(prompt: Prompt) -> tuple[str, ...]:
    if prompt.wishes.reasoning is None:
        return ()
    lines = texts_for(prompt.question).about("reasoning", prompt.question).splitlines(keepends=True)
    return tuple(lines[: _REASONING[prompt.wishes.reasoning]])


def _tool(prompt: Prompt) -> str | None:
    """Return the service's own tool that this prompt calls for."""
    wishes, question = prompt.wishes, prompt.question
    if wishes.choice == "none" or prompt.results:
        return None
    if wishes.choice in wishes.tools:
        return wishes.choice
    start = question[:_WISH_WITHIN]
    for tool in _TOOLS_BY_RANK:
        wish = _WISHES.get(tool)
        if tool in wishes.tools and (wish is None or wish.search(start)):
            return tool
    return None


def _use(
    tool: str, prompt: Prompt, state: State, caller: Caller, reasoning: tuple[str, ...]
) -> tuple[Iterator[str], Extras]:
    texts, question, state_id = texts_for(prompt.question), prompt.question, str(uuid.uuid4())
    if tool in {"image_generate", "model_3d_generate"}:
        is_picture = tool == "image_generate"
        made = state.files.add(
            caller.key,
            picture(question) if is_picture else model_3d(question),
            mime="image/jpeg" if is_picture else "model/fbx",
            filename="picture.jpg" if is_picture else "model.fbx",
            client_id=caller.client_id,
        )
        text = texts.about("picture" if is_picture else "model", question)
        return iter((text,)), Extras(reasoning, tool=tool, files=(made,), state_id=state_id)
    sources: Mapping[str, tuple[str, str]] = {}
    if tool == "web_search":
        text = texts.about("found", question)
        addresses = [f"https://simulator.example/page-{number}" for number in (1, 2)]
        sources = _sources(addresses, texts.parts["source"])
    elif tool == "url_content_extraction":
        found = _ADDRESS.search(question)
        text = texts.parts["read"]
        sources = _sources([found[0] if found else "https://simulator.example/"], texts.parts["source"])
    else:
        text = texts.parts["ran"]
    extras = Extras(reasoning, tool=tool, sources=sources, state_id=state_id, tool_tokens=_TOKENS_OF_A_SEARCH)
    return phrases(text), extras


def _sources(addresses: list[str], title: str) -> dict[str, tuple[str, str]]:
    return {str(number): (address, title.format(number)) for number, address in enumerate(addresses, start=1)}
