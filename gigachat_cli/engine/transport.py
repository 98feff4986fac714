"""HTTP: the one home of aiohttp in the engine.  Its errors end here and leave as ours, with the request's purpose.

Nothing is redirected, nothing is read from ~/.netrc, no cookie is kept, and nothing secret is sent before the peer
is proved.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

from .. import __version__
from ..errors import (
    ConfigError,
    ConnectionFailedError,
    GigaChatError,
    ProxyError,
    SilenceError,
    StreamError,
    TLSError,
)
from ..settings import is_loopback, without_password
from ..text import one_line
from .tls import Trust, authority_of, deferred_system_store, is_gigachat_host
from .wire import Request, Response, StreamedBody, request_id_of

with deferred_system_store():
    import aiohttp

USER_AGENT = f"gigachat-terminal/{__version__}"
MAX_BODY_BYTES = 64 * 1024 * 1024
_CONNECT_SECONDS = 10.0
_SETTLE_SECONDS = 30.0  # name, connection, proxy and TLS together


class _Connector(aiohttp.TCPConnector):
    """Remembers whom its last connection was proved by, which an answer that is already whole has let go."""

    def __init__(self) -> None:
        super().__init__(limit=0, ttl_dns_cache=300)
        self.authority = ""
        self._authorities = WeakKeyDictionary[asyncio.Transport, str]()

    async def connect(self, *args: Any, **named: Any) -> aiohttp.connector.Connection:
        connection = await super().connect(*args, **named)
        if connection.transport:
            self.authority = self._authority_of(connection.transport)
        return connection

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


class Reply:
    """An answer whose head is there and whose body is still to come."""

    def __init__(self, request: Request, response: aiohttp.ClientResponse, timeout: float) -> None:
        self.request = request
        self._response = response
        self._timeout = timeout
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.request_id = request_id_of(self.headers)
        self.content_type = response.content_type

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes."""
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except TimeoutError:
            raise _silence(self.request, self._timeout, self.request_id) from None
        except (aiohttp.ClientError, OSError) as problem:
            raise _broken(self.request, problem, self.request_id) from None

    async def whole(self) -> Response:
        """The whole body, at most 64 MiB of it."""
        parts, size = [], 0
        async for piece in self.pieces():
            parts.append(piece)
            size += len(piece)
            if size > MAX_BODY_BYTES:
                raise StreamError(f"The answer to {self.request.purpose} is too large.", request_id=self.request_id)
        return Response(self.status, self.headers, b"".join(parts))


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
        self._proxies: dict[tuple[str, str], str | None] = {}
        self._session: aiohttp.ClientSession | None = None
        self._own: _Connector | None = None

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
            await self._session.close()
            self._session = None
        if self._own is not None:
            self._own.hang_up()

    async def _send(
        self, request: Request, with_client_certificate: bool, stack: AsyncExitStack
    ) -> aiohttp.ClientResponse:
        host = urlsplit(request.url).hostname or ""
        proxy = self._proxy or self._proxy_around(request.url, host)
        if proxy and not proxy.startswith(("http://", "https://")):
            raise _unusable(proxy, request)
        while True:
            context: ssl.SSLContext | bool = True  # with a connector of the caller's, its own
            if self._connector is None and request.url.startswith("https:"):
                context = self._trust.context(host, with_client_certificate=with_client_certificate)
            sending = _Sending(request, self._timeout)
            try:
                async with sending.deadline:
                    return await stack.enter_async_context(
                        self._open_session().request(
                            request.method,
                            request.url,
                            headers=sending.headers,
                            data=sending.data,
                            proxy=proxy,
                            ssl=context,
                            allow_redirects=False,
                        )
                    )
            except aiohttp.ClientConnectorCertificateError as problem:
                if not self._trust.widen(host):
                    raise _unproved(request, host, problem.certificate_error) from None
            except TimeoutError as problem:
                raise self._too_late(request, host, problem) from None
            except (aiohttp.ClientError, OSError, ValueError) as problem:
                raise sending.problem or _unsent(request, host, proxy, problem) from None

    def _proxy_around(self, url: str, host: str) -> str | None:
        """`proxy_for`, looked up once a host: reading the whole environment costs as much as a request."""
        place = (urlsplit(url).scheme, host)
        if place not in self._proxies:
            self._proxies[place] = proxy_for(url)
        return self._proxies[place]

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            if self._connector is None:
                self._own = _Connector()
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
            )
        return self._session

    def _too_late(self, request: Request, host: str, problem: TimeoutError) -> GigaChatError:
        if isinstance(problem, aiohttp.ConnectionTimeoutError):
            return ConnectionFailedError(
                f"The connection to {_place(request.url)} did not open in time.", hint=_way_hint(request.url)
            )
        return _silence(request, self._timeout, None)


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
        except GigaChatError as problem:
            self.problem = problem
            raise
        finally:
            self._until(None)  # from here on the answer's own silence counts

    def _until(self, when: float | None) -> None:
        with suppress(RuntimeError):  # the answer came before all was sent
            self.deadline.reschedule(when)


def _hang_up(response: aiohttp.ClientResponse) -> None:
    """End the connection of an answer that is left before its end, and with it the answering."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()


def proxy_for(url: str) -> str | None:
    """The proxy that the environment (or the system) names for `url`: HTTPS_PROXY, ALL_PROXY, NO_PROXY."""
    parts = urlsplit(url)
    if not parts.hostname or proxy_bypass(parts.hostname):
        return None
    proxies = getproxies()
    found = proxies.get(parts.scheme) or proxies.get("all")
    if not found:
        return None
    return found if "://" in found else f"http://{found}"


def _silence(request: Request, timeout: float, request_id: str | None) -> SilenceError:
    return SilenceError(
        f"Nothing came for {timeout:g} seconds in answer to {request.purpose}.",
        hint="Try again, or wait longer with --timeout.",
        request_id=request_id,
    )


def _broken(request: Request, problem: Exception, request_id: str | None) -> ConnectionFailedError:
    return ConnectionFailedError(
        f"The connection broke while the answer to {request.purpose} came ({_reason(problem)}).",
        hint="Try again.",
        request_id=request_id,
    )


def _unproved(request: Request, host: str, problem: Exception) -> TLSError:
    reason = getattr(problem, "verify_message", "") or "its certificate is not valid"
    if is_gigachat_host(host):
        hint = "A proxy or a portal may stand in between; give its authority as GIGACHAT_CA_BUNDLE_FILE."
    else:
        hint = "Give the authority that it should be proved by as GIGACHAT_CA_BUNDLE_FILE."
    return TLSError(
        f"{host} could not prove who it is: {one_line(str(reason))}.", hint=f"{hint} See 'gigachat doctor'."
    )


def _unsent(request: Request, host: str, proxy: str | None, problem: Exception) -> GigaChatError:
    if isinstance(problem, aiohttp.ClientHttpProxyError):
        what = "asks for a user and a password" if problem.status == 407 else "refused the connection"
        return ProxyError(
            f"The proxy {without_password(proxy or '')} {what} (HTTP {problem.status}).",
            hint="Check the proxy setting, and HTTPS_PROXY.",
            status=problem.status,
        )
    if isinstance(problem, aiohttp.ClientProxyConnectionError):
        return ConnectionFailedError(
            f"The proxy {without_password(proxy or '')} could not be reached ({_reason(problem)}).",
            hint="Check the proxy setting, and HTTPS_PROXY.",
        )
    if isinstance(problem, aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return TLSError(
            f"No secure connection to {_place(request.url)} could be made ({_reason(problem)}).",
            hint="'gigachat doctor' shows where it fails.",
        )
    if isinstance(problem, aiohttp.ClientConnectorDNSError):
        return ConnectionFailedError(f"The host {host} was not found.", hint=_way_hint(request.url))
    if isinstance(problem, aiohttp.InvalidURL) or (isinstance(problem, ValueError) and proxy):
        return _unusable(proxy or "", request)
    if isinstance(problem, aiohttp.ClientConnectorError):
        return ConnectionFailedError(
            f"{_place(request.url)} could not be reached ({_reason(problem)}).", hint=_way_hint(request.url)
        )
    return ConnectionFailedError(
        f"The connection broke before {request.purpose} was answered ({_reason(problem)}).", hint="Try again."
    )


def _unusable(proxy: str, request: Request) -> ConfigError:
    return ConfigError(
        f"The proxy {without_password(proxy)} or the address {_place(request.url)} cannot be used.",
        hint="A proxy is an http:// or https:// address; SOCKS proxies are not supported.",
    )


def _way_hint(url: str) -> str:
    if is_loopback(urlsplit(url).hostname or ""):
        return "Is the simulator running?"
    port = urlsplit(url).port or 443
    return f"Check the network, VPN and firewall (port {port}), or set a proxy; 'gigachat doctor' checks each step."


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _reason(problem: BaseException) -> str:
    """A few words on a failure, without addresses and headers that the library's own text may hold."""
    inner = getattr(problem, "os_error", None) or problem
    if isinstance(inner, ssl.SSLError):
        return one_line((inner.reason or "TLS failed").replace("_", " ").lower())
    if isinstance(inner, OSError) and inner.strerror:
        return one_line(inner.strerror)
    if isinstance(inner, aiohttp.ServerDisconnectedError):
        return "the server hung up"
    if isinstance(inner, aiohttp.ClientPayloadError):
        return "the answer is incomplete"
    return one_line(type(inner).__name__)


__all__ = ["USER_AGENT", "Reply", "Transport", "proxy_for"]
