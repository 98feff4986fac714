"""`models`: a table for people, lines and JSON for scripts, names for completion."""

from __future__ import annotations

import json
from collections.abc import Callable

from gigachat_cli.simulator import Model, Simulator

from ..conftest import Program
from ..terminal import Terminal
from .conftest import Rules

MODELS = (Model("GigaChat"), Model("GigaChat-2"), Model("Embeddings", "embedder"), Model("Гига чат 🙂"))


def test_a_pipe_gets_one_name_a_line(gigachat: Program, simulator: Simulator) -> None:
    simulator.models = MODELS
    result = gigachat("models")
    assert (result.out, result.err, result.code) == ("GigaChat\nGigaChat-2\nГига чат 🙂\n", "", 0)
    result = gigachat("models", "--all")
    assert result.out.splitlines()[2] == "Embeddings\tembedder\tsalutedevices"


def test_json_is_one_array(gigachat: Program, simulator: Simulator) -> None:
    simulator.models = MODELS
    rows = json.loads(gigachat("models", "--all", "--json").out)
    assert rows[2] == {"id": "Embeddings", "type": "embedder", "owned_by": "salutedevices"}
    assert len(json.loads(gigachat("models", "--json").out)) == 3


def test_a_terminal_gets_a_table(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    simulator.models = MODELS
    screen = at_terminal("models", "--all")
    assert screen.ended() == 0
    assert [line.split() for line in screen.filled_lines[:2]] == [
        ["ID", "TYPE", "OWNED", "BY"],
        ["GigaChat", "chat", "salutedevices"],
    ]


def test_refusals_are_those_of_ask(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    for fault, code in (("403", 3), ("429", 5), ("503", 1), ("garbage", 1), ("html", 1), ("reset", 4)):
        simulator.faults.add(fault, at="models", times=None)
        result = gigachat("models", "--max-retries", "0", "--json")
        assert (result.out, result.code) == ("", code)
        rules.hold(result)
        assert json.loads(result.err)["error"]["message"]
        simulator.faults.clear()


def test_a_404_is_no_unknown_model_here(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("404", at="models")
    result = gigachat("models")
    assert result.err.splitlines()[1] == "  Check base_url."
    assert result.code == 1
