"""The work of `ask`: from a question to an answer on stdout."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, nearest
from ..messages import Message
from ..render import answers
from .context import Context
from .prompt import read_prompt, read_system

if TYPE_CHECKING:
    from ..engine import GigaChat


@dataclass(frozen=True, slots=True)
class Question:
    """What `ask` was told on its command line, but for the settings."""

    words: tuple[str, ...]
    system: str | None
    stdin: bool
    editor: bool
    fields: tuple[str, ...]
    stream: bool
    format: str
    extract: bool
    usage: bool
    output_file: Path | None
    force: bool
    dry_run: bool


def answer(question: Question, context: Context) -> None:
    """Ask, and show the answer.  Raises what went wrong; what came was written by then."""
    terminal = context.terminal
    if question.format not in answers.FORMATS:
        near = nearest(question.format, list(answers.FORMATS))
        raise UsageError(
            f"--output must be one of {', '.join(answers.FORMATS)}, not '{question.format}'.",
            hint=f"Did you mean {near}?" if near else None,
        )
    if question.extract and question.format != "text":
        raise UsageError("--extract prints code alone and does not go with JSON output.", hint="Leave one of them out.")
    fields = request_fields(question.fields)
    settings = context.settings
    system = read_system(question.system)
    file = answers.OutputFile(question.output_file, force=question.force) if question.output_file else None

    def tell_silence(text: str) -> None:
        if terminal.stderr_is_terminal and not terminal.quiet:
            terminal.say(f"gigachat: {text}")

    prompt = read_prompt(question.words, stdin=question.stdin, editor=question.editor, tell=tell_silence)
    messages = [Message("system", system)] if system is not None else []
    messages.append(Message("user", prompt))
    if question.dry_run:
        request = context.client().chat_request(messages, model=settings.model, stream=question.stream, **fields)
        headers = {**request.headers, "Authorization": "Bearer ***"}
        body = json.loads(request.body or b"{}")
        shown = {"method": request.method, "url": request.url, "headers": headers, "body": body}
        terminal.write_safely(json.dumps(shown, ensure_ascii=False, indent=2) + "\n")
        return
    if file is None:
        terminal.check_stdout()
    writer = answers.writer(question.format, terminal, extract=question.extract, file=file)
    client = context.client()
    try:
        context.run(_answer(client, messages, writer, context, question, fields))
    finally:
        if file is not None:
            file.close()


async def _answer(
    client: GigaChat,
    messages: Sequence[Message],
    writer: answers.TextAnswer,
    context: Context,
    question: Question,
    fields: dict[str, Any],
) -> None:
    async with client:
        shown = await answers.show(client.stream(messages, stream=question.stream, **fields), writer, context.terminal)
    if question.usage:
        context.terminal.say(answers.usage_line(shown.usage))


def request_fields(given: Sequence[str]) -> dict[str, Any]:
    """Request fields from `KEY=JSON`.  Raises UsageError for what is not that."""
    fields: dict[str, Any] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--option takes KEY=JSON, not '{each}'.", hint="As in: -o profanity_check=false")
        try:
            fields[key.strip()] = json.loads(value)
        except ValueError:
            raise UsageError(
                f"The value of --option {key.strip()} is not JSON: {value}",
                hint=f"A text needs quotes of its own, as in: -o '{key.strip()}=\"{value}\"'",
            ) from None
    return fields
