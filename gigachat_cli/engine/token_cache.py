"""The token cache: access tokens of all keys in one private file that every process shares.

Nothing here fails: a broken cache is an empty one and is written anew, and one that cannot be written costs a
request and one line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec import Struct

from .. import paths, systems
from ..bounded import LATEST
from ..messages import Notice, Token
from .kept_file import KeptFile
from .locks import LockTimeout

_VERSION = 1


class _Kept(Struct, frozen=True):
    access_token: str
    expires_at: float
    renew_at: float | None = None


class _Tokens(Struct, frozen=True):
    tokens: dict[str, _Kept] = {}
    version: int = _VERSION


class TokenCache:
    """Tokens by an identity, which is a hash of key, scope and address and no secret."""

    def __init__(self, path: Path, notify: Callable[[Notice], None] = lambda notice: None) -> None:
        self._path = path
        self._notify = notify
        self._file = KeptFile(path, _Tokens, lock="token-cache.lock", unreadable=partial(self._tell, "read"))

    def get(self, identity: str) -> Token | None:
        return _valid(self._file.read()).get(identity)

    async def put(self, identity: str, token: Token) -> None:
        await self._change(lambda tokens: tokens.__setitem__(identity, token))

    async def forget(self, identity: str, access_token: str) -> None:
        """Forget that token, and no newer one that another process may have put in its place."""

        def change(tokens: dict[str, Token]) -> None:
            found = tokens.get(identity)
            if found and found.access_token == access_token:
                del tokens[identity]

        await self._change(change)

    def lock_file(self, identity: str) -> Path:
        """The file whose holder renews the token of `identity`."""
        return paths.locks_dir() / f"token-{identity[:16]}.lock"

    async def _change(self, change: Callable[[dict[str, Token]], None]) -> None:
        def changed(found: _Tokens) -> _Tokens:
            tokens, now = _valid(found), time.time()
            change(tokens)
            return _Tokens(
                {
                    identity: _Kept(token.access_token, token.expires_at, token.renew_at)
                    for identity, token in tokens.items()
                    if token.seconds_left(now) > 0
                }
            )

        try:
            await self._file.change(changed)
        except LockTimeout:
            held = f"{self._path} is held by another process; the access token is not kept."
            self._notify(Notice("warning", held, cause="held"))
        except OSError as problem:
            self._tell("written", problem)

    def _tell(self, what: str, problem: OSError) -> None:
        text = f"{problem.filename or self._path} could not be {what}: {problem.strerror}."
        self._notify(Notice("warning", text, cause=str(problem.strerror)))


def _valid(found: _Tokens) -> dict[str, Token]:
    tokens = {}
    for identity, each in found.tokens.items():
        # What could not stand in a header was never a token.
        plain = each.access_token.isascii() and each.access_token.isprintable()
        if plain and each.expires_at <= LATEST:
            renew_at = None if each.renew_at is None else min(each.renew_at, each.expires_at)
            tokens[identity] = Token(each.access_token, each.expires_at, renew_at)
    return tokens


def forget_all(path: Path) -> bool:
    """Remove the cache and its unfinished files; whether there were any.  Raises OSError when it cannot be removed."""
    swept = bool(paths.sweep(path))
    try:
        systems.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return swept
    return True
