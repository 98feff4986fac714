"""What each command loads, which is what its start costs: a module in the wrong place is found without a clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program

HEAVY = {
    "keyring",
    "markdown_it",
    "prompt_toolkit",
    "pydantic",
    "pygments",
    "rich",
    "socksio",
    "stamina",
    "tenacity",
    "tomlkit",
    "trustme",
}
NETWORK = {"aiohttp", "asyncio", "ssl", "socket"}


def loaded(gigachat: Program, *words: str, code: int = 0, **environment: str) -> set[str]:
    """The modules that a run with its stdout in a pipe loads."""
    command = [sys.executable, "-X", "importtime", "-m", "gigachat_cli", *words]
    done = subprocess.run(
        command, env=gigachat.environment(environment), stdin=subprocess.DEVNULL, capture_output=True, timeout=30
    )
    assert done.returncode == code, done.stderr[-2000:]
    lines = done.stderr.decode().splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


def packages(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("gigachat_cli")}


def test_version_loads_nothing(gigachat: Program) -> None:
    modules = loaded(gigachat, "--version")
    assert ours(modules) == {"gigachat_cli"}
    assert not {"typer", "click", "re", "typing", "json", "pathlib", *HEAVY, *NETWORK} & packages(modules)


@pytest.mark.parametrize("words", [["--help"], ["ask", "--help"], ["auth", "login", "--help"], ["models", "--help"]])
def test_help_in_a_pipe_loads_no_engine_and_nothing_rich(gigachat: Program, words: list[str]) -> None:
    modules = loaded(gigachat, *words)
    assert not {"aiohttp", "asyncio", "ssl", "sqlite3", "platformdirs", *HEAVY} & packages(modules)
    assert {
        name for name in ours(modules) if name.startswith(("gigachat_cli.engine", "gigachat_cli.sessions"))
    } == set()


def test_a_usage_error_loads_no_engine(gigachat: Program) -> None:
    modules = loaded(gigachat, "ask", "hi", "--zzz", code=2)
    assert not {"aiohttp", "sqlite3", *HEAVY} & packages(modules)


def test_an_answer_in_a_pipe_with_a_cached_token_loads_nothing_heavy(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "hi").code == 0
    modules = loaded(gigachat, "ask", "hi")
    assert simulator.oauth_calls == 1
    assert not HEAVY & packages(modules)
    assert "aiohttp" in modules
    assert not {"filelock", "tomllib", "getpass", "gigachat_cli.repl", "gigachat_cli.doctor"} & modules
    assert "gigachat_cli.engine.tunnels" not in modules
    assert not {name for name in modules if name.startswith("gigachat_cli.simulator.")} & {
        f"gigachat_cli.simulator.{name}" for name in ("server", "thread", "authority", "command")
    }


def test_a_plain_answer_loads_nothing_of_files_and_pictures(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "hi").code == 0
    rooms = {"attachments", "generated", "kinds", "saving"}
    others = {"engine.api.files", "engine.uploads", "render.pictures", "cli.files", "commands.files", "cli.image"}
    modules = loaded(gigachat, "ask", "hi")
    assert not {f"gigachat_cli.{each}" for each in [*(f"conversation.{room}" for room in rooms), *others]} & modules
    assert "PIL" not in packages(modules)
    assert "gigachat_cli.conversation.watching" in modules


def test_an_answer_without_history_needs_no_database(gigachat: Program, simulator: Simulator) -> None:
    assert gigachat("ask", "hi").code == 0
    assert "sqlite3" not in packages(loaded(gigachat, "ask", "hi", "--no-log"))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize("line", ["gigachat ask -m ", "gigachat history "])
def test_completion_asks_no_network_and_loads_nothing_rich(gigachat: Program, shell: str, line: str) -> None:
    modules = loaded(
        gigachat,
        _GIGACHAT_COMPLETE=f"complete_{shell}",
        COMP_WORDS=line,
        COMP_CWORD=str(line.count(" ")),
        _TYPER_COMPLETE_ARGS=line,
        _TYPER_COMPLETE_FISH_ACTION="get-args",
    )
    assert not {"aiohttp", "asyncio", "ssl", "sqlite3", *HEAVY} & packages(modules)


@pytest.mark.parametrize("words", [["config", "path"], ["config", "show"], ["completion", "bash"]])
def test_commands_that_need_no_service_load_no_engine(gigachat: Program, words: list[str]) -> None:
    modules = loaded(gigachat, *words)
    assert not {"aiohttp", "sqlite3", *HEAVY} & packages(modules)


def test_the_console_script_is_the_module(gigachat: Program) -> None:
    script = [sys.executable, "-c", "from gigachat_cli.__main__ import main; main()"]
    for words in (["--version"], ["--help"], ["ask", "--zzz"]):
        done = subprocess.run([*script, *words], env=gigachat.environment(), capture_output=True, timeout=20)
        module = gigachat(*words)
        assert (done.stdout, done.stderr, done.returncode) == (module.raw, module.err.encode(), module.code)
    assert gigachat("--version").out.startswith("gigachat ")
