"""HTTP: the one home of aiohttp in the engine.  Its errors end here and leave as ours, with the request's purpose.

Nothing is redirected, nothing is read from ~/.netrc, no cookie is kept, and nothing secret is sent before the peer
is proved.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from ..errors import (
    ConfigError,
    ConnectionFailedError,
    GigaChatError,
    ProxyError,
)
from ..proxies import SETTING, Proxy, proxy_for
from ..setting_values import is_loopback
from .connector import Connector, Tunnel, repeat_nothing
from .reply import Reply, WatchedResponse, garbled, mark_maybe_done, silence, unreadable, words_of
from .tls import Trust
from .tls_faults import failed_handshake, reason, tls_fault
from .wire import USER_AGENT, Request, StreamedBody

MOST_OF_A_HEADER = 2**17  # bytes of one line; gateways add tokens and policies of tens of KiB
MOST_HEADERS = 1024
_CONNECT_SECONDS = 10.0
_SETTLE_SECONDS = 30.0  # name, connection, proxy and TLS together


class Transport:
    """Sends requests over connections that it keeps.

    A `connector` that is given stays the caller's: its TLS applies, and it is not closed here.
    """

    def __init__(
        self,
        trust: Trust,
        *,
        timeout: float,
        proxy: str | None = None,
        connector: aiohttp.BaseConnector | None = None,
    ) -> None:
        self._trust = trust
        self._timeout = timeout
        self._proxy = proxy
        self._connector = connector
        self._proxies: dict[str, Proxy | None] = {}
        self._session: aiohttp.ClientSession | None = None
        self._own: Connector | None = None

    @property
    def authority(self) -> str:
        """The name of the authority that proved the last peer; empty when none did."""
        return self._own.authority if self._own else ""

    @asynccontextmanager
    async def open(self, request: Request, *, with_client_certificate: bool = False) -> AsyncIterator[Reply]:
        """Send `request` and give its answer from the moment its head is there.

        Raises NetworkError and its children, ConfigError for an unusable certificate or proxy.
        """
        async with AsyncExitStack() as stack:
            response = await self._send(request, with_client_certificate, stack)
            stack.callback(_hang_up, response)
            yield Reply(request, response, self._timeout)

    async def close(self) -> None:
        if self._session is not None:
            # A connection whose answer went on after its end has been closed twice, and asyncio forgot what it was.
            with suppress(AttributeError):
                await self._session.close()
            self._session = None
        if self._own is not None:
            self._own.hang_up()

    async def _send(self, request: Request, with_client_certificate: bool, stack: AsyncExitStack) -> WatchedResponse:
        host = urlsplit(request.url).hostname or ""
        proxy = self._proxy_around(request.url)
        while True:
            context: ssl.SSLContext | bool = True  # with a connector of the caller's, its own
            if self._connector is None and request.url.startswith("https:"):
                context = self._trust.context(host, with_client_certificate=with_client_certificate)
            sending = _Sending(request, self._timeout)
            tracker = aiohttp.UploadTracker()
            try:
                async with sending.deadline:
                    response = await stack.enter_async_context(
                        self._open_session().request(
                            request.method,
                            request.url,
                            headers=sending.headers,
                            data=sending.data,
                            ssl=context,
                            allow_redirects=False,
                            upload_tracker=tracker,
                            **(_for_library(proxy) if self._connector is not None else {}),
                        )
                    )
                assert isinstance(response, WatchedResponse)
                return response
            except aiohttp.ClientConnectorCertificateError as problem:
                unproved = problem.certificate_error
                if not self._trust.widen(host):
                    assert isinstance(unproved, ssl.SSLError)
                    raise _before_the_connection(tls_fault(unproved, host, trust=self._trust)) from None
            except TimeoutError as problem:
                raise self._too_late(request, proxy, problem) from None
            except (aiohttp.ClientError, OSError, ValueError) as problem:
                failure = sending.problem or self._unsent(request, host, proxy, problem)
                if isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ClientHttpProxyError):
                    _before_the_connection(failure)
                if isinstance(failure, ConnectionFailedError) and _left_whole(tracker):
                    mark_maybe_done(failure, request)
                raise failure from None

    def _proxy_around(self, url: str) -> Proxy | None:
        """`proxy_for`, looked up once a place."""
        place = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if place not in self._proxies:
            self._proxies[place] = proxy_for(url, given=self._proxy)
        return self._proxies[place]

    def _tunnel_to(self, url: str) -> Tunnel | None:
        proxy = self._proxy_around(url)
        if proxy is None:
            return None
        from .tunnels import open_tunnel  # most go without

        return partial(open_tunnel, proxy, trust=self._trust, patience=self._timeout)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            if self._connector is None:
                self._own = Connector(self._tunnel_to)
            self._session = aiohttp.ClientSession(
                connector=self._connector or self._own,
                connector_owner=self._connector is None,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": USER_AGENT},
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=_SETTLE_SECONDS,
                    sock_connect=min(_CONNECT_SECONDS, self._timeout),
                    sock_read=self._timeout,
                ),
                # Bytes of an answer leave as they come; a larger buffer would only hold them back.
                read_bufsize=2**16,
                max_line_size=MOST_OF_A_HEADER,
                max_field_size=MOST_OF_A_HEADER,
                max_headers=MOST_HEADERS,
                response_class=WatchedResponse,
            )
            repeat_nothing(self._session)
        return self._session

    def _too_late(self, request: Request, proxy: Proxy | None, problem: TimeoutError) -> GigaChatError:
        if isinstance(problem, aiohttp.ConnectionTimeoutError):
            way = f"through the proxy {proxy.shown}" if proxy else f"to {_place(request.url)}"
            return _before_the_connection(_no_way(f"The connection {way} did not open in time.", request.url))
        return silence(request, self._timeout, None)

    def _unsent(self, request: Request, host: str, proxy: Proxy | None, problem: Exception) -> GigaChatError:
        way = f"the connection through the proxy {proxy.shown}" if proxy else _place(request.url)
        secured = failed_handshake(problem)
        if secured is not None:
            return tls_fault(secured, way, trust=self._trust, of_proxy=proxy.origin if proxy else None)
        if isinstance(problem, aiohttp.ClientHttpProxyError) and proxy:
            return ProxyError(
                f"The proxy {proxy.shown} refused the connection (HTTP {problem.status}).",
                hint=f"Check {proxy.origin}.",
                status=problem.status,
            )
        if (wrong := garbled(problem)) is not None:
            return unreadable(request, wrong)
        if isinstance(problem, aiohttp.ClientConnectorError) and proxy:
            return ConnectionFailedError(
                f"The connection through the proxy {proxy.shown} broke before it was secure ({reason(problem)}).",
                hint=f"Try again, or check {proxy.origin}.",
                doctor=True,
            )
        if isinstance(problem, aiohttp.ClientConnectorDNSError):
            return _no_way(f"The host {host} was not found.", request.url)
        closed = ConnectionResetError | ConnectionAbortedError
        if isinstance(problem, aiohttp.ClientConnectorError) and isinstance(problem.os_error, closed):
            return _no_way(f"{_place(request.url)} hung up before the connection was secure.", request.url)
        if isinstance(problem, aiohttp.ClientConnectorError):
            return _no_way(f"{_place(request.url)} could not be reached ({reason(problem)}).", request.url)
        if isinstance(problem, aiohttp.InvalidURL):
            return ConfigError(
                f"The address {_place(request.url)} cannot be used.", hint="Check base_url and auth_url."
            )
        return ConnectionFailedError(
            f"The connection broke before {request.purpose} was answered ({words_of(problem)}).", hint="Try again."
        )


class _Sending:
    """One attempt to send a request; a body that is streamed must not stand still for longer than the timeout.

    `problem` is what the body itself raised, which the library would tell as a broken connection.
    """

    def __init__(self, request: Request, timeout: float) -> None:
        self.problem: GigaChatError | None = None
        self.deadline = asyncio.timeout(None)
        self._timeout = timeout
        self.headers = request.headers
        self.data: bytes | AsyncGenerator[bytes, None] | None = request.body
        if request.streamed is not None:
            self.data = self._pieces(request.streamed)
            self.headers = {**request.headers, "Content-Length": str(request.streamed.size)}

    async def _pieces(self, body: StreamedBody) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        try:
            async for piece in body.pieces():
                self._until(loop.time() + self._timeout)
                yield piece
                await asyncio.sleep(0)  # or a connection that is lost would take pieces to the last
        except GigaChatError as problem:
            self.problem = problem
            raise
        finally:
            self._until(None)  # from here on the answer's own silence counts

    def _until(self, when: float | None) -> None:
        with suppress(RuntimeError):  # the answer came before all was sent
            self.deadline.reschedule(when)


def _hang_up(response: WatchedResponse) -> None:
    """End the connection of an answer that is left before its end, and with it the answering."""
    response.unwatch()
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()


def _for_library(proxy: Proxy | None) -> dict[str, Any]:
    """How the library is told of a proxy for a connector that is the caller's; of SOCKS only such a one can know."""
    if proxy is None or (proxy.is_socks and proxy.origin != SETTING):
        return {}
    if proxy.is_socks:
        raise ConfigError(
            f"A connector of your own cannot be led through the SOCKS proxy {proxy.shown}.",
            hint="Give one of the two: a connector may go through the proxy itself.",
        )
    login = proxy.user is not None and b64encode(proxy.user + b":" + proxy.password).decode()
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    headers = {"Proxy-Authorization": f"Basic {login}"} if login else None
    return {"proxy": f"{proxy.scheme}://{host}:{proxy.port}", "proxy_headers": headers}


def _before_the_connection(problem: GigaChatError) -> GigaChatError:
    problem.never_left = True
    return problem


def _left_whole(tracker: aiohttp.UploadTracker) -> bool:
    ended = tracker.upload_complete
    return ended.done() and not ended.cancelled() and ended.exception() is None


def _no_way(message: str, url: str) -> ConnectionFailedError:
    if is_loopback(urlsplit(url).hostname or ""):
        return ConnectionFailedError(message, hint="Is the simulator running?")
    port = urlsplit(url).port or 443
    hint = f"Check the network, VPN and firewall (port {port}), or set a proxy."
    return ConnectionFailedError(message, hint=hint, doctor=True)


def _place(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


__all__ = ["USER_AGENT", "Reply", "Transport"]
