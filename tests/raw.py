"""Servers that do exactly what they are told with each connection, for what no well-behaved server does."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

Handler = Callable[[socket.socket], None]


class RawServer:
    """Listens on loopback and gives each connection to `handler`, in a thread of its own."""

    def __init__(self, handler: Handler, *, tls: ssl.SSLContext | None = None) -> None:
        self._handler = handler
        self._tls = tls
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.connections = 0
        self.port: int = self._listening.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        for each in [self._listening, *self._open]:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        # Whoever tests breaks connections on purpose; what the client makes of it is what counts.
        with suppress(OSError, ValueError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
                self._open.append(connection)
                try:
                    connection.do_handshake()
                except ssl.SSLError:
                    _drain(connection)  # a close with unread bytes is a reset, which may overtake the alert
                    raise
            self._handler(connection)
            connection.close()


def _drain(connection: socket.socket) -> None:
    """Read what comes below TLS until the client ends it, for a moment at most."""
    with socket.socket(fileno=os.dup(connection.fileno())) as beneath:
        beneath.settimeout(1)
        while beneath.recv(65536):
            pass


def read_request(connection: socket.socket) -> bytes:
    """The head and the body of one request; empty when the client is gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def response(status: str, body: bytes = b"", **headers: str) -> bytes:
    """One whole HTTP answer; underscores of header names are dashes."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def reset(connection: socket.socket) -> None:
    """Break the connection with a reset instead of an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def closed(connection: socket.socket) -> None:
    """End TLS and TCP as is right."""
    with suppress(OSError, ValueError):
        connection.settimeout(2)
        connection = connection.unwrap()  # type: ignore[attr-defined]  # it is an SSLSocket
    connection.close()
