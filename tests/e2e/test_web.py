"""`--web`, `--tool` and `--reasoning`: the service's own tools, and what is shown of them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator, key_for

from ..conftest import Program
from ..engine.test_chat_v2 import event_of, said
from ..terminal import Terminal
from .conftest import Rules, sent

NOTES = "[1] Simulated page 1 https://simulator.example/page-1\n[2] Simulated page 2 https://simulator.example/page-2\n"
WHOLE_AND_STREAMED = pytest.mark.parametrize("way", [(), ("--no-stream",)], ids=["streamed", "whole"])


@WHOLE_AND_STREAMED
def test_in_a_pipe_the_sources_are_lines_after_the_text(
    gigachat: Program, simulator: Simulator, way: tuple[str, ...]
) -> None:
    result = gigachat("ask", "What", "is", "new?", "--web", *way)
    answer, _, notes = result.out.partition("\n\n")
    assert answer.startswith("The simulated search found two pages")
    assert answer.endswith("the first agrees[1], the second has a table[2].")
    assert (notes, result.err, result.code) == (NOTES, "", 0)
    assert simulator.calls("chat")[0].path == "/v2/chat/completions"
    assert sent(simulator)["tools"] == [{"web_search": {}}]


def test_a_mark_that_is_split_between_chunks_is_shown_as_one(gigachat: Program, simulator: Simulator) -> None:
    simulator.stream_bytes = searched("New: a[sour", "ces=[1]], b [sources=[2]", "].")
    assert gigachat("ask", "What is new?", "--web").out == f"New: a[1], b [2].\n\n{NOTES}"


@WHOLE_AND_STREAMED
def test_as_json_the_sources_are_a_list_beside_the_text(
    gigachat: Program, simulator: Simulator, way: tuple[str, ...]
) -> None:
    found = json.loads(gigachat("ask", "What is new?", "--web", "--json", *way).out)
    assert "[1]" in found["answer"]
    assert "https://" not in found["answer"]
    assert found["sources"] == [
        {"number": n, "title": f"Simulated page {n}", "url": f"https://simulator.example/page-{n}"} for n in (1, 2)
    ]
    assert found["usage"]["prompt_tokens"] > 20_000
    assert json.loads(gigachat("ask", "Hi", "--json").out)["sources"] == []


def searched(*texts: str) -> list[bytes]:
    """The stream of an answer in these pieces, with the sources of NOTES."""
    rows = [note.split(" ") for note in NOTES.splitlines()]
    sources = {row[0][1:-1]: {"title": " ".join(row[1:-1]), "url": row[-1]} for row in rows}
    pieces = [said({"text": text}) for text in texts]
    last = said({"text": "", "inline_data": {"images": [], "sources": sources}})
    return [*pieces, last, event_of("message.done", finish_reason="stop")]


def test_at_a_terminal_the_sources_show_their_addresses(
    at_terminal: Callable[..., Terminal], simulator: Simulator
) -> None:
    sources = {
        "1": {"url": "https://one.example/a_(b)?q=x y", "title": "A *bold* [title] _x_"},
        "2": {"url": "javascript:alert(1)", "title": "Two\x1b[31m"},
    }
    simulator.stream_bytes = [
        said({"text": "New [sources=[1]] and *old* [sources=[2]]."}),
        said({"text": "", "inline_data": {"sources": sources}}),
        event_of("message.done", finish_reason="stop"),
    ]
    for environment in ({}, {"TERM_PROGRAM": "ghostty"}):
        running = at_terminal("ask", "What is new?", "--web", environment=environment)
        assert running.ended() == 0
        assert running.filled_lines[-3:] == [
            "New [1] and old [2].",
            "[1] A *bold* [title] _x_ https://one.example/a_(b)?q=x%20y",
            "[2] Two javascript:alert(1)",
        ]
        clickable = b"\x1b]8;;https://one.example/a_%28b%29?q=x%20y" in running.raw
        assert clickable is bool(environment)
        assert b"]8;;javascript" not in running.raw
        assert b"\x1b[31m" not in running.raw


@pytest.mark.parametrize(
    "environment", [{}, {"TERM_PROGRAM": "WezTerm", "TERM_PROGRAM_VERSION": "20240203-110809-5046fc22"}]
)
def test_a_long_address_of_a_source_is_sent_in_one_piece(
    at_terminal: Callable[..., Terminal], simulator: Simulator, environment: dict[str, str]
) -> None:
    address = "https://one.example/" + "/".join(f"part-{number}" for number in range(20))
    simulator.stream_bytes = [
        said({"text": "New [sources=[1]]."}),
        said({"text": "", "inline_data": {"sources": {"1": {"url": address, "title": "A title"}}}}),
        event_of("message.done", finish_reason="stop"),
    ]
    running = at_terminal("ask", "What is new?", "--web", environment=environment, columns=60)
    assert running.ended() == 0
    seen = re.sub(r"\x1b(?:\[[0-9;?]*[a-zA-Z]|\]8;;[^\x1b]*\x1b\\)", "", running.text).replace("\r", "")
    assert seen.endswith(f"[1] A title\n{address}\n")
    assert "".join(running.filled_lines[-4:]).endswith(address)


def test_at_a_terminal_without_markdown_the_sources_are_lines(
    at_terminal: Callable[..., Terminal], simulator: Simulator
) -> None:
    simulator.stream_bytes = searched("New [sources=[1]].")
    running = at_terminal("ask", "What is new?", "--web", "--raw")
    assert running.ended() == 0
    assert running.filled_lines[-3:] == ["New [1].", *NOTES.splitlines()]


def test_at_a_terminal_the_progress_of_a_tool_stands_beside_the_spinner(
    at_terminal: Callable[..., Terminal], simulator: Simulator
) -> None:
    simulator.pace = 0.4
    running = at_terminal("ask", "What is new?", "--web", "--raw")
    running.wait_for_bytes(b" web_search, in progress, ")
    assert running.ended() == 0
    assert not any("progress" in line for line in running.filled_lines)


def test_markdown_in_a_pipe_has_the_sources_once(gigachat: Program, simulator: Simulator) -> None:
    out = gigachat("ask", "What is new?", "--web", "--output", "markdown").out
    assert out.count("https://simulator.example/page-1") == 1
    assert "Simulated page 2" in out.splitlines()[-1]


def test_extracted_code_comes_without_sources(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "See [sources=[1]]:\n```sh\nls\n```"
    assert gigachat("ask", "How?", "--web", "--extract").out == "ls\n"


def test_an_answer_that_is_cut_has_its_text_and_says_so(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    simulator.stream_bytes = [said({"text": "one [sources=[1]] two [sou"})]
    result = gigachat("ask", "What is new?", "--web")
    assert (result.out, result.code) == ("one [1] two [sou\n", 4)
    assert "cut before its end" in result.err
    rules.hold(result)


def test_the_history_keeps_the_sources_and_goes_on_in_either_version(gigachat: Program, simulator: Simulator) -> None:
    simulator.stream_bytes = searched("New [sources=[1]].")
    shown = gigachat("ask", "What is new?", "--web").out
    (session,) = json.loads(gigachat("history", "list", "--json").out)
    assert "[2] Simulated page 2 https://simulator.example/page-2" in gigachat("history", "show", session["id"]).out
    simulator.stream_bytes = None
    assert gigachat("ask", "And then?", "--continue").code == 0
    body: Any = simulator.calls("chat")[-1].json
    assert body["messages"][1] == {"role": "assistant", "content": shown}
    assert gigachat("ask", "And?", "--continue", "--web", "--system", "Be brief.").code == 0
    body = simulator.calls("chat")[-1].json
    assert [each["role"] for each in body["messages"]] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert body["messages"][2]["content"] == [{"text": shown}]


def test_functions_of_ours_and_tools_of_the_service_go_together(
    gigachat: Program, simulator: Simulator, tmp_path: Any
) -> None:
    file = tmp_path / "made.py"
    file.write_text('def weather(city: str) -> dict:\n    """Tell the weather."""\n    return {"city": city}\n')
    simulator.plan = [("weather", {"city": "Пермь"}), "Cold."]
    result = gigachat("ask", "How is it?", "--web", "--functions", str(file), "--approve", "all")
    assert (result.out, result.code) == ("Cold.\n", 0)
    first, last = (request.json for request in simulator.calls("chat"))
    assert [next(iter(tool)) for tool in first["tools"]] == ["web_search", "functions"]
    assert first["tool_config"] == {"mode": "auto"}
    assert last["messages"][-1]["content"] == [{"function_result": {"name": "weather", "result": '{"city": "Пермь"}'}}]


def test_a_picture_of_v2_is_saved_like_any_other(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("ask", "Draw a cat", "--tool", "image_generate", "--json")
    (saved,) = json.loads(result.out)["files"]
    assert saved["type"] == "image/jpeg"
    assert Path(saved["path"]).read_bytes().startswith(b"\xff\xd8")
    assert saved["path"] in json.loads(result.out)["answer"]


def test_each_tool_is_asked_for_once(gigachat: Program, simulator: Simulator) -> None:
    words = [
        "--web",
        "--tool",
        "url_content_extraction",
        "--tool",
        "web_search",
        "-o",
        'tools=[{"web_search":{"type":"x"}}]',
    ]
    assert gigachat("ask", "See https://simulator.example/", *words).code == 0
    assert sent(simulator)["tools"] == [{"web_search": {"type": "x"}}, {"url_content_extraction": {}}]


@pytest.mark.parametrize(
    ("tool", "code", "said_", "hint"),
    [
        ("web_serch", "unknown_tool", "does not know the tool web_serch (HTTP 404)", "Did you mean web_search?"),
        (
            "code_interpreter",
            "unavailable_tool",
            "code_interpreter is not available to this account (HTTP 422)",
            "scope",
        ),
    ],
)
@WHOLE_AND_STREAMED
def test_a_tool_that_is_refused_is_named(
    gigachat: Program,
    simulator: Simulator,
    rules: Rules,
    tool: str,
    code: str,
    said_: str,
    hint: str,
    way: tuple[str, ...],
) -> None:
    result = gigachat("ask", "Hi", "--tool", tool, *way)
    assert (result.out, result.code) == ("", 1)
    assert said_ in result.err
    assert hint in result.err
    rules.hold(result)
    assert json.loads(gigachat("ask", "Hi", "--tool", tool, "--json", *way).err)["error"]["code"] == code
    assert len(simulator.calls("chat")) == 2


def test_an_account_of_another_scope_has_the_code_interpreter(gigachat: Program, simulator: Simulator) -> None:
    environment = {"GIGACHAT_CREDENTIALS": key_for("GIGACHAT_API_B2B"), "GIGACHAT_SCOPE": "GIGACHAT_API_B2B"}
    assert gigachat("ask", "Compute", "--tool", "code_interpreter", environment=environment).code == 0


def test_an_address_of_another_form_has_no_tools(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("ask", "Hi", "--web", "--base-url", f"{simulator.base_url}/gateway", "-m", "GigaChat-2")
    assert (result.code, simulator.calls("chat")) == (2, [])
    assert "does not end in a version" in result.err


@pytest.mark.parametrize("fault", ["429", "500"])
def test_a_failure_that_may_pass_is_repeated_there_too(gigachat: Program, simulator: Simulator, fault: str) -> None:
    simulator.faults.add(fault)
    simulator.answer = "At last."
    assert gigachat("ask", "Hi", "--web").out.startswith("At last.\n")
    assert len(simulator.calls("chat")) == 2


# Reasoning


@pytest.mark.parametrize("effort", ["low", "medium", "high"])
def test_reasoning_is_a_field_of_v1_and_an_option_of_the_second(
    gigachat: Program, simulator: Simulator, effort: str
) -> None:
    assert gigachat("ask", "Hi", "--reasoning", effort).code == 0
    assert gigachat("ask", "Hi", "--reasoning", effort, "--web").code == 0
    first, second = (request.json for request in simulator.calls("chat"))
    assert first["reasoning_effort"] == effort
    assert second["model_options"] == {"reasoning": {"effort": effort}}


def test_an_effort_that_is_none_is_a_usage_error(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    result = gigachat("ask", "Hi", "--reasoning", "hihg")
    assert result.code == 2
    assert "low, medium or high" in result.err
    assert "Did you mean high?" in result.err
    assert not simulator.requests
    rules.hold(result)


@pytest.mark.parametrize("web", [(), ("--web",)], ids=["v1", "v2"])
def test_thoughts_are_dim_at_a_terminal_and_absent_in_a_pipe(
    gigachat: Program, at_terminal: Callable[..., Terminal], simulator: Simulator, web: tuple[str, ...]
) -> None:
    simulator.answer = "Forty-two."
    piped = gigachat("ask", "Why?", "--reasoning", "high", *web)
    assert piped.out.startswith("Forty-two.\n")
    assert piped.err == ""
    running = at_terminal("ask", "Why?", "--reasoning", "high", "--raw", *web)
    assert running.ended() == 0
    assert b"\x1b[2m" in running.raw
    lines = running.filled_lines
    assert lines.index("Forty-two.") > 0


def test_a_plain_question_loads_none_of_it(gigachat: Program, simulator: Simulator) -> None:
    environment = {"PYTHONPROFILEIMPORTTIME": "1"}
    plain = gigachat("ask", "Hi", "--option", "flags=[]", environment=environment)
    assert plain.code == 0
    own = ("chat_v2", "citations", "conversation.schema", "service_tools", "jsonschema", "referencing")
    assert [name for name in own if name in plain.err] == []
    searched = gigachat("ask", "Hi", "--web", environment=environment)
    assert [name for name in own if name in searched.err] == ["chat_v2", "citations", "service_tools"]
