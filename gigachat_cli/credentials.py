"""Where the authorization key is: the environment, a command, the keyring, or a private file, in that order.

`gigachat auth login` puts it into the keyring when there is one that answers, else into the file, and notes beside
it which of the two and the key's fingerprint, so that a cached access token is found without asking the keyring.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from . import paths, systems
from .bounded import json_value
from .errors import ConfigError, MissingKeyError
from .keys import (
    AuthorizationKey,
    account_of_certificate,
    account_of_key,
    account_of_token,
    account_of_user,
    parse_key,
)
from .settings import Settings

T = TypeVar("T")

_SERVICE = "gigachat-terminal"
_ACCOUNT = "authorization key"
_KEYRING_SECONDS = 3.0
_COMMAND_SECONDS = 60.0
_LONGEST_OUTPUT = 64 * 1024

Place = Literal["environment", "command", "keyring", "file"]


@dataclass(slots=True)
class Credential:
    """A key that was found; `fingerprint` is None when it takes the key itself to know it."""

    place: Place
    where: str
    fingerprint: str | None
    _read: Callable[[], AuthorizationKey] = field(repr=False)
    _kept: AuthorizationKey | None = field(default=None, repr=False)

    async def key(self) -> AuthorizationKey:
        """The key.  Raises ConfigError or MissingKeyError when it cannot be had after all."""
        if self._kept is None:
            # Beside the loop: a keyring or a command may ask a person, and the spinner turns meanwhile.
            self._kept = await asyncio.wrap_future(_started(self._read))
            self.fingerprint = self._kept.fingerprint
        return self._kept


def find(settings: Settings) -> Credential | None:
    """The key's place, by the settings and what is stored; None when there is no key anywhere."""
    if settings.credentials:
        key = _parsed(settings.credentials, "GIGACHAT_CREDENTIALS")
        return Credential("environment", "GIGACHAT_CREDENTIALS", key.fingerprint, lambda: key)
    if settings.credentials_command:
        command = settings.credentials_command
        return Credential("command", "credentials_command", None, lambda: _from_command(command))
    noted = _note()
    if noted.get("place") == "keyring":
        return Credential("keyring", "the keyring", noted.get("fingerprint"), _from_keyring)
    stored = _from_file()
    if stored is not None:
        kept = stored
        return Credential("file", str(paths.credentials_file()), kept.fingerprint, lambda: kept)
    return None


def account(settings: Settings) -> str:
    """The name of the account that the settings lead to; empty when it would take asking for the key to know it.

    Raises what `find` raises.
    """
    if settings.access_token:
        return account_of_token(settings.access_token)
    found = find(settings)
    if found is not None:
        known = found.fingerprint
        return account_of_key(known, scope=settings.scope, auth_url=settings.auth_url) if known else ""
    if settings.user and settings.password:
        return account_of_user(settings.user, base_url=settings.base_url)
    return account_of_certificate(str(settings.cert_file)) if settings.cert_file else ""


def store(key: AuthorizationKey) -> Credential:
    """Keep the key: in the keyring when there is one that answers within 3 s, else in a private file.

    Raises ConfigError when it can be kept in neither.
    """
    if _in_time(lambda: _keyring_store(key)):
        place: Place = "keyring"
        where = "the keyring"
        with suppress(OSError):
            systems.unlink(paths.credentials_file())
    else:
        place, where = "file", str(paths.credentials_file())
        try:
            paths.write_private(paths.credentials_file(), f"{key.basic}\n".encode())
        except OSError as problem:
            raise ConfigError(
                f"{where} could not be written: {problem.strerror}.",
                hint="Make the folder writable, or set GIGACHAT_CREDENTIALS instead.",
            ) from problem
    note = {"place": place, "fingerprint": key.fingerprint}
    try:
        paths.write_private(paths.login_file(), json.dumps(note).encode())
    except OSError as problem:
        raise ConfigError(f"{paths.login_file()} could not be written: {problem.strerror}.") from problem
    return Credential(place, where, key.fingerprint, lambda: key)


def forget() -> list[str]:
    """Forget the stored key wherever it is, the noted place or another; the places that it was in.

    Raises ConfigError when one cannot be cleared, after all the others were.
    """
    places, problem = [], None
    # The note may be gone, or be of a later login: the keyring is asked in any case.
    removed = _in_time(_keyring_forget)
    if removed:
        places.append("the keyring")
    elif removed is None and _note().get("place") == "keyring":
        problem = ConfigError(
            "The keyring did not give the key up.", hint=f"Remove “{_SERVICE}” with the keyring's own program."
        )
    key_files = (paths.credentials_file(), paths.login_file())
    for path in key_files:
        places += [str(each) for each in paths.sweep(path)]
    for path in key_files:
        if path == paths.login_file() and problem is not None:
            continue  # the note says that the keyring has it still
        try:
            systems.unlink(path)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as refused:
            problem = problem or ConfigError(f"{path} could not be removed: {refused.strerror}.")
            continue
        if path != paths.login_file():
            places.append(str(path))
    if problem is not None:
        raise problem
    return places


def _note() -> dict[str, str]:
    path = paths.login_file()
    try:
        content = paths.read_private(path)
    except OSError as problem:
        raise ConfigError(
            f"{path} could not be read: {problem.strerror}.", hint="Make it a file that you can read."
        ) from problem
    with suppress(ValueError):
        noted = json_value(content or b"{}")
        if isinstance(noted, dict):
            return {name: value for name, value in noted.items() if isinstance(value, str) and value.isascii()}
    return {}


def _from_file() -> AuthorizationKey | None:
    path = paths.credentials_file()
    try:
        content = paths.read_private(path)
        return None if content is None else _parsed(content.decode(), str(path))
    except OSError as problem:
        raise ConfigError(
            f"{path} could not be read: {problem.strerror}.", hint="Make it a file that you can read."
        ) from problem
    except UnicodeDecodeError:
        raise ConfigError(f"{path} holds no key.", hint="Run 'gigachat auth login' anew.") from None


def _from_command(command: str) -> AuthorizationKey:
    hint = "Run the command by hand, and mend credentials_command."
    try:
        # Through the shell, as the person wrote it; its stderr and its terminal are the person's.
        running = subprocess.Popen(command, shell=True, stdout=subprocess.PIPE)  # noqa: S602  # what the setting is for
    except OSError as problem:
        raise ConfigError(f"credentials_command could not be run: {problem.strerror}.", hint=hint) from None
    assert running.stdout is not None
    source = running.stdout
    try:
        # In a thread: what the shell has started may hold the pipe open for longer than the shell lives.
        output = _started(lambda: source.read(_LONGEST_OUTPUT + 1)).result(_COMMAND_SECONDS)
        if len(output) > _LONGEST_OUTPUT:
            told = f"credentials_command printed more than {_LONGEST_OUTPUT // 1024} KiB."
            raise ConfigError(told, hint=hint)
        code = running.wait(_COMMAND_SECONDS)
        source.close()
    except (TimeoutError, subprocess.TimeoutExpired):
        raise ConfigError(f"credentials_command did not end within {_COMMAND_SECONDS:.0f} s.", hint=hint) from None
    finally:
        if running.poll() is None:
            running.kill()
            running.wait()
    if code != 0:
        raise ConfigError(f"credentials_command failed with exit code {code}.", hint=hint)
    try:
        lines = output.decode().split("\n")
    except UnicodeDecodeError:
        raise ConfigError("credentials_command printed something that is no text.", hint=hint) from None
    return _parsed(lines[0], "credentials_command")


def _from_keyring() -> AuthorizationKey:
    found = _in_time(_keyring_read)
    if not found:
        raise MissingKeyError(
            "The keyring did not give the authorization key.",
            hint="Unlock it, or run 'gigachat auth login' anew; GIGACHAT_CREDENTIALS works without it.",
        )
    return _parsed(found, "the keyring")


def _parsed(text: str, where: str) -> AuthorizationKey:
    try:
        return parse_key(text)
    except ValueError as problem:
        raise MissingKeyError(f"{where}: {problem}.", hint="Run 'gigachat auth login'.") from None


def _keyring_store(key: AuthorizationKey) -> bool:
    import keyring  # an extra; slow to import, so only here

    # A backend below 1 is a stub or keeps plain text: the file is the better place then.
    if keyring.get_keyring().priority < 1:
        return False
    keyring.set_password(_SERVICE, _ACCOUNT, key.basic)
    return keyring.get_password(_SERVICE, _ACCOUNT) == key.basic


def _keyring_read() -> str | None:
    import keyring

    return keyring.get_password(_SERVICE, _ACCOUNT)


def _keyring_forget() -> bool:
    """Whether there was a key.  Raises what the keyring raises."""
    import keyring

    if keyring.get_password(_SERVICE, _ACCOUNT) is None:
        return False
    keyring.delete_password(_SERVICE, _ACCOUNT)
    return True


def _in_time(work: Callable[[], T]) -> T | None:
    """What `work` returns, or None when it fails or takes more than 3 s: a keyring may wait for a person forever."""
    # Whatever goes wrong with a keyring, there is another place for the key.
    with suppress(Exception):
        return _started(work).result(_KEYRING_SECONDS)
    return None


def _started(work: Callable[[], T]) -> Future[T]:
    """What `work` will return.  It runs in a daemon thread, which does not hold up the end of the program."""
    done: Future[T] = Future()
    done.set_running_or_notify_cancel()

    def run() -> None:
        try:
            done.set_result(work())
        except Exception as problem:
            done.set_exception(problem)

    threading.Thread(target=run, daemon=True).start()
    return done
