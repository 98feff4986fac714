"""How much memory an answer takes on its way through `ask` into a pipe and into the history: as good as none."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gigachat_cli import paths
from gigachat_cli.sessions import open_store

from ..conftest import Program
from ..raw import RawServer, read_request

MIB = 2**20
PIECE = (
    ("Ответ, который не кончается. A line of it.\n" * 100).encode()[:4095].decode("utf-8", "ignore").ljust(2300, ".")
)


# Small as it is: what a process has in memory counts for those that it starts as well.
MEASURED = """
import os, sys
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
os.close(1)
_, status, usage = os.wait4(pid, 0)
os.write(2, b"\\n%d %d" % (os.waitstatus_to_exitcode(status), usage.ru_maxrss))
"""


def event(text: str, finish_reason: str | None = None) -> bytes:
    choice = {"delta": {"content": text}, "index": 0, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"choices": [choice], "model": "m"}, ensure_ascii=False).encode() + b"\n\n"


@contextmanager
def answering(size: int, *, ends: bool = True) -> Iterator[dict[str, str]]:
    """A service that answers with at least so many bytes, and the environment to ask it in."""
    piece = event(PIECE)
    count = -(-size // len(PIECE.encode()))
    packed = piece * 16

    def answer(connection: socket.socket) -> None:
        if b"/chat/completions" not in read_request(connection):
            return
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for _ in range(count // 16):
            connection.sendall(packed)
        connection.sendall(piece * (count % 16) + (event("", "stop") + b"data: [DONE]\n\n" if ends else b""))

    with RawServer(answer) as server:
        yield {
            "GIGACHAT_BASE_URL": f"http://127.0.0.1:{server.port}/v1",
            "GIGACHAT_ACCESS_TOKEN": "token",
            "GIGACHAT_MODEL": "m",
        }


def asked(gigachat: Program, environment: dict[str, str], *words: str) -> tuple[int, int, int, str]:
    """The exit code of `ask`, its peak memory in kilobytes, the bytes of its answer and their checksum."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", MEASURED, sys.executable, "-m", "gigachat_cli", "ask", "hi", *words],
        env=gigachat.environment(environment),
        cwd=os.environ["HOME"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        digest, size = hashlib.sha256(), 0
        while piece := running.stdout.read(1 << 16):
            digest.update(piece)
            size += len(piece)
        assert running.stderr is not None
        code, memory = map(int, running.stderr.read().split()[-2:])
        return code, memory, size, digest.hexdigest()


def remembered(path: Path) -> tuple[str, str]:
    """The checksum of the last answer in the history, with its newline, and its state."""
    with open_store(path) as store:
        session = store.latest_session()
        assert session is not None
        turn = store.last_turn(session.id)
    assert turn is not None
    assert turn.answer is not None
    text = turn.answer.text
    return hashlib.sha256((text if text.endswith("\n") else f"{text}\n").encode()).hexdigest(), turn.state


def peak(gigachat: Program, size: int, *words: str) -> int:
    with answering(size) as environment:
        code, memory, came, digest = asked(gigachat, environment, *words)
    assert (code, came >= size) == (0, True)
    if "--no-log" not in words:
        assert remembered(paths.history_file()) == (digest, "complete")
    return memory


def test_memory_does_not_grow_with_an_answer(gigachat: Program, home: Path) -> None:
    small, large = peak(gigachat, MIB), peak(gigachat, 8 * MIB)
    assert large <= 1.2 * small, f"{small} kB for 1 MiB, {large} kB for 8 MiB"


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("words", [[], ["--no-log"]])
def test_memory_is_flat_for_the_largest_answer(gigachat: Program, home: Path, words: list[str]) -> None:
    small, large = peak(gigachat, MIB, *words), peak(gigachat, 64 * MIB - len(PIECE.encode()), *words)
    assert large <= 1.2 * small, f"{small} kB for 1 MiB, {large} kB for 64 MiB"


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_small_reply_that_unpacks_to_much_is_cut_and_the_history_stays_small(gigachat: Program, home: Path) -> None:
    packer = zlib.compressobj(wbits=31)
    packed = b"".join(packer.compress(event(PIECE) * 64) for _ in range(150 * MIB // (64 * len(event(PIECE)))))
    packed += packer.flush()
    assert len(packed) < 4 * MIB

    def answer(connection: socket.socket) -> None:
        if b"/chat/completions" in read_request(connection):
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            connection.sendall(head + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + packed)

    with RawServer(answer) as server:
        environment = {
            "GIGACHAT_BASE_URL": f"http://127.0.0.1:{server.port}/v1",
            "GIGACHAT_ACCESS_TOKEN": "token",
            "GIGACHAT_MODEL": "m",
        }
        code, memory, size, digest = asked(gigachat, environment)
    assert (code, 63 * MIB < size <= 64 * MIB + 1) == (4, True)
    assert memory < 100_000
    assert remembered(paths.history_file()) == (digest, "partial")
    assert sum(each.stat().st_size for each in paths.data_dir().iterdir()) < 100 * MIB
