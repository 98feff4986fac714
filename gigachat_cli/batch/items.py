"""Items: the request that a line of the input asks for.  An invalid line is an item too, with its problem."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..bounded import json_value
from ..conversation import OWN_FIELDS
from ..engine.api.chat import check, messages_of
from ..errors import UsageError, nearest
from ..messages import Message
from .csv_input import Records
from .origins import other_input
from .source import BatchInput, InputLine, lines_of, text_of

FORMATS = ("jsonl", "csv", "text")
OPTIONS = (
    "temperature",
    "top_p",
    "max_tokens",
    "repetition_penalty",
    "profanity_check",
    "reasoning_effort",
    "function_call",
    "functions",
    "function_ranker",
    "response_format",
    "flags",
    "storage",
)
"""Keys of an object that are request fields; other request fields go into its `options`."""

_COLUMN_OPTIONS = OPTIONS[:6]
"""The columns that are request fields: those whose value fits a cell."""

_SUFFIXES = {".csv": "csv", ".tsv": "csv", ".txt": "text"}


@dataclass(frozen=True, slots=True)
class Item:
    """One request to send, or the `problem` of an invalid line.

    `id` is whatever JSON scalar the input gives; `crc` and `end` are those of the line (`source.InputLine`).
    """

    line: int
    crc: int
    end: int
    id: str | int | float | None = None
    messages: tuple[Message, ...] = ()
    model: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    problem: UsageError | None = None

    @property
    def characters(self) -> int:
        return sum(len(message.content) for message in self.messages)


class Template:
    """A prompt with placeholders: `{name}` takes the field of that name, `{{` and `}}` are braces.

    Raises UsageError for a single brace.
    """

    def __init__(self, text: str) -> None:
        self._parts: list[tuple[str, str | None]] = []
        for literal, brace, name, alone in _TEMPLATE.findall(text):
            if alone:
                raise UsageError(
                    f"--template has a lone {alone}.", hint="A field is {name}; a brace is written twice: {{ or }}."
                )
            self._parts.append((literal or (brace and brace[0]), name.strip() or None))
        self.names = {name for _, name in self._parts if name}
        if not self.names:
            raise UsageError("--template names no field.", hint='As in: --template "Translate: {text}"')

    def filled(self, fields: Mapping[str, Any]) -> str:
        """The prompt with the fields filled in.  Raises UsageError for a field that is missing."""
        return "".join(literal if name is None else _gap(fields, name) for literal, name in self._parts)


_TEMPLATE = re.compile(r"([^{}]+)|(\{\{|\}\})|\{([^{}]+)\}|([{}])")


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read the input: its format (None: by the file's name), the template and the system message."""

    format: str | None = None
    template: Template | None = None
    system: str | None = None

    def format_of(self, path: Path | None) -> str:
        """The format to read the input in.  Raises UsageError for an unknown one."""
        if self.format is None:
            return _SUFFIXES.get(path.suffix.lower(), "jsonl") if path else "jsonl"
        if self.format not in FORMATS:
            near = nearest(self.format, list(FORMATS))
            raise UsageError(
                f"--format must be one of {', '.join(FORMATS)}, not '{self.format}'.",
                hint=f"Did you mean {near}?" if near else None,
            )
        return self.format


async def read_items(
    source: BatchInput, format: str, reading: Reading, *, after: int = 0, expected: Mapping[int, int] | None = None
) -> AsyncGenerator[Item, None]:
    """The items of the input after the line `after`, one at a time; blank lines are skipped.

    `expected` has checksums by line from an earlier run.  Raises UsageError when they differ, when the input ends
    before `after`, and for a table without a header.
    """
    lines = _checked(lines_of(source), expected or {}, after, source.name)
    items = _rows(lines, reading, after, source.name) if format == "csv" else _objects(lines, format, reading, after)
    async with aclosing(lines), aclosing(items):
        async for item in items:
            yield item


async def _checked(
    lines: AsyncGenerator[InputLine, None], expected: Mapping[int, int], after: int, name: str
) -> AsyncGenerator[InputLine, None]:
    number = 0
    async with aclosing(lines):
        async for line in lines:
            number = line.number
            if number in expected and expected[number] != line.crc:
                raise other_input(name)
            yield line
    if number < max(after, *expected, 0):
        raise other_input(name)


async def _objects(
    lines: AsyncIterator[InputLine], format: str, reading: Reading, after: int
) -> AsyncGenerator[Item, None]:
    guessed = format != "text" and reading.format is None
    async for line in lines:
        if line.content is not None and not line.content.strip():
            continue
        if guessed:
            _check_json(line)
            guessed = False
        if line.number <= after:
            continue
        value = None
        try:
            text = text_of(line)
            value = text if format == "text" else _json(text)
            yield _item(line, value, reading)
        except UsageError as problem:
            yield _bad(line, problem, value)


async def _rows(lines: AsyncIterator[InputLine], reading: Reading, after: int, name: str) -> AsyncGenerator[Item, None]:
    records = Records(lines)
    header: list[str] | None = None
    async for line, cells in records:
        if isinstance(cells, UsageError):
            if header is None:
                raise UsageError(f"{name} has no header that could be read: {cells}", hint="CSV in UTF-8 is wanted.")
            if line.number > after:
                yield _bad(line, cells)
        elif header is None:
            header = [cell.strip() for cell in cells]
            _check_header(header, reading, name)
        elif line.number > after:
            value = _with_options(dict(zip(header, cells, strict=False)), reading)
            try:
                if len(cells) != len(header):
                    raise UsageError(f"it has {len(cells)} cells, the header has {len(header)}")
                yield _item(line, value, reading)
            except UsageError as problem:
                yield _bad(line, problem, value)


def _check_header(header: list[str], reading: Reading, name: str) -> None:
    if len(set(header)) != len(header):
        raise UsageError(f"{name} has two columns of one name.")
    if reading.template is None and "prompt" not in header:
        raise UsageError(
            f"{name} has no column prompt, but {', '.join(header)}.",
            hint='Fill a prompt from columns, as in: --template "Translate: {text}"',
        )
    missing = sorted(reading.template.names - set(header)) if reading.template else []
    if missing:
        raise UsageError(
            f"{name} has no column {missing[0]}, which --template names.", hint=f"It has {', '.join(header)}."
        )


def _with_options(cells: dict[str, str], reading: Reading) -> dict[str, Any]:
    """Cells as an object: options converted to their JSON types, empty cells left out."""
    used = reading.template.names if reading.template else set()
    found: dict[str, Any] = {}
    for name, cell in cells.items():
        if name in used or name not in (*_COLUMN_OPTIONS, "model", "system", "id"):
            found[name] = cell
        elif cell.strip():
            try:
                found[name] = json_value(cell) if name in _COLUMN_OPTIONS else cell
            except ValueError:
                found[name] = cell
    # In a table, only the named columns are options.
    return {name: value for name, value in found.items() if name not in ("options", "messages")}


def _item(line: InputLine, value: Any, reading: Reading) -> Item:
    """The item of one record.  Raises UsageError with the rest of a sentence that begins with the line's number."""
    template = reading.template
    if isinstance(value, str):
        value = {"prompt": value, "text": value}
    if not isinstance(value, dict):
        raise UsageError("it is neither a prompt in quotes nor an object")
    used = template.names if template else set()
    given = {name: each for name, each in value.items() if name not in used}
    own = given.get("options")
    if own is not None and not isinstance(own, dict):
        raise UsageError("its options are no object")
    taken = sorted(set(OWN_FIELDS) & set(own or ()))
    if taken:
        raise UsageError(f"its options hold {taken[0]}, which is none")
    identity = value.get("id")
    if isinstance(identity, (dict, list, bool)):
        raise UsageError("its id is neither a text nor a number")
    model = given.get("model")
    if model is not None and not (isinstance(model, str) and model):
        raise UsageError("its model is no text")
    messages = _messages(value, given, reading)
    fields = {name: given[name] for name in OPTIONS if given.get(name) is not None}
    return Item(
        line=line.number,
        crc=line.crc,
        end=line.end,
        id=identity,
        messages=messages,
        model=model,
        fields={**fields, **(own or {})},
    )


def _messages(value: Mapping[str, Any], given: Mapping[str, Any], reading: Reading) -> tuple[Message, ...]:
    if reading.template is not None:
        messages = [Message("user", reading.template.filled(value))]
    elif "messages" in given and "prompt" in given:
        raise UsageError("it has both a prompt and messages")
    elif "messages" in given:
        if not isinstance(given["messages"], list):
            raise UsageError("its messages are no list")
        messages = messages_of(given["messages"])
    elif "prompt" in given:
        if not isinstance(given["prompt"], str):
            raise UsageError("its prompt is no text")
        messages = [Message("user", given["prompt"])]
    else:
        raise UsageError("it has neither a prompt nor messages")
    if not any(message.content.strip() or message.attachments for message in messages):
        raise UsageError("its prompt is empty")
    system = given.get("system", reading.system)
    if system is not None and not isinstance(system, str):
        raise UsageError("its system message is no text")
    if system and messages[0].role != "system":
        messages.insert(0, Message("system", system))
    check(messages)
    return tuple(messages)


def _bad(line: InputLine, problem: UsageError, value: Any = None) -> Item:
    sentence = str(problem).rstrip(".")
    identity = value.get("id") if isinstance(value, dict) else None
    return Item(
        line.number,
        line.crc,
        line.end,
        id=identity if isinstance(identity, (str, int, float)) else None,
        problem=UsageError(f"Line {line.number} cannot be asked: {sentence[:1].lower()}{sentence[1:]}."),
    )


def _check_json(line: InputLine) -> None:
    """Raises UsageError when the first line of an input of unstated format does not begin as JSON."""
    start = (line.content or b"").lstrip()[:1]
    if line.content is None or start in (b"{", b'"', b"["):
        return  # its row says what is wrong
    with suppress(UsageError, ValueError):
        json_value(text_of(line))
        return
    raise UsageError(
        f"Line {line.number} of the input is not JSON.",
        hint="For a prompt a line, give --format text; a table is --format csv.",
    )


def _json(text: str) -> Any:
    try:
        return json_value(text)
    except ValueError as problem:
        raise UsageError(f"it is not JSON ({problem})") from None


def _gap(fields: Mapping[str, Any], name: str) -> str:
    if name not in fields:
        raise UsageError(f"it has no field {name}, which --template names")
    value = fields[name]
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)
