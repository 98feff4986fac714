"""Which lines are commands, and what is made of their registry."""

from __future__ import annotations

import pytest

from gigachat_cli.errors import UsageError
from gigachat_cli.repl.chat import open_fence
from gigachat_cli.repl.commands import COMMANDS, find, leaves, question_of, reference

WANTED = (
    "help quit model system set retry continue undo edit fork session sessions rename search history copy usage "
    "clear compact export info multiline attach functions web tool reasoning"
)


def test_registry_holds_every_command_with_a_short_help() -> None:
    assert set(COMMANDS) == set(WANTED.split())
    for each in COMMANDS.values():
        assert 8 <= len(each.help) <= 25, each.name
        assert each.help[-1].isalnum(), each.name
        assert len(f"  {each.usage}") <= 28, each.name


def test_reference_is_a_table_of_all_commands() -> None:
    lines = reference().splitlines()
    assert lines[:2] == ["| Command | Does |", "|---|---|"]
    assert len(lines) == 2 + len(COMMANDS)
    assert all(line.replace("\\|", "").count("|") == 3 for line in lines)


@pytest.mark.parametrize(
    ("line", "name", "argument"),
    [
        ("/help", "help", ""),
        ("  /Model  GigaChat-2 ", "model", "GigaChat-2"),
        (".set temperature 1", "set", "temperature 1"),
        ("/system be\nbrief", "system", "be\nbrief"),
    ],
)
def test_line_that_calls_a_command(line: str, name: str, argument: str) -> None:
    found = find(line)
    assert found is not None
    assert (found[0].name, found[1]) == (name, argument)


@pytest.mark.parametrize("line", ["hello", "//help", "// note", ".NET or Java?", ".", "...", "a /help", ""])
def test_line_that_is_a_question(line: str) -> None:
    assert find(line) is None


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [("/modle", "Did you mean /model?"), ("/etc/hosts is?", "/help lists them."), ("/", "/help")],
)
def test_unknown_command_is_a_usage_error(line: str, suggestion: str) -> None:
    with pytest.raises(UsageError) as refused:
        find(line)
    assert refused.value.hint is not None
    assert suggestion in refused.value.hint
    assert "//" in refused.value.hint


@pytest.mark.parametrize(
    ("line", "sent"),
    [
        ("//etc/hosts", "/etc/hosts"),
        ("// comment", "// comment"),
        ("//", "//"),
        ("\n  code\n", "  code"),
        ("a//b", "a//b"),
    ],
)
def test_two_slashes_stand_for_one(line: str, sent: str) -> None:
    assert question_of(line) == sent


def test_good_bye_in_every_form() -> None:
    assert all(leaves(each) for each in ("exit", "quit", " QUIT ", "/quit", "/exit", ".quit", "/q"))
    assert not any(leaves(each) for each in ("exit now", "quit?", "", "q"))


@pytest.mark.parametrize(
    ("text", "fence"),
    [
        ("words", ""),
        ("```python\nx = 1", "```python\n"),
        ("```\nx\n```\nend", ""),
        ("````\n```\ninner", "````\n"),
        ("~~~\n```\n", "~~~\n"),
        ("a\n\n```js\nx\n```\n```sh\ny", "```sh\n"),
    ],
)
def test_code_block_in_which_a_text_breaks_off(text: str, fence: str) -> None:
    assert open_fence(text) == fence
