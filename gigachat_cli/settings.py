"""Settings: one declaration each, and four places: a flag, else `GIGACHAT_*`, else the file, else the default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from . import config_toml, paths
from .errors import ConfigError, nearest
from .masking import keep_secret
from .options import ANSWER, CONNECTION, Option, Options, option
from .proxies import without_password
from .setting_values import (
    PERSONAL_SCOPE,
    as_base_url,
    as_boolean,
    as_choice,
    as_integer,
    as_number,
    as_path,
    as_proxy,
    as_scope,
    as_secret_text,
    as_text,
    as_url,
)

VERIFICATION_OFF = "Certificates are not verified (verify_ssl_certs is false): anyone on the way can read the key."
"""What every run says that has `verify_ssl_certs` off."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from; `name` is the flag, the variable or the path of the file."""

    kind: Literal["flag", "environment", "file", "default"]
    name: str = ""

    def __str__(self) -> str:
        return self.name or self.kind

    def to_change(self, setting: str) -> str:
        """Where the value comes from and how another is set there, in a sentence; empty for a default."""
        if self.kind == "environment":
            return f"The name comes from {self.name}. Change it, or unset it."
        if self.kind == "file":
            return f"The name comes from {self.name}. 'gigachat config set {setting} NAME' sets another."
        return f"The name comes from {self.name}." if self.kind == "flag" else ""


_field = partial(option, None, panel=ANSWER, field="answer")
"""Declares a setting that is a field of chat requests, which is sent when it is set."""


class Settings(Options):
    """Every setting with its value; `origins` says where each that is not a default came from.

    `notes` say what was made of a value that is not what was written; they are told with --debug.
    """

    origins: Mapping[str, Origin]
    notes: tuple[str, ...]

    model: str | None = option(
        None,
        "Model that answers; unset, one is chosen from the account's list.",
        as_text,
        "--model -m",
        brief="Model to ask.",
        metavar="NAME",
        completion="model",
    )
    scope: str = option(
        PERSONAL_SCOPE,
        "Scope of the authorization key.",
        as_scope,
        "--scope",
        brief="Scope of the key: GIGACHAT_API_PERS, _B2B or _CORP.",
        metavar="SCOPE",
        panel=CONNECTION,
        completion="scope",
    )
    base_url: str = option(
        "https://api.giga.chat/v1", "Address of the API.", as_base_url, "--base-url", metavar="URL", panel=CONNECTION
    )
    auth_url: str = option(
        "https://ngw.devices.sberbank.ru:9443/api/v2/oauth", "Address that gives access tokens.", as_url
    )
    credentials: str | None = option(None, "Authorization key, ready or as id:secret.", as_secret_text, secret=True)
    credentials_command: str | None = option(None, "Command that prints the authorization key.", as_text)
    access_token: str | None = option(None, "Access token to use as it is.", as_secret_text, secret=True)
    user: str | None = option(None, "User name of a private stand.", as_text)
    password: str | None = option(None, "Password of a private stand.", as_secret_text, secret=True)
    ca_bundle_file: Path | None = option(
        None, "Certificate authorities to trust instead of ours (PEM or DER).", as_path
    )
    verify_ssl_certs: bool = option(True, "Whether servers must prove who they are.", as_boolean)
    cert_file: Path | None = option(None, "Client certificate.", as_path)
    key_file: Path | None = option(None, "Private key of the client certificate.", as_path)
    key_file_password: str | None = option(None, "Password of that private key.", as_secret_text, secret=True)
    proxy: str | None = option(None, "Proxy for all requests.", as_proxy, "--proxy", metavar="URL", panel=CONNECTION)
    timeout: float = option(
        60.0,
        "Seconds of silence after which to give up.",
        as_number(above=0),
        "--timeout",
        brief="Silence after which to give up.",
        metavar="SECONDS",
        panel=CONNECTION,
    )
    max_retries: int = option(
        3, "Repeats after a failure that may pass.", as_integer(least=0), "--max-retries", metavar="N", panel=CONNECTION
    )
    max_connections: int | None = option(
        None, "Requests at once (1 for a personal account, else 10).", as_integer(least=1, most=1000)
    )
    temperature: float | None = _field(
        "Freedom of the answer: near 0 strict, above 1 free.",
        as_number(above=0),
        "--temperature -t",
        brief="Near 0 strict, above 1 free.",
        metavar="NUMBER",
    )
    top_p: float | None = _field(
        "Share of likely tokens to choose from.", as_number(least=0, most=1), "--top-p", metavar="0..1"
    )
    max_tokens: int | None = _field("Longest answer, in tokens.", as_integer(least=1), "--max-tokens", metavar="N")
    repetition_penalty: float | None = _field(
        "Above 1, repeats become rarer.", as_number(above=0), "--repetition-penalty", metavar="NUMBER"
    )
    update_interval: float | None = _field(
        "Least seconds between two chunks.",
        as_number(least=0),
        "--update-interval",
        brief="Least time between two chunks.",
        metavar="SECONDS",
        field="stream",
    )
    context_tokens: int | None = option(
        None, "Tokens that the model takes at once; above it the oldest turns are left out.", as_integer(least=100)
    )
    log: bool = option(True, "Whether questions and answers are kept in the history.", as_boolean)
    markdown: str = option(
        "auto", "Markdown rendering: auto (on a terminal), always or never.", as_choice("auto", "always", "never")
    )
    theme: str = option(
        "auto",
        "Colours for a dark or a light background; auto asks the terminal.",
        as_choice("auto", "dark", "light"),
    )
    code_theme: str | None = option(None, "Pygments style of code; by default it follows theme.", as_text)
    wrap: int | None = option(None, "Widest line of rendered text, in cells.", as_integer(least=20, most=10_000))
    formulas: bool = option(True, "Whether formulas are shown in Unicode.", as_boolean)
    images: str = option(
        "auto",
        "How a terminal shows pictures: auto, kitty, iterm2, sixel, blocks, or link.",
        as_choice("auto", "kitty", "iterm2", "sixel", "blocks", "link"),
    )
    edit_mode: str = option("emacs", "Keys of the chat: emacs or vi.", as_choice("emacs", "vi"))

    def __init__(
        self, *, origins: Mapping[str, Origin] | None = None, notes: tuple[str, ...] = (), **values: Any
    ) -> None:
        super().__init__(**values)
        self.__dict__.update(origins=origins or {}, notes=notes)
        secrets = (values.get(name) for name, declared in self.declared.items() if declared.secret)
        keep_secret(*(secret and secret.strip(" \t\r\n\"'") for secret in secrets))

    def origin(self, name: str) -> Origin:
        return self.origins.get(name, Origin("default"))

    @property
    def slots(self) -> int:
        """How many requests the account takes at once (documented: 1 for persons, 10 for businesses)."""
        return self.max_connections or (1 if self.scope == PERSONAL_SCOPE else 10)


def declarations() -> dict[str, Option]:
    """All settings by name, in the order of their declaration."""
    return Settings.declared


def request_settings(*, streams: bool = True) -> list[str]:
    """Names of the settings that are fields of a request for an answer; with `streams`, of one that streams."""
    return [name for name, each in declarations().items() if each.field == "answer" or (streams and each.field)]


def load_settings(
    flags: Mapping[str, object] | None = None, *, environment: Mapping[str, str] | None = None, library: bool = False
) -> Settings:
    """Settings from the flags given (None means not given), the environment, the file and the defaults.

    For a `library` the flags are arguments of a call, and there is no file.  Raises ConfigError, which names the flag,
    the argument, the variable, or the file and its key.
    """
    environment = os.environ if environment is None else environment
    path = paths.config_file()
    in_file = {} if library else read_config(path)
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    notes: list[str] = []
    for name, declared in declarations().items():
        for origin, raw in (
            (Origin("flag", name if library else declared.flag or name), (flags or {}).get(name)),
            (Origin("environment", declared.variable), environment.get(declared.variable, "").strip() or None),
            (Origin("file", str(path)), in_file.get(name)),
        ):
            if raw is not None:
                values[name] = _parsed(declared, raw, origin)
                origins[name] = origin
                if name == "base_url" and values[name] != str(raw).strip().rstrip("/"):
                    notes.append(f"{origin} is {raw}; the API is at {values[name]}.")
                break
    return Settings(**values, origins=origins, notes=tuple(notes))


def read_config(path: Path) -> dict[str, Any]:
    """The keys of the file, each known and none of them a secret; empty when there is no file."""
    try:
        content = paths.read_private(path)
    except OSError as problem:
        raise ConfigError(
            f"{path} could not be read: {problem.strerror}.", hint="Make it a file that you can read, or move it away."
        ) from problem
    if content is None:
        return {}
    keys = config_toml.read_keys(path, content)
    for key in keys:
        check_key(key, place=str(path))
    return keys


def check_key(key: str, *, place: str) -> Option:
    """The declaration of a key of the file; `place` is what the error names.  Raises ConfigError."""
    declared = declarations().get(key)
    if declared is None:
        near = nearest(key, [name for name, each in declarations().items() if not each.secret])
        hint = f"Did you mean {near}?" if near else "'gigachat config show' lists the settings."
        raise ConfigError(f"{place}: {key} is not a setting.", hint=hint)
    if declared.secret:
        raise ConfigError(
            f"{place}: {key} is a secret and does not belong there.",
            hint=f"Use 'gigachat auth login', {declared.variable}, or credentials_command.",
        )
    return declared


def edit_config(key: str, text: str | None) -> Path:
    """Set `key` in the file to what `text` means, or with None remove it; comments and other keys stay.

    Returns the file's path.  Raises ConfigError when the key or the value is not valid or nothing can be written.
    """
    path = paths.config_file()
    declared = check_key(key, place="config")
    config_toml.write_key(path, key, None if text is None else _parsed(declared, text, Origin("flag", key)))
    return path


def shown(name: str, value: object) -> str:
    """A value as a person may see it: secrets masked, unset empty."""
    if value is None:
        return ""
    if declarations()[name].secret:
        return "(set)"
    if isinstance(value, bool):
        return "true" if value else "false"
    if name == "proxy":
        return without_password(str(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _parsed(declared: Option, raw: object, origin: Origin) -> Any:
    try:
        return declared.parse(raw)
    except ValueError as problem:
        where = f"{origin.name}: {declared.name}" if origin.kind == "file" else origin.name
        got = "" if declared.secret else f", not {_quoted(raw)}"
        raise ConfigError(
            f"{where} must be {problem}{got}.", hint=f"Correct {where}: {declared.help[0].lower()}{declared.help[1:]}"
        ) from None


def _quoted(raw: object) -> str:
    if isinstance(raw, dict | list):
        return "a table" if isinstance(raw, dict) else "an array"
    try:
        text = repr(raw)
    except ValueError:  # more digits than Python turns into text
        return "such a long number"
    # An address with an @ may hold a password, in whatever place it was put.
    text = "such a value" if "@" in text else text
    return text if len(text) <= 80 else f"{text[:77]}…"
