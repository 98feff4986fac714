"""`/web`, `/tool` and `/reasoning`: what is sent afterwards, and what a person sees."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gigachat_cli.simulator import Simulator

from ..terminal import Chat


def last(simulator: Simulator) -> dict[str, Any]:
    found: dict[str, Any] = simulator.calls("chat")[-1].json
    return found


def test_a_search_is_switched_on_and_off(chat: Callable[..., Chat], simulator: Simulator) -> None:
    evening = chat(environment={"KITTY_WINDOW_ID": "1"})
    evening.wait_for_prompt()
    evening.ask("/web")
    assert "The model may search the web." in evening.said
    evening.wait_for("· web_search")  # the toolbar, which is drawn after the prompt
    evening.ask("What is new?")
    assert last(simulator)["tools"] == [{"web_search": {}}]
    assert "the first agrees[1]" in evening.said
    assert evening.said.rstrip().endswith("[2] Simulated page 2 https://simulator.example/page-2")
    assert b"\x1b]8;;https://simulator.example/page-2" in evening.raw
    evening.ask("/web off")
    evening.ask("And now?")
    # API v1 again, and the sources went with the answer that they belong to.
    assert simulator.calls("chat")[-1].path == "/v1/chat/completions"
    assert "tools" not in last(simulator)
    assert last(simulator)["messages"][1]["content"].endswith("[2] Simulated page 2 https://simulator.example/page-2\n")
    evening.ask("/web sideways")
    assert "/web is on or off, not sideways." in evening.said
    assert evening.leave() == 0


def test_tools_are_listed_used_and_dropped(chat: Callable[..., Chat], simulator: Simulator) -> None:
    simulator.answer = "Answered."
    evening = chat("--web", "--tool", "url_content_extraction", "--reasoning", "low")
    evening.wait_for_prompt()
    evening.ask("/tool")
    assert "in use: web_search, url_content_extraction" in " ".join(evening.said.split())
    evening.ask("/tool web_search off")
    evening.ask("See https://simulator.example/")
    assert last(simulator)["tools"] == [{"url_content_extraction": {}}]
    assert last(simulator)["model_options"] == {"reasoning": {"effort": "low"}}
    evening.ask("/tool off")
    assert "No tool of the service: web_search," in evening.said
    evening.ask("Hi")
    assert "tools" not in last(simulator)
    assert last(simulator)["reasoning_effort"] == "low"
    evening.ask("/tool a b c")
    assert "A tool's name is one word." in evening.said


def test_a_tool_that_is_refused_leaves_the_chat_alive(chat: Callable[..., Chat], simulator: Simulator) -> None:
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("/tool web_serch")
    evening.ask("Hi")
    assert "does not know the tool web_serch" in " ".join(evening.said.split())
    assert "Did you mean web_search?" in evening.said
    evening.ask("/tool web_serch off")
    simulator.answer = "Alive."
    evening.ask("Hi")
    assert "Alive." in evening.said


def test_reasoning_is_set_shown_and_left_to_the_service(chat: Callable[..., Chat], simulator: Simulator) -> None:
    simulator.answer = "Answered."
    evening = chat()
    evening.wait_for_prompt()
    evening.ask("/reasoning")
    assert "Reasoning is left to the service." in evening.said
    evening.ask("/reasoning hihg")
    assert "Did you mean high?" in evening.said
    evening.ask("/reasoning high")
    assert "Reasoning: high" in evening.said
    evening.ask("Why?")
    assert last(simulator)["reasoning_effort"] == "high"
    assert b"\x1b[2m" in evening.raw
    evening.ask("/reasoning off")
    evening.ask("Why?")
    assert "reasoning_effort" not in last(simulator)
