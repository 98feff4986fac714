"""The help of every command: it fits, no word is broken, every option stands once, and its examples work."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from gigachat_cli.cli.app import build
from gigachat_cli.cli.helping import HelpPage, command_lines, lines, page
from gigachat_cli.cli.lessons import LESSONS
from gigachat_cli.commands import HEADINGS, NAME
from gigachat_cli.settings import declarations
from gigachat_cli.simulator import FAULTS, Simulator
from gigachat_cli.simulator.faults import _DETAILS

from ..conftest import Program


def _commands() -> Iterator[tuple[Any, Any]]:
    def below(command: Any, name: str, parent: Any) -> Iterator[tuple[Any, Any]]:
        context = command.make_context(name, [], parent=parent, resilient_parsing=True)
        yield command, context
        for inner_name, inner in getattr(command, "commands", {}).items():
            yield from below(inner, inner_name, context)

    return below(typer.main.get_command(build()), NAME, None)


COMMANDS = list(_commands())
PAGES = [page(command, context) for command, context in COMMANDS]
EXAMPLES = [example for each in PAGES for example in each.examples]
BY_PATH = {each.path: each for each in PAGES}


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.path)
def test_no_line_is_wider_than_the_terminal_and_no_word_is_broken(shown: HelpPage, width: int) -> None:
    drawn = list(lines(shown, width))
    assert [line for line in drawn if len(line) > width and len(line.split()) > 1] == []
    if width >= 60:  # a path of 51 letters has no place in 40 columns
        assert [line for line in drawn if len(line) > width] == []
    assert [line for line in drawn if line != line.rstrip()] == []
    words = [word for line in drawn for word in line.split() if word != "\\"]
    assert words == [word for line in lines(shown, 10_000) for word in line.split()]


@pytest.mark.parametrize(("command", "context"), COMMANDS, ids=list(BY_PATH))
def test_every_option_stands_in_exactly_one_group(command: Any, context: Any) -> None:
    names = [row.name for section in page(command, context).sections for row in section.rows]
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        assert names.count(record[0]) == 1, record[0]


def test_every_lesson_is_of_a_command_and_names_its_options() -> None:
    paths = {each.path.partition(" ")[2]: command for each, (command, _) in zip(PAGES, COMMANDS, strict=True)}
    for path, lesson in LESSONS.items():
        options = {name for parameter in paths[path].params for name in parameter.opts}
        assert set(lesson.first) <= options, path
        assert len(lesson.first) <= 10


def test_the_commands_stand_in_groups(gigachat: Program) -> None:
    help = gigachat("--help").out
    places = [help.index(f"\n{title}:\n") for title, _ in HEADINGS]
    assert places == sorted(places)
    for names in (names for _, names in HEADINGS):
        for name in names:
            assert len(re.findall(rf"^  {name}  ", help, re.MULTILINE)) == 1


@pytest.mark.parametrize("name", ["ask", "chat", "batch", "image", "history", "config set"])
def test_examples_stand_at_the_head(gigachat: Program, name: str) -> None:
    help = gigachat(*name.split(), "--help").out
    assert 2 <= len(BY_PATH[f"gigachat {name}"].examples) <= 3
    assert help.index("\nExamples:\n") < help.index("\nOptions:\n" if "Most used" not in help else "\nMost used")


@pytest.fixture
def workshop(home: Path, gigachat: Program) -> Path:
    """A folder with what the examples name, and a `gigachat` to be found."""
    (home / "bin").mkdir()
    script = home / "bin" / "gigachat"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gigachat_cli "$@"\n')
    script.chmod(0o755)
    git = home / "bin" / "git"
    git.write_text("#!/bin/sh\necho '- old'; echo '+ new'\n")
    git.chmod(0o755)
    (home / "prompts.jsonl").write_text('"Hello"\n"Good-bye"\n')
    (home / "words.csv").write_text("word\nsky\n")
    (home / "report.pdf").write_bytes(b"%PDF-1.4\n%%EOF\n")
    return home


def _runs_here(example: str) -> bool:
    """A chat and a log-in want a person, the simulator serves until Ctrl-C."""
    return not re.match(r"gigachat (chat|auth login|simulator$|batch .*--resume)", example)


@pytest.mark.parametrize("example", [*filter(_runs_here, dict.fromkeys(EXAMPLES))])
def test_examples_work_as_printed(gigachat: Program, simulator: Simulator, workshop: Path, example: str) -> None:
    environment = gigachat.environment()
    environment["PATH"] = f"{workshop / 'bin'}:{environment.get('PATH', '/usr/bin:/bin')}"
    printed = "\n".join(command_lines(example, 38))
    done = subprocess.run(
        ["/bin/sh", "-c", printed], cwd=workshop, env=environment, capture_output=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_reads_the_examples_alike(home: Path, shell: str) -> None:
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    (home / "bin").mkdir()
    for name in ("gigachat", "git"):
        (home / "bin" / name).write_text('#!/bin/sh\n[ $0 = "${0%git}" ] || exit 0\nprintf "<%s>" "$@"; echo\n')
        (home / "bin" / name).chmod(0o755)
    examples = [*dict.fromkeys(EXAMPLES)]
    wanted = []
    for example in examples:
        words = re.findall(r"(?:'[^']*'|\S)+", example.rpartition(" | ")[2])
        wanted.append("".join(f"<{word.strip(chr(39))}>" for word in words[1:]))
    for width in (38, 200):
        text = "\n".join(line for example in examples for line in command_lines(example, width))
        environment = {"PATH": f"{home / 'bin'}:/usr/bin:/bin", "HOME": str(home), "TERM": "dumb"}
        done = subprocess.run([program, "-c", text], env=environment, cwd=home, capture_output=True, text=True)
        assert (done.stdout.splitlines(), done.stderr) == (wanted, "")


def test_the_simulators_help_lists_every_fault_with_its_keys() -> None:
    (faults,) = (section for section in BY_PATH["gigachat simulator"].sections if section.title == "Faults")
    listed = {name: row.text for row in faults.rows for name in row.name.split(", ")}
    assert set(listed) == set(FAULTS)
    for name, keys in _DETAILS.items():
        for key in keys:
            assert f"{key}=" in listed[name], (name, key)
    for key in ("at=", "times=", "skip="):
        assert key in faults.note


def test_the_help_of_config_set_lists_every_setting_with_what_it_takes() -> None:
    (settings,) = (section for section in BY_PATH["gigachat config set"].sections if section.title == "Settings")
    assert [row.name for row in settings.rows] == [name for name, each in declarations().items() if not each.secret]
    takes = {row.name: row.text.partition("Takes ")[2] for row in settings.rows}
    assert takes["temperature"] == "a number above 0."
    assert takes["log"] == "true or false."
    assert takes["theme"] == "one of auto, dark, light."
    assert takes["base_url"].startswith("an https:// address")
    assert all(takes.values())


def test_batch_is_one_tree_and_a_misspelt_command_is_told(
    gigachat: Program, simulator: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    tree = gigachat("batch", "--help").out
    for name in ("run", "status", "fetch", "list"):
        assert re.search(rf"^  {name} ", tree, re.MULTILINE)
    items = home / "items.txt"
    items.write_text("Hello\n")
    short, long = gigachat("batch", str(items)), gigachat("batch", "run", str(items))
    assert (short.code, long.code) == (0, 0)
    assert short.out.count("\n") == long.out.count("\n") == 1
    assert gigachat("batch", "--format", "text", str(items)).code == 0
    misspelt = gigachat("batch", "statsu", "1")
    assert misspelt.code == 2
    assert "Did you mean 'gigachat batch status'?" in misspelt.err
    assert "'gigachat batch run --help'" in gigachat("batch", "run").err


@pytest.mark.parametrize("name", ["run", "status", "fetch"])
def test_a_file_that_is_called_like_a_command_of_batch(
    gigachat: Program, simulator: Simulator, home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(home)
    Path(name).write_text("Hello\n")
    told = gigachat("batch", name)
    assert told.code == 2
    assert told.err.endswith(f"For the file of that name: gigachat batch ./{name}\n")
    assert gigachat("batch", f"./{name}", "--format", "text").code == 0
    assert gigachat("batch", "run", name, "--format", "text").code == 0
