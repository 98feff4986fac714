"""Slash commands about the tools that the service runs itself, and about reasoning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..conversation.service_tools import WEB, effort, tools_of, with_tools, without_tool
from ..errors import UsageError
from ..messages import EFFORTS, SERVICE_TOOLS
from ..text import one_line
from .commands import command

if TYPE_CHECKING:
    from .chat import Chat


@command("web", "[on|off]", choices=lambda chat, typed: ("on", "off"))
async def web(chat: Chat, argument: str) -> None:
    """Let it search the web
    off stops that. Answers name their sources at the end. A search takes many tokens.
    """
    wanted = argument.lower() or ("off" if WEB in tools_of(chat.fields) else "on")
    if wanted not in ("on", "off"):
        raise UsageError(f"/web is on or off, not {argument}.")
    _use(chat, WEB, wanted == "on")
    chat.say("The model may search the web." if wanted == "on" else "The model does not search the web.")


@command("tool", "[NAME [off]|off]", choices=lambda chat, typed: ("off", *SERVICE_TOOLS))
async def tool(chat: Chat, argument: str) -> None:
    """Use the service's tools
    Without a name those in use are listed. As in: /tool url_content_extraction. With off behind its name it is used
    no more, and off alone ends all.
    """
    name, *rest = argument.split() or [""]
    if len(rest) > 1 or (rest and rest[0].lower() != "off"):
        raise UsageError("A tool's name is one word.", hint=f"Known are {', '.join(SERVICE_TOOLS)}.")
    if name.lower() == "off":
        for each in tools_of(chat.fields):
            _use(chat, each, False)
    elif name:
        _use(chat, name, not rest)
    used = ", ".join(one_line(each) for each in tools_of(chat.fields))
    chat.say(f"Tools of the service in use: {used}" if used else f"No tool of the service: {', '.join(SERVICE_TOOLS)}.")


@command("reasoning", "[EFFORT|off]", choices=lambda chat, typed: (*EFFORTS, "off"))
async def reasoning(chat: Chat, argument: str) -> None:
    """Set how much it reasons
    The effort is low, medium or high; off leaves it to the service. What it thinks is shown dim.
    """
    word = argument.lower()
    if word == "off":
        chat.fields.pop("reasoning_effort", None)
    elif word:
        chat.fields["reasoning_effort"] = effort(word)
    shown = chat.fields.get("reasoning_effort")
    chat.say(f"Reasoning: {one_line(str(shown))}" if shown else "Reasoning is left to the service.")


def _use(chat: Chat, name: str, wanted: bool) -> None:
    chat.fields = with_tools(chat.fields, [name]) if wanted else without_tool(chat.fields, name)
