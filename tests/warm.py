"""A process that has the program's imports done and forks a run of it on request: a start without its cost.

A run is a process like any other, with its own arguments, environment, folder and streams; what it loads before its
first line is all that differs.  Tests of the start itself, of locales and of signals start it cold.

    python -m tests.warm SOCKET
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_HEADER = struct.Struct("!I")


def run(
    server: Path, words: list[str], environment: dict[str, str], folder: str, streams: tuple[int, int, int]
) -> socket.socket:
    """Ask the server for a run; `number_from` the connection gives its pid and, at its end, its exit code."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(server))
    request = json.dumps({"words": words, "environment": environment, "folder": folder}).encode()
    socket.send_fds(connection, [_HEADER.pack(len(request))], list(streams))
    connection.sendall(request)
    return connection


def number_from(connection: socket.socket) -> int:
    """The next number that the server sends: the pid first, then the exit code as subprocess gives it."""
    return int(struct.unpack("!i", _exactly(connection, 4))[0])


def serve(path: str) -> None:
    """Fork a run for each connection, until the process that started us is gone."""
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(64)
    listening.settimeout(1)
    parent = os.getppid()
    print("ready", flush=True)
    while os.getppid() == parent:
        with suppress(TimeoutError):
            connection, _ = listening.accept()
            connection.setblocking(True)
            if os.fork() == 0:
                listening.close()
                _keep(connection)
            connection.close()


def _keep(connection: socket.socket) -> None:
    """Fork the run itself, and tell how it goes."""
    try:
        header, streams, _, _ = socket.recv_fds(connection, _HEADER.size, 3)
        request = json.loads(_exactly(connection, _HEADER.unpack(header)[0]))
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        pid = os.fork()
        if pid == 0:
            connection.close()
            _run(request, streams)
        for descriptor in streams:
            os.close(descriptor)
        connection.sendall(struct.pack("!i", pid))
        _, status = os.waitpid(pid, 0)
        connection.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status)))
    finally:
        os._exit(0)


def _run(request: dict[str, Any], streams: list[int]) -> None:
    code = 1
    try:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = os.fdopen(2, "w", encoding="utf-8", closefd=False, buffering=1)
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        os.chdir(request["folder"])
        random.seed()
        sys.argv = ["gigachat", *request["words"]]
        from gigachat_cli.__main__ import main

        main()
        sys.stdout.flush()
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _import_all() -> None:
    """What a usual run imports; what only some do stays for them, as in a cold start."""
    import typer

    import gigachat_cli.__main__
    import gigachat_cli.cli.app
    import gigachat_cli.cli.ask
    import gigachat_cli.commands.ask
    import gigachat_cli.credentials
    import gigachat_cli.engine
    import gigachat_cli.render.problems
    import gigachat_cli.render.reports
    import gigachat_cli.sessions.store

    typer.main.get_command(gigachat_cli.cli.app.build())


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise EOFError("the warm process hung up")
        parts += part
    return parts


if __name__ == "__main__":
    serve(sys.argv[1])
