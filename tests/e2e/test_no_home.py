"""A user id that the machine knows no name and no home of, as in a container; and a working folder that is gone."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gigachat_cli.paths import _stand_in
from gigachat_cli.simulator import Simulator

from ..conftest import ROOT, Program, Result

UNKNOWN = 54321  # a user id without an entry


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, simulator: Simulator) -> Iterator[Path]:
    """A process of a user without HOME and without an entry; the place of its temporary files."""

    def unknown(uid: int) -> object:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    for name in ("HOME", "GIGACHAT_CONFIG_DIR", "GIGACHAT_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    _stand_in.cache_clear()
    yield temporary
    _stand_in.cache_clear()


@pytest.fixture
def run_here(capfd: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    from gigachat_cli.__main__ import run

    def call(*words: str) -> Result:
        capfd.readouterr()
        code = run(words)
        out, err = capfd.readouterr()
        return Result(code, out, err, out.encode())

    return call


def test_everything_is_kept_among_the_temporary_files_and_private(
    nobody: Path, run_here: Callable[..., Result], tmp_path: Path
) -> None:
    for words in (
        ("ask", "hi"),
        ("ask", "-c", "and"),
        ("history", "list"),
        ("config", "set", "timeout", "30"),
        ("config", "show"),
        ("models",),
        ("auth", "status"),
    ):
        result = run_here(*words)
        assert result.code == 0, words
        told = f"gigachat: There is no home folder: settings and history are in {nobody}/gigachat-{os.geteuid()}. "
        assert result.err == f"{told}GIGACHAT_CONFIG_DIR and GIGACHAT_DATA_DIR name lasting ones.\n", words
    assert run_here("ask", "-q", "hi").err == ""
    (folder,) = nobody.iterdir()
    assert folder.name == f"gigachat-{os.geteuid()}"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / "config" / "config.toml").is_file()
    assert (folder / "data" / "history.db").is_file()
    assert not (tmp_path / "~").exists()


def test_doctor_says_that_there_is_no_home(nobody: Path, run_here: Callable[..., Result]) -> None:
    line = next(line for line in run_here("doctor").out.splitlines() if "home folder" in line)
    assert line.startswith("warning\thome folder\tthere is none: ")
    assert "GIGACHAT_CONFIG_DIR" in line


def test_named_folders_are_all_that_is_used(
    nobody: Path, run_here: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GIGACHAT_CONFIG_DIR", str(tmp_path / "c"))
    monkeypatch.setenv("GIGACHAT_DATA_DIR", str(tmp_path / "d"))
    assert run_here("ask", "hi").err == ""
    assert run_here("ask", "-c", "and").code == 0
    assert "home folder" not in run_here("doctor").out
    assert (tmp_path / "d" / "history.db").is_file()
    assert list(nobody.iterdir()) == []


@pytest.mark.parametrize(
    "words", [("-s", "@~/none"), ("-a", "~/none"), ("--schema", "~/none"), ("-s", "@~nobody-here/x")]
)
def test_a_tilde_is_told_as_a_path_that_is_not_there(
    words: tuple[str, str], nobody: Path, run_here: Callable[..., Result]
) -> None:
    result = run_here("ask", *words, "hi")
    assert result.code == 2
    assert "could not be read: No such file or directory" in result.err


def test_a_folder_that_somebody_else_could_have_put_there_is_not_used(
    nobody: Path, run_here: Callable[..., Result]
) -> None:
    theirs = nobody / f"gigachat-{os.geteuid()}"
    theirs.mkdir()
    theirs.chmod(0o777)
    assert run_here("ask", "hi").code == 0
    assert list(theirs.iterdir()) == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("setpriv") is None, reason="wants another user id"
)
def test_a_real_user_without_an_entry_asks_and_goes_on(simulator: Simulator) -> None:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o777)  # the other user's
        authority = Path(place, "ca.pem")
        shutil.copy(simulator.environment["GIGACHAT_CA_BUNDLE_FILE"], authority)
        authority.chmod(0o644)
        known = {name: simulator.environment[name] for name in simulator.environment if "_DIR" not in name}
        environment = {
            **known,
            "GIGACHAT_CA_BUNDLE_FILE": str(authority),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "TMPDIR": place,
            "LANG": "C.UTF-8",
        }
        user = ["setpriv", "--reuid", str(UNKNOWN), "--regid", str(UNKNOWN), "--clear-groups"]
        for words in (("ask", "hi"), ("ask", "-c", "and"), ("config", "path")):
            done = subprocess.run(
                [*user, sys.executable, "-B", "-m", "gigachat_cli", *words],
                env=environment, cwd=place, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20,
            )  # fmt: skip
            if "can't open" in done.stderr or "No module named" in done.stderr or "Permission denied" in done.stderr:
                pytest.skip("the interpreter or the checkout is closed to other users")
            assert (done.returncode, done.stderr.count("\n")) == (0, 1), words
            assert f"settings and history are in {place}/gigachat-{UNKNOWN}" in done.stderr
        assert done.stdout == f"{place}/gigachat-{UNKNOWN}/config/config.toml\n"


@pytest.mark.parametrize(
    "words",
    [("ask", "hi"), ("ask", "-a", "a.txt", "hi"), ("ask", "-O", "x", "hi"), ("models",), ("config", "show"),
     ("history", "list"), ("batch", "in.jsonl"), ("ask", "--functions", "f.py", "hi"), ("image", "a cat")],
    ids=lambda words: "-".join(words[:3]),
)  # fmt: skip
def test_a_working_folder_that_is_gone_is_no_mistake_of_the_program(
    words: tuple[str, ...], simulator: Simulator, gigachat: Program, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    line = f'cd "{gone}" && rmdir "{gone}" && exec {" ".join(gigachat.arguments)} {" ".join(words)}'
    done = subprocess.run(
        ["/bin/sh", "-c", line], env=gigachat.environment(), capture_output=True, text=True, timeout=20,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert "mistake" not in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode in (0, 1, 2, 6)
