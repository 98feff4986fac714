from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigachat_cli import paths
from gigachat_cli.simulator import Options, Simulator

from .conftest import ROOT, Program, use

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes mean nothing there")


@pytest.fixture(autouse=True)
def wide_umask() -> Iterator[None]:
    """Nothing is left to the umask: whatever is private is so by the mode that it was created with."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


AUDIT = """
import builtins, io, json, os, sys
log = []
def wrapped(module, name, note):
    kept = getattr(module, name)
    def call(*given, **named):
        note(*given, **named)
        return kept(*given, **named)
    setattr(module, name, call)
def opened(path, flags, mode=0o777, **named):
    if flags & os.O_CREAT:
        log.append(("open", os.fspath(path), mode))
def buffered(path, mode="r", *given, **named):
    if not isinstance(path, int) and set(mode) & set("wax+"):
        log.append(("open", os.fspath(path), 0o666))
wrapped(os, "open", opened)
wrapped(builtins, "open", buffered)
wrapped(io, "open", buffered)
wrapped(os, "mkdir", lambda path, mode=0o777, **named: log.append(("mkdir", os.fspath(path), mode)))
os.umask(0)
from gigachat_cli.__main__ import run
code = run(sys.argv[2:])
with os.fdopen(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
    json.dump([code, log[:-1]], file)
"""


def audited(home: Path, *words: str, stdin: str = "") -> list[tuple[str, str, int]]:
    """What a run of the program created below the test's home: how, where, and with which mode."""
    log = home.parent / "log.json"
    log.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", AUDIT, str(log), *words],
        input=stdin,
        capture_output=True,
        text=True,
        env=Program.environment(),
        cwd=ROOT,
        timeout=30,
    )
    code, created = json.loads(log.read_text())
    assert code == 0, done.stderr
    return [(how, path, mode) for how, path, mode in created if path.startswith(str(home))]


def test_all_that_is_created_is_private_from_its_first_moment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    created = []
    with Simulator(Options()) as simulator:
        use(simulator, home, monkeypatch)
        deep = home / "a" / "b"
        monkeypatch.setenv("GIGACHAT_CONFIG_DIR", str(deep / "config"))
        monkeypatch.setenv("GIGACHAT_DATA_DIR", str(deep / "data"))
        monkeypatch.delenv("GIGACHAT_CREDENTIALS")
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        created += audited(home, "config", "set", "timeout", "30")
        created += audited(home, "auth", "login", stdin=simulator.credentials)
        created += audited(home, "ask", "hi")
        created += audited(home, "models")
    # The certificate is written where a host of GigaChat is asked for, which no test does.
    paths.write_private(paths.root_certificate_file(), b"")
    found = {Path(path).name.split(".")[0] or Path(path).name.split(".")[1] for _, path, _ in created}
    assert found >= {"config", "a", "b", "locks", "token-cache", "token", "credentials", "login", "models"}, found
    for how, path, asked in created:
        assert asked == (0o700 if how == "mkdir" else 0o600), f"{how} {path} {asked:o}"
    for there in [deep.parent, *deep.parent.rglob("*")]:
        assert mode(there) == (0o700 if there.is_dir() else 0o600), there


def test_the_audit_sees_a_mode_that_is_too_loose(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIGACHAT_CONFIG_DIR", str(home / "config"))
    assert ("mkdir", str(home / "config"), 0o700) in audited(home, "config", "set", "timeout", "30")
    loosened = AUDIT.replace(
        "from gigachat_cli.__main__",
        "from gigachat_cli import paths; paths.FILE_MODE = 0o644\nfrom gigachat_cli.__main__",
    )
    log = home.parent / "loose.json"
    subprocess.run(
        [sys.executable, "-c", loosened, str(log), "config", "set", "timeout", "31"],
        env=Program.environment(),
        cwd=ROOT,
        check=True,
        timeout=30,
    )
    assert 0o644 in {mode for _, _, mode in json.loads(log.read_text())[1]}


def test_looser_modes_that_are_found_are_repaired(simulator: Simulator, gigachat: Program) -> None:
    assert gigachat("config", "set", "timeout", "30").code == 0
    assert gigachat("ask", "hi").code == 0
    config = paths.config_dir()
    for path in [config, *config.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    assert gigachat("ask", "hi").code == 0
    for path in [config, paths.config_file(), paths.token_file(), paths.locks_dir()]:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path
    used = [path for path in paths.locks_dir().iterdir() if path.name.startswith("slot-")]
    assert [mode(path) for path in used] == [0o600]


def test_a_folder_on_the_way_to_the_home_folder_is_never_closed(home: Path) -> None:
    home.chmod(0o755)
    home.parent.chmod(0o755)
    paths.write_private(home / "file", b"x")
    assert mode(home) == 0o755
    assert mode(home.parent) == 0o755
    assert mode(home / "file") == 0o600


def test_a_shared_folder_is_left_shared(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    paths.write_private(shared / "file", b"x")
    assert mode(shared) == 0o777 | 0o1000
    assert mode(shared / "file") == 0o600


def test_a_linked_config_file_stays_a_link(home: Path, gigachat: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIGACHAT_CONFIG_DIR", str(home / "config"))
    kept = home / "dotfiles" / "gigachat.toml"
    kept.parent.mkdir()
    kept.write_text("# kept\ntimeout = 5\n")
    paths.config_file().parent.mkdir()
    paths.config_file().symlink_to(kept)
    assert gigachat("config", "set", "model", "GigaChat-2").code == 0
    assert paths.config_file().is_symlink()
    assert kept.read_text() == '# kept\ntimeout = 5\nmodel = "GigaChat-2"\n'
    assert mode(kept) == 0o600
    assert os.listdir(kept.parent) == ["gigachat.toml"]


def test_a_write_that_fails_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "folder" / "file"
    paths.write_private(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        paths.write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(path.parent) == ["file"]


def test_a_reader_sees_the_old_content_or_the_new(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    paths.write_private(path, b"old" * 1000)
    with path.open("rb") as reader:
        paths.write_private(path, b"new" * 1000)
        assert reader.read() == b"old" * 1000
    assert path.read_bytes() == b"new" * 1000


def test_what_is_not_there_is_none_and_what_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert paths.read_private(tmp_path / "none") is None
    assert paths.read_private(tmp_path / "file" / "below") is None
    with pytest.raises(IsADirectoryError):
        paths.read_private(tmp_path)


def test_folders_are_the_platforms_unless_they_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "linux":
        assert paths.config_dir() == home / ".config" / "gigachat"
        assert paths.data_dir() == home / ".local" / "share" / "gigachat"
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
        assert paths.config_dir() == home / "xdg" / "gigachat"
    monkeypatch.setenv("GIGACHAT_CONFIG_DIR", "~/mine")
    monkeypatch.setenv("GIGACHAT_DATA_DIR", " ")
    assert paths.config_dir() == home / "mine"
    assert paths.data_dir() != home / "mine"


def test_what_is_private_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(mode=0o600)
    assert paths.is_private(path)
    for loose in (0o640, 0o604, 0o601):
        path.chmod(loose)
        assert not paths.is_private(path)


def test_the_mode_of_a_device_that_was_named_is_left_alone(tmp_path: Path) -> None:
    """As root, closing /dev/null would close it for the whole machine."""
    terminal, slave = os.openpty()
    os.fchmod(slave, 0o666)
    named = tmp_path / "folder"
    named.symlink_to(os.ttyname(slave))
    with pytest.raises(NotADirectoryError):
        paths.open_private(named / "file", os.O_RDWR | os.O_CREAT)
    paths.make_private_folder(named)
    assert stat.S_IMODE(os.fstat(slave).st_mode) == 0o666
    os.close(terminal)
    os.close(slave)
