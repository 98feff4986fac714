"""What a setting may be: each check gives the value that is meant, or says in a ValueError what is wanted."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import paths
from .proxies import parse_proxy, with_scheme

PERSONAL_SCOPE = "GIGACHAT_API_PERS"
SCOPES = (PERSONAL_SCOPE, "GIGACHAT_API_B2B", "GIGACHAT_API_CORP")

_MOST = 10**9  # of anything that is counted


def takes(parse: Callable[[object], Any]) -> str:
    """What a check wants, in its own words, as in "a number above 0"."""
    for refused in ("?", ""):
        try:
            parse(refused)
        except ValueError as wanted:
            return str(wanted)
    return "a text"


def as_number(*, above: float | None = None, least: float | None = None, most: float | None = None) -> Any:
    bounds = [
        f"above {above:g}" if above is not None else "",
        f"{least:g} or more" if least is not None and most is None else "",
        f"from {least:g} to {most:g}" if least is not None and most is not None else "",
    ]
    wanted = " ".join(["a number", *filter(None, bounds)])

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(wanted)
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise ValueError(wanted) from None
        within = (
            number == number  # not a NaN
            and abs(number) != float("inf")
            and (above is None or number > above)
            and (least is None or number >= least)
            and (most is None or number <= most)
        )
        if not within:
            raise ValueError(wanted)
        return number

    return parse


def as_integer(*, least: int, most: int = _MOST) -> Any:
    wanted, too_large = f"a whole number, {least} or more", f"a whole number from {least} to {most}"

    def parse(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError(wanted)
        try:
            number = int(value)
        except ValueError:
            raise ValueError(wanted) from None
        if number < least:
            raise ValueError(wanted)
        if number > most:
            raise ValueError(too_large)
        return number

    return parse


def as_boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = as_word(value)
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError("true or false")


def as_choice(*words: str) -> Callable[[object], str]:
    def parse(value: object) -> str:
        word = as_word(value)
        if word not in words:
            raise ValueError(f"one of {', '.join(words)}")
        return word

    return parse


def as_word(value: object) -> str:
    is_small = isinstance(value, int) and abs(value) <= _MOST
    return str(value).strip().lower() if isinstance(value, str) or is_small else ""


def as_text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("a text")
    return _encodable(value).strip()


def as_secret_text(value: object) -> str:
    # A key may have been pasted with blanks and quotes: what it means is the engine's business.
    if not isinstance(value, str):
        raise ValueError("a text")
    return _encodable(value)


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:  # bytes of a variable or a flag that are no text in any encoding of ours
        raise ValueError("a text in UTF-8") from None
    return text


def as_path(value: object) -> Path:
    # Its bytes are the file system's: they need be no text.
    if not isinstance(value, Path) and not (isinstance(value, str) and value.strip() and "\0" not in value):
        raise ValueError("a path")
    return paths.expanded(value if isinstance(value, Path) else value.strip())


def as_scope(value: object) -> str:
    text = as_text(value)
    for scope in SCOPES:
        if text.upper() in (scope, scope.removeprefix("GIGACHAT_API_")):
            return scope
    # A scope that we do not know may be a new one: only the service refuses it.
    if text.startswith("GIGACHAT_API_"):
        return text
    raise ValueError(f"one of {', '.join(SCOPES)}")


def as_url(value: object) -> str:
    text = as_text(value).rstrip("/")
    wanted = "an https:// address (http:// only on this machine)"
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(wanted) from None
    if (
        not host
        or not _is_host(host)
        or parts.username
        or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))
    ):
        raise ValueError(wanted)
    return text


def _is_host(name: str) -> bool:
    try:
        name.encode("idna")  # a part of more than 63 letters, or of none, is none
    except UnicodeError:
        return False
    return name.isprintable() and " " not in name


def as_base_url(value: object) -> str:
    text = as_url(value)
    parts = urlsplit(text)
    if parts.path.endswith("/oauth") or parts.port == 9443:
        raise ValueError("the address of the API, such as https://api.giga.chat/v1; the OAuth address is auth_url")
    # The vendor's own page prints https://api.giga.chat/; the paths below it begin with a version (documented).
    path = parts.path.removesuffix("/chat/completions").removesuffix("/models").rstrip("/")
    if not path and (parts.hostname or "").lower().endswith("sberbank.ru"):
        path = "/api"
    path = _WITH_VERSION.get(path, path)
    return text if parts.query or parts.fragment else f"{parts.scheme}://{parts.netloc}{path}"


_WITH_VERSION = {"": "/v1", "/api": "/api/v1", "/v2": "/v1", "/api/v2": "/api/v1"}
"""The path of the API by one that lacks its version, or has the version in which only some requests are made."""


def as_proxy(value: object) -> str:
    text = with_scheme(as_text(value))
    parse_proxy(text)
    return text


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, by its name or its number."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
