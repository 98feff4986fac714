"""Functions that the model calls: who may call what, and the rounds of calls and results before an answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from ..calls import Decision, unfinished
from ..errors import TooManyRoundsError, UsageError, nearest
from ..functions.describing import NO_DOCSTRING
from ..functions.library import DEFAULT_TIMEOUT, Library, News
from ..masking import masked
from ..messages import INCOMPLETE_REASONS, AnswerBuilder, Chunk, FunctionCall, Message, Notice, Usage
from ..text import one_line, visible

DEFAULT_ROUNDS = 8
_LONGEST_SHOWN = 300

Request = Callable[[Sequence[Message], Mapping[str, Any]], AsyncGenerator[Chunk, None]]


class Person(Protocol):
    """Who sees what is called, and decides what may run, where there is somebody to ask."""

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""

    def announce(self) -> None:
        """Say how questions will look, before the first one."""

    async def decide(self, call: FunctionCall, about: str) -> Decision:
        """Ask whether a call may run; `about` says what befell the code, and is empty otherwise."""

    def show(self, call: FunctionCall) -> None:
        """Show a call that runs without a question."""

    def printed(self, line: str) -> None:
        """Show a line that a function printed."""

    def tell(self, text: str) -> None:
        """Say that a call did not run, also with `--quiet`."""

    def notify(self, notice: Notice) -> None:
        """Say something else that a person should know."""


@dataclass(frozen=True, slots=True)
class FunctionOptions:
    """What a command line says of functions; `timeout` is in seconds, `file` None when there are none yet."""

    file: Path | None = None
    approve: str | None = None
    max_rounds: int = DEFAULT_ROUNDS
    timeout: float = DEFAULT_TIMEOUT


def function_options(
    file: Path | None, approve: str | None, max_rounds: int | None, timeout: float | None
) -> FunctionOptions:
    """The options with their defaults.  Raises UsageError for a number that is none above 0."""
    if max_rounds is not None and max_rounds < 1:
        raise UsageError("--max-rounds must be a number above 0.")
    if timeout is not None and not 0 < timeout < float("inf"):
        raise UsageError("--function-timeout must be a number of seconds above 0.")
    return FunctionOptions(file, approve, max_rounds or DEFAULT_ROUNDS, timeout or DEFAULT_TIMEOUT)


async def open_functions(options: FunctionOptions, person: Person) -> Functions:
    """Load the file, for the caller to close the library.  Raises UsageError."""
    assert options.file is not None
    library = Library(options.file, timeout=options.timeout, output=person.printed)
    try:
        await library.start()
        approval = approval_of(options.approve, library.names, person.decide if person.asks else None)
    except BaseException:
        library.close()
        raise
    for notice in left_out(library):
        person.notify(notice)
    if person.asks and approval.everything is None:
        person.announce()
    return Functions(library, approval, person, options.max_rounds)


def left_out(library: Library) -> list[Notice]:
    """What is told of each public function that is not offered; of one without a docstring only in passing."""
    return [
        Notice(
            "progress" if why == NO_DOCSTRING else "warning",
            f"{library.path.name}: {visible(name)} is not offered to the model: {visible(why)}.",
        )
        for name, why in library.left_out
    ]


@dataclass(slots=True)
class Approval:
    """Which functions may run.

    `allowed` and `refused` are names, `everything` settles all; what is left is asked of the person by `ask`, and
    refused where there is nobody to ask.  "always" and "never" hold for as long as this lives, and what was allowed
    only for the code that was loaded.
    """

    everything: bool | None = None
    allowed: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    ask: Callable[[FunctionCall, str], Awaitable[Decision]] | None = None
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def withdraw(self, news: News) -> None:
        """Allow no more of what was allowed, where the code is not what it was, or has a person to be asked anew."""
        if news == "changed":
            self.everything = False if self.everything is False else None
        if news == "changed" or self.ask is not None:
            self.allowed.clear()

    def is_settled(self, call: FunctionCall) -> bool:
        """Whether nobody is asked about this call."""
        return self.everything is not None or self.ask is None or call.name in self.allowed or call.name in self.refused

    async def allows(self, call: FunctionCall, about: str = "") -> bool:
        """Whether the call may run; `about` says what befell the code."""
        if self.everything is not None:
            return self.everything
        async with self._asking:  # one question at a time, and what was decided meanwhile holds
            if call.name in self.allowed or call.name in self.refused or self.ask is None:
                return call.name in self.allowed
            decision = await self.ask(call, about)
            if decision != "once":
                (self.allowed if decision == "always" else self.refused).add(call.name)
            return decision != "never"


def approval_of(
    given: str | None, names: Sequence[str], ask: Callable[[FunctionCall, str], Awaitable[Decision]] | None
) -> Approval:
    """The approval that `--approve` stands for: all, none, or names of functions.  Raises UsageError."""
    if given is None:
        return Approval(ask=ask)
    if given in ("all", "none"):
        return Approval(everything=given == "all")
    allowed = {name.strip() for name in given.split(",") if name.strip()}
    for name in sorted(allowed - set(names)):
        near = nearest(name, list(names))
        raise UsageError(
            f"--approve names {name}, which is no function of the file.",
            hint=f"Did you mean {near}?" if near else f"There are {', '.join(names)}; or give all, or none.",
        )
    if not allowed:
        raise UsageError("--approve needs all, none, or names of functions.")
    return Approval(allowed=allowed, ask=ask)


@dataclass(slots=True)
class Functions:
    """What a conversation needs to let the model call functions; `max_rounds` is how many calls an answer may take."""

    library: Library
    approval: Approval
    person: Person
    max_rounds: int = DEFAULT_ROUNDS

    def fields(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The request fields with the functions among them; built-in ones of `given` stay listed."""
        listed = given.get("functions")
        more = listed if isinstance(listed, list) else []
        return {"function_call": "auto", **given, "functions": [*map(dict, self.library.descriptions), *more]}

    async def run(self, call: FunctionCall) -> Message:
        """The result of a call, as the message for the model.  A refusal is a result, and so is a failure.

        What runs are the arguments that were shown; those that were not understood, or do not fit, are never run.
        """
        shown = call_text(call)
        if call.problem:
            self.person.tell(f"Not run: {shown}: its arguments {call.problem}.")
            return _error(call, f"Invalid arguments: they {call.problem}. Give a JSON object of arguments by name.")
        if call.name not in self.library.names:
            self.person.tell(f"The model called {shown}, which does not exist.")
            return _error(call, f"There is no function {call.name}; there are {', '.join(self.library.names)}.")
        if self.library.news() is None and (problem := await self.library.misfit(call.name, call.arguments)):
            self.person.tell(f"Not run: {shown}: {masked(visible(problem))}.")
            return _error(call, f"Invalid arguments: {problem}.")
        news = self.library.news()
        about = _about(news, self.library) if news else ""
        if news:
            self.approval.withdraw(news)
        settled = self.approval.is_settled(call)
        if not await self.approval.allows(call, about):
            self.person.tell(f"Not run: {shown}.{f' {about}' if settled and about else ''}{self._way_out(call, news)}")
            return _error(call, "The user does not allow this call.")
        if settled:
            self.person.show(call)
        if settled and about:
            self.person.tell(about)
        outcome = await self.library.call(call.name, call.arguments, changed=news == "changed")
        if outcome.error is not None:
            self.person.notify(Notice("warning", f"{visible(call.name)} failed: {one_line(outcome.error)}"))
            if outcome.traceback:
                self.person.notify(Notice("debug", outcome.traceback))
        return _result(call, outcome.text)

    def _way_out(self, call: FunctionCall, news: News | None) -> str:
        if self.approval.everything is not None or self.approval.ask is not None or news == "changed":
            return ""
        return f" Allow it with --approve {visible(call.name)}, or all."


async def in_rounds(
    functions: Functions, request: Request, fields: Mapping[str, Any], add: Callable[[Message], None]
) -> AsyncGenerator[Chunk, None]:
    """The answer to a question, after as many calls as it takes.

    `request` gives the chunks of one request with these messages after the question; `add` is told of each call and
    of each result.  The chunks are those of the answer alone: calls are left out, and usage is that of all requests.
    Raises TooManyRoundsError when the model calls on, although it was told to answer.
    """
    fields = functions.fields(fields)
    between: list[Message] = []
    spent = Usage()
    rounds = 0
    while True:
        builder = AnswerBuilder()
        called = False
        async with aclosing(request(between, fields)) as chunks:
            async for chunk in chunks:
                builder.add(chunk)
                called = called or chunk.function_call is not None
                shown = replace(chunk, usage=spent + chunk.usage) if chunk.usage else chunk
                if called:
                    shown = replace(shown, function_call=None, functions_state_id=None, finish_reason=None)
                yield shown
        answer = builder.answer(ended=True)
        call = answer.function_call
        if call is None:
            return
        if answer.finish_reason in INCOMPLETE_REASONS:
            call = unfinished(call, "are not complete")
        if rounds == functions.max_rounds:
            raise TooManyRoundsError(
                f"The model calls functions on and on: {rounds} rounds were the most.",
                hint="Ask for less at once. ‹max_rounds› allows more.",
                request_id=answer.request_id,
            )
        rounds += 1
        spent += answer.usage or Usage()
        if answer.text:
            yield Chunk(text="\n\n", pause=True)  # what was said before a call is a paragraph of its own
        said = Message("assistant", answer.text, function_call=call, functions_state_id=answer.functions_state_id)
        between.append(said)
        add(said)
        result = await functions.run(call)
        between.append(result)
        add(result)
        # A call that was demanded has been made; after the last round only words are wanted.
        fields = {**fields, "function_call": "none" if rounds == functions.max_rounds else _afterwards(fields)}


def call_text(call: FunctionCall) -> str:
    """A call as a person reads it, in one line, which may be cut."""
    given = ", ".join(f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in call.arguments.items())
    text = f"{call.name}({call.raw if call.problem else given})"
    return one_line(masked(visible(text[: _LONGEST_SHOWN + 1])), _LONGEST_SHOWN)


def _about(news: News, library: Library) -> str:
    name = visible(library.path.name)
    if news == "changed":
        return f"{name}, or what it imports, has changed since it was loaded: the new code would run."
    return f"The process of {name} has ended, so that it is loaded again."


def _afterwards(fields: Mapping[str, Any]) -> Any:
    demanded = fields.get("function_call")
    return "auto" if isinstance(demanded, Mapping) else demanded


def _error(call: FunctionCall, error: str) -> Message:
    return _result(call, json.dumps({"error": error}, ensure_ascii=False))


def _result(call: FunctionCall, text: str) -> Message:
    return Message("function", text, name=call.name)
