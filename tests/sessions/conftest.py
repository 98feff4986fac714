"""A history of its own for every test, and programs of our own that record in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gigachat_cli.conversation.conversation import Conversation, exchanges_from
from gigachat_cli.messages import Message
from gigachat_cli.sessions import open_store
from gigachat_cli.sessions.store import Store

Starter = Callable[..., "subprocess.Popen[str]"]


def sent(store: Store, session_id: str) -> list[Message]:
    """The messages that are sent when the session is gone on with."""
    found = store.conversation(session_id)
    gone_on_with = Conversation(
        kind="chat", named_model=None, exchanges=exchanges_from(found.turns), system=found.session.system
    )
    return gone_on_with.outgoing()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with open_store(path) as opened:
        yield opened


@pytest.fixture
def start() -> Iterator[Starter]:
    """Start Python with a program and its arguments; what still runs at the test's end is killed."""
    started: list[subprocess.Popen[str]] = []

    def begin(program: str, *arguments: str | Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()
