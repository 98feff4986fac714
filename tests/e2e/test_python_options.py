"""The program under the options of Python that change what code means: it says and does the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result
from ..terminal import Chat

OPTIONS = {
    "asserts dropped": ["-O"],
    "docstrings dropped": ["-OO"],
    "warnings are errors": ["-W", "error", "-X", "dev"],
    "isolated": ["-I"],
}

SLOW = "Executing <"  # what asyncio says with -X dev of a step of over 0.1 s, as there are on a busy machine

FUNCTIONS = '''
def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: Where.
    """
    assert city, "a city is wanted"
    return "fine"
'''


def run(options: Sequence[str], *words: str, **environment: str) -> Result:
    done = subprocess.run(
        [sys.executable, *options, "-m", "gigachat_cli", *words],
        env=Program.environment(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
    )
    problems = [line for line in done.stderr.decode().splitlines(keepends=True) if not line.startswith(SLOW)]
    return Result(done.returncode, done.stdout.decode(), "".join(problems), done.stdout)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_an_option_of_python_changes_nothing(simulator: Simulator, options: list[str], gigachat: Program) -> None:
    if "-I" in options and run(options, "--version").code != 0:
        pytest.skip("an isolated Python does not find a checkout that is not installed")
    for words in (["--help"], ["ask", "--help"], ["batch", "--help"], ["ask", "hi"], ["ask", "--zzz"], ["models"]):
        assert run(options, *words) == gigachat(*words), words


@pytest.mark.parametrize("options", [{"PYTHONOPTIMIZE": "2"}, {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"}])
def test_functions_keep_their_docstrings_and_asserts(tmp_path: Path, options: dict[str, str]) -> None:
    file = tmp_path / "mine.py"
    file.write_text(FUNCTIONS)
    (described,) = json.loads(run([], "functions", "show", str(file), **options).out)
    assert described["description"] == "Tell the weather."
    assert described["parameters"]["properties"]["city"]["description"] == "Where."


def test_the_chats_help_needs_no_docstrings_in_memory(simulator: Simulator) -> None:
    shown = []
    for optimized in ("", "2"):
        chat = Chat(environment={"PYTHONOPTIMIZE": optimized}, rows=60)
        try:
            chat.wait_for_prompt()
            chat.ask("/help")
            shown.append(chat.said)
        finally:
            chat.close()
    assert shown[0] == shown[1]
    assert "/model" in shown[0]
