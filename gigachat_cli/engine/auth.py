"""How a request is authorized: by an access token that was given, got for a key or a password, or by a certificate.

A token is got once for all processes and tasks: whoever needs one first asks the service under a lock, the others
find it in the cache.
"""

from __future__ import annotations

import asyncio
import math
import time
import uuid
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from msgspec import Struct

from .. import paths
from ..bounded import LATEST
from ..errors import NO_KEY, NO_KEY_HINT, AuthenticationError, GigaChatError, MissingKeyError, ServiceError
from ..keys import (
    AuthorizationKey,
    account_of_certificate,
    account_of_key,
    account_of_token,
    account_of_user,
    cleaned,
    parse_key,
)
from ..masking import keep_secret
from ..messages import Notice, Token
from .locks import LockTimeout, hold_one
from .outside import understood
from .refusals import LOGIN_HINT, login_refusal, refusal
from .token_cache import TokenCache
from .wire import Request, Response

if TYPE_CHECKING:
    from ..settings import Settings

RENEW_BELOW = 60.0  # seconds; a token with less left is renewed first, unless it never had as much
_LIFETIME = 1800.0  # seconds (documented); of a token whose login answer names no end
_SECONDS_BELOW = 1e11  # an expiry below it is in seconds, above it in milliseconds

Send = Callable[[Request], Awaitable[Response]]


def authorization_of(
    settings: Settings, key_source: KeySource | None, send: Send, *, notify: Callable[[Notice], None]
) -> Authorization:
    """How the requests of a client are authorized; `send` carries a login.

    What a call gives wins over what is around it: a key over a token, a user over either.  Raises MissingKeyError when
    there is nothing to log in with.
    """

    def renewing(grant: TokenGrant) -> RenewingToken:
        return RenewingToken(grant, send, TokenCache(paths.token_file(), notify), patience=settings.timeout)

    given = {name for name in ("credentials", "access_token", "user") if settings.origin(name).kind == "flag"}
    has_password = bool(settings.user and settings.password)
    if not (has_password and given == {"user"}):
        if settings.access_token and "credentials" not in given:
            return GivenToken(settings.access_token)
        if key_source is None and settings.credentials:
            key_source = _GivenKey(settings.credentials)
        if key_source is not None:
            return renewing(KeyGrant(key_source, scope=settings.scope, auth_url=settings.auth_url))
    if settings.user and settings.password:
        return renewing(PasswordGrant(settings.user, settings.password, base_url=settings.base_url))
    if settings.cert_file:
        return ClientCertificate(str(settings.cert_file))
    raise MissingKeyError(NO_KEY, hint=NO_KEY_HINT)


class KeySource(Protocol):
    """Where the authorization key is.  A `fingerprint` that is known beforehand spares asking for the key."""

    @property
    def fingerprint(self) -> str | None: ...

    async def key(self) -> AuthorizationKey: ...


class Authorization(Protocol):
    """What a client asks for before each request."""

    async def access_token(self, *, refused: str | None = None) -> str | None:
        """The access token to send, None when none is needed; never the one that was `refused`."""

    @property
    def renewable(self) -> bool:
        """Whether another token can be had for a refused one."""

    @property
    def account(self) -> str:
        """A name of the account, the same in all processes; no secret.

        Empty while it would take asking for the key to know it; known once a token was asked for.
        """


class GivenToken:
    """An access token that somebody else got."""

    renewable = False

    def __init__(self, access_token: str) -> None:
        self._access_token = cleaned(access_token)
        keep_secret(self._access_token)
        self.account = account_of_token(access_token)

    async def access_token(self, *, refused: str | None = None) -> str | None:
        return self._access_token


class ClientCertificate:
    """The TLS client certificate is all the authorization there is."""

    renewable = False

    def __init__(self, cert_file: str) -> None:
        self.account = account_of_certificate(cert_file)

    async def access_token(self, *, refused: str | None = None) -> str | None:
        return None


class _GivenKey:
    """A key that is in the settings.  Raises MissingKeyError for an empty one."""

    def __init__(self, pasted: str) -> None:
        try:
            self._key = parse_key(pasted)
        except ValueError:
            raise MissingKeyError("The authorization key is empty.", hint=LOGIN_HINT) from None
        self.fingerprint: str | None = self._key.fingerprint

    async def key(self) -> AuthorizationKey:
        return self._key


class TokenGrant(Protocol):
    """One way to get a token from the service."""

    async def identity(self) -> str:
        """What the token is cached under: a hash, no secret."""

    def known_identity(self) -> str:
        """`identity` where it is known without asking for the key, else empty."""

    async def request(self) -> Request: ...

    def refused(self, request: Request, response: Response) -> GigaChatError: ...


class KeyGrant:
    """OAuth: an authorization key and a scope, for an access token (documented; Basic is the current scheme)."""

    def __init__(self, source: KeySource, *, scope: str, auth_url: str) -> None:
        self._source = source
        self._scope = scope
        self._auth_url = auth_url
        self._doubt = ""

    async def identity(self) -> str:
        fingerprint = self._source.fingerprint or (await self._source.key()).fingerprint
        return account_of_key(fingerprint, scope=self._scope, auth_url=self._auth_url)

    def known_identity(self) -> str:
        known = self._source.fingerprint
        return account_of_key(known, scope=self._scope, auth_url=self._auth_url) if known else ""

    async def request(self) -> Request:
        key = await self._source.key()
        self._doubt = key.doubt
        return Request(
            "POST",
            self._auth_url,
            "the login",
            {
                "Authorization": f"Basic {key.basic}",
                "RqUID": str(uuid.uuid4()),
                "Accept": "application/json",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            urlencode({"scope": self._scope}).encode(),
            idempotent=True,
        )

    def refused(self, request: Request, response: Response) -> GigaChatError:
        return login_refusal(request, response, scope=self._scope, doubt=self._doubt, now=time.time())


class PasswordGrant:
    """User and password of a private stand, for an access token (`POST {base}/token`, as the official SDK does)."""

    def __init__(self, user: str, password: str, *, base_url: str) -> None:
        self._user = user
        self._password = password
        self._base_url = base_url

    async def identity(self) -> str:
        return self.known_identity()

    def known_identity(self) -> str:
        return account_of_user(self._user, base_url=self._base_url)

    async def request(self) -> Request:
        basic = b64encode(f"{self._user}:{self._password}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}", "Accept": "*/*"}
        return Request("POST", f"{self._base_url}/token", "the login", headers, b"", idempotent=True)

    def refused(self, request: Request, response: Response) -> GigaChatError:
        if response.status == 401:
            return AuthenticationError(
                f"The service refused the user {self._user} and the password (HTTP 401).",
                hint="Check GIGACHAT_USER and GIGACHAT_PASSWORD.",
                status=401,
                request_id=response.request_id,
            )
        if response.status == 404:
            return ServiceError(
                f"{self._base_url} has no login by password (HTTP 404).",
                hint="The new host takes authorization keys alone: run 'gigachat auth login', or set base_url to the"
                " stand that knows this user, as https://gigachat.devices.sberbank.ru/api/v1.",
                status=404,
                request_id=response.request_id,
            )
        return refusal(request, response, now=time.time())


class RenewingToken:
    """An access token that is renewed when it ends or is refused, once for all tasks and processes."""

    renewable = True

    def __init__(self, grant: TokenGrant, send: Send, cache: TokenCache, *, patience: float) -> None:
        self._grant = grant
        self._send = send
        self._cache = cache
        self._patience = patience  # seconds to wait for another process's renewal
        self._token: Token | None = None
        self._one_renewal = asyncio.Lock()
        self._account = ""

    @property
    def account(self) -> str:
        return self._account or self._grant.known_identity()

    async def access_token(self, *, refused: str | None = None) -> str | None:
        if self._usable(self._token, refused):
            assert self._token is not None
            return self._token.access_token
        self._account = identity = await self._grant.identity()
        async with self._one_renewal:
            self._token = self._found(identity, refused) or await self._renewed_once(identity, refused)
        return self._token.access_token

    async def renew(self) -> Token:
        """A fresh token, whatever is cached: the proof that the key is good."""
        async with self._one_renewal:
            self._token = await self._renewed(await self._grant.identity(), None)
        return self._token

    async def _renewed_once(self, identity: str, refused: str | None) -> Token:
        try:
            async with hold_one([self._cache.lock_file(identity)], patience=self._patience):
                return self._found(identity, refused) or await self._renewed(identity, refused)
        except (LockTimeout, OSError):
            # A holder that hangs, or a folder without locks: one request too many is better than no answer.
            return await self._renewed(identity, refused)

    async def _renewed(self, identity: str, refused: str | None) -> Token:
        if refused is not None:
            await self._cache.forget(identity, refused)
        request = await self._grant.request()
        response = await self._send(request)
        if response.status != 200:
            raise self._grant.refused(request, response)
        token = parse_token(response, now=time.time())
        await self._cache.put(identity, token)
        return token

    def _found(self, identity: str, refused: str | None) -> Token | None:
        for token in (self._token, self._cache.get(identity)):
            if self._usable(token, refused):
                return token
        return None

    def _usable(self, token: Token | None, refused: str | None) -> bool:
        if token is None or token.access_token == refused:
            return False
        return time.time() < (token.expires_at - RENEW_BELOW if token.renew_at is None else token.renew_at)


class _Login(Struct, frozen=True):
    """Either form of a token, with its end: as recorded (milliseconds), and as another stand says it (recorded)."""

    access_token: str | None = None
    tok: str | None = None
    expires_at: Any = None
    exp: Any = None


def parse_token(response: Response, *, now: float) -> Token:
    """Raises ServiceError for what holds no access token, or one with an end that is none."""
    found = understood(response.body, _Login) or _Login()
    access_token = found.access_token or found.tok or ""
    told = found.exp if found.expires_at is None else found.expires_at
    try:
        expires = now + _LIFETIME if told is None else float(told)
        if not access_token or not access_token.isascii() or not access_token.isprintable():
            raise ValueError
    except (ValueError, TypeError, OverflowError):
        raise ServiceError(
            "The login was answered with something that holds no access token.",
            hint="Check auth_url; a proxy or a portal may stand in between.",
            status=response.status,
            request_id=response.request_id,
        ) from None
    expires_at = expires if expires < _SECONDS_BELOW else expires / 1000
    if not expires_at <= LATEST:
        expires_at = now + _LIFETIME
    return Token(access_token, expires_at, _renew_at(expires_at, now))


def _renew_at(expires_at: float, now: float) -> float:
    """Until when a token is used that has just come, which another request would only bring again."""
    if expires_at <= now:
        return math.inf  # by a clock that is wrong: the service says when it does not take it any more
    return expires_at - RENEW_BELOW if expires_at - now >= RENEW_BELOW else expires_at
