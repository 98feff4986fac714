"""Slash commands about questions and answers, and about this chat."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING

from ..bounded import json_value
from ..conversation import OWN_FIELDS, NamedModel
from ..conversation.prompt import edited, read_system
from ..errors import GigaChatError, UsageError, nearest
from ..known_models import nearest_first
from ..messages import Message
from ..text import in_quotes, one_line, safe, visible
from . import showing
from .commands import COMMANDS, GROUPS, command, count, files, unknown
from .picker import Choice

if TYPE_CHECKING:
    from .chat import Chat

_KEYS = (
    ("Enter", 'sends; Alt-Enter or Ctrl-J begins a line; """ opens a block'),
    ("@PATH", "in a question attaches a file, as /attach does"),
    ("Ctrl-C", "stops an answer, clears the line; Ctrl-D leaves"),
    ("Ctrl-R", "searches what was typed; Ctrl-X Ctrl-E edits the line in $EDITOR"),
)
_FIELDS = (
    "attachments",
    "flags",
    "function_call",
    "functions",
    "max_tokens",
    "n",
    "profanity_check",
    "reasoning_effort",
    "repetition_penalty",
    "response_format",
    "stop",
    "storage",
    "temperature",
    "tool_config",
    "tools",
    "top_logprobs",
    "top_p",
    "unnormalized_history",
    "update_interval",
    "user_info",
)
"""Fields of a request that the service is known to take, for what may be a slip of the finger."""
_SETTABLE = ("temperature", "top_p", "max_tokens", "repetition_penalty", "update_interval")
_SIGNALS_SETTLE = 0.01  # seconds


def _models(chat: Chat, typed: str) -> Iterable[str]:
    chat.model_names.look_up()
    return chat.model_names.known()


def _fields(chat: Chat, typed: str) -> Iterable[str]:
    return dict.fromkeys([*_SETTABLE, *chat.fields])


def _system_files(chat: Chat, typed: str) -> Iterable[str]:
    return [f"@{path}" for path in files(typed[1:])] if typed.startswith("@") else ["off"]


@command("help", "[COMMAND]", choices=lambda chat, typed: COMMANDS)
async def help_(chat: Chat, argument: str) -> None:
    """List or explain commands
    As in: /help set.
    """
    if argument:
        found = COMMANDS.get(argument.lstrip("/.").lower())
        if found is None:
            raise unknown(argument)
        chat.terminal.write(showing.definitions(chat, [(found.usage, found.about)]))
        return
    groups = [(title, [(f"/{name}", COMMANDS[name].help) for name in names]) for title, names in GROUPS]
    chat.terminal.write(f"{showing.groups(chat, groups)}{showing.definitions(chat, _KEYS)}")


@command("quit")
async def quit_(chat: Chat, argument: str) -> None:
    """Leave the chat
    So do Ctrl-D, exit and quit.
    """


@command("model", "[NAME]", choices=_models)
async def model(chat: Chat, argument: str) -> None:
    """Choose the model
    Without a name all models of the account are shown, to move in and to choose from. It answers from here on.
    """
    if len(argument.split()) > 1:
        raise UsageError("A model's name is one word.", hint="As in: /model GigaChat-2-Pro")
    chosen = argument or await _picked_model(chat)
    about = ""
    if chosen:
        known = chat.model_names.known()
        by_letters = {each.lower(): each for each in known}
        chosen = by_letters.get(chosen.lower(), chosen)
        chat.conversation.named_model = NamedModel(chosen, "/model")
        if known and chosen not in known:
            meant, _ = nearest_first(chosen, known)
            about = f", which the account's list does not have{f'; did you mean {visible(meant)}?' if meant else ''}"
    chat.say(chat.terminal.folded(f"Model: {chat.model_shown}{about}"))


async def _picked_model(chat: Chat) -> str | None:
    """The model that a person chooses of the account's; where nothing can be chosen from a list, that is shown."""

    async def ask() -> None:
        try:
            async with chat.terminal.spinner():
                await chat.model_names.ask()
        except GigaChatError as problem:
            chat.show_problem(problem)

    await chat.stoppable(ask())
    names, current = chat.model_names.known(), chat.model
    rows = [Choice(each, visible(each), each, current=each == current) for each in names]
    if not rows or chat.pick is None:
        chat.terminal.write("".join(f"{'*' if each.current else ' '} {each.line}\n" for each in rows))
        return None
    return await chat.pick(rows, "Models of the account")


@command("system", "[TEXT|@FILE|off]", choices=_system_files, reads_file=True)
async def system(chat: Chat, argument: str) -> None:
    """Set the system message
    Without a text it is shown; off removes it, and @FILE reads it from a file.
    """
    if argument:
        given = None if argument.lower() == "off" else read_system(argument)
        if given is None or await _may_go(chat, argument, given):
            chat.conversation.system = given
    shown = chat.conversation.system
    chat.say(f"System message: {safe(shown)}" if shown else "There is no system message.")


@command("set", "[FIELD [VALUE|off]]", choices=_fields)
async def set_(chat: Chat, argument: str) -> None:
    """Set a request field
    As in: /set temperature 0.3. Without a field all that are set are shown. Any field of the request will do; a value
    that is no JSON is sent as a text, off removes the field. A name in quotes is taken as it stands.
    """
    name, value = _assignment(argument)
    name = _meant_field(chat, name)
    if name and not value:
        raise UsageError(f"/set {name} needs a value.", hint=f"As in: /set {name} 1, or: /set {name} off")
    if name in OWN_FIELDS:
        raise UsageError(f"{name} is not set this way.", hint="/model chooses the model, /system the system message.")
    if name and value.lower() == "off":
        chat.fields.pop(name, None)
    elif name:
        chat.fields[name] = _value(name, value)
    chat.say(_shown_fields(chat) or "No request field is set.")


@command("functions", "[FILE|off]", choices=lambda chat, typed: ["off", *files(typed)], reads_file=True)
async def functions(chat: Chat, argument: str) -> None:
    """Give the model functions
    They come from a Python file; without one those that are there are listed. Public functions with type hints and
    a docstring are offered; off forgets them. You are asked before one runs.
    """
    from . import functions as held  # slow to import

    if argument.lower() == "off":
        had = chat.functions is not None
        held.forget(chat)
        chat.say("The functions are forgotten." if had else "There are no functions.")
        return
    if argument:
        await chat.stoppable(held.load_another(chat, argument))
    if chat.functions is None:
        chat.say("There are no functions. /functions FILE.py loads some.")
        return
    rows = [
        (visible(str(each["name"])), one_line(str(each["description"]).partition("\n")[0]))
        for each in chat.functions.library.descriptions
    ]
    chat.terminal.write(showing.definitions(chat, rows))


@command("attach", "[PATH|off]", choices=lambda chat, typed: ["off", *files(typed)], reads_file=True)
async def attach(chat: Chat, argument: str) -> None:
    """Attach a file
    It goes with the next question. A question can name files itself, as @PATH; off takes back what is attached.
    """
    if argument.lower() == "off":
        chat.attached = []
    elif argument:
        await chat.attach_agreed([argument.strip("\"'")])
    rows = [
        (visible(each.name), "in the question" if each.text is not None else each.kind.type) for each in chat.attached
    ]
    chat.terminal.write(showing.definitions(chat, rows))
    if not rows:
        chat.say("Nothing is attached.")


@command("retry")
async def retry(chat: Chat, argument: str) -> None:
    """Ask the question again
    The last one, for another answer.
    """
    question = chat.last_prompt()
    chat.undo()
    await chat.ask(Message("user", question.content, attachments=question.attachments))


@command("continue")
async def continue_(chat: Chat, argument: str) -> None:
    """Go on with a cut answer
    The model is asked to go on where the answer ended: by Ctrl-C, at its token limit, or by a broken connection. Both
    parts are kept as one answer, and the history marks where they meet.
    """
    await chat.resume()


@command("undo")
async def undo(chat: Chat, argument: str) -> None:
    """Take a question back
    The last one, with its answer.
    """
    taken = chat.undo()
    chat.say(f"Taken back: {one_line(taken.prompt.content, 60)}" if taken else "There is nothing to take back.")


@command("edit")
async def edit(chat: Chat, argument: str) -> None:
    """Change the question
    The last one, in $EDITOR; it is asked anew.
    """
    question = chat.last_prompt()
    with chat.keyboard.released():
        changed = edited(question.content).strip("\n")
    # Ctrl-C belonged to the editor: what it left behind here must not stop the answer.
    await asyncio.sleep(_SIGNALS_SETTLE)
    if not changed.strip() or changed == question.content:
        chat.say("Nothing was changed, nothing was sent.")
        return
    chat.undo()
    await chat.ask(Message("user", changed, attachments=question.attachments))


@command("copy", "[N|code [N]]", choices=lambda chat, typed: ("code",))
async def copy(chat: Chat, argument: str) -> None:
    """Copy the answer
    The last one, or the Nth last; code is the first code block of the last answer, code 2 the second.
    """
    from . import clipboard

    what, _, number = argument.partition(" ")
    if what.lower() == "code":
        from ..render.answers import code_blocks

        blocks, wanted = code_blocks(chat.last_answer().text), count(number.strip(), 1)
        if wanted > len(blocks):
            there = f"There {'is one' if len(blocks) == 1 else f'are {len(blocks)}'}." if blocks else None
            raise UsageError(f"There is no code block{f' {wanted}' if blocks else ''} in the last answer.", hint=there)
        text = blocks[wanted - 1]
    else:
        text = chat.last_answer(count(argument, 1)).text
    if not clipboard.copy_by_program(text):
        if not chat.terminal.moves_on_stdout:
            raise UsageError("There is no clipboard here.", hint="/export writes to a file.")
        chat.terminal.write(clipboard.osc52(text))
    chat.say(f"Copied {len(text)} character{'' if len(text) == 1 else 's'}.")


@command("usage")
async def usage(chat: Chat, argument: str) -> None:
    """Show the tokens used
    By the last answer, and in all.
    """
    from ..render.answers import usage_line

    last = chat.conversation.last_usage
    chat.say(usage_line(last) if last else "There was no answer in this chat yet.")
    chat.say(f"{chat.conversation.total_tokens} tokens in this session.")


@command("info")
async def info(chat: Chat, argument: str) -> None:
    """Show where you are
    Model, session, service, request fields.
    """
    session = chat.conversation.session
    if session is None:
        label = "begins with the first question"
    else:
        name = f" ({visible(session.name)})" if session.name else ""
        label = f"{visible(session.id)}{name} {one_line(session.title, 60)}".rstrip()
    rows = [
        ("Model", chat.model_shown),
        ("Session", f"{label}{'' if chat.log else ' (not recorded)'}"),
        ("System", one_line(chat.conversation.system or "none")),
        ("Service", visible(f"{chat.settings.base_url}, {chat.settings.scope}")),
        ("Fields", one_line(_shown_fields(chat).replace("\n", ", ")) or "none"),
    ]
    chat.terminal.write(showing.definitions(chat, rows))


@command("multiline")
async def multiline(chat: Chat, argument: str) -> None:
    """Swap Enter and Alt-Enter"""
    chat.multiline = not chat.multiline
    chat.say("Alt-Enter sends, Enter begins a line." if chat.multiline else "Enter sends, Alt-Enter begins a line.")


async def _may_go(chat: Chat, argument: str, text: str) -> bool:
    """Whether the text of a file may become the system message: where it looks like a secret, the person is asked."""
    if not argument.startswith("@"):
        return True
    from ..conversation.secret_files import text_question, why_secret

    why = why_secret(argument[1:], lambda: BytesIO(text.encode()))
    return not why or await chat.agrees(text_question(argument[1:], why))


def _assignment(text: str) -> tuple[str, str]:
    found = re.match(r"([^\s=]+)(?:\s*=\s*|\s+|\Z)(.*)\Z", text, re.DOTALL)
    return (found[1], found[2].strip()) if found else (text, "")


def _meant_field(chat: Chat, typed: str) -> str:
    """The field that was typed; one in quotes is taken as it stands.

    Raises UsageError for one that is not known but near a known one.
    """
    exact = in_quotes(typed)
    if exact is not None:
        return exact
    known = dict.fromkeys([*_FIELDS, *chat.fields])
    near = None if not typed or typed in known else nearest(typed.lower(), list(known))
    if near is not None:
        raise UsageError(
            f"{one_line(typed, 80)} is not a request field.",
            hint=f'Did you mean {near}? In quotes it is sent as it stands: /set "{one_line(typed, 80)}" …',
        )
    return typed


def _value(name: str, text: str) -> object:
    from ..settings import declarations

    value: object
    try:
        value = json_value(text)
    except ValueError:
        if text.startswith(("{", "[", '"')):
            raise UsageError(f"{one_line(text, 80)} is not JSON.", hint='As in: /set stop ["END"]') from None
        value = text
    if name in _SETTABLE:
        try:
            value = declarations()[name].parse(value)
        except ValueError as problem:
            raise UsageError(f"{name} must be {problem}, not {one_line(text, 80)}.") from None
    return value


def _shown_fields(chat: Chat) -> str:
    shown = (f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in chat.fields.items())
    return safe("\n".join(shown))
