"""The work of `auth`: verify a key, store it, show its state, delete it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .. import credentials, paths
from ..conversation.prompt import decoded
from ..errors import (
    NO_KEY,
    NO_KEY_HINT,
    ConfigError,
    GigaChatError,
    MissingKeyError,
    QuotaError,
    ScopeRefusedError,
    ServiceError,
    UsageError,
)
from ..keys import AuthorizationKey, account_of_key, keys_in, parse_key
from ..known_models import nearest_first, ranked_models
from ..masking import keep_secret, masked
from ..render.reports import show_object, show_rows, time_teller
from ..setting_values import SCOPES
from ..settings import Settings, edit_config
from ..text import one_line, visible
from .context import Context
from .questions import agrees, hidden_line, somebody_is_there, typed_line

if TYPE_CHECKING:
    from ..engine import GigaChat
    from ..messages import Model, Notice, Token

_UUID_LENGTH = 36
_LONGEST_KEY = 64 * 1024
_TEST_TOKENS = 64


def log_in(context: Context, *, test: bool) -> None:
    """Ask for a key, verify it, store it, and choose a model; with `test`, a short question tests the whole way.

    Raises the error of the service or of the disk; the key is stored by then if the service accepts it.
    """
    terminal = context.terminal
    settings = context.settings
    key = _given_key(context)
    if key.doubt:
        terminal.say(f"gigachat: {key.doubt} Asking the service all the same.")
    scope = _proved_scope(context, settings, key)
    stored = credentials.store(key)
    if scope != settings.scope:
        edit_config("scope", scope)
        _write(f"The scope {scope} is set in {visible(str(paths.config_file()))}.", context)
    _write(f"The service accepts the key for {scope}. It is kept in {visible(stored.where)}.", context)
    for name in ("access_token", "credentials", "credentials_command"):
        if getattr(settings, name):
            terminal.say(f"gigachat: {visible(str(settings.origin(name)))} is set and goes before the stored key.")
    alone = _alone(settings.replace(scope=scope), key)
    try:
        _settle_model(lambda: context.client(*alone), context, test=test)
    except KeyboardInterrupt:
        terminal.say("gigachat: The key is kept all the same.")
        raise


def _settle_model(client: Callable[[], GigaChat], context: Context, *, test: bool) -> None:
    """Let a person choose a model of the account and test it; without a person, say which model answers."""
    terminal = context.terminal
    interactive = somebody_is_there(context.terminal)
    try:
        names = ranked_models(context.run(_models(client())))
    except (ServiceError, QuotaError) as problem:
        terminal.say(f"gigachat: {problem.message} No model was chosen.")
        return
    if not names:
        terminal.say("gigachat: The account's list holds no model to talk to.")
        return
    model = _chosen_model(names, context) if interactive else None
    if model is None:
        answers, why = _answering_model(names, context)
        _write(f"The model {visible(answers)} answers{why}.", context)
    if interactive and test:
        context.run(_try(client(), model or _answering_model(names, context)[0], context))


async def _models(client: GigaChat) -> list[Model]:
    async with client:
        return await client.models()


def _answering_model(names: list[str], context: Context) -> tuple[str, str]:
    """The model that answers when none is named, and why, as the end of a sentence."""
    settings = context.settings
    if settings.model is None:
        return names[0], ", chosen from the account's list"
    gone = "" if settings.model in names else ", which the account does not list"
    return settings.model, f", as {visible(str(settings.origin('model')))} says{gone}"


def _chosen_model(names: list[str], context: Context) -> str | None:
    """Show the models, and set the one that the person chooses; None when they choose none (Ctrl-D)."""
    settings, terminal = context.settings, context.terminal
    if settings.model in names and settings.origin("model").kind == "file":  # a new login keeps an earlier choice
        names = sorted(names, key=lambda name: name != settings.model)
    width = len(str(len(names)))
    terminal.say("\nModels of your account:")
    for number, name in enumerate(names, start=1):
        mark = "" if number > 1 else "  (set now)" if name == settings.model else "  (recommended)"
        terminal.say(f"  {number:>{width}}  {visible(name)}{mark}")
    while True:
        typed = typed_line("Which one is to answer? A number or a name; Enter takes 1: ", terminal)
        if typed is None:
            return None
        chosen = _meant_model(typed.strip(), names)
        if chosen is not None:
            break
        keep_secret(*keys_in(typed))
        meant, _ = nearest_first(typed.strip(), names)
        near = f" Did you mean {visible(meant)}?" if meant else ""
        told = masked(visible(one_line(typed, 80)))
        terminal.say(f"There is no model {told}.{near} Type a number from 1 to {len(names)}, or a name.")
    if settings.model != chosen or settings.origin("model").kind != "file":
        edit_config("model", chosen)
    _write(f"The model {visible(chosen)} is set in {visible(str(paths.config_file()))}.", context)
    if settings.origin("model").kind == "environment" and settings.model != chosen:
        terminal.say(f"gigachat: {visible(str(settings.origin('model')))} is set and goes before it.")
    return chosen


def _meant_model(typed: str, names: list[str]) -> str | None:
    if not typed:
        return names[0]
    if typed.isascii() and typed.isdigit():
        return names[int(typed) - 1] if len(typed) < 6 and 1 <= int(typed) <= len(names) else None
    return next((name for name in names if name.lower() == typed.lower()), None)


async def _try(client: GigaChat, model: str, context: Context) -> None:
    """Ask a short question, which tests the whole way to an answer.  Raises its error."""
    terminal = context.terminal
    question = "Say hello in one short sentence."
    terminal.say(f"\n› {question}")
    try:
        async with client, terminal.spinner():
            messages = [{"role": "user", "content": question}]
            answer = await client.ask(messages, model=model, stream=True, max_tokens=_TEST_TOKENS)
    except GigaChatError as problem:
        problem.message += " The key is kept all the same."
        raise
    cut = "…" if answer.finish_reason == "length" else ""
    _write(one_line(answer.text) + cut, context)
    terminal.say("\nNow ask: gigachat ask 'Why is the sky blue?'   or converse: gigachat chat")


def show_status(context: Context) -> None:
    """Show where the key is stored, its scope and masked form, and when the access token expires; never a secret.

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
            row["token_ends"] = time_teller(terminal, as_json=context.flags.json)(token.expires_at)
    elif settings.user and settings.password:
        row |= {"source": f"{settings.origin('user')}, {settings.origin('password')}", "scope": None}
    elif settings.cert_file:
        row |= {"source": f"client certificate {settings.cert_file}", "scope": None}
    else:
        raise MissingKeyError(NO_KEY, hint=NO_KEY_HINT)
    if context.flags.json:
        show_object(row, terminal)
    else:
        facts = [{"fact": name, "value": value} for name, value in row.items() if value is not None]
        show_rows(facts, ("fact", "value"), terminal, as_array=False)


def log_out(context: Context) -> None:
    """Delete the stored key and the access tokens.  Raises ConfigError when something cannot be removed."""
    from ..engine.token_cache import forget_all

    problem: GigaChatError | None = None
    places: list[str] = []
    try:
        places += credentials.forget()
    except ConfigError as kept:
        problem = kept  # the tokens are removed all the same
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


def _given_key(context: Context) -> AuthorizationKey:
    if sys.stdin is not None and sys.stdin.isatty():
        text = hidden_line("Authorization key (hidden), or client id: ") or ""
        try:
            key = parse_key(text)
        except ValueError:
            raise UsageError("No key was given.", hint="Copy it from your account at developers.sber.ru.") from None
        if key.doubt and len(key.basic) == _UUID_LENGTH:
            secret = hidden_line("Client secret (hidden): ") or ""
            return parse_key(f"{text.strip()}:{secret.strip()}") if secret.strip() else key
        return key
    context.wait_for_stdin()
    content = sys.stdin.buffer.read(_LONGEST_KEY) if sys.stdin is not None else b""
    try:
        return parse_key(decoded(content, "stdin"))
    except ValueError:
        raise UsageError(
            "No key came from stdin.", hint="Pipe it in, or run 'gigachat auth login' at a terminal."
        ) from None


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
                _prove(context, settings.replace(scope=scope), key)
                return scope
            except ScopeRefusedError:
                continue
        raise


def offer_login(context: Context, problem: MissingKeyError, *, goes_on: bool) -> None:
    """At a terminal, ask whether to log in now, and do so; otherwise raise the problem.

    If the person declines, the command ends, unless it `goes_on`.
    """
    if not somebody_is_there(context.terminal):
        raise problem
    terminal = context.terminal
    terminal.say(f"gigachat: {problem.message}")
    terminal.say(terminal.folded(f"  {problem.hint}"))
    if not agrees("Log in now?", terminal, enter=True):
        if goes_on:
            return
        raise SystemExit(problem.exit_code)
    log_in(context, test=False)
    context.read_anew()


def _agreed(context: Context, refused: ScopeRefusedError, others: list[str]) -> bool:
    """Whether to try the other scopes; without a person to ask, no."""
    if not somebody_is_there(context.terminal):
        return False
    context.terminal.say(f"gigachat: {refused.message}")
    return agrees(f"Try {' and '.join(others)}?", context.terminal, enter=True)


def _write(line: str, context: Context) -> None:
    context.terminal.write(f"{context.terminal.folded(line, on_stdout=True)}\n")


def _alone(settings: Settings, key: AuthorizationKey) -> tuple[Settings, credentials.Credential]:
    """The settings and the credential of a client that uses the given key, whatever else is set."""
    alone = settings.replace(access_token=None, credentials=None, credentials_command=None)
    return alone, credentials.Credential("environment", "the key given", key.fingerprint, lambda: key)


def _prove(context: Context, settings: Settings, key: AuthorizationKey) -> None:
    client = context.client(*_alone(settings, key))

    async def prove() -> None:
        async with client:
            await client.log_in()

    context.run(prove())


def _masked(found: credentials.Credential) -> str | None:
    return f"…{found.fingerprint[:8]}" if found.fingerprint else None


def _cached_token(found: credentials.Credential, settings: Settings, notify: Callable[[Notice], None]) -> Token | None:
    if not found.fingerprint:
        return None
    from ..engine.token_cache import TokenCache

    identity = account_of_key(found.fingerprint, scope=settings.scope, auth_url=settings.auth_url)
    return TokenCache(paths.token_file(), notify).get(identity)
