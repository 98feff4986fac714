"""A question, as every front end asks it: `ask`, the chat, a batch.  `Conversation.ask` says what happens to it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..messages import Message

if TYPE_CHECKING:
    from .attachments import Attachment
    from .functions import Functions
    from .schema import Schema

OWN_FIELDS = ("messages", "model", "stream", "slot", "max_retries", "any_call")
"""What is no further field of a request: a question says it in another way, or the client keeps it to itself."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how.

    `prompt` is a text, or a message, which may have files that the service keeps already; `attachments` are those that
    go with it, as text or by an upload.  The answer may call `functions`, and has to fit the `schema`, for which it
    is asked again `schema_retries` times, or the usual number.  `fields` are further request fields.  `slot` is a kept
    one of the account in place of the queue, `max_retries` how often a request is repeated in place of what the
    settings say.  With `most_held` an answer with more characters goes by, into the history, and is not gone on with.
    """

    prompt: str | Message
    attachments: tuple[Attachment, ...] = ()
    functions: Functions | None = None
    schema: Schema | None = None
    schema_retries: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = True
    slot: AbstractAsyncContextManager[Any] | None = None
    max_retries: int | None = None
    most_held: int | None = None

    def message(self, ids: tuple[str, ...] | None = None) -> Message:
        """The message of it: with the texts of its attachments, and the `ids` of those that were uploaded.

        Without `ids` names stand in their places, for a person to read.
        """
        prompt = Message("user", self.prompt) if isinstance(self.prompt, str) else self.prompt
        if not self.attachments:
            return prompt
        from dataclasses import replace

        from .attachments import placeholders, with_texts

        content = with_texts(prompt.content, self.attachments)
        return replace(prompt, content=content, attachments=placeholders(self.attachments) if ids is None else ids)

    def request_fields(self) -> dict[str, Any]:
        """The fields of its first request, with the functions and the schema among them.  Raises UsageError."""
        fields = dict(self.fields)
        if self.schema is not None:
            fields = self.schema.fields(fields)
        return self.functions.fields(fields) if self.functions is not None else fields
