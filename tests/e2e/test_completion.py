"""Completion: the four scripts, and what a shell really offers, without the network and without harm."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from gigachat_cli import paths
from gigachat_cli.messages import Answer, Message
from gigachat_cli.sessions import open_store
from gigachat_cli.simulator import Model, Simulator

from ..conftest import Program
from ..terminal import ENTER, TAB, Terminal

SHELLS = ["bash", "zsh", "fish", "powershell"]


@pytest.fixture
def program_on_path(gigachat: Program, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command `gigachat`, as an installation makes it."""
    path = home / "bin" / "gigachat"
    path.parent.mkdir()
    # The marker shows each run, so that a test knows what was asked of the program.
    path.write_text(f'#!/bin/sh\nexec {shlex.join(gigachat.arguments)} "$@"\n')
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin:/usr/local/bin")
    return path


def offered(gigachat: Program, home: Path, line: str) -> list[str]:
    """What bash offers at the end of `line`."""
    script = home / "completion.bash"
    if not script.exists():
        script.write_text(gigachat("completion", "bash").out)
    asked = f"""
        source {shlex.quote(str(script))}
        COMP_LINE={shlex.quote(line)}
        read -ra COMP_WORDS <<<"$COMP_LINE"
        [[ $COMP_LINE == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        COMP_POINT=${{#COMP_LINE}}
        function=$(complete -p gigachat | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        $function gigachat "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "-c", asked], env=gigachat.environment(), capture_output=True, text=True, timeout=20, cwd=home
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return done.stdout.split()


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_its_script(gigachat: Program, shell: str) -> None:
    result = gigachat("completion", shell)
    assert (result.err, result.code) == ("", 0)
    assert "_GIGACHAT_COMPLETE" in result.out
    assert "gigachat" in result.out
    assert result.out.endswith("\n")


def test_an_unknown_shell_is_told_the_known_ones(gigachat: Program) -> None:
    result = gigachat("completion", "tcsh")
    assert (result.out, result.code) == ("", 2)
    for shell in SHELLS:
        assert shell in result.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_valid_for_its_shell(gigachat: Program, home: Path, shell: str) -> None:
    script = home / "script"
    script.write_text(gigachat("completion", shell).out)
    program = shutil.which(shell)
    if program is None:  # not on this machine: at least it is there, and names its shell's own means
        means = {"zsh": "#compdef gigachat", "fish": "complete --command gigachat", "bash": "complete "}
        assert means[shell] in script.read_text()
        return
    assert subprocess.run([program, "-n", str(script)], capture_output=True, timeout=20).returncode == 0


@pytest.mark.usefixtures("program_on_path")
def test_bash_completes_commands_flags_and_values(gigachat: Program, home: Path) -> None:
    assert {"ask", "auth", "config", "doctor", "models"} <= set(offered(gigachat, home, "gigachat "))
    assert offered(gigachat, home, "gigachat aut") == ["auth"]
    assert offered(gigachat, home, "gigachat auth lo") == ["login", "logout"]
    assert "--max-tokens" in offered(gigachat, home, "gigachat ask --max")
    assert set(offered(gigachat, home, "gigachat ask --output json")) == {"json"}
    assert offered(gigachat, home, "gigachat ask --scope GIGACHAT_API_P") == ["GIGACHAT_API_PERS"]
    assert offered(gigachat, home, "gigachat config get temp") == ["temperature"]


@pytest.mark.usefixtures("program_on_path")
def test_model_names_come_from_the_list_that_was_seen_last(gigachat: Program, simulator: Simulator, home: Path) -> None:
    assert offered(gigachat, home, "gigachat ask -m ") == []
    harm = home / "harm"
    simulator.models = (
        Model("GigaChat-2"),
        Model("Embeddings", "embedder"),
        Model("GigaChat-3-Pro"),
        Model(f"GigaChat-$(touch {harm})"),
        Model("GigaChat-`id`"),
        Model("GigaChat\x1b[31m"),
        Model("GigaChat two words"),
    )
    assert gigachat("models").code == 0
    simulator.log.clear()
    assert offered(gigachat, home, "gigachat ask -m GigaChat-") == ["GigaChat-2", "GigaChat-3-Pro"]
    assert offered(gigachat, home, "gigachat ask --model GigaChat-3") == ["GigaChat-3-Pro"]
    assert simulator.requests == []
    assert not harm.exists()


@pytest.mark.usefixtures("program_on_path")
@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 100_000,
        '{"accounts": 1}',
        '{"accounts": {"a": {"at": "never", "models": []}}}',
        '{"accounts": {"a": {"at": 1e999, "models": [["GigaChat-8", "chat"], 5]}}}',
        '{"accounts": {"a": {"at": 1, "models": [["a b", "chat"], ["GigaChat-9", "chat"], ["E", "embedder"]]}}}',
    ],
    ids=str,
)
def test_a_broken_list_of_models_breaks_nothing(gigachat: Program, home: Path, content: str) -> None:
    folder = home / ".config" / "gigachat"
    folder.mkdir(parents=True)
    (folder / "models.json").write_text(content)
    assert offered(gigachat, home, "gigachat ask -m ") == (["GigaChat-9"] if "GigaChat-9" in content else [])


@pytest.mark.usefixtures("program_on_path")
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_sessions_are_offered_with_their_titles_and_do_no_harm(gigachat: Program, home: Path, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    do = "touch ~/harm"
    with open_store(paths.history_file()) as store:
        for name, title in [
            ("sky", "Почему небо синее?"),
            ("sea", f'\\"; {do}; \\" $({do}) `{do}` \\$({do}) it\'s: [a] {{b}} ~ | & <x>'),
        ]:
            session = store.create_session("chat", name=name)
            turn = store.begin_turn(session.id, Message("user", title))
            store.finish_turn(turn, Answer("Yes.", complete=True))
    (home / ".zfunc").mkdir()
    (home / ".zfunc" / "_gigachat").write_text(gigachat("completion", "zsh").out)
    (home / "gigachat.fish").write_text(gigachat("completion", "fish").out)
    start = {"zsh": ["zsh", "-f", "-i"], "fish": ["fish", "--no-config", "-i"]}[shell]
    begin = {
        "zsh": "fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit -u; echo READ'Y'",
        "fish": "source ~/gigachat.fish; echo READ'Y'",
    }[shell]
    terminal = Terminal(start, environment=gigachat.environment({"TERM": "xterm"}), columns=120, rows=30)
    try:
        terminal.type(begin + ENTER)
        terminal.wait_for("READY")
        terminal.type("gigachat history show s" + TAB + TAB)
        terminal.wait(lambda: "небо" in terminal.text and "touch" in terminal.text, "the titles")
        assert not (home / "harm").exists()
    finally:
        terminal.close()
