"""How long a person waits before anything happens: start, help, one short answer, one long answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .pairs import Row, compare, show

HERE = Path(__file__).parent
PYTHON = sys.executable
GIGACHAT = str(Path(PYTHON).with_name("gigachat"))
PEERS = HERE.parent / ".venv-peers" / "bin"


def run(*, pairs: int) -> bool:
    """Measure and print; whether every limit was kept."""
    rows = [
        compare(
            "gigachat --version : python -c pass", [GIGACHAT, "--version"], [PYTHON, "-c", "pass"], limit=2, pairs=pairs
        ),
        compare(
            "gigachat --help : python -c 'import typer'",
            [GIGACHAT, "--help"],
            [PYTHON, "-c", "import typer"],
            limit=2,
            pairs=pairs,
        ),
    ]
    kept = show("Start", rows)
    kept &= show("One short answer, cached token, in a pipe", _answers(1, pairs, limit=1.25))
    return kept & show("2 000 chunks at full speed, in a pipe", _answers(2000, pairs, limit=1.3))


def _answers(chunks: int, pairs: int, *, limit: float) -> list[Row]:
    with _simulator(chunks) as environment:
        ours = [GIGACHAT, "ask", "hi"]
        rows = [
            compare(
                "gigachat ask : bare aiohttp script",
                ours,
                [PYTHON, str(HERE / "floors" / "ask_aiohttp.py")],
                limit=limit,
                pairs=pairs,
                environment=environment,
            ),
            compare(
                "gigachat ask : gigachat ask --no-log",
                ours,
                [*ours, "--no-log"],
                limit=1.05 if chunks == 1 else None,  # at full speed the index of 300 KB of text shows
                pairs=2 * pairs,
                environment=environment,
            ),
            compare(
                "gigachat ask : official SDK",
                ours,
                [PYTHON, str(HERE / "floors" / "ask_sdk.py")],
                limit=None,
                pairs=pairs,
                environment=environment,
            ),
        ]
        if (PEERS / "llm").exists():
            with _llm(environment) as theirs:
                rows.append(
                    compare(
                        "gigachat ask : llm",
                        ours,
                        [str(PEERS / "llm"), "-m", "giga", "hi"],
                        limit=None,
                        pairs=pairs,
                        environment=theirs,
                    )
                )
        return rows


@contextmanager
def _simulator(chunks: int) -> Iterator[dict[str, str]]:
    """The environment of a simulator in a process of its own, with an access token in the cache and in ACCESS_TOKEN."""
    command = [GIGACHAT, "simulator", "--pace", "0", "--chunks", str(chunks), "--", PYTHON, "-c", _REPORT]
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


@contextmanager
def _llm(environment: dict[str, str]) -> Iterator[dict[str, str]]:
    """The environment in which `llm` asks the same simulator, through its own OpenAI-shaped client."""
    with tempfile.TemporaryDirectory() as folder:
        model = [
            {
                "model_id": "giga",
                "model_name": "GigaChat-2",
                "api_base": environment["GIGACHAT_BASE_URL"],
                "api_key_name": "giga",
            }
        ]
        Path(folder, "extra-openai-models.yaml").write_text(json.dumps(model))
        Path(folder, "keys.json").write_text(json.dumps({"giga": environment["ACCESS_TOKEN"]}))
        yield {
            **environment,
            "LLM_USER_PATH": folder,
            "SSL_CERT_FILE": environment["GIGACHAT_CA_BUNDLE_FILE"],
        }


__all__ = ["run"]
