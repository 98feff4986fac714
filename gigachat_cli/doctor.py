"""Checks of the way to the service, from the settings to the model, so that the step that fails is named."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from . import credentials, paths
from .engine import GigaChat
from .engine.tls import Trust
from .engine.tls_faults import reason
from .engine.transport import Transport
from .engine.tunnels import need_extra, open_tunnel
from .engine.wire import Request
from .errors import ConfigError, GigaChatError
from .known_models import advice_on, ranked_models
from .messages import Notice
from .moments import shown_time
from .proxies import SETTING, Proxy, odd_exceptions, proxy_for
from .setting_values import is_loopback
from .settings import VERIFICATION_OFF, Settings, load_settings
from .text import one_line
from .ways import worded

_STEP_SECONDS = 15.0
_CLOCK_SECONDS = 60.0  # more than that, and tokens are renewed at the wrong time

State = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Check:
    """What one step found; `hint` is the next step, and `exit_code` the program's when this is its failure."""

    step: str
    state: State
    message: str
    hint: str | None = None
    exit_code: int = 0


async def check_all(
    flags: Mapping[str, object], *, notify: Callable[[Notice], None] = lambda notice: None
) -> AsyncIterator[Check]:
    """All checks, each as soon as it is made; what rests on a failed one is left out."""
    try:
        settings = load_settings(flags)
    except ConfigError as problem:
        yield _failure("settings", problem)
        return
    exists = paths.config_file().exists()
    yield Check("settings", "ok", f"{paths.config_file()}" if exists else "no config file, the defaults apply")
    for check in _folders():
        yield check
    credential = None
    try:
        credential = credentials.find(settings)
        key_check = await _key(settings, credential)
    except GigaChatError as problem:
        key_check = _failure("key", problem)
    yield key_check
    if not settings.verify_ssl_certs:
        notify(Notice("alarm", VERIFICATION_OFF))
        yield Check(
            "verification",
            "warning",
            "certificates are not verified: anyone on the way can read the key",
            "Unset verify_ssl_certs; for an authority of your own give ca_bundle_file.",
        )
    name, odd = odd_exceptions()
    if odd:
        told = f"{name} holds what means no place: {one_line(', '.join(odd), 200)}"
        yield Check("proxy exceptions", "warning", told, "Write HOST, HOST:PORT, *.HOST, an address, or ADDRESS/BITS.")
    reached: dict[str, bool] = {}
    proxies: dict[Proxy, bool] = {}
    urls = {"API": settings.base_url, "login": settings.auth_url}
    trust = _trust(settings)
    for place, url in urls.items():
        if _host(url) in (_host(urls[other]) for other in reached):
            reached[place] = reached["API"]
            continue
        try:
            proxy = proxy_for(url, given=settings.proxy)
        except ConfigError as problem:
            reached[place] = False
            yield _failure(f"{place} proxy", problem)
            continue
        if proxy is not None and proxy not in proxies:
            proxies[proxy] = True
            async for check in _way_to_proxy(place, proxy):
                proxies[proxy] = proxies[proxy] and check.state != "failure"
                yield check
        reached[place] = proxy is None or proxies[proxy]
        if reached[place]:
            async for check in _way(place, url, proxy, settings, trust):
                reached[place] = reached[place] and check.state != "failure"
                yield check
    if any(reached.values()):
        yield await _clock(next(urls[place] for place, so in reached.items() if so), settings, trust)
    if not all(reached.values()) or key_check.state == "failure":
        return
    async with GigaChat.from_settings(settings, key_source=credential, notify=notify) as giga:
        try:
            token = await giga.log_in()
            yield Check("login", "ok", f"accepted for {settings.scope}" if token else "needs no token of its own")
            yield await _model(giga, settings)
        except GigaChatError as problem:
            yield _failure("login", problem)


def _folders() -> list[Check]:
    checks = []
    named = all(os.environ.get(name, "").strip() for name in ("GIGACHAT_CONFIG_DIR", "GIGACHAT_DATA_DIR"))
    if not (paths.has_home() or named) and paths.home() in (paths.config_dir().parent, paths.data_dir().parent):
        told = f"there is none: {paths.home()} stands in for it, which a restart of the machine may clear"
        checks.append(Check("home folder", "warning", told, "Set HOME, or GIGACHAT_CONFIG_DIR and GIGACHAT_DATA_DIR."))
    for name, folder in (("config folder", paths.config_dir()), ("data folder", paths.data_dir())):
        place = folder
        while not os.path.exists(place):  # which, unlike Path.exists, takes a closed folder for an absent one
            place = place.parent
        if not os.path.isdir(place):
            told = f"{place} is no folder"
            checks.append(Check(name, "warning", told, "Name a folder: without it nothing is kept between runs."))
        elif not os.access(place, os.R_OK | os.W_OK | os.X_OK):
            hint = "Make it yours to read and write: without it nothing is kept between runs."
            checks.append(Check(name, "warning", f"{place} cannot be read and written", hint))
        elif place != folder:
            checks.append(Check(name, "ok", f"{folder} will be made at need"))
        else:
            loose = [each for each in (folder, *_files(folder)) if not paths.is_private(each)]
            if loose:
                listed = ", ".join(str(each) for each in loose[:3])
                checks.append(Check(name, "warning", f"others may read {listed}", f"Run: chmod -R go= '{folder}'"))
            else:
                checks.append(Check(name, "ok", f"{folder} is private"))
    return checks


def _files(folder: Path) -> list[Path]:
    return [each for each in folder.iterdir() if each.is_file()]


async def _key(settings: Settings, credential: credentials.Credential | None) -> Check:
    if settings.access_token:
        return Check("key", "ok", f"an access token from {settings.origin('access_token')}")
    if credential is not None:
        key = await credential.key()
        if key.doubt:
            return Check("key", "warning", f"from {credential.where}: {key.doubt}", "Run 'gigachat auth login'.")
        return Check("key", "ok", f"{key.masked} from {credential.where}")
    if settings.user and settings.password:
        return Check("key", "ok", f"user and password from {settings.origin('user')}")
    if settings.cert_file:
        return Check("key", "ok", f"client certificate {settings.cert_file}")
    hint = "Run 'gigachat auth login', or set GIGACHAT_CREDENTIALS."
    return Check("key", "failure", "there is no authorization key", hint, exit_code=3)


async def _way_to_proxy(place: str, proxy: Proxy) -> AsyncIterator[Check]:
    """Whether the proxy is there; whether it leads on is seen for each place behind it."""
    variable = "" if proxy.origin == SETTING else f", from {proxy.origin}"
    try:
        need_extra(proxy)
    except ConfigError as problem:
        yield _failure(f"{place} proxy", problem)
        return
    yield Check(f"{place} proxy", "ok", f"through {proxy.shown}{variable}")
    steps = _dns(f"{place} DNS", proxy.host, proxy), _tcp(place, proxy.host, proxy.port, proxy)
    async with aclosing(_until_failure(*steps)) as checks:
        async for check in checks:
            yield check


async def _way(place: str, url: str, proxy: Proxy | None, settings: Settings, trust: Trust) -> AsyncIterator[Check]:
    host, port = _host(url)
    steps: list[_Step] = []
    if proxy is None:
        steps += [_dns(f"{place} DNS", host, None), _tcp(place, host, port, None)]
    else:
        if not proxy.resolves_names:
            steps.append(_dns(f"{place} host DNS", host, None, elsewhere=proxy))
        steps.append(_tunnel(place, proxy, host, port, trust))
    async with aclosing(_until_failure(*steps, _tls(place, url, settings, trust))) as checks:
        async for check in checks:
            yield check


_Step = Coroutine[Any, Any, Check | None]


async def _until_failure(*steps: _Step) -> AsyncGenerator[Check, None]:
    """What the steps find, one after the other, up to the first that fails; None is nothing to tell."""
    left = list(steps)
    try:
        while left:
            check = await left.pop(0)
            if check is not None:
                yield check
                if check.state == "failure":
                    return
    finally:
        for step in left:  # one that is never begun would be warned about
            step.close()


async def _dns(step: str, host: str, proxy: Proxy | None, *, elsewhere: Proxy | None = None) -> Check | None:
    """What the name of the host, or of the proxy, leads to; None for an address, which needs no name.

    `elsewhere` is a proxy that could look the name up itself.
    """
    try:
        async with asyncio.timeout(_STEP_SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        hint = f"Check {proxy.origin}." if proxy else "Check the network, the VPN and the DNS settings."
        if elsewhere:
            better = "socks4a" if elsewhere.scheme == "socks4" else "socks5h"
            hint = f"With {better}:// the proxy looks it up."
        what = f"the proxy {proxy.shown}" if proxy else host
        return Check(step, "failure", f"{what} was not found", hint, exit_code=4)
    address = str(found[0][4][0])
    return None if address == host else Check(step, "ok", f"{host} is {address}")


async def _tcp(place: str, host: str, port: int, proxy: Proxy | None) -> Check:
    what = f"the proxy {proxy.shown}" if proxy else f"{host}:{port}"
    try:
        async with asyncio.timeout(_STEP_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError) as problem:
        hint = f"A firewall may close port {port}; try another network, or set a proxy."
        if is_loopback(host):
            hint = f"Is the simulator running, and on port {port}?"
        why = "no answer in time" if isinstance(problem, TimeoutError) and problem.errno is None else reason(problem)
        return Check(
            f"{place} TCP",
            "failure",
            f"{what} did not open: {why}",
            f"Check {proxy.origin}, and whether the proxy runs." if proxy else hint,
            exit_code=4,
        )
    writer.close()
    return Check(f"{place} TCP", "ok", f"{host}:{port} is open")


async def _tunnel(place: str, proxy: Proxy, host: str, port: int, trust: Trust) -> Check:
    """Whether the proxy takes us, and leads to the host."""
    try:
        transport = await open_tunnel(proxy, host, port, trust=trust, patience=_STEP_SECONDS)
    except GigaChatError as problem:
        return _failure(f"{place} tunnel", problem)
    transport.abort()
    return Check(f"{place} tunnel", "ok", f"the proxy leads to {host}:{port}")


async def _tls(place: str, url: str, settings: Settings, trust: Trust) -> Check:
    """The handshake, by the client's own means, and the authority that the chain ends in."""
    if url.startswith("http:"):
        return Check(f"{place} TLS", "warning", f"{url} is not encrypted", "Use an https:// address.")
    host, _ = _host(url)
    transport = Transport(trust, timeout=_STEP_SECONDS, proxy=settings.proxy)
    try:
        async with transport.open(Request("GET", url, "the check"), with_client_certificate=True):
            authority = transport.authority or "an unnamed authority"
    except GigaChatError as problem:
        return _failure(f"{place} TLS", problem)
    finally:
        await transport.close()
    if not settings.verify_ssl_certs:
        return Check(f"{place} TLS", "warning", f"{host} was not asked to prove who it is")
    return Check(f"{place} TLS", "ok", f"the chain of {host} ends in {authority}")


async def _clock(url: str, settings: Settings, trust: Trust) -> Check:
    transport = Transport(trust, timeout=_STEP_SECONDS, proxy=settings.proxy)
    try:
        async with transport.open(Request("GET", url, "the check"), with_client_certificate=True) as reply:
            told = parsedate_to_datetime(reply.headers.get("date", "")).timestamp()
    except (GigaChatError, ValueError, TypeError):
        return Check("clock", "warning", "the server did not tell its time")
    finally:
        await transport.close()
    ahead = time.time() - told
    if abs(ahead) <= _CLOCK_SECONDS:
        return Check("clock", "ok", "agrees with the server's")
    direction = "ahead of" if ahead > 0 else "behind"
    hint = "Set the computer's clock, or let it be set from the network."
    here, there = (shown_time(each) for each in (told + ahead, told))
    message = f"{_span(abs(ahead))} {direction} the server's ({here} here, {there} there)"
    return Check("clock", "warning", message, hint)


def _span(seconds: float) -> str:
    """A time as a person says it, in the largest unit that it has two of (of minutes one is enough)."""
    for unit, length in (("day", 86400), ("hour", 3600)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}s"
    minutes = round(seconds / 60)
    return f"{minutes} minute{'s' if minutes != 1 else ''}"


async def _model(giga: GigaChat, settings: Settings) -> Check:
    try:
        names = ranked_models(await giga.models())
        if settings.model is None:
            return Check("model", "ok", f"{one_line(await giga.model())} is on offer, chosen from the account's list")
    except GigaChatError as problem:
        return _failure("model", problem)
    if settings.model in names:
        return Check("model", "ok", f"{settings.model} is on offer")
    hint = advice_on(settings.model, names, settings.origin("model"))
    told = f"{settings.model} is not on offer ({settings.origin('model')} names it)"
    return Check("model", "failure", told, hint, exit_code=1)


def _trust(settings: Settings) -> Trust:
    return Trust(
        verify=settings.verify_ssl_certs,
        ca_bundle_file=settings.ca_bundle_file,
        cert_file=settings.cert_file,
        key_file=settings.key_file,
        key_file_password=settings.key_file_password,
    )


def _host(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


def _failure(step: str, problem: GigaChatError) -> Check:
    return Check(
        step, "failure", problem.message, problem.next_step and worded(problem.next_step), exit_code=problem.exit_code
    )
