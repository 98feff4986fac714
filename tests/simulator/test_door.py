"""The door: light to open, honest about what is missing, and apart from the rest of the package."""

from __future__ import annotations

import ast
import base64
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import gigachat_cli.simulator
from gigachat_cli.simulator import MODELS, SCOPES, Options, Simulator, key_for

from .calling import Caller

ROOT = Path(__file__).parents[2]


def python(script: str) -> str:
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_options_and_faults_load_nothing_heavy() -> None:
    script = """
import sys
from gigachat_cli.simulator import FAULTS, Options, parse_fault
Options(faults=(parse_fault("cut:after=2"),))
heavy = {"asyncio", "aiohttp", "trustme", "cryptography", "ssl", "subprocess"}
print(sorted(heavy & set(sys.modules)))
"""
    assert python(script) == "[]\n"


def test_missing_library_is_told_in_the_line_that_installs_it() -> None:
    script = """
import sys
sys.modules["trustme"] = None
from gigachat_cli.simulator import LibraryMissing, Options, run_command
try:
    run_command(["true"], Options())
except LibraryMissing as error:
    print(error)
"""
    assert python(script) == "pip install 'gigachat-terminal[simulator]'\n"


def test_simulator_imports_nothing_of_the_client() -> None:
    folder = Path(gigachat_cli.simulator.__file__).parent
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                package = ["gigachat_cli", "simulator", *file.relative_to(folder).parts[:-1]]
                above = package[: len(package) - node.level + 1] if node.level else []
                names = [".".join(filter(None, [*above, node.module]))]
            ours = [name for name in names if name.split(".")[0] == "gigachat_cli"]
            assert all(name.startswith("gigachat_cli.simulator") for name in ours), (file, ours)


def test_every_name_of_the_door_opens() -> None:
    for name in gigachat_cli.simulator.__all__:
        assert getattr(gigachat_cli.simulator, name) is not None
    with pytest.raises(AttributeError):
        _ = gigachat_cli.simulator.no_such_name  # type: ignore[attr-defined]


@pytest.mark.parametrize("wrong", [{"scope": "GIGACHAT_API_ALL"}, {"chunks": 0}, {"pace": -1}])
def test_wrong_options_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Options(**wrong)


def test_ready_keys_are_plainly_made_up_and_one_for_each_scope() -> None:
    decoded = [base64.b64decode(key_for(scope)).decode() for scope in SCOPES]
    assert all(text.startswith("00000000-0000-4000-8000-") and len(text) == 73 for text in decoded)
    assert len(set(decoded)) == len(SCOPES)


def test_model_list_has_every_type() -> None:
    assert {model.type for model in MODELS} == {"chat", "embedder", "aicheck", "filter"}


def test_temporary_folder_is_private_and_goes_away() -> None:
    with Simulator(require_client_certificate=True) as simulator:
        folder = simulator.ca_file.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(simulator.client_key_file.stat().st_mode) == 0o600
    assert not folder.exists()


def test_failure_of_the_simulator_itself_is_raised_at_the_end(caller: Caller, simulator: Simulator) -> None:
    simulator.answer = [b"not text"]  # type: ignore[list-item]  # the defect to be noticed
    assert caller.chat().status_code == 500
    with pytest.raises(TypeError):
        simulator.__exit__(None, None, None)
    simulator.failures.clear()


def test_waiting_for_a_request_that_does_not_come_ends(simulator: Simulator) -> None:
    with pytest.raises(TimeoutError, match="0 of 1"):
        simulator.wait_for(1, "chat", timeout=0.05)


def test_pace_is_kept_between_chunks(caller: Caller, simulator: Simulator) -> None:
    simulator.answer, simulator.pace = ["a"] * 5, 0.05
    arrivals = []
    with caller.open_chat() as response:
        for _ in response.iter_raw():
            arrivals.append(time.monotonic())
    assert len(arrivals) >= 5
    assert arrivals[-1] - arrivals[0] >= 0.2


def test_two_simulators_live_side_by_side() -> None:
    with Simulator(answer="one") as first, Simulator(answer="two") as second:
        assert first.base_url != second.base_url
        assert first.ca_file != second.ca_file
