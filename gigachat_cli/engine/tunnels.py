"""Tunnels: a connection through a proxy to the host behind it, by HTTP CONNECT or SOCKS.

What goes wrong here is the proxy's, and is told with its name.  Nothing secret passes but the proxy's own password:
what the tunnel leads to is proved and encrypted by whoever asked for it.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from base64 import b64encode
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NoReturn

from ..errors import ConfigError, ConnectionFailedError, GigaChatError, ProxyError, TLSError
from ..proxies import Proxy
from .tls import Trust
from .tls_faults import reason, tls_fault
from .wire import USER_AGENT

_OPEN_SECONDS = 10.0  # name, connection and TLS of the proxy itself
_ANSWER_SECONDS = 20.0  # it may have to look for the host first
_MAX_HEAD_BYTES = 64 * 1024


async def open_tunnel(proxy: Proxy, host: str, port: int, *, trust: Trust, patience: float) -> asyncio.Transport:
    """A transport whose bytes reach `host` as they are; the caller puts TLS on it, and closes it.

    `patience` is how many seconds the proxy may be silent.  Raises ProxyError, ConnectionFailedError and TLSError,
    which name the proxy, and ConfigError where it cannot be used.
    """
    greet = _connect
    if proxy.is_socks:
        greet = _socks4 if proxy.scheme.startswith("socks4") else _socks5
        need_extra(proxy)
    line = await _line_to(proxy, trust, min(_OPEN_SECONDS, patience))
    try:
        async with asyncio.timeout(min(_ANSWER_SECONDS, patience)):
            if not proxy.resolves_names:
                host = await _address_of(host, port, only_4=proxy.scheme == "socks4")
            await greet(line, host, port)
    except GigaChatError:
        line.transport.abort()
        raise
    except (asyncio.IncompleteReadError, OSError) as problem:  # TimeoutError is one of the latter
        line.transport.abort()
        if isinstance(problem, TimeoutError) and problem.errno is None:
            raise _lost(proxy, "did not answer in time") from None
        raise _lost(proxy, "hung up without an answer") from None
    except BaseException:
        line.transport.abort()
        raise
    return line.transport


def need_extra(proxy: Proxy) -> None:
    """Raise ConfigError for a proxy that this installation cannot speak to."""
    if not proxy.is_socks:
        return
    try:
        import socksio  # noqa: F401  (whether it is there)
    except ImportError:
        raise ConfigError(
            f"The proxy {proxy.shown} is a SOCKS proxy, which needs the extra 'socks'.",
            hint="Run: pip install 'gigachat-terminal[socks]'",
        ) from None


@dataclass(frozen=True, slots=True)
class _Line:
    """The connection to the proxy itself."""

    proxy: Proxy
    transport: asyncio.Transport
    reader: asyncio.StreamReader

    async def ask(self, sent: bytes, size: int) -> bytes:
        """Send, and read an answer of so many bytes."""
        self.transport.write(sent)
        return await self.reader.readexactly(size)


async def _line_to(proxy: Proxy, trust: Trust, seconds: float) -> _Line:
    context = trust.context(proxy.host, with_client_certificate=False) if proxy.scheme == "https" else None
    loop = asyncio.get_running_loop()
    # No StreamWriter: one that is forgotten closes its transport, which lives on in the tunnel.
    reader = asyncio.StreamReader(limit=_MAX_HEAD_BYTES)
    try:
        async with asyncio.timeout(seconds):
            transport, _ = await loop.create_connection(
                lambda: asyncio.StreamReaderProtocol(reader),
                proxy.host,
                proxy.port,
                ssl=context,
                server_hostname=proxy.host.rstrip(".") if context else None,
                happy_eyeballs_delay=0.25,
            )
    except ssl.SSLCertVerificationError as problem:
        if trust.widen(proxy.host):
            return await _line_to(proxy, trust, seconds)
        raise _insecure(proxy, problem, trust) from None
    except ssl.SSLError as problem:
        raise _insecure(proxy, problem, trust) from None
    except (socket.gaierror, UnicodeError):
        raise _lost(proxy, "was not found") from None
    except TimeoutError as problem:
        what = "did not open in time" if problem.errno is None else f"could not be reached ({reason(problem)})"
        raise _lost(proxy, what) from None
    except (ConnectionResetError, ConnectionAbortedError):
        raise _lost(proxy, "hung up without an answer") from None
    except OSError as problem:
        raise _lost(proxy, f"could not be reached ({reason(problem)})") from None
    return _Line(proxy, transport, reader)


async def _connect(line: _Line, host: str, port: int) -> None:
    """HTTP CONNECT (RFC 9110, 9.3.6), with a login of the kind Basic."""
    proxy = line.proxy
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    head = [f"CONNECT {place} HTTP/1.1", f"Host: {place}", f"User-Agent: {USER_AGENT}"]
    if proxy.user is not None:
        head.append(f"Proxy-Authorization: Basic {b64encode(proxy.user + b':' + proxy.password).decode()}")
    line.transport.write("\r\n".join([*head, "", ""]).encode())
    answer = b""
    ended = False
    while not ended and len(answer) <= _MAX_HEAD_BYTES and answer.startswith(b"HTTP/"[: len(answer)]):
        piece = await line.reader.read(_MAX_HEAD_BYTES)
        if not piece and not answer:
            raise asyncio.IncompleteReadError(b"", None)
        if not piece:
            break
        ended = re.search(rb"\r?\n\r?\n", answer[-3:] + piece) is not None
        answer += piece
    found = re.match(rb"HTTP/1\.[01] +([1-9][0-9][0-9])[ \r\n]", answer)
    if not (ended and found):
        other = "If it is a SOCKS proxy, its address begins with socks5h://." if answer[:1] in b"\x00\x05" else None
        raise _refused(proxy, "answered with something that is not HTTP", hint=other)
    status = int(found[1])
    if not 200 <= status < 300:
        _raise_for(proxy, status, answer)


def _raise_for(proxy: Proxy, status: int, head: bytes) -> NoReturn:
    what, hint = (
        "refused the connection",
        f"Ask who runs it whether the service may be reached, or check {proxy.origin}.",
    )
    if status == 407:
        kinds = {kind.decode().lower() for kind in re.findall(rb"(?im)^proxy-authenticate:\s*([\w-]+)", head)}
        if kinds and "basic" not in kinds:
            what = f"asks for a login of the kind {', '.join(sorted(kinds))}"
            hint = "Only Basic is supported; a small proxy on this computer can do the other."
        elif proxy.user is None:
            what, hint = "asks for a user and a password", _login_hint(proxy)
        else:
            what, hint = "refused the user and the password", _login_hint(proxy)
    elif status in (502, 503, 504):
        what, hint = "could not reach the service", "Try again in a few minutes, or ask who runs it."
    elif status in (400, 404, 405, 501):
        hint = f"It may be no proxy, or none for HTTPS: check {proxy.origin}."
    raise _refused(proxy, f"{what} (HTTP {status})", hint=hint, status=status, may_pass=status in (502, 503, 504))


async def _socks5(line: _Line, host: str, port: int) -> None:
    """SOCKS 5 (RFC 1928), with a user and a password (RFC 1929) where there are such."""
    from socksio import socks5

    proxy = line.proxy
    methods = [socks5.SOCKS5AuthMethod.NO_AUTH_REQUIRED]
    if proxy.user is not None:
        methods.append(socks5.SOCKS5AuthMethod.USERNAME_PASSWORD)
    answer = await line.ask(socks5.SOCKS5AuthMethodsRequest(methods).dumps(), 2)
    if answer[0] != 5:
        _raise_no_socks(proxy)
    if answer[1:] not in methods:
        what = "asks for a user and a password" if proxy.user is None else "does not take a user and a password"
        raise _refused(proxy, what, hint=_login_hint(proxy))
    if answer[1:] == socks5.SOCKS5AuthMethod.USERNAME_PASSWORD:
        assert proxy.user is not None
        if max(len(proxy.user), len(proxy.password)) > 255:
            raise ConfigError(
                f"The user or the password of the proxy {proxy.shown} is longer than 255 bytes.",
                hint="SOCKS takes no longer ones.",
            )
        answer = await line.ask(socks5.SOCKS5UsernamePasswordRequest(proxy.user, proxy.password).dumps(), 2)
        if answer[1]:
            raise _refused(proxy, "refused the user and the password", hint=_login_hint(proxy))
    if len(host) > 255:
        _raise_for_reply(proxy, _SOCKS5_REPLIES[8], may_pass=False)
    command = socks5.SOCKS5CommandRequest.from_address(socks5.SOCKS5Command.CONNECT, (host, port))
    answer = await line.ask(command.dumps(), 2)
    if answer[0] != 5:
        _raise_no_socks(proxy)
    if answer[1]:
        _raise_for_reply(
            proxy, _SOCKS5_REPLIES.get(answer[1], f"code {answer[1]}"), may_pass=answer[1] in (1, 3, 4, 5, 6)
        )
    kind = (await line.reader.readexactly(2))[1]  # of the address that the proxy uses, which is of no interest
    size = {1: 4, 4: 16}.get(kind)
    await line.reader.readexactly((size or (await line.reader.readexactly(1))[0]) + 2)


_SOCKS5_REPLIES = {
    1: "a general failure",
    2: "its rules do not allow it",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "time to live exceeded",
    7: "it does not know the command",
    8: "it does not take this kind of address",
}


async def _socks4(line: _Line, host: str, port: int) -> None:
    """SOCKS 4 and 4A, which know a user and no password."""
    from socksio import socks4

    try:
        ip_address(host)
        kind: type[socks4.SOCKS4Request] | type[socks4.SOCKS4ARequest] = socks4.SOCKS4Request
    except ValueError:
        kind = socks4.SOCKS4ARequest
    if ":" in host:
        _raise_for_reply(line.proxy, _SOCKS5_REPLIES[8], may_pass=False)
    request = kind.from_address(socks4.SOCKS4Command.CONNECT, (host, port), line.proxy.user or b"")
    answer = await line.ask(request.dumps(line.proxy.user or b""), 8)
    if answer[0] != 0 or not 90 <= answer[1] <= 93:
        _raise_no_socks(line.proxy)
    if answer[1] in (92, 93):
        raise _refused(line.proxy, "refused the user", hint=_login_hint(line.proxy))
    if answer[1] != 90:
        _raise_for_reply(line.proxy, "rejected or failed", may_pass=True)


async def _address_of(host: str, port: int, *, only_4: bool) -> str:
    family = socket.AF_INET if only_4 else socket.AF_UNSPEC
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ConnectionFailedError(
            f"The host {host} was not found.",
            hint=f"With {'socks4a' if only_4 else 'socks5h'}:// the proxy looks it up.",
            doctor=True,
        ) from None
    return str(found[0][4][0])


def _raise_no_socks(proxy: Proxy) -> NoReturn:
    hint = f"If it is an HTTP proxy, its address begins with http://: check {proxy.origin}."
    raise _refused(proxy, "answered with something that is not SOCKS", hint=hint)


def _raise_for_reply(proxy: Proxy, why: str, *, may_pass: bool) -> NoReturn:
    hint = "Try again in a few minutes, or ask who runs it." if may_pass else "Ask who runs it."
    raise _refused(proxy, f"could not reach the service ({why})", hint=hint, may_pass=may_pass)


def _refused(
    proxy: Proxy, what: str, *, hint: str | None = None, status: int | None = None, may_pass: bool = False
) -> ProxyError:
    problem = ProxyError(f"The proxy {proxy.shown} {what}.", hint=hint or f"Check {proxy.origin}.", status=status)
    problem.may_pass = may_pass
    return problem


def _lost(proxy: Proxy, what: str) -> ConnectionFailedError:
    return ConnectionFailedError(f"The proxy {proxy.shown} {what}.", hint=f"Check {proxy.origin}.", doctor=True)


def _login_hint(proxy: Proxy) -> str:
    return f"Give them in {proxy.origin}, as {proxy.scheme}://USER:PASSWORD@HOST:PORT."


def _insecure(proxy: Proxy, problem: ssl.SSLError, trust: Trust) -> TLSError:
    return tls_fault(problem, f"the proxy {proxy.shown}", trust=trust, of_proxy=proxy.origin)
