"""The engine: GigaChat as a library, and all that the program knows of the service.

    from gigachat_cli.engine import GigaChat, GigaChatError

    async with GigaChat(credentials="…") as giga:
        async for chunk in giga.stream([{"role": "user", "content": "Hello"}]):
            print(chunk, end="")

A client reads its arguments and `GIGACHAT_*`.  Every error is a GigaChatError: `message` and `hint` are for a person,
`code` is a word that stays, `status` the HTTP status and `request_id` the service's own id, where there are such.
"""

from ..errors import (
    AccessDeniedError,
    AuthenticationError,
    ConfigError,
    ConnectionFailedError,
    ContentFilterError,
    CutAnswerError,
    GigaChatError,
    InvalidRequestError,
    KeyRefusedError,
    MissingKeyError,
    NetworkError,
    NoAnswerError,
    PromptTooLongError,
    ProxyError,
    QueueError,
    QuotaError,
    RateLimitError,
    RedirectError,
    ScopeRefusedError,
    ServiceError,
    SilenceError,
    StreamError,
    TLSError,
    TokensUsedUpError,
    TooLargeError,
    UnavailableToolError,
    UnknownFileError,
    UnknownModelError,
    UnknownToolError,
    UsageError,
)
from ..messages import Answer, Chunk, FunctionCall, Message, Model, Notice, Source, Token, Usage
from .client import Arguments, GigaChat

create_async_generator = GigaChat.create_async_generator

__all__ = [
    "AccessDeniedError",
    "Answer",
    "Arguments",
    "AuthenticationError",
    "Chunk",
    "ConfigError",
    "ConnectionFailedError",
    "ContentFilterError",
    "CutAnswerError",
    "FunctionCall",
    "GigaChat",
    "GigaChatError",
    "InvalidRequestError",
    "KeyRefusedError",
    "Message",
    "MissingKeyError",
    "Model",
    "NetworkError",
    "NoAnswerError",
    "Notice",
    "PromptTooLongError",
    "ProxyError",
    "QueueError",
    "QuotaError",
    "RateLimitError",
    "RedirectError",
    "ScopeRefusedError",
    "ServiceError",
    "SilenceError",
    "Source",
    "StreamError",
    "TLSError",
    "Token",
    "TokensUsedUpError",
    "TooLargeError",
    "UnavailableToolError",
    "UnknownFileError",
    "UnknownModelError",
    "UnknownToolError",
    "Usage",
    "UsageError",
    "create_async_generator",
]
