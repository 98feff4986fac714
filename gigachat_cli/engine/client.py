"""The client: one account, one conversation with the service, one connection that is kept.

From a call to the wire: a slot of the account, an access token, the request, and after a failure that may pass the
same again, as long as nothing was shown.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypedDict, TypeVar, Unpack

from .. import paths
from ..errors import (
    NO_KEY,
    NO_KEY_HINT,
    AuthenticationError,
    GigaChatError,
    MissingKeyError,
    StreamError,
    TooLargeError,
    UnknownModelError,
    UsageError,
)
from ..keys import AuthorizationKey, check_keyless, parse_key
from ..known_models import account_at
from ..messages import Answer, AnswerBuilder, Chunk, Message, Model, Notice, Token
from ..settings import Settings, declarations, load_settings
from .account_models import AccountModels
from .api import chat, models
from .api_version import ApiVersion, api_version_of, offered_functions
from .auth import Authorization, ClientCertificate, GivenToken, KeyGrant, KeySource, PasswordGrant, RenewingToken
from .refusals import LOGIN_HINT, refusal
from .replies import chunks_of, judged
from .retries import may_pass, repeated
from .slots import Held, KeptSlots, OwnSlots, slot
from .tls import Trust
from .token_cache import TokenCache
from .transport import Reply, Transport
from .wire import MOST_DOWNLOADED, Request, Response, Sink

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

    from .api.ai_check import Verdict
    from .api.balance import Package
    from .api.batches import BatchTask
    from .api.embeddings import Embedding
    from .api.files import Opener, StoredFile
    from .api.filter_check import FilterVerdict
    from .api.functions import Validation
    from .api.tokens import TokenCount

T = TypeVar("T")

_SAMPLING = ("temperature", "top_p", "max_tokens", "repetition_penalty", "update_interval")


class Arguments(TypedDict, total=False):
    """What a client can be told; each wins over its variable, as `scope` over `GIGACHAT_SCOPE`.  None is not given."""

    credentials: str | None
    """The authorization key, ready or as `id:secret`."""
    access_token: str | None
    """An access token to use as it is, instead of a key."""
    user: str | None
    """User name of a private stand, with `password` instead of a key."""
    password: str | None
    scope: str | None
    """GIGACHAT_API_PERS (the default), GIGACHAT_API_B2B or GIGACHAT_API_CORP."""
    model: str | None
    """The model that answers; without one it is chosen from the account's list."""
    base_url: str | None
    auth_url: str | None
    ca_bundle_file: str | Path | None
    """Certificate authorities (PEM or DER) to trust instead of the ones that GigaChat's hosts are proved by."""
    verify_ssl_certs: bool | None
    cert_file: str | Path | None
    """A client certificate (PEM), with `key_file` and `key_file_password`."""
    key_file: str | Path | None
    key_file_password: str | None
    timeout: float | None
    """Seconds of silence after which a request is given up; 60."""
    max_retries: int | None
    """Repeats after a failure that may pass; 3."""
    max_connections: int | None
    """Requests at once; 1 with the scope of a person, else 10.  Further ones wait."""
    proxy: str | None
    """Address of an HTTP or SOCKS proxy; `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count without it."""
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    repetition_penalty: float | None
    update_interval: float | None
    """Least seconds between two chunks."""


class GigaChat:
    """A client of GigaChat.

        async with GigaChat(credentials="…") as giga:
            async for chunk in giga.stream([{"role": "user", "content": "Hello"}]):
                print(chunk, end="")

    It goes by its `Arguments`, else by `GIGACHAT_*`, and reads no file of settings.  `connector` is an aiohttp
    connector of the caller's: its TLS applies, and the caller closes it.  `session_id` is the conversation's
    X-Session-ID, and `notify` is told what a person should know.  A client belongs to the event loop of its first
    request.

    Raises ConfigError for an argument or a variable that is not valid, TypeError for an argument that is unknown; the
    first request raises MissingKeyError when there is nothing to log in with.
    """

    def __init__(
        self,
        *,
        connector: aiohttp.BaseConnector | None = None,
        session_id: str | None = None,
        notify: Callable[[Notice], None] = lambda notice: None,
        **arguments: Unpack[Arguments],
    ) -> None:
        unknown = sorted(set(arguments) - Arguments.__optional_keys__)
        if unknown:
            raise TypeError(f"GigaChat() has no argument {', '.join(unknown)}")
        settings = load_settings(dict(arguments), library=True)
        self._begin(
            settings, connector=connector, session_id=session_id, notify=notify, own_slots=OwnSlots(settings.slots)
        )

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        *,
        key_source: KeySource | None = None,
        session_id: str | None = None,
        notify: Callable[[Notice], None] = lambda notice: None,
        command: str | None = None,
    ) -> Self:
        """The client of a program that has read its settings, and queues with all others on the machine.

        `key_source` finds the key when a token is needed.  `command` is what others who wait for the account are told
        that this is, else the name of the program.
        """
        giga = cls.__new__(cls)
        giga._begin(settings, key_source=key_source, session_id=session_id, notify=notify, command=command)
        return giga

    def _begin(
        self,
        settings: Settings,
        *,
        connector: aiohttp.BaseConnector | None = None,
        key_source: KeySource | None = None,
        session_id: str | None,
        notify: Callable[[Notice], None],
        command: str | None = None,
        own_slots: OwnSlots | None = None,
    ) -> None:
        self.settings = settings
        self.session_id = session_id or str(uuid.uuid4())
        self._notify = notify = _once_a_cause(notify)
        trust = Trust(
            verify=settings.verify_ssl_certs,
            ca_bundle_file=settings.ca_bundle_file,
            cert_file=settings.cert_file,
            key_file=settings.key_file,
            key_file_password=settings.key_file_password,
            notify=notify,
        )
        self._transport = Transport(trust, timeout=settings.timeout, proxy=settings.proxy, connector=connector)
        self._key_source = key_source
        self._found_authorization: Authorization | None = None
        self._command = command
        self._own_slots = own_slots
        self._loop: asyncio.AbstractEventLoop | None = None
        # A time limit that somebody set is one for the queue too; the usual one is too short for an answer of others.
        self._queue_patience = settings.timeout if settings.origin("timeout").kind != "default" else None
        self._models = AccountModels(lambda: account_at(self._authorization.account, settings.base_url), notify)

    @classmethod
    async def create_async_generator(
        cls,
        model: str,
        messages: Sequence[Message | Mapping[str, Any]],
        stream: bool = True,
        proxy: str | None = None,
        api_key: str | None = None,
        connector: aiohttp.BaseConnector | None = None,
        scope: str | None = None,
        update_interval: float = 0,
        **kwargs: Any,
    ) -> AsyncGenerator[str, None]:
        """The texts of an answer as they come, by the call that a provider of gpt4free has.

        `api_key` is the authorization key, else `GIGACHAT_CREDENTIALS`; `scope` is `GIGACHAT_SCOPE`, else that of a
        person.  `kwargs` are further `Arguments` of a client and fields of the request.  Raises as `stream` does.
        """
        given: Any = {name: kwargs.pop(name) for name in Arguments.__optional_keys__ & kwargs.keys()}
        given |= {"model": model or None, "proxy": proxy, "scope": scope, "update_interval": update_interval or None}
        if api_key is not None:
            given["credentials"] = api_key
        async with (
            cls(connector=connector, **given) as giga,
            aclosing(giga.stream(messages, stream=stream, **kwargs)) as chunks,
        ):
            async for chunk in chunks:
                if chunk.text:
                    yield chunk.text

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, except those of a connector that was given."""
        await self._transport.close()

    async def stream(
        self,
        messages: Sequence[Message | Mapping[str, Any]],
        *,
        model: str | None = None,
        stream: bool = True,
        slot: AbstractAsyncContextManager[None] | None = None,
        any_call: bool = False,
        **fields: Any,
    ) -> AsyncGenerator[Chunk, None]:
        """The answer to a conversation, chunk by chunk; with `stream=False` the whole of it as one chunk.

        `model` is the one of the call, else of the settings, else the choice from the account's list (`model`).
        `fields` are any further fields of the request, of either API version (`api_version`); `slot` is one of
        `kept_slots`, instead of a place in the queue.  A call of a function that `fields` do not offer is left out,
        unless `any_call` wants to see it.  The last chunk holds `finish_reason` and `usage`.

        Raises UsageError, AuthenticationError, NetworkError, ServiceError and QuotaError with their children; of these
        CutAnswerError, NoAnswerError and ContentFilterError come after the chunks that are all there is.
        """
        version = api_version_of(fields)
        offered = None if any_call else offered_functions(fields)
        named = model or self.settings.model
        async with AsyncExitStack() as stack:
            with _before_it_leaves():
                # Before the model is chosen, so that what is wrong with the call is told without a request.
                request = self.chat_request(messages, model=named, stream=stream, **fields)
                name, begun = named or await self.model(), False
                held = await stack.enter_async_context(self._slot() if slot is None else slot)
            while True:
                if not named:
                    request = self.chat_request(messages, model=name, stream=stream, **fields)
                attempts = self._repeated(partial(self._chunks, request, name, version, offered))
                try:
                    async with aclosing(attempts) as chunks:
                        async for chunk in chunks:
                            yield chunk if begun or chunk.model else replace(chunk, model=name)
                            begun = True
                            if held is not None:
                                held.moved()
                    return
                except UnknownModelError:
                    other = None if named or begun else await self._other_model(name)
                    if other is None:
                        raise
                    name = other

    async def ask(self, messages: Sequence[Message | Mapping[str, Any]], **named: Any) -> Answer:
        """The whole answer to a conversation, with the arguments and errors of `stream`."""
        builder = AnswerBuilder()
        async with aclosing(self.stream(messages, **{"stream": False, **named})) as chunks:
            async for chunk in chunks:
                builder.add(chunk)
        return builder.answer(ended=True)

    async def models(self) -> list[Model]:
        """The models that the account sees."""
        async with self._slot():
            return await self._listed()

    async def count_tokens(self, texts: Sequence[str], *, model: str | None = None) -> list[TokenCount]:
        """The sizes of texts (`POST /tokens/count`), in their order, as `model` counts; raises as `fetch` does."""
        from .api import tokens

        return await tokens.count_tokens(self, texts, model=model)

    async def embed(self, texts: Sequence[str], *, model: str | None = None) -> list[Embedding]:
        """The vectors of texts (`POST /embeddings`), in their order; raises as `fetch` does."""
        from .api import embeddings

        return await embeddings.embed(self, texts, model=model or embeddings.DEFAULT_MODEL)

    async def balance(self) -> list[Package]:
        """Tokens left in prepaid packages (`GET /balance`); AccessDeniedError for an account that pays as it goes."""
        from .api import balance

        return await balance.balance(self)

    async def check_author(self, text: str, *, model: str | None = None) -> Verdict:
        """Whether a person or a model wrote a text (`POST /ai/check`); raises as `fetch` does."""
        from .api import ai_check

        return await ai_check.check(self, text, model=model or ai_check.DEFAULT_MODEL)

    async def check_profanity(self, text: str, *, model: str | None = None) -> FilterVerdict:
        """Whether a text is profane (`POST /filter/check`); raises as `fetch` does."""
        from .api import filter_check

        return await filter_check.check_profanity(self, text, model=model or filter_check.DEFAULT_MODEL)

    async def validate_function(self, description: Mapping[str, Any]) -> Validation:
        """What the service thinks of a function's description (`POST /functions/validate`); raises as `fetch` does."""
        from .api import functions

        return await functions.validate_function(self, description)

    async def upload(self, filename: str, open: Opener, *, size: int, type: str) -> StoredFile:
        """Store a file (`POST /files`): `size` bytes from what `open()` gives, of the media type `type`.

        Raises UsageError when it cannot be read, and as `fetch` does.
        """
        from .api import files

        return await files.upload(self, filename, open, size=size, type=type)

    async def files(self) -> list[StoredFile]:
        """The files of the account (`GET /files`), in the service's order; raises as `fetch` does."""
        from .api import files

        return await files.list_files(self)

    async def file(self, file_id: str) -> StoredFile:
        """What the service tells of a file (`GET /files/{id}`).  Raises UnknownFileError, and as `fetch` does."""
        from .api import files

        return await files.show_file(self, file_id)

    async def download(self, file_id: str, *, most: int | None = MOST_DOWNLOADED) -> bytes:
        """A file's content (`GET /files/{id}/content`), of at most so many bytes; None is no limit.

        Raises UnknownFileError, and as `receive` does.
        """
        from .api import files

        content = files.Content()
        await files.download(self, file_id, content, most=most)
        return bytes(content.received)

    async def delete_file(self, file_id: str) -> bool:
        """Delete a file for good (`POST /files/{id}/delete`); whether the service says that it did.

        Raises UnknownFileError, and as `fetch` does.
        """
        from .api import files

        return await files.delete(self, file_id)

    async def submit_batch(self, lines: bytes) -> BatchTask:
        """Hand over requests (`POST /batches`), a JSON line `{"id", "request"}` each; raises as `fetch` does.

        Wants a client with `max_retries=0`: an attempt that failed may have been taken, and would be paid twice.
        """
        from .api import batches

        return await batches.submit(self, lines)

    async def batches(self, batch_id: str | None = None) -> list[BatchTask]:
        """The batches of the account (`GET /batches`), or the one of that id; UsageError when that is unknown."""
        from .api import batches

        return await batches.tasks(self, batch_id)

    async def model(self) -> str:
        """The model that answers when a call names none: the setting, else the choice from the account's list.

        The list is kept for a day.  Raises UnknownModelError when it holds no model to talk to, and as `models` does.
        """
        if self.settings.model:
            return self.settings.model
        with _before_it_leaves():
            await self._authorization.access_token()  # the account is known then
            return await self._models.choice(self.models, patience=self.settings.timeout)

    async def other_model(self, refused: str) -> str | None:
        """The choice from the account's list anew, after the service refused a name; None when there is no other."""
        async with self._slot():
            return await self._other_model(refused)

    async def with_model(self, work: Callable[[str], Awaitable[T]], *, model: str | None = None) -> T:
        """What `work` makes of the model named, else of `model()`; of another one when that choice is gone."""
        named = model or self.settings.model
        name = named or await self.model()
        try:
            return await work(name)
        except UnknownModelError:
            other = None if named else await self.other_model(name)
            if other is None:
                raise
            return await work(other)

    def kept_slots(self) -> KeptSlots:
        """Slots of the account to keep over many requests."""
        return KeptSlots(self._slot, lambda: self._authorization.account)

    async def log_in(self) -> Token | None:
        """A fresh access token, which proves the key; None where none is got: a given token, a certificate."""
        authorization = self._authorization
        return await authorization.renew() if isinstance(authorization, RenewingToken) else None

    def chat_request(
        self, messages: Sequence[Message | Mapping[str, Any]], *, model: str | None, stream: bool, **fields: Any
    ) -> Request:
        """The request that `stream` sends, but for its authorization, and without a model where that is not known."""
        defaults = {name: getattr(self.settings, name) for name in _SAMPLING}
        for name in _SAMPLING:
            if fields.get(name) is not None:
                fields[name] = _checked(name, fields[name])
        version = api_version_of(fields)
        sent = version.body(model, chat.messages_of(messages), stream=stream, fields={**defaults, **fields})
        headers = self._headers() | {"Content-Type": "application/json"}
        if stream:
            headers |= {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        url = version.url(self.settings.base_url)
        return Request("POST", url, "the chat request", headers, chat.encode(sent))

    def request(
        self,
        method: str,
        path: str,
        purpose: str,
        *,
        body: Mapping[str, Any] | None = None,
        idempotent: bool = False,
    ) -> Request:
        """A request of the API, but for its authorization; `body` goes as JSON, the rest is as in `wire.Request`."""
        headers = self._headers() | ({} if body is None else {"Content-Type": "application/json"})
        content = None if body is None else chat.encode(body)
        if content is not None:
            check_keyless(content.decode("utf-8", "replace"))
        url = f"{self.settings.base_url}{path}"
        return Request(method, url, purpose, headers, content, idempotent=idempotent)

    def _headers(self) -> dict[str, str]:
        return {"Accept": "application/json", "X-Session-ID": self.session_id}

    @property
    def _authorization(self) -> Authorization:
        """What every request asks first.  Raises UsageError in another event loop than that of the first request."""
        with suppress(RuntimeError):  # nothing runs yet
            self._loop = self._loop or asyncio.get_running_loop()
            if self._loop is not asyncio.get_running_loop():
                raise UsageError(
                    "A client works in one event loop, and this one has been used in another.",
                    hint="Make a client in each event loop, or make all calls under one asyncio.run.",
                )
        if self._found_authorization is None:
            self._found_authorization = self._find_authorization()
        return self._found_authorization

    def _find_authorization(self) -> Authorization:
        settings, key_source = self.settings, self._key_source
        # What the call gives wins over what is around it: a key over a token, a user over either.
        given = {name for name in ("credentials", "access_token", "user") if settings.origin(name).kind == "flag"}
        if settings.user and settings.password and given == {"user"}:
            return self._renewing(PasswordGrant(settings.user, settings.password, base_url=settings.base_url))
        if settings.access_token and "credentials" not in given:
            return GivenToken(settings.access_token)
        if key_source is None and settings.credentials:
            key_source = _GivenKey(settings.credentials)
        if key_source is not None:
            grant = KeyGrant(key_source, scope=settings.scope, auth_url=settings.auth_url)
            return self._renewing(grant)
        if settings.user and settings.password:
            return self._renewing(PasswordGrant(settings.user, settings.password, base_url=settings.base_url))
        if settings.cert_file:
            return ClientCertificate(str(settings.cert_file))
        raise MissingKeyError(NO_KEY, hint=NO_KEY_HINT)

    def _renewing(self, grant: KeyGrant | PasswordGrant) -> RenewingToken:
        cache = TokenCache(paths.token_file(), self._notify)
        return RenewingToken(grant, self._send_login, cache, patience=self.settings.timeout)

    @asynccontextmanager
    async def _slot(self, modest: Callable[[], bool] | None = None) -> AsyncIterator[Held]:
        # Before the queue, so that a key that is refused is not waited for.
        await self._authorization.access_token()
        account, count = self._authorization.account, self.settings.slots
        if self._own_slots is not None:
            async with self._own_slots.slot(self._queue_patience) as own:
                yield own
            return
        async with slot(
            account,
            count=count,
            notify=self._notify,
            modest=modest,
            patience=self._queue_patience,
            command=self._command,
        ) as held:
            yield held

    def _repeated(self, attempt: Callable[[], AsyncGenerator[Any, None]]) -> AsyncGenerator[Any, None]:
        return repeated(attempt, most=self.settings.max_retries, notify=self._notify)

    async def fetch(self, request: Request, *, model: str | None = None, model_type: str = "chat") -> Response:
        """The whole answer to any request of the API, authorized, in a slot, repeated after what may pass.

        What the endpoints of `api/` stand on; `model` and its type are for the words of a refusal.  Raises as
        `stream` does.
        """
        async with self._slot():
            return await self._fetched(request, model=model, model_type=model_type)

    async def _fetched(self, request: Request, *, model: str | None = None, model_type: str = "chat") -> Response:
        """`fetch` in a slot that is held."""

        async def attempt() -> AsyncGenerator[Response, None]:
            async with self._reply(request, model=model, model_type=model_type) as reply:
                yield await reply.whole()

        async with aclosing(self._repeated(attempt)) as responses:
            return await anext(responses)

    async def _listed(self) -> list[Model]:
        """`models` in a slot that is held; what comes is kept."""
        found = models.parse_models((await self._fetched(self.request("GET", models.PATH, "the list of models"))).body)
        self._models.keep(found)
        return found

    async def _other_model(self, refused: str) -> str | None:
        return await self._models.other_choice(refused, self._listed)

    async def receive(self, request: Request, sink: Sink, *, most: int | None = MOST_DOWNLOADED) -> None:
        """Give an answer of at most so many bytes to `sink` while it comes, repeated after what may pass.

        It is authorized, and in a slot; None is no limit.  It returns only when all of it came.  Raises TooLargeError,
        what `stream` and what `sink` raises.
        """

        async def attempt() -> AsyncGenerator[None, None]:
            async with self._reply(request) as reply:
                if reply.status != 200:
                    raise StreamError(
                        f"The service did not send all that is due for {request.purpose} (HTTP {reply.status}).",
                        hint="Try again; a proxy may stand in between.",
                        request_id=reply.request_id,
                    )
                _check_size(reply.size or 0, most, reply)
                sink.begin(reply.size)
                came = 0
                async for piece in reply.pieces():
                    came += len(piece)
                    _check_size(came, most, reply)
                    sink.add(piece)
                yield

        async with self._slot(), aclosing(self._repeated(attempt)) as ends:
            await anext(ends)

    def known_model(self) -> str | None:
        """The model of `model`, as far as it is known without a request."""
        if self.settings.model:
            return self.settings.model
        try:
            known = self._models.known()
        except GigaChatError:
            return None  # there is nothing to log in with
        return known.choice if known else None

    @property
    def notify(self) -> Callable[[Notice], None]:
        """Where goes what a person should know."""
        return self._notify

    async def account(self) -> str:
        """A name of the account, the same in all processes; no secret.  Raises as a login does."""
        await self._authorization.access_token()
        return self._authorization.account

    async def _send_login(self, request: Request) -> Response:
        async def attempt() -> AsyncGenerator[Response, None]:
            # A fresh id each time: the service wants one that it has not seen.
            fresh = dict(request.headers)
            if "RqUID" in fresh:
                fresh["RqUID"] = str(uuid.uuid4())
            sent = replace(request, headers=fresh)
            began = time.monotonic()
            async with self._transport.open(sent) as reply:
                self._trace(sent, reply, began)
                response = await reply.beginning()
            if response.status >= 400 and may_pass(problem := refusal(sent, response, now=time.time())):
                raise problem
            yield response

        async with aclosing(self._repeated(attempt)) as responses:
            return await anext(responses)

    @asynccontextmanager
    async def _reply(
        self, request: Request, *, model: str | None = None, model_type: str = "chat"
    ) -> AsyncIterator[Reply]:
        """The reply to an authorized request that succeeded; a refused token is renewed once."""
        access_token = await self._authorization.access_token()
        async with AsyncExitStack() as stack:
            reply = await self._open(request, access_token, stack)
            if reply.status == 401 and self._authorization.renewable:
                await stack.aclose()
                access_token = await self._authorization.access_token(refused=access_token)
                reply = await self._open(request, access_token, stack)
            if not 200 <= reply.status < 300:
                problem = self._refusal(reply.request, await reply.beginning(), model)
                if isinstance(problem, UnknownModelError) and model is not None:
                    await stack.aclose()
                    origin = self.settings.origin("model") if model == self.settings.model else None
                    await self._models.explain(problem, model, self._listed, type=model_type, origin=origin)
                raise problem
            yield reply

    async def _open(self, request: Request, access_token: str | None, stack: AsyncExitStack) -> Reply:
        headers = dict(request.headers)
        if access_token is not None:
            headers["Authorization"] = f"Bearer {access_token}"
        began = time.monotonic()
        sent = replace(request, headers=headers)
        reply = await stack.enter_async_context(self._transport.open(sent, with_client_certificate=True))
        self._trace(request, reply, began)
        return reply

    def _refusal(self, request: Request, response: Response, model: str | None) -> GigaChatError:
        problem = refusal(request, response, model=model, now=time.time())
        if type(problem) is AuthenticationError and not self._authorization.renewable:
            problem.hint = (
                "GIGACHAT_ACCESS_TOKEN has ended or is not valid: renew it, or unset it and run 'gigachat auth login'."
                if self.settings.access_token
                else "The service wants more than the client certificate: run 'gigachat auth login'."
            )
        return problem

    async def _chunks(
        self, request: Request, model: str, version: ApiVersion, offered: frozenset[str] | None
    ) -> AsyncGenerator[Chunk, None]:
        """The answer to `request`, in which the functions of the names `offered` may be called; None are any."""
        async with self._reply(request, model=model) as reply:
            parts = judged(version.settled(chunks_of(reply, version)), reply, offered)
            async with aclosing(parts) as chunks:
                async for chunk in chunks:
                    yield chunk

    def _trace(self, request: Request, reply: Reply, began: float) -> None:
        took = time.monotonic() - began
        which = f", request {reply.request_id}" if reply.request_id else ""
        self._notify(Notice("debug", f"{request.method} {request.url}: HTTP {reply.status} after {took:.3f} s{which}"))


@contextmanager
def _before_it_leaves() -> Iterator[None]:
    """Mark what goes wrong here as a problem after which nothing of the question has left."""
    try:
        yield
    except GigaChatError as problem:
        problem.never_left = True
        raise


def _checked(name: str, value: object) -> Any:
    """A sampling field of a call, by the check of the setting of that name.  Raises UsageError."""
    try:
        return declarations()[name].parse(value)
    except ValueError as wanted:
        raise UsageError(f"{name} must be {wanted}, not {value!r:.80}.") from None


def _check_size(size: int, most: int | None, reply: Reply) -> None:
    if most is not None and size > most:
        raise TooLargeError(
            f"What came for {reply.request.purpose} is larger than {most / 2**30:g} GiB.", request_id=reply.request_id
        )


class _GivenKey:
    """A key that is in the settings."""

    def __init__(self, pasted: str) -> None:
        try:
            self._key = parse_key(pasted)
        except ValueError:
            raise MissingKeyError("The authorization key is empty.", hint=LOGIN_HINT) from None
        self.fingerprint: str | None = self._key.fingerprint

    async def key(self) -> AuthorizationKey:
        return self._key


def _once_a_cause(notify: Callable[[Notice], None]) -> Callable[[Notice], None]:
    """A folder that cannot be written to is met in several places, and told of once."""
    told: set[str] = set()

    def tell(notice: Notice) -> None:
        if notice.cause not in told:
            notify(notice)
        if notice.cause:
            told.add(notice.cause)

    return tell
