"""Checks by a JSON Schema, each in a bounded time: the work is done by a process that can be stopped."""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

SECONDS = 10.0
"""What one check may take."""

_START_SECONDS = 30.0
_WORKER = Path(__file__).with_name("schema_worker.py")


class CheckFailed(Exception):
    """A check that was not made to its end, in words that complete "the check …"."""


def check(definition: str, value: str | None = None) -> dict[str, Any]:
    """What the worker answers; see there.  Raises CheckFailed."""
    return _checker.ask(definition, value)


async def check_beside(definition: str, value: str) -> dict[str, Any]:
    """As `check`, beside the loop.  When it is cancelled the process ends at once."""
    stopped = threading.Event()
    try:
        return await asyncio.to_thread(_checker.ask, definition, value, stopped)
    except asyncio.CancelledError:
        stopped.set()
        _checker.stop()
        raise


class _Checker:
    """The process, begun with the first check, and anew after one that had to be stopped."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def ask(self, definition: str, value: str | None, stopped: threading.Event | None = None) -> dict[str, Any]:
        request = {"definition": definition, "seconds": SECONDS}
        if value is not None:
            request["value"] = value
        with self._turn:
            if stopped is not None and stopped.is_set():
                raise CheckFailed("was stopped")
            process = self._running()
            assert process.stdin is not None
            with suppress(OSError):  # it has ended, which is seen below
                process.stdin.write(json.dumps(request).encode() + b"\n")
                process.stdin.flush()
            return self._answer(process, SECONDS)

    def _answer(self, process: subprocess.Popen[bytes], seconds: float) -> dict[str, Any]:
        """The next line that it tells.  Raises CheckFailed, and the process is gone."""
        assert process.stdout is not None
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            answer = process.stdout.readline()
        except BaseException:
            self.stop()
            raise
        finally:
            timer.cancel()
        if answer.endswith(b"\n"):
            found: dict[str, Any] = json.loads(answer)
            return found
        self.stop()
        raise CheckFailed(f"took more than {seconds:g} s, and was stopped" if late.is_set() else "ended too early")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):
                    if stream is not None:
                        stream.close()

    def _running(self) -> subprocess.Popen[bytes]:
        process = self._process
        if process is not None and process.poll() is not None:
            self.stop()
            process = None
        if process is None or self._owner != os.getpid():
            process = self._process = subprocess.Popen(
                [sys.executable, "-P", str(_WORKER)],  # -P: our modules are not to be taken for the library's
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                # It needs none of our settings, least of all the key.
                env={name: value for name, value in os.environ.items() if not name.startswith("GIGACHAT_")},
            )
            self._owner = os.getpid()
            self._answer(process, _START_SECONDS)
        return process


_checker = _Checker()
atexit.register(_checker.stop)
