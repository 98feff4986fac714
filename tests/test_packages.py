"""The packages: what the wheel installs, what the sdist brings, and that each build gives the same bytes."""

from __future__ import annotations

import email
import os
import subprocess
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

from gigachat_cli import __version__

from .conftest import ROOT

SHARED = {
    "share/bash-completion/completions/gigachat": "completions/gigachat.bash",
    "share/zsh/site-functions/_gigachat": "completions/_gigachat",
    "share/fish/vendor_completions.d/gigachat.fish": "completions/gigachat.fish",
    **{f"share/man/man1/{page.name}": f"man/{page.name}" for page in ROOT.glob("man/*")},
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    return Path(built)


def test_the_wheel_installs_manual_completions_and_licence(wheel: Path) -> None:
    data = f"gigachat_terminal-{__version__}.data/data/"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        assert {name.removeprefix(data) for name in names if name.startswith(data)} == SHARED.keys()
        for name, source in SHARED.items():
            assert archive.read(data + name) == (ROOT / source).read_bytes()
    for name in (f"gigachat_terminal-{__version__}.dist-info/licenses/LICENSE", "gigachat_cli/py.typed"):
        assert name in names
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_the_metadata_names_every_python_that_is_checked(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"gigachat_terminal-{__version__}.dist-info/METADATA").decode()
    found = email.message_from_string(text)
    workflow = (ROOT / ".github" / "workflows" / "checks.yml").read_text()
    for number in range(11, 16):
        assert f"Programming Language :: Python :: 3.{number}" in (found.get_all("Classifier") or [])
        assert f'"3.{number}"' in workflow
    assert (found["License-Expression"], found["Requires-Python"]) == ("MIT", ">=3.11")
    assert set(found.get_all("Provides-Extra") or []) == {"images", "keyring", "simulator", "socks"}


@pytest.mark.parametrize("builder", [SdistBuilder, WheelBuilder])
def test_each_build_gives_the_same_bytes(
    builder: Callable[[str], SdistBuilder | WheelBuilder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    bytes_of = []
    for folder, mask in (("one", 0o022), ("two", 0o077)):
        before = os.umask(mask)
        try:
            (built,) = builder(str(ROOT)).build(directory=str(tmp_path / folder), versions=["standard"])
        finally:
            os.umask(before)
        bytes_of.append(Path(built).read_bytes())
    assert bytes_of[0] == bytes_of[1]


def test_the_sdist_has_all_that_the_repository_has(tmp_path: Path) -> None:
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(built) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("this is no repository")
    there = {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}
    assert there <= names


def test_every_dependency_has_a_lower_bound() -> None:
    """`make test-lowest` installs them; a dependency without a bound would be tried at its first release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for listed in project["optional-dependencies"].values() for each in listed]
    assert not [each for each in (*project["dependencies"], *extras) if ">=" not in each]
