"""What every endpoint stands on: one account, its authorization, its slots, its models and its requests.

From a call to the wire: a slot of the account, an access token, the request, and after a failure that may pass the
same again, as long as nothing was shown.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from msgspec.structs import replace

from ..errors import AuthenticationError, GigaChatError, StreamError, TooLargeError, UnknownModelError, UsageError
from ..keys import check_keyless
from ..known_models import account_at
from ..messages import Model, Notice, Token
from ..settings import Settings
from .account_models import AccountModels
from .api import chat, models
from .auth import Authorization, KeySource, RenewingToken, authorization_of
from .refusals import refusal
from .retries import may_pass, repeated
from .slots import Held, KeptSlots, OwnSlots, slot
from .tls import Trust
from .transport import Reply, Transport
from .wire import MOST_DOWNLOADED, Request, Response, Sink

if TYPE_CHECKING:
    import aiohttp

T = TypeVar("T")


class BaseClient:
    """One account and its connection.  `settings` say where the service is and how it is asked."""

    def __init__(
        self,
        settings: Settings,
        *,
        key_source: KeySource | None = None,
        session_id: str | None = None,
        notify: Callable[[Notice], None] = lambda notice: None,
        command: str | None = None,
        connector: aiohttp.BaseConnector | None = None,
        own_slots: OwnSlots | None = None,
    ) -> None:
        """`key_source` finds the key when a token is needed; with `own_slots` nobody else on the machine is waited for.

        `command` is what others who wait for the account are told that this is, else the name of the program.
        """
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

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections, except those of a connector that was given."""
        await self._transport.close()

    @property
    def notify(self) -> Callable[[Notice], None]:
        """What is told of all that a person should know while the work goes on."""
        return self._notify

    async def account(self) -> str:
        """A name of the account, the same in all processes; no secret.  Raises as a login does."""
        await self._authorization.access_token()
        return self._authorization.account

    async def log_in(self) -> Token | None:
        """A fresh access token, which proves the key; None where none is got: a given token, a certificate."""
        authorization = self._authorization
        return await authorization.renew() if isinstance(authorization, RenewingToken) else None

    async def models(self) -> list[Model]:
        """The models that the account sees."""
        async with self._slot():
            return await self._listed()

    async def model(self) -> str:
        """The model that answers when a call names none: the setting, else the choice from the account's list.

        The list is kept for a day.  Raises UnknownModelError when it holds no model to talk to, and as `models` does.
        """
        if self.settings.model:
            return self.settings.model
        with before_it_leaves():
            await self._authorization.access_token()  # the account is known then
            return await self._models.choice(self.models, patience=self.settings.timeout)

    def known_model(self) -> str | None:
        """The model of `model`, as far as it is known without a request."""
        if self.settings.model:
            return self.settings.model
        try:
            known = self._models.known()
        except GigaChatError:
            return None  # there is nothing to log in with
        return known.choice if known else None

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

    async def fetch(self, request: Request, *, model: str | None = None, model_type: str = "chat") -> Response:
        """The whole answer to any request of the API, authorized, in a slot, repeated after what may pass.

        What the endpoints of `api/` stand on; `model` and its type are for the words of a refusal.  Raises as
        `stream` does.
        """
        async with self._slot():
            return await self._fetched(request, model=model, model_type=model_type)

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

    def kept_slots(self) -> KeptSlots:
        """Slots of the account to keep over many requests."""
        return KeptSlots(self._slot, lambda: self._authorization.account)

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
            self._found_authorization = authorization_of(
                self.settings, self._key_source, self._send_login, notify=self._notify
            )
        return self._found_authorization

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

    def _repeated(
        self, attempt: Callable[[], AsyncGenerator[Any, None]], max_retries: int | None = None
    ) -> AsyncGenerator[Any, None]:
        most = self.settings.max_retries if max_retries is None else max_retries
        return repeated(attempt, most=most, notify=self._notify)

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

    def _trace(self, request: Request, reply: Reply, began: float) -> None:
        took = time.monotonic() - began
        which = f", request {reply.request_id}" if reply.request_id else ""
        self._notify(Notice("debug", f"{request.method} {request.url}: HTTP {reply.status} after {took:.3f} s{which}"))


@contextmanager
def before_it_leaves() -> Iterator[None]:
    """Mark what goes wrong here as a problem after which nothing of the question has left."""
    try:
        yield
    except GigaChatError as problem:
        problem.never_left = True
        raise


def _check_size(size: int, most: int | None, reply: Reply) -> None:
    if most is not None and size > most:
        raise TooLargeError(
            f"What came for {reply.request.purpose} is larger than {most / 2**30:g} GiB.", request_id=reply.request_id
        )


def _once_a_cause(notify: Callable[[Notice], None]) -> Callable[[Notice], None]:
    """A folder that cannot be written to is met in several places, and told of once."""
    told: set[str] = set()

    def tell(notice: Notice) -> None:
        if notice.cause not in told:
            notify(notice)
        if notice.cause:
            told.add(notice.cause)

    return tell
