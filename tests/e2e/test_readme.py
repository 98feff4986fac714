"""The commands of README do what it says, as printed, in every shell that is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import ROOT, Program

SHELLS = {"bash": ["bash", "--norc", "-c"], "zsh": ["zsh", "-f", "-c"], "fish": ["fish", "--no-config", "-c"]}
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [line.removeprefix("$ ") for block in BLOCKS for line in block.splitlines()]
PROOFS = re.findall(r"^\| [^|]+ \| `([^|]+)` \| (.+), exit code (\d) \|$", README, re.MULTILINE)
ELSEWHERE = (
    "make ",
    "pipx ",
    "uv ",
    "python3 -m pip ",
    "gigachat auth login",
    "gigachat chat",
    "gigachat simulator -- ",
    "gigachat simulator --f",
)
"""What installs, what wants a terminal, and what wants a script of the reader's own."""


def test_no_command_needs_more_than_a_line_or_holds_a_comment() -> None:
    assert len(COMMANDS) > 15
    for command in COMMANDS:
        assert " #" not in command  # which zsh takes for words, at a prompt


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_work_as_printed(shell: str, gigachat: Program, simulator: Simulator, home: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    place = installed(home, gigachat)
    (home / "cat.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(60))
    (home / "tools.py").write_text('def now() -> str:\n    """The time."""\n    return "12:00"\n')
    (home / "prompts.jsonl").write_text('"one"\n"two"\n')
    for name in ("What is this", "Why is the sky blue", "yesterday?"):  # what a bare question mark would find
        (home / f"{name[-9:]}x").touch()
    environment = gigachat.environment(None)
    environment["PATH"] = f"{place}:{environment.get('PATH', '/usr/bin:/bin')}"
    for command in COMMANDS:
        if command.startswith(ELSEWHERE):
            continue
        text = {"--schema": '{"name": "Ada", "age": 36}', " -x ": "```sh\nwc -l *.py\n```\n"}
        simulator.answer = next((answer for part, answer in text.items() if part in command), "An answer about sunset.")
        if "gigachat image" in command:
            simulator.answer = None
        done = subprocess.run(
            [*SHELLS[shell], command],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 0, (command, done.stderr)
        if " ask " in command:
            question = re.findall("'([^']*)'", command)[-1]
            assert question in simulator.calls("chat")[-1].body.decode()


@pytest.mark.parametrize(("command", "seen", "code"), PROOFS, ids=[seen for _, seen, _ in PROOFS])
def test_each_line_of_the_table_is_true(command: str, seen: str, code: str, gigachat: Program, home: Path) -> None:
    environment = gigachat.environment(None)
    environment["PATH"] = f"{installed(home, gigachat)}:{environment.get('PATH', '/usr/bin:/bin')}"
    (home / "prompts.jsonl").write_text('"one"\n"two"\n')
    (home / ".env").write_text("NAME=value\n")
    done = subprocess.run(
        ["bash", "--norc", "-c", command],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=30,
    )
    assert done.returncode == int(code), done.stdout
    for text in re.findall("`([^`]+)`", seen):
        assert text in done.stdout


def test_the_table_and_the_pictures_are_there() -> None:
    assert len(PROOFS) == 8
    pictures = re.findall(r"!\[[^]]+\]\((docs/pictures/[^)]+)\)", README)
    assert len(pictures) == 3
    assert all((ROOT / each).is_file() for each in pictures)


def test_the_names_that_are_installed_are_the_projects_own() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = set(re.findall(r"^\$ .*install ([a-z-]{3,})$", README, re.MULTILINE))
    assert named == {project["name"]}
    for extras in re.findall(r"install '[^']*\[([a-z,]+)\]'", README):
        assert set(extras.split(",")) <= set(project["optional-dependencies"])


def installed(home: Path, gigachat: Program) -> Path:
    """A folder for PATH with the program in it."""
    place = home / "bin"
    place.mkdir()
    (place / "gigachat").write_text(f'#!/bin/sh\nexec {" ".join(gigachat.arguments)} "$@"\n')
    (place / "gigachat").chmod(0o755)
    return place


def test_completion_is_where_zsh_finds_it_and_the_first_tab_completes(home: Path, gigachat: Program) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    (home / ".zfunc").mkdir()
    (home / ".zfunc" / "_gigachat").write_text(gigachat("completion", "zsh").out)
    # What zsh does at the first Tab: the file is the body of the function, and runs as such.
    script = (
        'fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit -u; gigachat() { print "print COMPLETED" }; '
        "env() { print 'print COMPLETED' }; words=(gigachat a); CURRENT=2; _gigachat"
    )
    done = subprocess.run(
        ["zsh", "-f", "-c", script], env=gigachat.environment(None), capture_output=True, text=True, timeout=30
    )
    assert "COMPLETED" in done.stdout, done.stderr
