"""The work of `auth`: prove a key, keep it, tell of it, forget it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .. import credentials, paths
from ..bounded import local_time
from ..conversation.prompt import decoded
from ..errors import ConfigError, GigaChatError, MissingKeyError, ScopeRefusedError, UsageError
from ..keys import AuthorizationKey, parse_key
from ..render.reports import show_object, show_rows
from ..settings import SCOPES, Settings, edit_config
from ..text import visible
from .context import Context, raise_on_interrupt

if TYPE_CHECKING:
    from ..messages import Notice, Token

_LONGEST_KEY = 64 * 1024


def log_in(context: Context) -> None:
    """Ask for a key, prove it, keep it, and say where.  Raises what the service or the disk refuses."""
    terminal = context.terminal
    settings = context.settings
    key = _given_key()
    if key.doubt:
        terminal.say(f"gigachat: {key.doubt} Asking the service all the same.")
    scope = _proved_scope(context, settings, key)
    stored = credentials.store(key)
    if scope != settings.scope:
        edit_config("scope", scope)
        terminal.write(f"The scope {scope} is set in {visible(str(paths.config_file()))}.\n")
    terminal.write(f"The service accepts the key for {scope}. It is kept in {visible(stored.where)}.\n")
    for name in ("access_token", "credentials", "credentials_command"):
        if getattr(settings, name):
            terminal.say(f"gigachat: {visible(str(settings.origin(name)))} is set and goes before the stored key.")


def show_status(context: Context, *, as_json: bool) -> None:
    """Tell the key's place, scope and masked form, and when the access token ends; never a secret.

    Raises MissingKeyError when there is no key.
    """
    settings, terminal = context.settings, context.terminal
    row: dict[str, object] = {"source": None, "scope": settings.scope, "key": None, "token_ends": None}
    if settings.access_token:
        row |= {"source": str(settings.origin("access_token")), "scope": None, "key": None}
    elif context.credential is not None:
        found = context.credential
        row |= {"source": found.where, "key": _masked(found)}
        token = _cached_token(found, settings, terminal.notice)
        if token and token.expires_at > time.time():
            row["token_ends"] = local_time(token.expires_at, "%Y-%m-%dT%H:%M:%S%z")
    elif settings.user and settings.password:
        row |= {"source": f"{settings.origin('user')}, {settings.origin('password')}", "scope": None}
    elif settings.cert_file:
        row |= {"source": f"client certificate {settings.cert_file}", "scope": None}
    else:
        raise MissingKeyError(
            "There is no authorization key.", hint="Run 'gigachat auth login', or set GIGACHAT_CREDENTIALS."
        )
    if as_json:
        show_object(row, terminal)
    else:
        facts = [{"fact": name, "value": value} for name, value in row.items() if value is not None]
        show_rows(facts, ("fact", "value"), terminal, as_array=False)


def log_out(context: Context) -> None:
    """Forget the stored key and the access tokens.  Raises ConfigError when something cannot be removed."""
    from ..engine.token_cache import forget_all

    problem: GigaChatError | None = None
    places: list[str] = []
    try:
        places += credentials.forget()
    except ConfigError as kept:
        problem = kept  # the tokens go all the same
    try:
        if forget_all(paths.token_file()):
            places.append(str(paths.token_file()))
    except OSError as refused:
        problem = problem or ConfigError(f"{paths.token_file()} could not be removed: {refused.strerror}.")
    if problem is not None:
        raise problem
    told = f"Removed from {', '.join(map(visible, places))}." if places else "There was no stored key."
    context.terminal.write(f"{told}\n")
    for name in ("access_token", "credentials", "credentials_command"):
        if getattr(context.settings, name):
            context.terminal.say(
                f"gigachat: {visible(str(context.settings.origin(name)))} is still set and will be used."
            )


def _given_key() -> AuthorizationKey:
    if sys.stdin is not None and sys.stdin.isatty():
        text = _hidden("Authorization key (hidden), or client id: ")
        try:
            key = parse_key(text)
        except ValueError:
            raise UsageError("No key was given.", hint="Copy it from your account at developers.sber.ru.") from None
        if key.doubt and len(key.basic) == _UUID_LENGTH:
            secret = _hidden("Client secret (hidden): ")
            return parse_key(f"{text.strip()}:{secret.strip()}") if secret.strip() else key
        return key
    content = sys.stdin.buffer.read(_LONGEST_KEY) if sys.stdin is not None else b""
    try:
        return parse_key(decoded(content, "stdin"))
    except ValueError:
        raise UsageError(
            "No key came from stdin.", hint="Pipe it in, or run 'gigachat auth login' at a terminal."
        ) from None


_UUID_LENGTH = 36


def _hidden(question: str) -> str:
    """What a person types or pastes, unseen; empty for Ctrl-D."""
    import getpass

    try:
        raise_on_interrupt()  # the terminal is to show again what is typed
        return getpass.getpass(question, stream=sys.stderr)
    except EOFError:
        sys.stderr.write("\n")
        return ""


def _proved_scope(context: Context, settings: Settings, key: AuthorizationKey) -> str:
    try:
        _prove(context, settings, key)
        return settings.scope
    except ScopeRefusedError as refused:
        others = [scope for scope in SCOPES if scope != settings.scope]
        if not _agreed(context, refused, others):
            raise
        for scope in others:
            try:
                _prove(context, replace(settings, scope=scope), key)
                return scope
            except ScopeRefusedError:
                continue
        raise


def _agreed(context: Context, refused: ScopeRefusedError, others: list[str]) -> bool:
    """Whether to try the other scopes; nobody is asked where nobody sits."""
    if not (sys.stdin is not None and sys.stdin.isatty() and context.terminal.stderr_is_terminal):
        return False
    context.terminal.say(f"gigachat: {refused.message}")
    sys.stderr.write(f"Try {' and '.join(others)}? [Y/n] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("", "y", "yes", "д", "да")


def _prove(context: Context, settings: Settings, key: AuthorizationKey) -> None:
    # Only the key at hand is proved, whatever else is set.
    alone = replace(settings, access_token=None, credentials=None, credentials_command=None)
    candidate = credentials.Credential("environment", "the key given", key.fingerprint, lambda: key)
    client = context.client(alone, candidate)

    async def prove() -> None:
        async with client:
            await client.log_in()

    context.run(prove())


def _masked(found: credentials.Credential) -> str | None:
    return f"…{found.fingerprint[:8]}" if found.fingerprint else None


def _cached_token(found: credentials.Credential, settings: Settings, notify: Callable[[Notice], None]) -> Token | None:
    if not found.fingerprint:
        return None
    from ..engine.auth import token_identity
    from ..engine.token_cache import TokenCache

    identity = token_identity(found.fingerprint, scope=settings.scope, auth_url=settings.auth_url)
    return TokenCache(paths.token_file(), notify).get(identity)
