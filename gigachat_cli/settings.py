"""Settings: one declaration each, and four places: a flag, else `GIGACHAT_*`, else the file, else the default.

A setting is a field of `Settings`; its flag, its variable, its key in `config.toml`, its help and its check all
come from that one line.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from . import paths
from .errors import ConfigError, nearest
from .masking import keep_secret
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
from .text import one_line

T = TypeVar("T")

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")
_LARGEST_FILE = 256 * 1024  # bytes; all settings with a page of comments each are less
_DEEP_KEY = r"""(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){40}"""

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


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is known of one setting beside its value."""

    name: str
    help: str
    parse: Callable[[object], Any] = field(repr=False)
    default: Any
    secret: bool
    flag: str | None

    @property
    def variable(self) -> str:
        return f"GIGACHAT_{self.name.upper()}"


def _setting(
    default: Any, help: str, parse: Callable[[object], Any] = as_text, *, flag: bool = False, secret: bool = False
) -> Any:
    declared = {"help": help, "parse": parse, "flag": flag, "secret": secret}
    return field(default=default, repr=not secret, metadata=declared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting with its value; `origins` says where each that is not a default came from."""

    model: str | None = _setting(None, "Model that answers; unset, one is chosen from the account's list.", flag=True)
    scope: str = _setting(PERSONAL_SCOPE, "Scope of the authorization key.", as_scope, flag=True)
    base_url: str = _setting("https://api.giga.chat/v1", "Address of the API.", as_base_url, flag=True)
    auth_url: str = _setting(
        "https://ngw.devices.sberbank.ru:9443/api/v2/oauth", "Address that gives access tokens.", as_url
    )
    credentials: str | None = _setting(None, "Authorization key, ready or as id:secret.", as_secret_text, secret=True)
    credentials_command: str | None = _setting(None, "Command that prints the authorization key.")
    access_token: str | None = _setting(None, "Access token to use as it is.", as_secret_text, secret=True)
    user: str | None = _setting(None, "User name of a private stand.")
    password: str | None = _setting(None, "Password of a private stand.", as_secret_text, secret=True)
    ca_bundle_file: Path | None = _setting(
        None, "Certificate authorities to trust instead of ours (PEM or DER).", as_path
    )
    verify_ssl_certs: bool = _setting(True, "Whether servers must prove who they are.", as_boolean)
    cert_file: Path | None = _setting(None, "Client certificate.", as_path)
    key_file: Path | None = _setting(None, "Private key of the client certificate.", as_path)
    key_file_password: str | None = _setting(None, "Password of that private key.", as_secret_text, secret=True)
    timeout: float = _setting(60.0, "Seconds of silence after which to give up.", as_number(above=0), flag=True)
    max_retries: int = _setting(3, "Repeats after a failure that may pass.", as_integer(least=0), flag=True)
    max_connections: int | None = _setting(
        None, "Requests at once (1 for a personal account, else 10).", as_integer(least=1, most=1000)
    )
    proxy: str | None = _setting(None, "Proxy for all requests.", as_proxy, flag=True)
    temperature: float | None = _setting(
        None, "Freedom of the answer: near 0 strict, above 1 free.", as_number(above=0), flag=True
    )
    top_p: float | None = _setting(
        None, "Share of likely tokens to choose from.", as_number(least=0, most=1), flag=True
    )
    max_tokens: int | None = _setting(None, "Longest answer, in tokens.", as_integer(least=1), flag=True)
    repetition_penalty: float | None = _setting(None, "Above 1, repeats become rarer.", as_number(above=0), flag=True)
    update_interval: float | None = _setting(None, "Least seconds between two chunks.", as_number(least=0), flag=True)
    context_tokens: int | None = _setting(
        None, "Tokens that the model takes at once; above it the oldest turns are left out.", as_integer(least=100)
    )
    log: bool = _setting(True, "Whether questions and answers are kept in the history.", as_boolean)
    markdown: str = _setting(
        "auto", "Markdown rendering: auto (on a terminal), always or never.", as_choice("auto", "always", "never")
    )
    theme: str = _setting(
        "auto",
        "Colours for a dark or a light background; auto asks the terminal.",
        as_choice("auto", "dark", "light"),
    )
    code_theme: str | None = _setting(None, "Pygments style of code; by default it follows theme.")
    wrap: int | None = _setting(None, "Widest line of rendered text, in cells.", as_integer(least=20, most=10_000))
    formulas: bool = _setting(True, "Whether formulas are shown in Unicode.", as_boolean)
    images: str = _setting(
        "auto",
        "How a terminal shows pictures: auto, kitty, iterm2, sixel, blocks, or link.",
        as_choice("auto", "kitty", "iterm2", "sixel", "blocks", "link"),
    )
    edit_mode: str = _setting("emacs", "Keys of the chat: emacs or vi.", as_choice("emacs", "vi"))
    origins: Mapping[str, Origin] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()
    """What was made of a value that is not what was written; told with --debug."""

    def __post_init__(self) -> None:
        secrets = (getattr(self, name) for name, declared in declarations().items() if declared.secret)
        keep_secret(*(secret and secret.strip(" \t\r\n\"'") for secret in secrets))

    def origin(self, name: str) -> Origin:
        return self.origins.get(name, Origin("default"))

    @property
    def slots(self) -> int:
        """How many requests the account takes at once (documented: 1 for persons, 10 for businesses)."""
        return self.max_connections or (1 if self.scope == PERSONAL_SCOPE else 10)


@cache
def declarations() -> dict[str, Declaration]:
    """All settings by name, in the order of their declaration."""
    return {
        each.name: Declaration(
            each.name,
            each.metadata["help"],
            each.metadata["parse"],
            each.default,
            each.metadata["secret"],
            f"--{each.name.replace('_', '-')}" if each.metadata["flag"] else None,
        )
        for each in fields(Settings)
        if each.metadata
    }


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
    keys = _toml_keys(path, content)
    for key in keys:
        check_key(key, place=str(path))
    return keys


def check_key(key: str, *, place: str) -> Declaration:
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
    value = None if text is None else _parsed(declared, text, Origin("flag", key))
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    content = b""
    try:
        content = paths.read_private(path) or b""
        _toml_keys(path, content)  # the writer's own errors do not name the line
        document = tomlkit.parse(_toml_text(content))
        if value is None:
            document.pop(key, None)
        else:
            document[key] = str(value) if isinstance(value, Path) else value
        paths.write_private(path, tomlkit.dumps(document).encode())
    except OSError as problem:
        raise ConfigError(f"{path} could not be written: {problem.strerror}.") from problem
    except (TOMLKitError, ValueError, RecursionError) as problem:
        raise _invalid(path, content, problem) from problem
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


def _parsed(declared: Declaration, raw: object, origin: Origin) -> Any:
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


def _toml_keys(path: Path, content: bytes) -> dict[str, Any]:
    """Raises ConfigError, which names the line of a mistake."""
    import tomllib  # only a machine that has the file pays for its reader

    try:
        return tomllib.loads(_toml_text(content))
    except (ValueError, RecursionError) as problem:
        raise _invalid(path, content, problem) from problem


def _toml_text(content: bytes) -> str:
    """The text of the file, for a reader whose work grows with the square of a key's parts.  Raises ValueError."""
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"it is larger than {_LARGEST_FILE // 1024} KiB")
    text = content.decode("utf-8-sig")
    if re.search(_DEEP_KEY, text):
        raise ValueError("it is nested too deeply")
    return text


def _invalid(path: Path, content: bytes, problem: Exception) -> ConfigError:
    reason, line = one_line(str(problem)).rstrip("."), None
    if isinstance(problem, UnicodeDecodeError):
        reason, line = "it is not UTF-8", content.count(b"\n", 0, problem.start) + 1
    elif found := _PLACE.search(reason):
        reason = reason[: found.start()]
        line = int(found[1]) if found[1] else content.rstrip().count(b"\n") + 1
    elif isinstance(problem, RecursionError):
        reason = "it is nested too deeply"
    elif "int_max_str" in reason:  # Python's limit, 4300 digits; its own words are for programmers
        reason = "a number in it is too long"
    if line is None:
        return ConfigError(f"{path} is not valid TOML: {reason}.", hint="Mend the file, or move it away.")
    return ConfigError(f"{path} is not valid TOML: {reason} (line {line}).", hint=f"Mend line {line} of the file.")
