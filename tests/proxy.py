"""Small proxies on loopback, by CONNECT and by SOCKS: they lead every host to one port, and remember what was asked."""

from __future__ import annotations

import socket
import ssl
import threading
from base64 import b64encode
from contextlib import suppress

from .raw import RawServer, response


class Proxy(RawServer):
    """Leads `CONNECT host:port` to `target`; with `user_and_password` only for who knows them."""

    def __init__(
        self,
        target: int,
        *,
        user_and_password: str | None = None,
        refusal: bytes | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(self._serve, tls=tls)
        self._target = target
        self._wanted = user_and_password and f"Basic {b64encode(user_and_password.encode()).decode()}"
        self.refusal = refusal
        self.asked_for: list[str] = []
        self.heads: list[str] = []

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

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
        if self.refusal is not None:
            client.sendall(self.refusal)
            return
        if self._wanted and f"Proxy-Authorization: {self._wanted}" not in head.split("\r\n"):
            client.sendall(response("407 Proxy Authentication Required", Proxy_Authenticate="Basic"))
            return
        _lead(client, self._target, b"HTTP/1.1 200 Connection established\r\n\r\n")


class SocksProxy(RawServer):
    """Leads whatever SOCKS 5, or 4 and 4A, asks for to `target`; with `login` only for who knows user and password.

    A `reply` other than 0 is given in place of a connection.
    """

    def __init__(self, target: int, *, login: tuple[str, str] | None = None, reply: int = 0) -> None:
        super().__init__(self._serve)
        self._target = target
        self._login = login and tuple(each.encode() for each in login)
        self._reply = reply
        self.asked_for: list[str] = []
        self.users: list[bytes] = []

    def url(self, scheme: str = "socks5h", login: str = "") -> str:
        return f"{scheme}://{login}127.0.0.1:{self.port}"

    def _serve(self, client: socket.socket) -> None:
        version, count = _exactly(client, 2)
        if version == 4:
            self._serve_4(client)
            return
        methods = _exactly(client, count)
        method = 2 if self._login else 0
        if method not in methods:
            client.sendall(b"\x05\xff")
            return
        client.sendall(bytes([5, method]))
        if self._login:
            user = _exactly(client, _exactly(client, 2)[1])
            password = _exactly(client, _exactly(client, 1)[0])
            self.users.append(user)
            client.sendall(b"\x01\x00" if (user, password) == self._login else b"\x01\x01")
            if (user, password) != self._login:
                return
        kind = _exactly(client, 4)[3]
        if kind == 3:
            host = _exactly(client, _exactly(client, 1)[0]).decode()
        elif kind == 1:
            host = socket.inet_ntop(socket.AF_INET, _exactly(client, 4))
        else:
            host = socket.inet_ntop(socket.AF_INET6, _exactly(client, 16))
        self.asked_for.append(f"{host}:{int.from_bytes(_exactly(client, 2), 'big')}")
        if self._reply:
            client.sendall(bytes([5, self._reply, 0, 1, 0, 0, 0, 0, 0, 0]))
            return
        _lead(client, self._target, b"\x05\x00\x00\x03\x05proxy\x00\x50")

    def _serve_4(self, client: socket.socket) -> None:
        port = int.from_bytes(_exactly(client, 2), "big")
        address = _exactly(client, 4)
        self.users.append(_to_zero(client))
        host = _to_zero(client).decode() if address[:3] == b"\0\0\0" else socket.inet_ntoa(address)
        self.asked_for.append(f"{host}:{port}")
        if self._reply:
            client.sendall(bytes([0, self._reply, 0, 0, 0, 0, 0, 0]))
            return
        _lead(client, self._target, b"\x00\x5a" + bytes(6))


def _lead(client: socket.socket, target: int, welcome: bytes) -> None:
    with socket.create_connection(("127.0.0.1", target)) as server:
        client.sendall(welcome)
        back = threading.Thread(target=_pump, args=(server, client), daemon=True)
        back.start()
        _pump(client, server)
        back.join()


def _exactly(client: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = client.recv(size - len(received))
        if not piece:
            raise ConnectionError("the client is gone")
        received += piece
    return received


def _to_zero(client: socket.socket) -> bytes:
    received = b""
    while (piece := _exactly(client, 1)) != b"\0":
        received += piece
    return received


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
