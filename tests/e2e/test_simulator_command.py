"""`gigachat simulator`: export lines that a shell takes, a command's exit code, faults and certificates."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..conftest import Program, Result
from .conftest import ended


@contextmanager
def served(gigachat: Program, *words: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A simulator that serves, and the lines that it printed."""
    running = gigachat.start("simulator", "--pace", "0", *words)
    assert running.stdout is not None
    lines = []
    try:
        while line := running.stdout.readline():
            lines.append(line.decode())
            if line.startswith(b"export NO_PROXY") or len(lines) > 30:
                break
        yield running, "".join(lines)
    finally:
        if running.poll() is None:
            running.kill()
        running.communicate()


def inside(gigachat: Program, line: str, *words: str) -> Result:
    """Run a line of shell, in which $GIGACHAT is the program, with a simulator around it."""
    program = shlex.join(gigachat.arguments)
    return gigachat("simulator", "--pace", "0", *words, "--", "sh", "-c", line, environment={"GIGACHAT": program})


def test_its_lines_are_for_eval_and_ctrl_c_ends_it(gigachat: Program) -> None:
    with served(gigachat) as (running, lines):
        assert "GIGACHAT_BASE_URL=" in lines
        script = f'eval "$1"; {shlex.join(gigachat.arguments)} ask hi'
        done = subprocess.run(
            ["sh", "-c", script, "sh", lines], env=gigachat.environment(), capture_output=True, timeout=20
        )
        assert (done.stderr, done.returncode) == (b"", 0)
        assert b"simulated" in done.stdout
        running.send_signal(signal.SIGINT)
        result = ended(running)
        assert (result.err, result.code) == ("", 0)


def test_a_command_runs_against_it_with_its_own_exit_code(gigachat: Program) -> None:
    result = inside(gigachat, "$GIGACHAT ask hi && exit 7")
    assert (result.err, result.code) == ("", 7)
    assert "simulated" in result.out
    assert inside(gigachat, "kill -TERM $$").code == 143


def test_a_command_that_is_not_there_is_127(gigachat: Program) -> None:
    result = gigachat("simulator", "--", "no-such-command")
    assert (result.out, result.code) == ("", 127)
    assert result.err == "gigachat: no-such-command: command not found\n"


def test_faults_happen_on_demand(gigachat: Program) -> None:
    line = "for n in 1 2 3; do $GIGACHAT ask hi --json --max-retries 0 >/dev/null; done"
    result = inside(gigachat, line, "--fault", "402", "--fault", "cut:after=1,how=reset")
    assert [json.loads(each)["error"]["code"] for each in result.err.splitlines()] == ["tokens_used_up", "cut"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--fault", "999"], "There is no fault '999'"),
        (["--fault", "429:wait=1"], "fault 429 knows no 'wait'"),
        (["--scope", "GIGACHAT"], "unknown scope 'GIGACHAT'"),
        (["--certificate", "forged"], "forged"),
        (["--answer", "missing.md"], "missing.md could not be read"),
        (["--port", "99999"], "99999"),
    ],
)
def test_what_it_does_not_know_is_a_usage_error(gigachat: Program, words: list[str], told: str) -> None:
    result = gigachat("simulator", *words)
    assert (result.out, result.code) == ("", 2)
    assert told in result.err
    assert "Traceback" not in result.err
    assert result.err.count("\n") <= 2


def test_a_port_that_is_taken_is_told(gigachat: Program) -> None:
    with served(gigachat) as (_, lines):
        port = lines.partition("https://127.0.0.1:")[2].partition("/")[0]
        result = gigachat("simulator", "--port", port)
        assert (result.out, result.code) == ("", 2)
        assert "could not start" in result.err
        assert "--port" in result.err


@pytest.mark.parametrize("kind", ["expired", "other-host", "other-authority"])
def test_a_bad_certificate_is_on_offer(gigachat: Program, kind: str) -> None:
    result = inside(gigachat, "$GIGACHAT ask hi --json --max-retries 0", "--certificate", kind)
    assert result.code == 4
    assert json.loads(result.err)["error"]["code"] == "tls"


def test_without_its_library_it_says_what_to_install(gigachat: Program, home: Path) -> None:
    (home / "sitecustomize.py").write_text("import sys\nsys.modules['trustme'] = None\n")
    path = f"{home}{os.pathsep}{gigachat.environment()['PYTHONPATH']}"
    result = gigachat("simulator", environment={"PYTHONPATH": path})
    assert (result.out, result.code) == ("", 2)
    assert "pip install 'gigachat-terminal[simulator]'" in result.err
