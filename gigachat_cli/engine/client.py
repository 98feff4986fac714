"""The client: the chat is here; what it stands on is in `base_client`, the other endpoints in `endpoints`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypedDict, Unpack

from ..errors import UnknownModelError, UsageError
from ..messages import Answer, Chunk, Message, Notice, answer_of
from ..settings import Settings, declarations, load_settings
from .api import chat
from .api_version import ApiVersion, api_version_of, offered_functions
from .auth import KeySource
from .base_client import BaseClient, before_it_leaves
from .endpoints import Endpoints
from .replies import chunks_of, judged
from .slots import OwnSlots
from .wire import Request

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

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


class GigaChat(Endpoints, BaseClient):
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
        super().__init__(
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
        BaseClient.__init__(
            giga, settings, key_source=key_source, session_id=session_id, notify=notify, command=command
        )
        return giga

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

    async def stream(
        self,
        messages: Sequence[Message | Mapping[str, Any]],
        *,
        model: str | None = None,
        stream: bool = True,
        slot: AbstractAsyncContextManager[None] | None = None,
        max_retries: int | None = None,
        any_call: bool = False,
        **fields: Any,
    ) -> AsyncGenerator[Chunk, None]:
        """The answer to a conversation, chunk by chunk; with `stream=False` the whole of it as one chunk.

        `model` is the one of the call, else of the settings, else the choice from the account's list (`model`).
        `fields` are any further fields of the request, of either API version (`api_version`); `slot` is one of
        `kept_slots`, instead of a place in the queue, and `max_retries` goes before that of the settings.  A call of a
        function that `fields` do not offer is left out, unless `any_call` wants to see it.  The last chunk holds
        `finish_reason` and `usage`.

        Raises UsageError, AuthenticationError, NetworkError, ServiceError and QuotaError with their children; of these
        CutAnswerError, NoAnswerError and ContentFilterError come after the chunks that are all there is.
        """
        version = api_version_of(fields)
        offered = None if any_call else offered_functions(fields)
        named = model or self.settings.model
        async with AsyncExitStack() as stack:
            with before_it_leaves():
                # Before the model is chosen, so that what is wrong with the call is told without a request.
                request = self.chat_request(messages, model=named, stream=stream, **fields)
                name, begun = named or await self.model(), False
                held = await stack.enter_async_context(self._slot() if slot is None else slot)
            while True:
                if not named:
                    request = self.chat_request(messages, model=name, stream=stream, **fields)
                attempts = self._repeated(partial(self._chunks, request, name, version, offered), max_retries)
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
        return await answer_of(self.stream(messages, **{"stream": False, **named}))

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

    async def _chunks(
        self, request: Request, model: str, version: ApiVersion, offered: frozenset[str] | None
    ) -> AsyncGenerator[Chunk, None]:
        """The answer to `request`, in which the functions of the names `offered` may be called; None are any."""
        async with self._reply(request, model=model) as reply:
            parts = judged(version.settled(chunks_of(reply, version)), reply, offered)
            async with aclosing(parts) as chunks:
                async for chunk in chunks:
                    yield chunk


def _checked(name: str, value: object) -> Any:
    """A sampling field of a call, by the check of the setting of that name.  Raises UsageError."""
    try:
        return declarations()[name].parse(value)
    except ValueError as wanted:
        raise UsageError(f"{name} must be {wanted}, not {value!r:.80}.") from None
