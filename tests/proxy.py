"""A small CONNECT proxy on loopback: it leads every host to one port, and remembers what it was asked."""

from __future__ import annotations

import socket
import threading
from base64 import b64encode
from contextlib import suppress

from .raw import RawServer, response


class Proxy(RawServer):
    """Leads `CONNECT host:port` to `target`; with `user_and_password` only for who knows them."""

    def __init__(self, target: int, *, user_and_password: str | None = None, refusal: bytes | None = None) -> None:
        super().__init__(self._serve)
        self._target = target
        self._wanted = user_and_password and f"Basic {b64encode(user_and_password.encode()).decode()}"
        self._refusal = refusal
        self.asked_for: list[str] = []
        self.heads: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _serve(self, client: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received:
            piece = client.recv(65536)
            if not piece:
                return
            received += piece
        head = received.partition(b"\r\n\r\n")[0].decode()
        self.heads.append(head)
        self.asked_for.append(head.split()[1])
        if self._refusal is not None:
            client.sendall(self._refusal)
            return
        if self._wanted and f"Proxy-Authorization: {self._wanted}" not in head.split("\r\n"):
            client.sendall(response("407 Proxy Authentication Required", Proxy_Authenticate="Basic"))
            return
        with socket.create_connection(("127.0.0.1", self._target)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
