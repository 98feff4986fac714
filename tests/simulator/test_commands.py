"""The two ways in which people run it: a command against it, and serving until a signal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gigachat_cli.simulator import CommandNotStarted, Options, Simulator, export_text, run_command

ROOT = Path(__file__).parents[2]
RUN = "import sys; from gigachat_cli.simulator import *; sys.exit(run_command(sys.argv[1:], Options()))"
SERVE = """
from gigachat_cli.simulator import Options, export_text, serve
print("ended by", serve(Options(), lambda simulator: print(export_text(simulator.environment), flush=True)))
"""
# Two signals that come too close together are one to the system, so what is passed on is passed on late.
RUN_LATE = f"""
import subprocess, time
send = subprocess.Popen.send_signal
subprocess.Popen.send_signal = lambda process, number: (time.sleep(0.1), send(process, number))
{RUN}"""
COUNT_INTERRUPTS = """
import signal, sys, time
caught = []
signal.signal(signal.SIGINT, lambda *_: caught.append(1))
print("ready", flush=True)
end = time.monotonic() + 10
while not caught and time.monotonic() < end:
    time.sleep(0.01)
time.sleep(0.4)
sys.exit(40 + len(caught))
"""
ASK_BY_SDK = """
from gigachat import GigaChat
with GigaChat(model="GigaChat-2") as client:
    print(client.chat("Привет").choices[0].message.content)
"""

posix_only = pytest.mark.skipif(os.name != "posix", reason="signals and terminals of POSIX")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}


def run(
    environment: dict[str, str], *command: str, stdin: str = "", python: str = RUN
) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", python, *command]
    return subprocess.run(words, env=environment, input=stdin, capture_output=True, text=True, timeout=30, check=False)


def start(environment: dict[str, str], *command: str, python: str = RUN) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", python, *command]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def leftovers(folder: Path) -> list[str]:
    return [path.name for path in folder.glob("gigachat-simulator-*")]


def test_command_gets_the_streams_and_its_exit_code_comes_back(environment: dict[str, str], tmp_path: Path) -> None:
    script = "import sys; print(sys.stdin.read().upper()); print('problem', file=sys.stderr); sys.exit(7)"
    result = run(environment, sys.executable, "-c", script, stdin="hello")
    assert (result.returncode, result.stdout, result.stderr) == (7, "HELLO\n", "problem\n")
    assert leftovers(tmp_path) == []


@posix_only
def test_command_that_dies_by_a_signal_is_128_and_its_number(environment: dict[str, str]) -> None:
    assert run(environment, "sh", "-c", "kill -TERM $$").returncode == 128 + signal.SIGTERM


def test_official_sdk_chats_with_nothing_but_the_environment(environment: dict[str, str]) -> None:
    result = run(environment, sys.executable, "-c", ASK_BY_SDK)
    assert "Это ответ симулятора" in result.stdout
    assert result.returncode == 0


def test_command_never_sees_a_real_account_or_real_folders(environment: dict[str, str], tmp_path: Path) -> None:
    real = {
        "GIGACHAT_ACCESS_TOKEN": "genuine",
        "GIGACHAT_CREDENTIALS": "genuine",
        "GIGACHAT_CONFIG_DIR": "genuine",
        "GIGACHAT_VERIFY_SSL_CERTS": "false",
        "GIGACHAT_MODEL": "GigaChat-2",
        "NO_PROXY": "intranet",
    }
    script = "import os; print(sorted((k, v) for k, v in os.environ.items() if 'GIGA' in k or 'PROXY' in k))"
    result = run({**environment, **real}, sys.executable, "-c", script)
    assert "genuine" not in result.stdout
    assert "'false'" not in result.stdout
    assert "('GIGACHAT_MODEL', 'GigaChat-2')" in result.stdout
    assert "('NO_PROXY', 'intranet,127.0.0.1,localhost')" in result.stdout
    assert f"('GIGACHAT_CONFIG_DIR', '{tmp_path}" in result.stdout


def test_command_that_cannot_be_started_has_the_shells_code(tmp_path: Path) -> None:
    with pytest.raises(CommandNotStarted, match="not found") as missing:
        run_command(["no-such-command-anywhere"], Options())
    assert missing.value.exit_code == 127
    script = tmp_path / "not-executable"
    script.write_text("")
    with pytest.raises(CommandNotStarted) as forbidden:
        run_command([str(script)], Options())
    assert forbidden.value.exit_code == 126


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_for_the_simulator_goes_to_the_command(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    with start(environment, "sh", "-c", "echo ready; exec sleep 20") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(10) == 128 + number
    assert leftovers(tmp_path) == []


@posix_only
def test_ctrl_c_on_a_terminal_reaches_the_command_once(environment: dict[str, str], tmp_path: Path) -> None:
    from ..terminal import CTRL_C, Terminal  # POSIX only

    words = [sys.executable, "-c", RUN_LATE, sys.executable, "-c", COUNT_INTERRUPTS]
    terminal = Terminal(words, environment=environment)
    try:
        terminal.wait_for("ready")
        terminal.type(CTRL_C)
        assert terminal.ended() == 41
    finally:
        terminal.close()
    assert leftovers(tmp_path) == []


@posix_only
def test_ignored_interrupt_stays_ignored_for_the_command(environment: dict[str, str]) -> None:
    script = "import signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN)"
    inner = f'"{sys.executable}" -c "$0" "{sys.executable}" -c "$1"'
    words = ["sh", "-c", f"trap '' INT; {inner}", RUN, script]
    result = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=30, check=True)
    assert result.stdout == "True\n"
    assert run(environment, sys.executable, "-c", script).stdout == "False\n"


@posix_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_ends_with_a_signal_and_leaves_nothing(
    environment: dict[str, str], tmp_path: Path, number: signal.Signals
) -> None:
    with start(environment, python=SERVE) as process:
        assert process.stdout is not None
        lines = []
        while (line := process.stdout.readline()) != "\n":
            lines.append(line)
        asked = subprocess.run(
            ["sh", "-c", f'{"".join(lines)} exec "$0" -c "$1"', sys.executable, ASK_BY_SDK],
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert "Это ответ симулятора" in asked.stdout
        assert len(leftovers(tmp_path)) == 1
        process.send_signal(number)
        out, problems = process.communicate(timeout=10)
    assert (out, problems) == (f"ended by {int(number)}\n", "")
    assert leftovers(tmp_path) == []


@posix_only
def test_export_lines_give_the_values_back_to_a_shell(environment: dict[str, str]) -> None:
    variables = {"GIGACHAT_CONFIG_DIR": "/a b/'c'/$HOME", "GIGACHAT_SCOPE": "GIGACHAT_API_PERS"}
    text = export_text(variables)
    shell = f'{text}printf \'%s|\' "$GIGACHAT_CONFIG_DIR" "$GIGACHAT_SCOPE" "$GIGACHAT_ACCESS_TOKEN"'
    given = {**environment, "GIGACHAT_ACCESS_TOKEN": "genuine"}
    result = subprocess.run(["sh", "-c", shell], env=given, capture_output=True, text=True, check=True)
    assert result.stdout == "/a b/'c'/$HOME|GIGACHAT_API_PERS||"


def test_environment_names_all_that_a_client_needs() -> None:
    with Simulator(scope="GIGACHAT_API_B2B") as simulator:
        environment = simulator.environment
    assert set(environment) - {"no_proxy"} == {
        "GIGACHAT_AUTH_URL",
        "GIGACHAT_BASE_URL",
        "GIGACHAT_CA_BUNDLE_FILE",
        "GIGACHAT_CONFIG_DIR",
        "GIGACHAT_CREDENTIALS",
        "GIGACHAT_DATA_DIR",
        "GIGACHAT_SCOPE",
        "NO_PROXY",
    }
    assert environment["GIGACHAT_SCOPE"] == "GIGACHAT_API_B2B"
    assert environment["GIGACHAT_CREDENTIALS"] == simulator.credentials
