"""Every documented request field goes through `-o KEY=JSON`, to its place in either API version."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from gigachat_cli.engine.api_version import FIELDS_OF_V2
from gigachat_cli.simulator import Simulator

from ..conftest import ROOT, Program

FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {}}}
FIELDS: dict[str, Any] = {
    "temperature": 0.5,
    "top_p": 0.25,
    "max_tokens": 7,
    "repetition_penalty": 1.5,
    "update_interval": 0.5,
    "function_call": "none",
    "functions": [FUNCTION],
    "response_format": {"type": "text"},
    "profanity_check": False,
    "reasoning_effort": "low",
    "flags": ["a", "б"],
    "function_ranker": {"enabled": True, "top_n": 5},
    "storage": {"is_stateful": True, "limit": 3, "metadata": {"a": "b"}},
    "n": 1,
}
IN_V2: dict[str, Any] = {
    "model_options": {
        "temperature": 0.5,
        "top_p": 0.25,
        "max_tokens": 7,
        "repetition_penalty": 1.5,
        "update_interval": 0.5,
        "response_format": {"type": "text"},
        "reasoning": {"effort": "low"},
    },
    "tools": [{"web_search": {}}, {"functions": {"specifications": [FUNCTION]}}],
    "tool_config": {"mode": "none"},
    "disable_filter": True,
    "flags": ["a", "б"],
    "ranker_options": {"enabled": True, "top_n": 5},
    "storage": {"limit": 3, "metadata": {"a": "b"}},
    "n": 1,
}
OWN = ("model", "messages", "stream")


def options(fields: dict[str, Any]) -> list[str]:
    return [
        word for name, value in fields.items() for word in ("-o", f"{name}={json.dumps(value, ensure_ascii=False)}")
    ]


def body_of(gigachat: Program, *words: str) -> dict[str, Any]:
    shown = json.loads(gigachat("ask", "Hi", "--dry-run", *words).out)
    return {name: value for name, value in shown["body"].items() if name not in OWN}


def documented(heading: str) -> set[str]:
    """The fields that stand in the first column of a table of the page."""
    page = (ROOT / "docs" / "reference" / "request-options.md").read_text(encoding="utf-8")
    section = page.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}


def test_every_field_goes_through_in_v1(gigachat: Program, simulator: Simulator) -> None:
    assert body_of(gigachat, *options(FIELDS)) == FIELDS


def test_every_field_finds_its_place_in_v2(gigachat: Program, simulator: Simulator) -> None:
    assert body_of(gigachat, "--web", *options(FIELDS)) == IN_V2


def test_flags_and_settings_go_to_the_same_places(gigachat: Program, simulator: Simulator) -> None:
    words = ["--web", "-t", "0.5", "--top-p", "0.25", "--reasoning", "low"]
    options_ = body_of(gigachat, *words, "-o", 'model_options={"top_p":0.75,"preset":"p"}')["model_options"]
    assert options_ == {"temperature": 0.5, "top_p": 0.75, "reasoning": {"effort": "low"}, "preset": "p"}


def test_the_service_takes_them(gigachat: Program, simulator: Simulator) -> None:
    for words in ((), ("--web",)):
        result = gigachat("ask", "Hi", *words, *options(FIELDS))
        assert result.code == 0
        assert result.err.startswith("gigachat: The answer is not complete: it met its token limit.")


def test_the_page_tells_of_all_of_them() -> None:
    assert documented("Fields of both API versions") == set(FIELDS)
    assert documented("Fields of API v2") == FIELDS_OF_V2


@pytest.mark.parametrize("name", ["messages", "model", "slot", "stream"])
@pytest.mark.parametrize("words", [(), ("--web",)], ids=["v1", "v2"])
def test_what_the_program_fills_itself_is_no_option(
    gigachat: Program, simulator: Simulator, name: str, words: tuple[str, ...]
) -> None:
    result = gigachat("ask", "Hi", *words, "-o", f"{name}=[]")
    assert result.code == 2
    assert f"The request field {name} cannot be set" in result.err
    assert not simulator.requests
