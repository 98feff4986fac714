"""Connections: where they lead, how they are proved, and how they end.  Requests over them are the transport's."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp
from aiohttp.client_proto import ResponseHandler

from .tls import authority_of

Tunnel = Callable[[str, int], Awaitable[asyncio.Transport]]
"""Opens a tunnel through a proxy to a host and its port."""


class Connector(aiohttp.TCPConnector):
    """Goes through `tunnel_to` where that gives a tunnel, and remembers whom its last connection was proved by.

    The authority is remembered since an answer that is already whole has let its connection go.
    """

    def __init__(self, tunnel_to: Callable[[str], Tunnel | None]) -> None:
        super().__init__(limit=0, ttl_dns_cache=300)
        self._tunnel_to = tunnel_to
        self.authority = ""
        self._authorities = WeakKeyDictionary[asyncio.Transport, str]()

    async def connect(self, *args: Any, **named: Any) -> aiohttp.connector.Connection:
        connection = await super().connect(*args, **named)
        if connection.transport:
            self.authority = self._authority_of(connection.transport)
        return connection

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: list[Any], limits: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        # The library's own way through a proxy proves an https:// one by the context of the host behind it, knows
        # neither SOCKS nor a login in UTF-8, and tells the proxy's faults as the host's.
        tunnel = self._tunnel_to(str(req.url))
        if tunnel is None:
            return await super()._create_connection(req, traces, limits)
        host, port = req.url.raw_host or "", req.url.port or 443
        loop = asyncio.get_running_loop()
        assert isinstance(req.ssl, ssl.SSLContext)
        transport = await tunnel(host, port)
        protocol = ResponseHandler(loop)
        try:
            async with asyncio.timeout(limits.sock_connect):
                secured = await loop.start_tls(transport, protocol, req.ssl, server_hostname=host.rstrip("."))
        except BaseException as problem:
            transport.abort()
            # As the library would, so that the two ways have one telling.
            if isinstance(problem, ssl.SSLCertVerificationError):
                raise aiohttp.ClientConnectorCertificateError(req.connection_key, problem) from None
            if isinstance(problem, ssl.SSLError):
                raise aiohttp.ClientConnectorSSLError(req.connection_key, problem) from None
            if isinstance(problem, OSError) and not isinstance(problem, TimeoutError):
                raise aiohttp.ClientConnectorError(req.connection_key, problem) from None
            raise
        assert secured is not None
        protocol.connection_made(secured)
        return protocol

    def hang_up(self) -> None:
        """End every connection at once; the orderly end of TLS would wait for peers that may be silent."""
        for transport in self._authorities:
            transport.abort()

    def _authority_of(self, transport: asyncio.Transport) -> str:
        with suppress(TypeError):  # not every event loop's transports can be held weakly
            if transport in self._authorities:
                return self._authorities[transport]
        secured = transport.get_extra_info("ssl_object")
        authority = authority_of(secured) if secured else ""
        with suppress(TypeError):
            self._authorities[transport] = authority
        return authority


def repeat_nothing(session: aiohttp.ClientSession) -> None:
    """Have the library send nothing again: that is decided in one place, `retries`, and counted."""
    session._retry_connection = False  # there is no public switch
