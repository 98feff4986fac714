"""Next steps are true for the front end that shows them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gigachat_cli import ways
from gigachat_cli.cli.app import build
from gigachat_cli.cli.ways import ways_of
from gigachat_cli.repl.commands import COMMANDS, WAYS
from gigachat_cli.settings import declarations

from .conftest import ROOT

PACKAGE = ROOT / "gigachat_cli"
SHARED = ("engine", "conversation", "sessions", "render", "tools")
"""Rooms whose errors several front ends show."""

WAY = re.compile("‹([a-z_]+)›")
ONLY_OF_THEIR_OWN = {
    "conversation/functions.py": {"--approve", "--function-timeout", "--max-rounds"},  # what these flags may be
    "conversation/prompt.py": {"--editor", "--no-stdin", "--system"},
    "conversation/saving.py": {"--force"},
    "conversation/schema.py": {"--max-tokens", "--schema", "--schema-retries"},
    "conversation/schema_notation.py": {"--schema"},
    "render/answers.py": {"--force"},
    "sessions/migrations.py": {"--json"},  # the description of the tables
}
"""Flags in texts that only commands which have them can meet."""


def _modules() -> Iterator[Path]:
    for room in SHARED:
        yield from sorted((PACKAGE / room).rglob("*.py"))
    yield PACKAGE / "known_models.py"
    yield PACKAGE / "named_files.py"


MARKS = sorted({mark for module in PACKAGE.rglob("*.py") for mark in WAY.findall(module.read_text(encoding="utf-8"))})


@pytest.fixture(autouse=True)
def library() -> Iterator[None]:
    yield
    ways.use(lambda: ways.LIBRARY)


def test_a_sentence_without_its_way_is_left_out() -> None:
    ways.use(lambda: {"model": "/model NAME"})
    hint = "Ask ‹model› instead. ‹go_on› goes on with it. Or wait."
    assert ways.worded(hint) == "Ask /model NAME instead. Or wait."
    assert ways.worded("Nothing. ‹go_on› goes on.") == "Nothing."
    assert ways.worded("As in: {x} [y]. 'a. b'") == "As in: {x} [y]. 'a. b'"


@pytest.mark.parametrize("module", list(_modules()), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_shared_rooms_name_no_flag(module: Path) -> None:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    docs = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
    texts = [
        re.sub(r"gigachat [^']*", "", str(each.value))  # a command with its own flags is true anywhere
        for each in ast.walk(tree)
        if isinstance(each, ast.Constant) and isinstance(each.value, str) and id(each) not in docs
    ]
    named = {flag for text in texts for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)}
    assert named == ONLY_OF_THEIR_OWN.get(module.relative_to(PACKAGE).as_posix(), set())


def _commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", {})
    if not children:
        yield path, command
    for name, child in children.items():
        yield from _commands(child, (*path, name))


TREE = typer.main.get_command(build())


@pytest.mark.parametrize(
    ("path", "command"), list(_commands(TREE)), ids=lambda each: "-".join(each) if isinstance(each, tuple) else ""
)
def test_a_command_names_flags_that_it_has(path: tuple[str, ...], command: Any) -> None:
    has = {flag for each in command.params for flag in each.opts}
    for name, called in ways_of(TREE, path).items():
        if called.startswith("-"):
            assert called in has
        elif called.startswith("'gigachat config set"):
            assert name in declarations()
    assert ("go_on" in ways_of(TREE, path)) == (path == ("ask",))


def test_a_batch_without_its_subcommand_has_the_ways_of_run() -> None:
    assert ways_of(TREE, ["batch", "in.jsonl"])["max_tokens"] == "--max-tokens"
    assert ways_of(TREE, ["image", "A cat"])["max_tokens"] == "'gigachat config set max_tokens VALUE'"


def test_an_unrecorded_answer_cannot_be_gone_on_with() -> None:
    assert "go_on" not in ways_of(TREE, ["ask", "-n", "hi"])
    assert "go_on" in ways_of(TREE, ["ask", "hi"])


@pytest.mark.parametrize("name", MARKS)
def test_every_way_is_known_somewhere(name: str) -> None:
    known = {each for path, _ in _commands(TREE) for each in ways_of(TREE, path)} | WAYS.keys()
    assert name in known


def test_the_chat_names_slash_commands_that_there_are() -> None:
    for called in WAYS.values():
        if called.startswith("/"):
            assert called[1:].split()[0] in COMMANDS
