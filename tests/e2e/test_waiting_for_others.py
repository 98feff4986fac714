"""Waiting for the slot of an account: who holds it is named, the wait has an end, and nobody waits for himself."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, contextmanager
from functools import partial
from pathlib import Path

import pytest

from gigachat_cli import paths
from gigachat_cli.engine import GigaChat, holders, slots
from gigachat_cli.engine.locks import hold_one
from gigachat_cli.errors import QueueError
from gigachat_cli.settings import load_settings
from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..engine.asking import HELLO, Notices, ask_in_queue, program
from ..terminal import Terminal

TYPED = "a prompt that is nobody's business"


@contextmanager
def holding(gigachat: Program, simulator: Simulator) -> Iterator[subprocess.Popen[bytes]]:
    """An `ask` that has begun its answer and holds the slot."""
    simulator.faults.add("stall", after=1, times=1)
    running = gigachat.start("ask", TYPED, "--timeout", "60")
    try:
        assert running.stdout is not None
        assert running.stdout.read(1)
        yield running
    finally:
        running.kill()
        running.communicate()


def lock_files() -> list[Path]:
    return list(paths.locks_dir().glob("slot-*.lock"))


@pytest.mark.parametrize("given", ["flag", "environment", "file"])
def test_a_wait_ends_after_the_timeout_that_was_set_and_names_who_holds_the_slot(
    gigachat: Program, simulator: Simulator, home: Path, given: str
) -> None:
    if given == "file":
        (home / "config").mkdir()
        (home / "config" / "config.toml").write_text("timeout = 0.4\n")
    words = ("--timeout", "0.4") if given == "flag" else ()
    environment = {"GIGACHAT_TIMEOUT": "0.4"} if given == "environment" else {}
    with holding(gigachat, simulator) as holder:
        began = time.monotonic()
        result = gigachat("ask", "hi", *words, environment=environment)
        assert time.monotonic() - began < 5
        who = rf"gigachat ask \(process {holder.pid}, since 20\d\d-\d\d-\d\d \d\d:\d\d\)"
        assert re.search(rf"busy with other gigachat requests for 0\.4 seconds: {who}", result.err)
        assert (result.out, result.code) == ("", 5)
        assert TYPED not in result.err
        (file,) = lock_files()
        assert file.stat().st_mode & 0o777 == 0o600
        assert set(json.loads(file.read_bytes()[1:])) == {"pid", "command", "since"}
        assert json.loads(file.read_bytes()[1:])["command"] == "gigachat ask"


def test_a_stopped_ask_is_named_with_the_way_on(gigachat: Program, simulator: Simulator) -> None:
    with holding(gigachat, simulator) as holder:
        holder.send_signal(signal.SIGSTOP)
        os.waitpid(holder.pid, os.WUNTRACED)
        result = gigachat("ask", "hi", "--timeout", "0.4")
        assert f"gigachat ask (process {holder.pid}, stopped, since " in result.err
        assert f"'fg' lets it go on, 'kill -9 {holder.pid}' ends it." in result.err
        assert result.code == 5
        waiting = gigachat.start("ask", "hi")  # a script is told soon, since nothing will end this by itself
        assert waiting.stderr is not None
        assert f"stopped: 'fg' lets it go on, 'kill -9 {holder.pid}' ends it.".encode() in waiting.stderr.readline()
        holder.send_signal(signal.SIGCONT)
        holder.kill()
        assert waiting.communicate(timeout=20)[1] == b""


def test_who_is_waited_for_is_shown_beside_the_spinner(
    gigachat: Program, simulator: Simulator, at_terminal: Callable[..., Terminal]
) -> None:
    with holding(gigachat, simulator) as holder:
        screen = at_terminal("ask", "hi")
        screen.wait_for_bytes(f"Waiting for gigachat ask (process {holder.pid}, since ".encode())
        holder.kill()
        assert screen.ended() == 0


@pytest.mark.soak
def test_a_script_is_told_after_ten_seconds(gigachat: Program, simulator: Simulator) -> None:
    with holding(gigachat, simulator) as holder:
        waiting = gigachat.start("ask", "hi")
        time.sleep(11)
        holder.kill()
        out, err = waiting.communicate(timeout=20)
    assert re.fullmatch(
        rb"gigachat: Waiting for gigachat ask \(process \d+, since 20\d\d-\d\d-\d\d \d\d:\d\d\)\.\n", err
    )
    assert (out != b"", waiting.returncode) == (True, 0)


async def test_a_long_wait_is_a_line_for_everybody_once(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (slots._TELL_AFTER, slots._WARN_AFTER, slots.PATIENCE) == (2, 10, 600)
    monkeypatch.setattr(slots, "_TELL_AFTER", 0.1)
    monkeypatch.setattr(slots, "_LOOK_EVERY", 0.1)
    monkeypatch.setattr(slots, "_WARN_AFTER", 0.3)
    simulator.faults.add("stall", after=1, seconds=1)
    notices = Notices()
    async with GigaChat.from_settings(load_settings(), command="gigachat chat") as other:
        first = asyncio.create_task(other.ask(HELLO))
        await asyncio.to_thread(simulator.wait_for, 1, "chat")
        await ask_in_queue(notify=notices.append)
        await first
    (line,) = notices.texts("warning")
    assert line.startswith("Waiting for gigachat chat (this process, since ")


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"\xff\xfe",
        b'{"pid": ',
        b"[" * 900,
        b"null",
        b'{"pid": 4194999, "command": "gone", "since": 1}',
        b'{"pid": -1, "command": "all", "since": 1}',
        b'{"pid": true, "command": "x", "since": 1}',
        b'{"pid": 1, "command": "x", "since": 1e300}',
        b'{"pid": 1, "command": "x", "since": "NaN"}',
        b'{"pid": 99999999999999999999, "command": "x", "since": 1}',
        b'{"pid": 1, "command": ["x"], "since": 1}',
    ],
)
async def test_a_note_that_cannot_be_read_costs_only_the_name(home: Path, note: bytes) -> None:
    file = home / "slot.lock"
    async with hold_one([file], patience=0, note=lambda: note):
        assert holders.holders([file]) == []
    assert file.read_bytes() == b""


async def test_a_note_shows_no_controls(home: Path) -> None:
    file = home / "slot.lock"
    shown = json.dumps({"pid": os.getpid(), "command": "x\x1b[31m\ud83d" + "y" * 500, "since": time.time()})
    async with hold_one([file], patience=0, note=shown.encode):
        (holder,) = holders.holders([file])
    assert str(holder).isprintable()
    assert len(str(holder)) < 90


async def test_a_second_request_of_the_same_task_is_refused_at_once(simulator: Simulator) -> None:
    simulator.answer = ["one", "two"]
    async with program() as giga, program() as other:
        for second in (giga, other):
            for work in (partial(second.ask, HELLO), second.models):
                async with aclosing(giga.stream(HELLO)) as chunks:
                    await anext(chunks)
                    began = time.monotonic()
                    with pytest.raises(QueueError, match="would wait for itself") as caught:
                        await work()
                    assert time.monotonic() - began < 2
                    assert "aclosing" in (caught.value.hint or "")
                    assert "two" in [chunk.text async for chunk in chunks]  # the first is unharmed
        assert await giga.ask(HELLO)


async def test_what_is_no_wait_for_oneself_works(simulator: Simulator) -> None:
    simulator.answer = ["one", "two"]
    async with GigaChat() as giga:
        async for _ in giga.stream(HELLO):
            break  # and the stream is nobody's any more
        assert (await giga.ask(HELLO)).text == "onetwo"

        chunks = giga.stream(HELLO)
        await anext(chunks)

        async def rest() -> None:
            async for _ in chunks:
                await asyncio.sleep(0.1)

        reading = asyncio.create_task(rest())  # the stream is in other hands
        assert (await giga.ask(HELLO)).text == "onetwo"
        await reading

        async with aclosing(giga.stream(HELLO)) as held:
            await anext(held)
            waiting = asyncio.create_task(giga.ask(HELLO))
            await asyncio.sleep(0.2)
        assert (await waiting).text == "onetwo"


async def test_one_task_may_hold_as_many_slots_as_there_are(home: Path) -> None:
    def queue() -> AbstractAsyncContextManager[object]:
        return slots.slot("account", count=2, notify=Notices().append)

    async with queue(), queue():
        with pytest.raises(QueueError, match="would wait for itself"):
            async with queue():
                raise AssertionError

    async def for_a_moment() -> None:
        async with queue():
            await asyncio.sleep(0.2)

    async with queue():
        others = asyncio.create_task(for_a_moment())
        await asyncio.sleep(0.05)
        async with queue():  # the other one comes free by itself
            await others
