"""Many prompts: items a second beside a bare aiohttp loop, and the processor's time beside the official SDK."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from .pairs import Row, show

HERE = Path(__file__).parent
PYTHON = sys.executable
GIGACHAT = str(Path(PYTHON).with_name("gigachat"))
ITEMS = 2000
CONCURRENCY = 10
LEAST_THROUGHPUT = 0.85


def run(*, pairs: int, items: int = ITEMS) -> bool:
    """Measure and print; whether every limit was kept."""
    with tempfile.TemporaryDirectory() as folder, _simulator() as environment:
        source, target = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        prompts = [json.dumps({"id": number, "prompt": f"Question {number}"}) for number in range(items)]
        source.write_text("".join(f"{prompt}\n" for prompt in prompts))
        ours = [GIGACHAT, "batch", str(source), "-O", str(target), "--force", "--concurrency", str(CONCURRENCY)]
        rest = [str(source), str(target), str(CONCURRENCY)]
        bare = [PYTHON, str(HERE / "floors" / "batch_aiohttp.py"), *rest]
        sdk = [PYTHON, str(HERE / "floors" / "batch_sdk.py"), *rest]
        for command in (ours, bare, sdk):
            _measured(command, environment, target, items)
        runs = [[_measured(command, environment, target, items) for command in (ours, bare, sdk)] for _ in range(pairs)]
    seconds = [[wall for wall, _ in each] for each in runs]
    processor = [[cpu for _, cpu in each] for each in runs]
    title = (
        f"Batch: {items} items, {CONCURRENCY} at once, seconds an item ({1 / LEAST_THROUGHPUT:.2f} is 0.85 × the rate)"
    )
    rows = [
        _row("gigachat batch : bare aiohttp loop", seconds, 1, items, limit=1 / LEAST_THROUGHPUT),
        _row("gigachat batch : official SDK", seconds, 2, items, limit=None),
        _row("processor, : bare aiohttp loop", processor, 1, items, limit=None),
        _row("processor, : official SDK", processor, 2, items, limit=1.0),
    ]
    return show(title, rows)


def _row(name: str, runs: Sequence[Sequence[float]], other: int, items: int, *, limit: float | None) -> Row:
    return Row(
        name,
        statistics.median(each[0] for each in runs) / items,
        statistics.median(each[other] for each in runs) / items,
        statistics.median(each[0] / each[other] for each in runs),
        limit,
    )


def _measured(command: Sequence[str], environment: dict[str, str], target: Path, items: int) -> tuple[float, float]:
    """Seconds of the clock and of the processor, of a run that made a row of each item."""
    target.unlink(missing_ok=True)
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    rows = len(target.read_bytes().splitlines()) if target.exists() else 0
    if process.returncode != 0 or rows != items:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode} and {rows} rows")
    return took, used.ru_utime + used.ru_stime


@contextmanager
def _simulator() -> Iterator[dict[str, str]]:
    """The environment of a simulator in a process of its own: a business account, and an access token."""
    command = [GIGACHAT, "simulator", "--pace", "0", "--scope", "GIGACHAT_API_B2B", "--", PYTHON, "-c", _REPORT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        environment: dict[str, str] = json.loads(process.stdout.readline())
        try:
            subprocess.run(
                [GIGACHAT, "ask", "hi"], env={**os.environ, **environment}, stdout=subprocess.DEVNULL, check=True
            )
            kept = json.loads(Path(environment["GIGACHAT_CONFIG_DIR"], "token.json").read_bytes())
            environment["ACCESS_TOKEN"] = next(iter(kept["tokens"].values()))["access_token"]
            yield environment
        finally:
            process.stdin.close()


# Tells its environment, and lives until its stdin ends: then the simulator ends as well.
_REPORT = """
import json, os, sys
names = [name for name in os.environ if name.startswith("GIGACHAT_") or name == "NO_PROXY"]
print(json.dumps({name: os.environ[name] for name in names}), flush=True)
sys.stdin.read()
"""


__all__ = ["run"]
