"""What a simulator is started with: one frozen value, and the names that the service knows."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .faults import Fault

SCOPES = ("GIGACHAT_API_PERS", "GIGACHAT_API_B2B", "GIGACHAT_API_CORP")

PACE_FOR_PEOPLE = 0.05
"""Seconds between chunks at which an answer reads well on a screen."""

USER = "simulator"
PASSWORD = "simulated-password"  # noqa: S105  # a made-up account, printed for whoever wants it


class Model(NamedTuple):
    """One row of the model list; the type is ``chat``, ``embedder``, ``aicheck`` or ``filter``.

    A chat model may refuse images in a message, and functions.
    """

    id: str
    type: str = "chat"
    takes_images: bool = True
    takes_functions: bool = True


_OTHER_TYPES = {
    "GigaFilter": "filter",
    "GigaCheckClassification": "aicheck",
    "GigaCheckDetection": "aicheck",
    "Embeddings": "embedder",
    "Embeddings-2": "embedder",
    "EmbeddingsGigaR": "embedder",
    "GigaEmbeddings-3B-2025-09": "embedder",
}
"""Recorded: the models that are not there to talk to."""


def named(*names: str) -> tuple[Model, ...]:
    """Return the models of these names, each of the type that the service gives it.

    As documented, only the larger chat models take images; one of the first generation stands for those that take no
    functions.
    """
    large = ("Pro", "Max", "Ultra")
    return tuple(
        Model(name, _OTHER_TYPES.get(name, "chat"), any(word in name for word in large), name != "GigaChat-Plus")
        for name in names
    )


MODELS = named(
    "GigaChat-2",
    "GigaChat-2-Max",
    "GigaChat-2-Pro",
    "GigaChat-2-Reasoning",
    "GigaChat-3-Lightning",
    "GigaChat-3-Pro",
    "GigaChat-3-Ultra",
    "GigaChat-3-Ultra-preview",
    *_OTHER_TYPES,
)
"""The list of the new host, which has neither the bare name nor those of the first generation."""

OLD_HOST_MODELS = named(
    "GigaChat",
    "GigaChat-2",
    "GigaChat-2-Max",
    "GigaChat-2-Max-preview",
    "GigaChat-2-Pro",
    "GigaChat-2-Pro-preview",
    "GigaChat-2-preview",
    "GigaChat-Max",
    "GigaChat-Max-preview",
    "GigaChat-Plus",
    "GigaChat-Pro",
    "GigaChat-Pro-preview",
    "GigaChat-preview",
    *_OTHER_TYPES,
)
"""The list of the old host (recorded)."""

Certificate = Literal["good", "expired", "not-yet-valid", "other-host", "other-authority"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Everything that a simulator can be told before it starts. Times are in seconds.

    ``chunks``: None for an answer of natural length, N for exactly N text chunks.
    ``answer``: this exact text instead of a simulated one (cut in ``chunks`` pieces when that is given).
    ``max_requests``: simultaneous chat requests of one key; None for what the scope allows (1, or 10).
    ``clock_offset``: how far the service's clock runs ahead of this machine's.
    ``context_tokens``: a longer prompt is refused with 413; None for no limit.
    ``keep_requests``: how many of the last requests are remembered; None for all, which takes memory.
    """

    port: int = 0
    pace: float = 0.0
    chunks: int | None = None
    answer: str | None = None
    faults: tuple[Fault, ...] = ()
    certificate: Certificate = "good"
    scope: str = SCOPES[0]
    token_lifetime: float = 1800.0
    token_form: Literal["access_token", "tok"] = "access_token"  # noqa: S105  # the name of a JSON field
    expiry_unit: Literal["ms", "s"] = "ms"
    clock_offset: float = 0.0
    max_requests: int | None = None
    context_tokens: int | None = None
    require_client_certificate: bool = False
    models: tuple[Model, ...] = MODELS
    keep_requests: int | None = None

    def __post_init__(self) -> None:
        if self.scope not in SCOPES:
            raise ValueError(f"unknown scope {self.scope!r}; there are {', '.join(SCOPES)}")
        if self.chunks is not None and self.chunks < 1:
            raise ValueError("an answer has at least one chunk")
        if self.pace < 0:
            raise ValueError("the pace is a number of seconds, zero or more")
        if self.keep_requests is not None and self.keep_requests < 0:
            raise ValueError("keep_requests is zero or more")


def key_for(scope: str) -> str:
    """Return the ready authorization key of a scope: Base64 of two UUIDs that are plainly made up."""
    number = SCOPES.index(scope) + 1
    client_id = f"00000000-0000-4000-8000-{number:012d}"
    client_secret = f"fa15efa1-5efa-4efa-8efa-{number:012d}"
    return base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
