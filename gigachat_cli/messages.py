"""The values that travel: what is said, what is answered, what it cost.  They know no service and no store."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Literal

from .calls import FunctionCall as FunctionCall
from .masking import keep_secret

Role = Literal["system", "user", "assistant", "function"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "function")

SERVICE_TOOLS = ("web_search", "url_content_extraction", "code_interpreter", "image_generate", "model_3d_generate")
"""The tools that the service runs itself, as far as they are known."""

SERVICE_FUNCTIONS = ("text2image", "text2model3d", "get_file_content")
"""The functions of the service's own in API v1, which may stand among those of a person."""

EFFORTS = ("low", "medium", "high")
"""How much a model can be asked to reason."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation.

    `attachments` are ids of stored files; `name` is the function's for role "function", whose content is a JSON
    object as text.  `functions_state_id` is the service's handle of a function call and goes back with it.
    """

    role: Role
    content: str
    name: str | None = None
    attachments: tuple[str, ...] = ()
    function_call: FunctionCall | None = None
    functions_state_id: str | None = None


def with_answered_calls(messages: Sequence[Message]) -> list[Message]:
    """The messages as they can be sent: a call without its result is left out, and a result without its call.

    The service refuses a conversation for either of them (documented).
    """
    kept: list[Message] = []
    waiting: FunctionCall | None = None
    for at, message in enumerate(messages):
        called, waiting = waiting, None
        if message.role == "function" and (called is None or message.name not in (None, called.name)):
            continue
        if message.function_call is not None:
            following = messages[at + 1] if at + 1 < len(messages) else None
            if following is not None and following.role == "function" and following.name == message.function_call.name:
                waiting = message.function_call
            elif message.content:
                message = replace(message, function_call=None, functions_state_id=None)
            else:
                continue
        kept.append(message)
    return kept


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one request.  `precached_prompt_tokens` are those of the prompt that the service had cached."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    precached_prompt_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        """The usage of two requests."""
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            self.precached_prompt_tokens + other.precached_prompt_tokens,
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A page that an answer draws on: `[number]` in its text refers to it."""

    number: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A file that the service made for an answer, as it was saved; `type` is its media type by its content."""

    id: str
    path: str
    type: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a streamed answer; `str(chunk)` is its text, and so is what joining it to a text adds.

    `progress` is a status of a function that the service runs itself, never part of the answer.  With `file` the text
    is the place where that was saved.  After a `pause` others may write to the terminal before the answer goes on.
    """

    text: str = ""
    reasoning: str = ""
    progress: str = ""
    file: SavedFile | None = None
    sources: tuple[Source, ...] = ()
    function_call: FunctionCall | None = None
    functions_state_id: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    model: str | None = None
    request_id: str | None = None
    pause: bool = False

    def __str__(self) -> str:
        return self.text

    def __add__(self, other: str | Chunk) -> str:
        return self.text + str(other)

    def __radd__(self, before: str) -> str:
        return before + self.text


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model answered.  It is `complete` when the service said that it ended, not when bytes stopped.

    An answer that met its token limit (`finish_reason` "length") ended as far as the service is concerned but is
    not complete for a reader, nor is one that the content filter stopped.

    One that is not `held` was too large for that: its text and reasoning went by, and are empty here.
    """

    text: str = ""
    model: str | None = None
    finish_reason: str | None = None
    complete: bool = False
    usage: Usage | None = None
    reasoning: str = ""
    function_call: FunctionCall | None = None
    functions_state_id: str | None = None
    request_id: str | None = None
    files: tuple[SavedFile, ...] = ()
    sources: tuple[Source, ...] = ()
    held: bool = True


def with_footnotes(answer: Answer) -> Answer:
    """The answer with its sources as lines at the end of its text: `[1] title url`."""
    if not answer.sources or not answer.text:
        return answer
    return replace(answer, text=f"{answer.text.rstrip()}{footnotes(answer)}")


def footnotes(answer: Answer) -> str:
    """The lines of an answer's sources, as they follow its text."""
    notes = "\n".join(f"[{each.number}] {each.title} {each.url}" for each in answer.sources)
    return f"\n\n{notes}\n" if notes else ""


class AnswerBuilder:
    """Folds chunks into one answer, at any moment of the stream.

    With `most_held` an answer that has more characters is not held from there on.
    """

    def __init__(self, most_held: int | None = None) -> None:
        self.most_held = most_held
        self._size = 0
        self._came = False
        self._held = True
        self._texts: list[str] = []
        self._reasonings: list[str] = []
        self._model: str | None = None
        self._finish_reason: str | None = None
        self._usage: Usage | None = None
        self._function_call: FunctionCall | None = None
        self._functions_state_id: str | None = None
        self._request_id: str | None = None
        self._files: list[SavedFile] = []
        self._sources: dict[int, Source] = {}

    def add(self, chunk: Chunk) -> None:
        if chunk.text:
            self._came = True
            self._texts.append(chunk.text)
        if chunk.reasoning:
            self._reasonings.append(chunk.reasoning)
        if self.most_held is not None:
            self._size += len(chunk.text) + len(chunk.reasoning)
            if self._size > self.most_held:
                self._held = False
                self._texts.clear()
                self._reasonings.clear()
        if chunk.file is not None:
            self._files.append(chunk.file)
        if chunk.sources:
            self._sources.update((each.number, each) for each in chunk.sources)
        self._model = chunk.model or self._model
        self._finish_reason = chunk.finish_reason or self._finish_reason
        self._usage = chunk.usage or self._usage
        self._function_call = chunk.function_call or self._function_call
        self._functions_state_id = chunk.functions_state_id or self._functions_state_id
        self._request_id = chunk.request_id or self._request_id

    def forget_text(self) -> None:
        """Leave out the text so far, which was said before a function call and is a message of its own."""
        self._came = False
        self._texts.clear()
        self._reasonings.clear()

    @property
    def any_text(self) -> bool:
        """Whether a text came, held or not."""
        return self._came

    def answer(self, *, ended: bool) -> Answer:
        """The answer so far; `ended` says that its source came to its proper end."""
        return Answer(
            text="".join(self._texts),
            model=self._model,
            finish_reason=self._finish_reason,
            complete=ended and self._finish_reason not in INCOMPLETE_REASONS,
            usage=self._usage,
            reasoning="".join(self._reasonings),
            function_call=self._function_call,
            functions_state_id=self._functions_state_id,
            request_id=self._request_id,
            files=tuple(self._files),
            sources=tuple(self._sources[number] for number in sorted(self._sources)),
            held=self._held,
        )


async def answer_of(chunks: AsyncGenerator[Chunk, None]) -> Answer:
    """The whole answer that chunks are the parts of."""
    builder = AnswerBuilder()
    async with aclosing(chunks):
        async for chunk in chunks:
            builder.add(chunk)
    return builder.answer(ended=True)


INCOMPLETE_REASONS = ("length", "blacklist", "error")
"""Reasons under which an answer is not what the model would have said to its end."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a person should know while the work goes on.

    An "alarm" is always told; a "warning" unless with `--quiet`; "progress" only on a terminal; "debug" only when asked
    for.  Of several with one `cause` a client tells the first.
    """

    kind: Literal["alarm", "warning", "progress", "debug"]
    text: str
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that the service offers.  `type` is "chat", "embedder", "aicheck", "filter", or empty when unsaid."""

    id: str
    type: str = ""
    owned_by: str = ""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token.  `renew_at`, where it is said, is how long it is used; both times are Unix seconds."""

    access_token: str = field(repr=False)
    expires_at: float
    renew_at: float | None = None

    def __post_init__(self) -> None:
        keep_secret(self.access_token)

    def seconds_left(self, now: float) -> float:
        return self.expires_at - now
