"""Slash commands, a registry: `/help`, completion and the reference are made from it.

A command is one function here: its first argument is the chat, its second the text after its name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..conversation.prompt import edited, read_system
from ..errors import UsageError, nearest
from ..known_models import kept_models
from ..text import safe
from . import clipboard
from .chat import Chat

if TYPE_CHECKING:
    from .editor import Candidate

Run = Callable[[Chat, str], Awaitable[None]]

_COMPACT = {
    True: "Кратко перескажи наш разговор: цели, решения, важные факты, имена и числа. Только пересказ.",
    False: "Summarise our conversation briefly: aims, decisions, key facts, names and numbers. Only the summary.",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command: how it is called, what it does, and what can stand after it."""

    name: str
    usage: str
    help: str
    run: Run
    choices: Callable[[Chat], Iterable[str]] | None = None


COMMANDS: dict[str, Command] = {}


def command(
    name: str, usage: str = "", *, choices: Callable[[Chat], Iterable[str]] | None = None
) -> Callable[[Run], Run]:
    """Register a function as `/name`; its docstring's first line is the help."""

    def register(run: Run) -> Run:
        about = (run.__doc__ or "").strip().splitlines()[0]
        COMMANDS[name] = Command(name, f"/{name} {usage}".strip(), about, run, choices)
        return run

    return register


def find(text: str) -> tuple[Command, str] | None:
    """The command that a line calls, with its argument; None when the line is a question.

    `.name` is accepted for a name that exists.  Raises UsageError for an unknown `/name`.
    """
    found = re.match(r"\s*([/.])([\w-]*)(?:\s+(.*))?\Z", text, re.DOTALL)
    if found is None or text.strip().startswith("//"):
        if text.lstrip().startswith("/") and not text.lstrip().startswith("//"):
            raise _unknown(text.split()[0])
        return None
    mark, name, argument = found[1], found[2].lower(), (found[3] or "").strip()
    known = COMMANDS.get(name)
    if known is None:
        if mark == ".":
            return None
        raise _unknown(f"/{name}")
    return known, argument


def leaves(text: str) -> bool:
    """Whether the line says good-bye."""
    return text.strip().lower() in ("exit", "quit", "/quit", "/exit", ".quit", ".exit", "/q")


def complete(chat: Chat, text: str) -> Iterable[Candidate]:
    """Completions of a line up to the cursor: commands, their arguments, and files after an `@`."""
    from .editor import Candidate

    if "\n" not in text and (called := re.match(r"([/.])([\w-]*)\Z", text)):
        for each in COMMANDS.values():
            if each.name.startswith(called[2].lower()):
                yield Candidate(called[1] + each.name, len(text), each.help)
        return
    if "\n" not in text and (called := re.match(r"[/.]([\w-]+)\s+(\S*)\Z", text)):
        known = COMMANDS.get(called[1].lower())
        if known is not None and known.choices is not None:
            for choice in known.choices(chat):
                if choice.lower().startswith(called[2].lower()):
                    yield Candidate(choice, len(called[2]))
            return
    if path := re.search(r"(?:^|\s)@(\S*)\Z", text):
        yield from _files(path[1])


def reference() -> str:
    """The commands as a Markdown table."""
    rows = [f"| `{each.usage}` | {each.help} |" for each in COMMANDS.values()]
    return "\n".join(["| command | does |", "|---|---|", *rows]) + "\n"


def _models(chat: Chat) -> Iterable[str]:
    return kept_models()


def _session_names(chat: Chat) -> Iterable[str]:
    return [session.name or session.id for session in chat.store.sessions(limit=50)]


_SETTABLE = ("temperature", "top_p", "max_tokens", "repetition_penalty", "update_interval")


@command("help", "[COMMAND]", choices=lambda chat: COMMANDS)
async def help_(chat: Chat, argument: str) -> None:
    """List the commands, or explain one."""
    if argument:
        name = argument.lstrip("/.").lower()
        if name not in COMMANDS:
            raise _unknown(f"/{name}")
        about = "\n".join(line.strip() for line in (COMMANDS[name].run.__doc__ or "").strip().splitlines())
        chat.say(f"{COMMANDS[name].usage}\n{about}")
        return
    width = max(len(each.usage) for each in COMMANDS.values())
    for each in COMMANDS.values():
        chat.say(f"  {each.usage:{width}}  {each.help}")
    chat.say("Enter sends, Alt-Enter or Ctrl-J begins a new line, three double quotes open a block.")
    chat.say("Ctrl-C stops an answer, Ctrl-R searches what you typed, Ctrl-X Ctrl-E opens your editor, Ctrl-D leaves.")


@command("quit")
async def quit_(chat: Chat, argument: str) -> None:
    """Leave; Ctrl-D, exit and quit do the same."""


@command("model", "[NAME]", choices=_models)
async def model(chat: Chat, argument: str) -> None:
    """Show the model, or ask another from now on."""
    if argument:
        chat.conversation.model = argument
    chat.say(f"Model: {chat.conversation.model}")


@command("system", "[TEXT|@FILE|off]")
async def system(chat: Chat, argument: str) -> None:
    """Show the system message, or set it from now on; off removes it."""
    if argument:
        chat.conversation.system = None if argument.lower() == "off" else read_system(argument)
    shown = chat.conversation.system
    chat.say(f"System message: {safe(shown)}" if shown else "There is no system message.")


@command("set", "[FIELD [VALUE|off]]", choices=lambda chat: _SETTABLE)
async def set_(chat: Chat, argument: str) -> None:
    """Show the request fields, or set one from now on, as in: /set temperature 0.3
    Any field of the request will do; what is no number, true, false or JSON is sent as a text. off removes it."""
    name, _, value = argument.replace("=", " ", 1).partition(" ")
    value = value.strip()
    if name and not value:
        raise UsageError(f"/set {name} needs a value.", hint=f"As in: /set {name} 1, or: /set {name} off")
    if name in ("messages", "stream", "model"):
        raise UsageError(f"{name} is not set this way.", hint="/model chooses the model.")
    if name and value.lower() == "off":
        chat.fields.pop(name, None)
    elif name:
        chat.fields[name] = _value(name, value)
    if not chat.fields:
        chat.say("No request field is set.")
    for field, set_to in chat.fields.items():
        chat.say(f"{field} = {json.dumps(set_to, ensure_ascii=False)}")


@command("retry")
async def retry(chat: Chat, argument: str) -> None:
    """Ask the last question again; its old answer is taken back."""
    if chat.last_question is None and not chat.conversation.exchanges:
        raise UsageError("There is no question to ask again.")
    answered = chat.conversation.exchanges[-1].prompt.content if chat.conversation.exchanges else None
    question = chat.last_question if chat.last_question is not None else answered
    if question == answered:
        chat.undo()
    await chat.ask(question or "")


@command("continue")
async def continue_(chat: Chat, argument: str) -> None:
    """Go on with an answer that was cut; both parts are kept as one answer."""
    await chat.resume()


@command("undo")
async def undo(chat: Chat, argument: str) -> None:
    """Take back the last question and its answer."""
    taken = chat.undo()
    chat.say("There is nothing to take back." if taken is None else f"Taken back: {_first_words(taken.prompt.content)}")


@command("edit")
async def edit(chat: Chat, argument: str) -> None:
    """Change the last question and ask anew: it comes back into the input line, Ctrl-X Ctrl-E opens the editor."""
    question = chat.last_question
    if question is None and chat.conversation.exchanges:
        question = chat.conversation.exchanges[-1].prompt.content
    if question is None:
        raise UsageError("There is no question to change.")
    changed = edited(question).strip("\n")
    if not changed.strip() or changed == question:
        chat.say("Nothing was changed, nothing was sent.")
        return
    if chat.conversation.exchanges and chat.conversation.exchanges[-1].prompt.content == question:
        chat.undo()
    await chat.ask(changed)


@command("fork", "[NAME]")
async def fork(chat: Chat, argument: str) -> None:
    """Go on in a copy of this session; the old one stays as it is."""
    session = chat.conversation.session
    if session is None:
        raise UsageError("There is nothing to copy: this session has no recorded question.")
    chat.join(chat.store.fork_session(session.id, name=argument or None))
    assert chat.conversation.session is not None
    chat.say(f"This is now {_label(chat)}, a copy.")


@command("session", "[NAME]", choices=_session_names)
async def session(chat: Chat, argument: str) -> None:
    """Show this session, or go on with another by name or id; a new name begins one."""
    if argument:
        known = {each.id for each in chat.store.sessions() if each.id.startswith(argument) or each.name == argument}
        if known:
            chat.join(chat.store.find_session(argument))
        else:
            chat.join(chat.store.join_session(argument, "chat", model=chat.conversation.model))
    turns = len(chat.conversation.exchanges)
    chat.say(f"Session {_label(chat)}, {turns} answered question{'' if turns == 1 else 's'}.")


@command("sessions", "[N]")
async def sessions(chat: Chat, argument: str) -> None:
    """List the sessions, the newest first."""
    for each in chat.store.sessions(limit=_count(argument, 20)):
        chat.say(f"  {each.id}  {each.name or '':16}  {each.turns:3} turns  {safe(each.title)}")


@command("rename", "NAME")
async def rename(chat: Chat, argument: str) -> None:
    """Give this session a name."""
    session = chat.conversation.session
    if session is None:
        raise UsageError("This session has no recorded question yet.")
    if not argument:
        raise UsageError("/rename needs a name.")
    chat.conversation.session = chat.store.rename_session(session.id, argument)
    chat.say(f"This session is now {_label(chat)}.")


@command("search", "TEXT")
async def search(chat: Chat, argument: str) -> None:
    """Search all that was ever asked and answered; "a phrase" and begin* are understood."""
    hits = chat.store.search(argument)
    for hit in hits:
        chat.say(f"  {hit.session_name or hit.session_id}  {safe(hit.title)}\n      {safe(hit.snippet)}")
    chat.say("Nothing was found." if not hits else "/session goes on with one of them.")


@command("history", "[N]")
async def history(chat: Chat, argument: str) -> None:
    """Show the last questions and answers of this session."""
    exchanges = chat.conversation.exchanges[-_count(argument, 10) :]
    if not exchanges:
        chat.say("Nothing was said yet.")
    for exchange in exchanges:
        mark = "" if exchange.answer.complete else "  (not complete)"
        chat.say(f"› {safe(exchange.prompt.content)}\n{safe(exchange.answer.text)}{mark}\n")


@command("copy", "[N|code]", choices=lambda chat: ("code",))
async def copy(chat: Chat, argument: str) -> None:
    """Copy the last answer, the one N before the end, or its first code block."""
    if argument == "code":
        from ..render.answers import first_code_block

        found = first_code_block(chat.last_answer().text)
        if found is None:
            raise UsageError("There is no code block in the last answer.")
        text = found
    else:
        text = chat.last_answer(_count(argument, 1)).text
    if not clipboard.copy_by_program(text):
        chat.terminal.write(clipboard.osc52(text))
    chat.say(f"Copied {len(text)} characters.")


@command("usage")
async def usage(chat: Chat, argument: str) -> None:
    """Show the tokens of the last answer and of the session."""
    from ..render.answers import usage_line

    chat.say(usage_line(chat.conversation.last_usage))
    chat.say(f"{chat.conversation.total_tokens} tokens in this session.")


@command("clear")
async def clear(chat: Chat, argument: str) -> None:
    """Begin a new session; the old one stays in the history."""
    chat.clear()
    chat.say("A new session begins with the next question.")


@command("compact")
async def compact(chat: Chat, argument: str) -> None:
    """Have the conversation summarised, and go on from the summary in a new session."""
    exchanges = chat.conversation.exchanges
    if not exchanges:
        raise UsageError("There is nothing to summarise.")
    said = "".join(exchange.prompt.content for exchange in exchanges)
    before = len(exchanges)
    await chat.ask(_COMPACT[bool(re.search("[а-яё]", said, re.IGNORECASE))])
    if len(chat.conversation.exchanges) == before or not (summary := chat.last_answer()).complete:
        raise UsageError("There is no whole summary; the conversation stays as it is.")
    system_before = chat.conversation.system
    chat.clear()
    chat.conversation.system = "\n\n".join(filter(None, [system_before, summary.text]))
    chat.say("The summary is the system message of a new session.")


@command("export", "[PATH]")
async def export(chat: Chat, argument: str) -> None:
    """Write this session to a file as Markdown, or .json or .jsonl by the file's name."""
    from ..sessions.export import exported

    session = chat.conversation.session
    if session is None:
        raise UsageError("There is nothing to export: this session has no recorded question.")
    path = Path(argument or f"gigachat-{session.name or session.id}.md").expanduser()
    form = {".json": "json", ".jsonl": "jsonl"}.get(path.suffix, "markdown")
    try:
        with path.open("x", encoding="utf-8") as file:
            for piece in exported([chat.store.conversation(session.id)], form):  # type: ignore[arg-type]  # of the dict
                file.write(piece)
    except FileExistsError:
        raise UsageError(f"{path} exists.", hint="Name another file.") from None
    except OSError as problem:
        raise UsageError(f"{path} could not be written: {problem.strerror}.") from None
    chat.say(f"Written to {path}.")


@command("info")
async def info(chat: Chat, argument: str) -> None:
    """Show the model, the session, the settings of this chat."""
    chat.say(f"Model: {chat.conversation.model}")
    chat.say(f"Session: {_label(chat)}{'' if chat.log else ' (not recorded)'}")
    chat.say(f"Service: {chat.settings.base_url}, {chat.settings.scope}")
    for field, value in chat.fields.items():
        chat.say(f"{field} = {json.dumps(value, ensure_ascii=False)}")


@command("multiline")
async def multiline(chat: Chat, argument: str) -> None:
    """Let Enter begin a new line and Alt-Enter send, or the other way round again."""
    chat.multiline = not chat.multiline
    chat.say("Alt-Enter sends, Enter begins a new line." if chat.multiline else "Enter sends.")


def _unknown(name: str) -> UsageError:
    near = nearest(name.lstrip("/"), list(COMMANDS))
    hint = f"Did you mean /{near}?" if near else "/help lists them."
    return UsageError(f"There is no command {name}.", hint=f"{hint} // sends a text that begins with a slash.")


def _value(name: str, text: str) -> object:
    from ..settings import declarations

    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if name in _SETTABLE:
        try:
            return declarations()[name].parse(value)
        except ValueError as problem:
            raise UsageError(f"{name} must be {problem}, not {text}.") from None
    return value


def _count(text: str, default: int) -> int:
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"{text} is not a number above 0.")
    return int(text)


def _label(chat: Chat) -> str:
    session = chat.conversation.session
    if session is None:
        return "not begun"
    return f"{session.id}{f' ({session.name})' if session.name else ''}"


def _first_words(text: str) -> str:
    from ..sessions import title_of

    return title_of(text)


def _files(typed: str) -> Iterable[Candidate]:
    from .editor import Candidate

    path = Path(typed).expanduser()
    folder = path if typed.endswith("/") or not typed else path.parent
    beginning = "" if folder == path else path.name
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for each in entries[:500]:
        if each.name.startswith(beginning) and (beginning.startswith(".") or not each.name.startswith(".")):
            yield Candidate(each.name + ("/" if each.is_dir() else ""), len(beginning))
