"""A pipe, a device, a socket or a folder where a file should be: told at once, in a sentence, and never waited for."""

from __future__ import annotations

import os
import pty
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program, Result
from .conftest import Rules

KINDS = ("pipe", "device", "socket", "folder")
SAID = {
    "pipe": ("it is a pipe",),
    "device": ("it is a device",),
    "socket": ("it is a socket", "No such device or address"),
    "folder": ("Is a directory", "is a folder"),
}
FUNCTIONS = 'def add(number: int) -> int:\n    """Add one."""\n    return number + 1\n'

Put = Callable[[Path, str], Path]


@pytest.fixture
def put(home: Path) -> Iterator[Put]:
    """Put something of a kind in the place of a file."""
    terminal, slave = pty.openpty()  # a device that no regression can harm

    def put(path: Path, kind: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            path.symlink_to(os.ttyname(slave))
        elif kind == "socket":
            before = os.getcwd()
            os.chdir(path.parent)  # a socket's path may have 107 bytes
            try:
                with socket.socket(socket.AF_UNIX) as bound:
                    bound.bind(path.name)
            finally:
                os.chdir(before)
        else:
            path.mkdir()
        return path

    yield put
    for descriptor in (terminal, slave):
        os.close(descriptor)


def told(result: Result, kind: str, path: Path, rules: Rules) -> None:
    rules.hold(result)
    assert "mistake" not in result.err
    assert any(said in result.err for said in SAID[kind]), result.err
    assert path.name in result.err
    assert os.path.lexists(path)  # and it is left as it was


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", ["token.json", "locks/token-cache.lock", "history.db", "history.lock", "history.db-wal"]
)
def test_a_file_of_ours_that_is_none_costs_a_line_and_no_answer(
    name: str, kind: str, put: Put, home: Path, gigachat: Program, simulator: Simulator, rules: Rules
) -> None:
    if (name, kind) == ("history.db-wal", "folder"):
        return  # SQLite's own fault, and told in its own words
    path = put(home / ("data" if name.startswith("history") else "config") / name, kind)
    result = gigachat("ask", "hi", timeout=8)
    assert result.code == 0
    assert "simulated answer" in result.out
    told(result, kind, path, rules)
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["config.toml", "credentials", "login.json"])
def test_a_setting_or_key_that_is_no_file_is_a_config_error(
    name: str, kind: str, put: Put, home: Path, gigachat: Program, simulator: Simulator, rules: Rules
) -> None:
    path = put(home / "config" / name, kind)
    result = gigachat("ask", "hi", environment={"GIGACHAT_CREDENTIALS": None}, timeout=8)
    assert (result.out, result.code) == ("", 2)
    told(result, kind, path, rules)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("variable", ["GIGACHAT_CA_BUNDLE_FILE", "GIGACHAT_CERT_FILE"])
def test_a_certificate_that_is_no_file_is_a_config_error(
    variable: str, kind: str, put: Put, home: Path, gigachat: Program, simulator: Simulator, rules: Rules
) -> None:
    path = put(home / "odd.pem", kind)
    result = gigachat("ask", "hi", environment={variable: str(path)}, timeout=8)
    assert (result.out, result.code) == ("", 2)
    told(result, kind, path, rules)


@pytest.mark.parametrize(
    "words",
    [
        ("ask", "-s", "@ODD", "hi"),
        ("ask", "--schema", "ODD", "hi"),
        ("ask", "--functions", "ODD", "hi"),
        ("ask", "-O", "ODD", "--force", "hi"),
        ("image", "a cat", "-O", "ODD", "--force"),
        ("batch", "ODD"),
        ("batch", "-", "--template", "@ODD"),
        ("tokens", "-f", "ODD"),
        ("embed", "-f", "ODD"),
    ],
    ids=lambda words: "-".join(words).replace("ODD", ""),
)
@pytest.mark.parametrize("kind", ["device", "socket", "folder"])
def test_a_named_file_that_is_none_is_a_usage_error(
    words: tuple[str, ...], kind: str, put: Put, home: Path, gigachat: Program, simulator: Simulator, rules: Rules
) -> None:
    path = put(home / "odd.json", kind)
    if kind == "device" and words[0] == "ask" and "-O" in words:
        return  # a device may be written to
    result = gigachat(*(word.replace("ODD", str(path)) for word in words), stdin='"a"\n', timeout=8)
    assert (result.out, result.code) == ("", 2), result.err
    told(result, kind, path, rules)
    assert not simulator.calls("chat")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ask", "-s", "@ODD", "hi"), "it is a pipe that nobody writes to"),
        (("ask", "--functions", "ODD", "hi"), "it is a pipe, not a file"),
        (("ask", "-a", "ODD", "hi"), "is no file"),
        (("ask", "-O", "ODD", "--force", "hi"), "it is a pipe that nobody reads from"),
        (("image", "a cat", "-O", "ODD", "--force"), "it is a pipe, not a file"),
        (("batch", "ODD"), "it is a pipe that nobody writes to"),
        (("batch", "-", "-O", "ODD"), "it is a pipe that nobody reads from"),
        (("embed", "-f", "ODD"), "it is a pipe that nobody writes to"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "-".join(value).replace("ODD", ""),
)
def test_a_named_pipe_with_nobody_at_its_other_end_is_told(
    words: tuple[str, ...], said: str, put: Put, home: Path, gigachat: Program, simulator: Simulator, rules: Rules
) -> None:
    path = put(home / "pipe", "pipe")
    result = gigachat(*(word.replace("ODD", str(path)) for word in words), stdin='"a"\n', timeout=8)
    rules.hold(result)
    assert result.out == ""
    assert result.code in (1, 2)
    assert said in result.err
    assert not simulator.calls("chat")  # nothing was paid for


def in_bash(line: str, gigachat: Program, environment: Mapping[str, str | None] | None = None) -> Result:
    """Run a line of bash, in which $gigachat is the program."""
    done = subprocess.run(
        ["bash", "-c", line.replace("$gigachat", " ".join(gigachat.arguments))],
        capture_output=True,
        env=gigachat.environment(environment),
        cwd=os.environ["HOME"],
        timeout=20,
        stdin=subprocess.DEVNULL,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode(), done.stdout)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("$gigachat tokens -f <(echo one two three)", "3\t13"),
        ("$gigachat tokens -f <(sleep 0.2; echo one two three)", "3\t13"),
        ("$gigachat tokens -f <(:) --json", '"tokens": 0'),
        ("$gigachat ask --dry-run -s @<(printf 'be brief') hi", '"content": "be brief"'),
        ("""$gigachat ask --dry-run --schema <(echo '{"type": "object"}') hi""", '"json_schema"'),
        ('$gigachat batch <(printf \'"a"\\n"b"\\n\') --dry-run', ""),
        ("mkfifo f; (sleep 0.2; echo four words in here > f) & $gigachat tokens -f f", "4\t18"),
        ("$gigachat ask hi --force -O >(sed s/simulated/SEEN/) | cat", "SEEN"),
        ("$gigachat ask hi --force -O /dev/null", ""),
        ("$gigachat batch /dev/null", ""),
        ("echo two words | $gigachat tokens -f /dev/stdin", "2\t9"),
    ],
    ids=range(11),
)
def test_pipes_that_a_shell_makes_work_where_a_person_names_a_file(
    line: str, wanted: str, gigachat: Program, simulator: Simulator
) -> None:
    result = in_bash(line, gigachat)
    assert result.code == 0, result.err
    assert wanted in result.out


@pytest.mark.parametrize("words", [("ask",), ("batch", "-"), ("tokens",), ("embed",)])
def test_stdin_that_has_no_end_is_told(
    words: tuple[str, ...], gigachat: Program, simulator: Simulator, rules: Rules
) -> None:
    with open("/dev/zero", "rb") as zero:
        began = time.monotonic()
        with gigachat.start(*words, stdin=zero) as running:
            out, err = running.communicate(timeout=10)
    assert (out, running.returncode) == (b"", 2)
    assert b"it is a device" in err
    assert time.monotonic() - began < 5


def test_a_symbolic_link_to_a_device_never_costs_the_device(put: Put, home: Path, gigachat: Program) -> None:
    """As root a renaming over it would take the device away from the whole machine."""
    config = home / "config" / "config.toml"
    put(config, "device")
    device = config.resolve()
    result = gigachat("config", "set", "timeout", "5", environment={"GIGACHAT_CONFIG_DIR": str(config.parent)})
    assert result.code == 2
    assert "it is a device" in result.err
    assert device.is_char_device()
    assert config.is_symlink()
    assert [each.name for each in config.parent.iterdir()] == ["config.toml"]


def test_what_the_chat_remembers_of_typed_lines_may_be_no_file(
    put: Put, home: Path, gigachat: Program, simulator: Simulator, rules: Rules
) -> None:
    from gigachat_cli.messages import Notice
    from gigachat_cli.repl.input_history import InputHistory

    path = put(home / "data" / "input_history", "pipe")
    notices: list[Notice] = []
    history = InputHistory(path, notices.append)
    assert history.newest_first() == []
    with suppress(OSError):
        history.add("typed")
    assert [notice.text for notice in notices] == [f"{path} could not be used: it is a pipe, not a file."]
