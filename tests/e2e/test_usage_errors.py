"""A command line that cannot be understood: what is wrong with it and the next step, in the form that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from ..conftest import Program
from .conftest import AtTerminal

CASES = [
    (["aks", "hi"], "No such command 'aks'. Did you mean 'ask'?", "; see 'gigachat --help'."),
    (["frobnicate"], "No such command 'frobnicate'.", "; see 'gigachat --help'."),
    (["--modle"], "There is no option --modle.", "; see 'gigachat --help'."),
    (["ask", "--modle", "x", "hi"], "There is no option --modle.", "Did you mean --model? See 'gigachat ask --help'."),
    (
        ["ask", "--zzz", "hi"],
        "There is no option --zzz.",
        "Put -- before words that begin with a dash. See 'gigachat ask --help'.",
    ),
    (["ask", "hi", "-m"], "Option '-m' requires an argument.", "See 'gigachat ask --help'."),
    (["ask", "--json=yes"], "Option '--json' does not take a value.", "See 'gigachat ask --help'."),
    (["auth"], "Missing command.", "  There are login, status, logout; see 'gigachat auth --help'."),
    (["auth", "logni"], "No such command 'logni'. Did you mean 'login'?", "; see 'gigachat auth --help'."),
    (["history"], "Missing command.", "; see 'gigachat history --help'."),
    (["config", "get"], "Missing argument 'SETTING'.", "See 'gigachat config get --help'."),
    (["models", "extra"], "Got unexpected extra argument(s) (extra).", "See 'gigachat models --help'."),
    (["ask", "hi", "--output", "jso"], "--output must be one of text, markdown, json", "Did you mean json?"),
]


@pytest.mark.parametrize(("words", "message", "hint"), CASES, ids=[" ".join(words) for words, _, _ in CASES])
def test_a_usage_error_is_2_with_the_next_step(gigachat: Program, words: list[str], message: str, hint: str) -> None:
    result = gigachat(*words)
    assert (result.out, result.code) == ("", 2)
    told, next_step = result.err.splitlines()
    assert told.startswith(f"gigachat: {message}")
    assert next_step.endswith(hint)


def test_even_a_bad_command_line_keeps_the_form_that_was_asked_for(gigachat: Program) -> None:
    for words in (["--json"], ["--output", "stream-json"], ["--output=json"]):
        result = gigachat("ask", "hi", *words, "--zzz")
        problem = json.loads(result.err)["error"]
        assert (problem["code"], problem["status"], result.code) == ("usage", None, 2)
    assert gigachat("ask", "--zzz", "--", "--json").err.startswith("gigachat: There is no option --zzz.\n")


def test_debug_as_a_word_is_a_word(gigachat: Program) -> None:
    result = gigachat("ask", "--zzz", "--", "--debug")
    assert "Traceback" not in result.err


def test_nothing_at_all_is_the_help_on_stderr(gigachat: Program, at_terminal: Callable[..., AtTerminal]) -> None:
    result = gigachat()
    assert (result.out, result.code) == ("", 2)
    assert result.err == gigachat("--help").out
    screen = at_terminal(rows=60)
    assert screen.finish() == 0
    assert any("gigachat ask 'Why is the sky blue?'" in line for line in screen.lines())
