"""A command line that cannot be understood: what is wrong with it and the next step, in the form that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..terminal import Terminal

CASES = [
    (["aks", "hi"], "There is no command 'aks'.", "  Did you mean 'gigachat ask'?"),
    (["frobnicate"], "There is no command 'frobnicate'.", "  To ask the model: gigachat ask 'frobnicate'"),
    (["hi", "there"], "There is no command 'hi'.", "  To ask the model: gigachat ask 'hi there'"),
    (["hi, there?"], "There is no command 'hi, there?'.", "  To ask the model: gigachat ask 'hi, there?'"),
    (["What's", "up?"], "There is no command 'What's'.", """  To ask the model: gigachat ask "What's up?\""""),
    (["Привет", "-m", "GigaChat"], "There is no command 'Привет'.", "gigachat ask 'Привет' -m GigaChat"),
    (["Whats", "up"], "There is no command 'Whats'.", "  To ask the model: gigachat ask 'Whats up'"),
    (["cht", "--continue"], "There is no command 'cht'.", "  Did you mean 'gigachat chat'?"),
    (["config", "shwo"], "There is no command 'shwo'.", "  Did you mean 'gigachat config show'?"),
    (["config", "zzz"], "There is no command 'zzz'.", "; see 'gigachat config --help'."),
    (["--modle"], "There is no option --modle.", "; see 'gigachat --help'."),
    (["ask", "--modle", "x", "hi"], "There is no option --modle.", "  Did you mean --model?"),
    (
        ["ask", "--zzz", "hi"],
        "There is no option --zzz.",
        "Put -- before words that begin with a dash. See 'gigachat ask --help'.",
    ),
    (["ask", "hi", "-m"], "Option '-m' requires an argument.", "See 'gigachat ask --help'."),
    (["ask", "--json=yes"], "Option '--json' does not take a value.", "See 'gigachat ask --help'."),
    (["auth", "logni"], "There is no command 'logni'.", "  Did you mean 'gigachat auth login'?"),
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


def test_nothing_at_all_is_the_help_on_stderr(gigachat: Program, at_terminal: Callable[..., Terminal]) -> None:
    result = gigachat()
    assert (result.out, result.code) == ("", 2)
    assert result.err == gigachat("--help").out
    screen = at_terminal(rows=60)
    assert screen.ended() == 0
    assert any("gigachat ask 'Why is the sky blue?'" in line for line in screen.filled_lines)


@pytest.mark.parametrize("group", ["auth", "batch", "config", "files", "functions", "history"])
def test_a_group_alone_shows_what_there_is(gigachat: Program, at_terminal: Callable[..., Terminal], group: str) -> None:
    piped = gigachat(group)
    assert (piped.out, piped.code) == ("", 2)
    assert piped.err == gigachat(group, "--help").out
    screen = at_terminal(group, rows=100)
    assert screen.ended() == 0
    assert screen.text.replace("\r", "").replace("\x1b[1m", "").replace("\x1b[0m", "").endswith(f"\n{piped.err}")


def test_a_group_alone_shows_todays_values(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    assert gigachat("ask", "Why is the sky blue?").code == 0
    for group, value in (
        ("config", "GIGACHAT_BASE_URL"),
        ("auth", "GIGACHAT_CREDENTIALS"),
        ("history", "Why is the sky blue?"),
    ):
        screen = at_terminal(group, rows=100, columns=120)
        assert screen.ended() == 0
        assert value in screen.text[: screen.text.index("Usage")], group


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("ask --no-color hi", "NO_COLOR=1"),
        ("models --colour", "NO_COLOR=1"),
        ("ask --insecure hi", "ca_bundle_file"),
        ("ask --cacert x hi", "ca_bundle_file"),
        ("ask --search hi", "--web lets"),
        ("ask --code hi", "--extract prints"),
        ("batch run --lenght 3 x", "--max-tokens"),
        ("ask --temprature 1 hi", "Did you mean --temperature?"),
        ("models --jsno", "Did you mean --json?"),
        ("ask --wbe hi", "Did you mean --web?"),
        ("-V", "gigachat --version"),
        ("login", "Did you mean 'gigachat auth login'?"),
        ("Export x", "Did you mean 'gigachat history export'?"),
        ("help ask", "Did you mean 'gigachat --help'?"),
        ("chta", "Did you mean 'gigachat chat'?"),
        ("qustion", "To ask the model: gigachat ask 'qustion'"),
        ("search the web for cats", "To ask the model: gigachat ask 'search the web for cats'"),
    ],
)
def test_words_of_other_programs_lead_to_ours(gigachat: Program, line: str, hint: str) -> None:
    done = gigachat(*line.split())
    assert done.code == 2
    assert hint in done.err


@pytest.mark.parametrize(
    "line", ["ask --vi hi", "models --search", "chat --image", "ask --no-stream=x --zzz hi", "chat --usual"]
)
def test_what_is_far_from_all_is_led_nowhere(gigachat: Program, line: str) -> None:
    done = gigachat(*line.split())
    assert done.code == 2
    assert "Did you mean" not in done.err
    assert "--web" not in done.err
