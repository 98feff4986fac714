"""Structured answers: a JSON Schema that an answer must fit, checked here, and asked for again when it does not."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from .. import paths
from ..bounded import json_value
from ..errors import SchemaCheckError, SchemaMisfitError, UsageError
from ..messages import Answer, AnswerBuilder, Chunk, Message, Usage
from ..named_files import read_input
from ..text import one_line
from .schema_checker import CheckFailed, check, check_beside
from .schema_notation import schema_from

DEFAULT_RETRIES = 2

Request = Callable[[], AsyncGenerator[Chunk, None]]

_LONGEST_PROBLEM = 200


class Misfit(ValueError):
    """Why a text does not fit a schema, for the model to read."""


class Schema:
    """A JSON Schema, of any draft.  Raises UsageError when it is not valid; nothing outside of it is ever loaded."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self.definition = dict(definition)
        self._fitting: tuple[str, str, Any] | None = None
        try:
            self._text = json.dumps(self.definition)
        except RecursionError:
            raise UsageError("The schema is nested too deeply.") from None
        try:
            found = check(self._text)
        except CheckFailed as problem:
            raise UsageError(f"The check of the schema {problem}.", hint="Make it simpler.") from None
        if "invalid" in found:
            raise UsageError(f"The schema is not valid: {_told(*found['invalid'])}.")
        if "deep" in found:
            raise UsageError("The schema is nested too deeply.")
        if "missing" in found:
            raise UsageError(
                f"The schema refers to {one_line(found['missing'], 200)}, which is not in it.",
                hint="Only references within the schema are followed, as in: #/$defs/person",
            )

    @property
    def response_format(self) -> dict[str, Any]:
        """The request field that asks for it (recorded)."""
        # Documented: strict wants `required`.  An object that requires nothing is checked here all the same.
        strict = self.definition.get("type", "object") != "object" or "required" in self.definition
        return {"type": "json_schema", "schema": self.definition, "strict": strict}

    def fields(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The request fields with the schema among them.  Raises UsageError when they ask for another form."""
        if given.get("response_format") is not None:
            raise UsageError("--schema and the request field response_format contradict each other.")
        return {**given, "response_format": self.response_format}

    def read(self, text: str) -> tuple[str, Any]:
        """The JSON of an answer, out of its code fence if it has one, and its value.

        Raises Misfit, and SchemaCheckError when that could not be found out in time.
        """
        found, value = _json_of(text)
        try:
            _raise_misfit(check(self._text, found))
        except CheckFailed as problem:
            raise _unchecked(text, problem) from None
        return found, value

    async def read_beside(self, text: str) -> tuple[str, Any]:
        """As `read`, beside the loop: whoever waits can be stopped at any moment.  The last text that fits is known."""
        if self._fitting is not None and self._fitting[0] == text:
            return self._fitting[1:]
        found, value = _json_of(text)
        try:
            _raise_misfit(await check_beside(self._text, found))
        except CheckFailed as problem:
            raise _unchecked(text, problem) from None
        self._fitting = (text, found, value)
        return found, value


def read_schema(given: str) -> Schema:
    """A schema from JSON, from a file, or from the short notation.  Raises UsageError."""
    text = given.strip()
    if not text:
        raise UsageError("--schema is empty.", hint="It takes a file, JSON, or a notation such as: name, age int")
    if text.startswith("{"):
        try:
            return Schema(_definition(text, "--schema"))
        except UsageError:
            if '"' in text:  # notation has no quotes: this was meant as JSON
                raise
    path = paths.expanded(given)
    if text.endswith(".json") or "/" in text or "\\" in text or (os.path.exists(path) and not os.path.isdir(path)):
        try:
            content = read_input(path).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise UsageError(f"{path} is not UTF-8 text.") from None
        except OSError as problem:
            raise UsageError(
                f"{path} could not be read: {problem.strerror}.",
                hint="--schema takes a file, JSON, or a notation such as: name, age int",
            ) from None
        return Schema(_definition(content, str(path)))
    return Schema(schema_from(text))


async def in_tries(
    schema: Schema, request: Request, add: Callable[[Message], None], *, retries: int
) -> AsyncGenerator[Chunk, None]:
    """The chunks of all requests that it takes until an answer fits, each as it comes.

    `request` gives the chunks of one request, with all that was said so far; `add` is told of each answer that does
    not fit, and of what is said to it.  Raises SchemaMisfitError.
    """
    spent = Usage()
    for attempt in range(retries + 1):
        builder = AnswerBuilder()
        async with aclosing(request()) as chunks:
            async for chunk in chunks:
                builder.add(chunk)
                yield replace(chunk, usage=spent + chunk.usage) if chunk.usage else chunk
        answer = builder.answer(ended=True)
        try:
            await schema.read_beside(answer.text)
            return
        except Misfit as misfit:
            if attempt == retries or answer.finish_reason == "length":
                raise _failure(answer, misfit, attempt + 1) from None
            spent += answer.usage or Usage()
            again = _asked_again(answer, misfit)
        for message in again:
            add(message)


async def only_what_fits(
    chunks: AsyncGenerator[Chunk, None], schema: Schema, answer: Callable[[], Answer]
) -> AsyncGenerator[Chunk, None]:
    """Of the chunks of `in_tries` what may be shown: the JSON of the last answer, once it is known to fit.

    `answer` gives that answer when the chunks have ended.
    """
    async with aclosing(chunks):
        async for chunk in chunks:
            if chunk.reasoning or chunk.progress:
                yield Chunk(reasoning=chunk.reasoning, progress=chunk.progress)
    found = answer()
    text, _ = await schema.read_beside(found.text)
    yield Chunk(
        text=text,
        sources=found.sources,
        finish_reason=found.finish_reason,
        usage=found.usage,
        model=found.model,
        request_id=found.request_id,
    )


def _definition(text: str, what: str) -> dict[str, Any]:
    try:
        found = json_value(text)
    except ValueError as problem:
        raise UsageError(f"The schema in {what} is not JSON: {problem}.") from None
    if not isinstance(found, dict):
        raise UsageError(f"The schema in {what} is no JSON object.")
    return found


def _json_of(text: str) -> tuple[str, Any]:
    """The first of these that is JSON: the text, or one of its code blocks.  Raises Misfit."""
    try:
        return text, _loaded(text)
    except ValueError as problem:
        why = str(problem)
    for block in _code_blocks(text):
        try:
            return block, _loaded(block)
        except ValueError:
            continue
    raise Misfit(f"it is not JSON ({one_line(why, _LONGEST_PROBLEM)})" if text.strip() else "it is empty")


def _loaded(text: str) -> Any:
    return json_value(text, parse_float=_finite)


def _finite(digits: str) -> float:
    number = float(digits)
    if abs(number) == float("inf"):
        raise ValueError(f"{one_line(digits, 40)} is no number")
    return number


def _code_blocks(text: str) -> Iterator[str]:
    fence, lines = "", list[str]()
    for line in text.splitlines(keepends=True):
        found = re.match(r"\s*(`{3,}|~{3,})", line)
        if not fence and found:
            fence, lines = found[1], []
        elif fence and found and found[1].startswith(fence) and not line.strip().strip(fence[0]):
            yield "".join(lines)
            fence = ""
        elif fence:
            lines.append(line)


def _raise_misfit(found: Mapping[str, Any]) -> None:
    if "deep" in found:
        raise Misfit("it is nested too deeply")
    if found["problems"]:
        raise Misfit("; ".join(_told(*each) for each in found["problems"]))


def _unchecked(text: str, problem: CheckFailed) -> SchemaCheckError:
    failure = SchemaCheckError(
        f"Whether the answer fits the schema is not known: the check {problem}.",
        hint="Make the schema simpler: a pattern may take for ever.",
    )
    failure.answer = text
    return failure


def _told(place: str, message: str) -> str:
    """A problem of a validator: the place, where it is not the whole, and what is wrong there."""
    place = "" if place == "$" else f"{place}: "
    return one_line(f"{place}{message}", _LONGEST_PROBLEM).rstrip(".")


def _asked_again(answer: Answer, misfit: Misfit) -> tuple[Message, Message]:
    return (
        Message("assistant", answer.text),
        Message(
            "user",
            f"Your answer does not fit the JSON schema: {misfit}. "
            "Answer the question again, with JSON alone that fits the schema.",
        ),
    )


def _failure(answer: Answer, misfit: Misfit, tries: int) -> SchemaMisfitError:
    cut = answer.finish_reason == "length"
    how_often = f" after {tries} tries" if tries > 1 else ""
    problem = SchemaMisfitError(
        f"The answer does not fit the schema{how_often}: {misfit}.",
        hint="It met its token limit: raise --max-tokens."
        if cut
        else "Put the question in other words, make the schema simpler, or allow more tries with --schema-retries.",
        request_id=answer.request_id,
    )
    problem.answer = answer.text
    return problem
