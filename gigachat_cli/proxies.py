"""Proxies: what their addresses mean, and which one leads to a place.  Nothing here touches the network.

The variables are read as curl reads them: of `https_proxy`, `HTTPS_PROXY`, `all_proxy` and `ALL_PROXY` the first
that is not blank, unless `no_proxy` or `NO_PROXY` excepts the place.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import unquote_to_bytes, urlsplit

from .errors import ConfigError
from .masking import keep_secret

WANTED = "an http://, https://, socks5:// or socks5h:// address, such as http://proxy.example:3128"
SETTING = "the proxy setting"
"""What a proxy of the settings is said to come from, be it a flag, a variable or the file."""

_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}
_ALIASES = {"socks": "socks5h"}  # what desktops write into ALL_PROXY
_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_EXCEPTIONS = ("no_proxy", "NO_PROXY")
_HOST = r"\[[0-9a-f:.]+(?:%[\w.-]+)?\]|[^\s:/?#\[\]\\]+"
_PLACE = rf"(?is)({_HOST})(?::([0-9]{{0,5}}))?(?:[/?#].*)?"


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy; `shown` is its address without the password, `origin` names the setting that it comes from.

    User and password are the bytes that the proxy is to get: UTF-8, or whatever the address gives in percents.
    """

    scheme: str
    host: str
    port: int
    user: bytes | None = field(repr=False)
    password: bytes = field(repr=False)
    shown: str
    origin: str = SETTING

    def __post_init__(self) -> None:
        keep_secret(self.password.decode("utf-8", "replace"))

    @property
    def is_socks(self) -> bool:
        return self.scheme.startswith("socks")

    @property
    def resolves_names(self) -> bool:
        """Whether the proxy itself looks up the names of the hosts that it leads to."""
        return self.scheme not in ("socks4", "socks5")


def parse_proxy(text: str, *, origin: str = SETTING) -> Proxy:
    """What the address of a proxy means; without a scheme it is http://.

    Raises ValueError, whose text says what is wanted and holds nothing of a password.
    """
    text = with_scheme(text)
    scheme, _, rest = text.partition("://")
    scheme = _ALIASES.get(scheme.lower(), scheme.lower())
    login, at, place = rest.rpartition("@")
    if at and re.search("[/?#]", login):
        raise ValueError(f"{WANTED}; in a user or a password / is written %2F, ? %3F and # %23")
    found = re.fullmatch(_PLACE, place)
    port = int(found[2] or _PORTS.get(scheme, 0)) if found else 0
    if scheme not in _PORTS or found is None or not 0 < port < 65536:
        raise ValueError(WANTED)
    user, _, password = login.encode("utf-8", "surrogateescape").partition(b":")
    return Proxy(
        scheme,
        found[1].strip("[]"),
        port,
        unquote_to_bytes(user) if at else None,
        unquote_to_bytes(password),
        without_password(text),
        origin,
    )


def with_scheme(text: str) -> str:
    text = text.strip()
    return text if "://" in text else f"http://{text}"


def without_password(url: str) -> str:
    """The address with the password of its user part masked."""
    # Not by urlsplit(), which finds no password where one holds a slash, and fails on an address that is broken.
    return re.sub(r"^((?:[^/]*//)?[^:@/]*):(?!//).*@", r"\1:***@", url)


def proxy_for(url: str, *, given: str | None = None, environment: Mapping[str, str] | None = None) -> Proxy | None:
    """The proxy that leads to `url`: the one that is `given` in the settings, else that of the environment.

    An http:// address takes none, ever: a proxy would read the key.  Raises ConfigError for a proxy that is none.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        return None
    if given:
        return _parsed(given, SETTING)
    environment = os.environ if environment is None else environment
    if is_excepted(parts.hostname, parts.port or 443, _first(environment, _EXCEPTIONS)[1]):
        return None
    name, text = _first(environment, _VARIABLES)
    if not text and sys.platform in ("darwin", "win32"):
        name, text = "the system's proxy settings", _of_the_system(parts.hostname)
    return _parsed(text, name) if text else None


def is_excepted(host: str, port: int, exceptions: str) -> bool:
    """Whether a NO_PROXY of this text holds the place.

    Its words, between commas or blanks: `*`, a domain (`example.org` and `.example.org` both mean it and all below
    it), a pattern with stars, an address, or a range of addresses in CIDR form; each with `:port` where it holds for
    that port alone.
    """
    host = _plain(host)
    return any(_matches(word, host, port) for word in re.split(r"[\s,]+", exceptions) if word)


def odd_exceptions(environment: Mapping[str, str] | None = None) -> tuple[str, list[str]]:
    """The variable that holds exceptions, and the words in it that can mean no place."""
    name, text = _first(os.environ if environment is None else environment, _EXCEPTIONS)
    return name, [word for word in re.split(r"[\s,]+", text) if word and not _means_a_place(word)]


def _means_a_place(word: str) -> bool:
    name = re.sub(r":[0-9]{1,5}$", "", word) if word.count(":") == 1 or "]:" in word else word
    name = name.replace("[", "").replace("]", "")
    if "/" in name or ":" in name:
        try:
            ip_network(name, strict=False)
        except ValueError:
            return False
        return True
    return re.fullmatch(r"[\w*.-]+", name) is not None


def _matches(word: str, host: str, port: int) -> bool:
    found = re.fullmatch(r"\[([^\]]*)\](/[0-9]+)?(?::([0-9]+))?", word)
    if found:
        name, its_port = found[1] + (found[2] or ""), found[3]
    elif word.count(":") == 1:
        name, _, its_port = word.partition(":")
        if not its_port.isascii() or not its_port.isdigit():
            return False
    else:
        name, its_port = word, None
    if its_port and int(its_port[:6]) != port:
        return False
    if "*" in name:
        return fnmatchcase(host, _plain(name))
    try:
        address = ip_address(host)
    except ValueError:
        domain = _plain(name).lstrip(".")
        return bool(domain) and (host == domain or host.endswith(f".{domain}"))
    try:
        network = ip_network(name, strict=False)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address in network or (mapped is not None and mapped in network)


def _plain(host: str) -> str:
    """A name as it is compared: lower case, without the last dot, and in the letters that DNS has."""
    host = host.lower().rstrip(".")
    if not host.isascii():
        try:
            return host.encode("idna").decode("ascii")
        except UnicodeError:
            return host
    return host


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, str]:
    """The first of these variables that is not blank, with its text."""
    return next(((name, text) for name in names if (text := environment.get(name, "").strip())), ("", ""))


def _of_the_system(host: str) -> str:
    """What macOS and Windows have in their own settings."""
    from urllib.request import getproxies, proxy_bypass

    return "" if proxy_bypass(host) else getproxies().get("https", "")


def _parsed(text: str, origin: str) -> Proxy:
    try:
        return parse_proxy(text, origin=origin)
    except ValueError as problem:
        # Its value is not shown: a broken address may hold a password in any place.
        raise ConfigError(f"{origin[0].upper()}{origin[1:]} must be {problem}.", hint=f"Correct {origin}.") from None
