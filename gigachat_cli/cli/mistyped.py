"""A command line that is not understood: what is wrong with it, and what was likely meant."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from shlex import quote

import typer

from ..errors import UsageError
from ..keys import ids_in, keys_in
from ..masking import keep_secret, words
from ..text import one_line

KEY_HINT = "Run 'gigachat auth login' and paste it at the prompt, or pipe it in."

_LONGEST_ECHO = 200  # letters of a command line that are worth repeating
_NEAR = 0.75  # of two names of options, without their dashes; those that mean something else are below
_COLOURS = "NO_COLOR=1 in the environment turns colours off, 'gigachat config set theme light' is for light terminals."
_AUTHORITY = "'gigachat config set ca_bundle_file PATH' trusts another certificate authority."
_SETTINGS = "'gigachat config set --help' lists the settings."

_OTHER_FLAGS = {
    "color": _COLOURS,
    "colour": _COLOURS,
    "colors": _COLOURS,
    "theme": _COLOURS,
    "ca": _AUTHORITY,
    "ca-bundle": _AUTHORITY,
    "ca-file": _AUTHORITY,
    "cacert": _AUTHORITY,
    "insecure": _AUTHORITY,
    "verify": _AUTHORITY,
    "ssl": _AUTHORITY,
    "config": _SETTINGS,
    "set": _SETTINGS,
    "yaml": "--json gives JSON.",
    "xml": "--json gives JSON.",
    "search": "--web lets the model search the web.",
    "internet": "--web lets the model search the web.",
    "code": "--extract prints the first code block alone.",
    "length": "--max-tokens N limits the answer.",
    "limit": "--max-tokens N limits the answer.",
    "image": "To have a picture drawn: gigachat image 'A cat'",
    "resume": "--continue goes on with the last conversation.",
    "verbose": "--debug tells each request.",
    "language": "Ask in the language that the answer is to be in.",
}
"""Flags of other programs, without dashes and a `no-`, and what is here in their place."""

_OTHER_COMMANDS = {
    "login": "gigachat auth login",
    "signin": "gigachat auth login",
    "logout": "gigachat auth logout",
    "status": "gigachat auth status",
    "whoami": "gigachat auth status",
    "set": "gigachat config set",
    "get": "gigachat config get",
    "settings": "gigachat config",
    "export": "gigachat history export",
    "search": "gigachat history search",
    "sessions": "gigachat history list",
    "list": "gigachat history list",
    "continue": "gigachat chat --continue",
    "resume": "gigachat ask --resume",
    "draw": "gigachat image",
    "repl": "gigachat chat",
    "shell": "gigachat chat",
    "count": "gigachat tokens",
    "usage": "gigachat balance",
    "upload": "gigachat files upload",
    "download": "gigachat files download",
    "help": "gigachat --help",
    "man": "gigachat --help",
    "version": "gigachat --version",
    "update": "gigachat --version",
}
"""Words that other programs have as commands, and what is here in their place."""


def usage_problem(refused: typer.TyperException, tree: object, arguments: Sequence[str]) -> UsageError:
    """What typer refused of a command line, as a problem with the next step; `tree` is that of the commands."""
    command, children = _meant(tree, arguments)
    keep_secret(*(each for argument in arguments for each in ids_in(argument)))  # no id is expected there
    hint = f"There are {', '.join(children)}; see '{command} --help'." if children else f"See '{command} --help'."
    option = getattr(refused, "option_name", None)
    if type(refused).__name__ != "NoSuchOption" or option is None:
        is_extra = type(refused).__name__ == "UsageError" and command == "gigachat auth login"
        if is_extra or any(map(keys_in, arguments)):
            return UsageError("A key or a token is no part of the command line, where others see it.", hint=KEY_HINT)
        unknown = _no_command(command, children, arguments)
        return unknown or UsageError(_sentence(words(refused.format_message())), hint=hint)
    known = _options_of(tree, arguments)
    near = _nearest(option, known)
    other = _OTHER_FLAGS.get(_nearest(option.lstrip("-").removeprefix("no-"), list(_OTHER_FLAGS)) or "", "")
    if other.startswith("--") and other.split()[0] not in known:
        other = ""
    if command == "gigachat auth login" or (any(map(keys_in, arguments)) and not near):
        hint = KEY_HINT
    elif near:
        hint = f"Did you mean {near}?"
    elif option in ("-v", "-V"):
        hint = "'gigachat --version' tells the version, --debug each request."
    elif other:
        hint = other
    elif command in ("gigachat ask", "gigachat chat"):
        hint = f"Put -- before words that begin with a dash. {hint}"
    return UsageError(f"There is no option {words(option)}.", hint=hint)


def _options_of(tree: object, arguments: Sequence[str]) -> list[str]:
    """The long options of the command that was called."""
    command = tree
    for word in arguments:
        children = getattr(command, "commands", {})
        if word not in children:
            break
        command = children[word]
    return [each for parameter in getattr(command, "params", ()) for each in parameter.opts if each.startswith("--")]


def _nearest(typed: str, known: Sequence[str]) -> str | None:
    """The known name that was likely meant: a misspelt one, and no other that sounds a little like it."""
    rated = sorted(((_likeness(typed.lstrip("-").lower(), each.lstrip("-")), each) for each in known), reverse=True)
    return rated[0][1] if rated and rated[0][0] >= _NEAR else None


def _likeness(typed: str, known: str) -> float:
    """From 0 to 1.  A `no-` in front says nothing of the rest, and has to be there in both."""
    if typed.startswith("no-") != known.startswith("no-"):
        return 0
    typed, known = typed.removeprefix("no-"), known.removeprefix("no-")
    if sorted(typed) == sorted(known) or (len(typed) > 2 and known.startswith(typed)):
        return 1
    return SequenceMatcher(None, typed, known).ratio()


def _no_command(command: str, children: list[str], arguments: Sequence[str]) -> UsageError | None:
    """The problem of a word that is none of the commands below `command`, with the one next step that is likeliest."""
    rest = list(arguments[len(command.split()) - 1 :])
    if not children or not rest or rest[0].startswith("-"):
        return None
    named = one_line(words(rest[0]))
    problem = f"There is no command '{named if len(named) <= _LONGEST_ECHO else named[:_LONGEST_ECHO] + '…'}'."
    near = _nearest(rest[0], children)
    # "What's up" is no misspelt "chat": in several words the first letter, which few mistype, has to be right.
    is_misspelt = near and (len(rest) == 1 or rest[0][:1].lower() == near[:1]) and rest[0].isalpha()
    if near and (is_misspelt or command != "gigachat"):
        return UsageError(problem, hint=f"Did you mean '{command} {near}'?")
    if command == "gigachat" and len(rest) <= 2 and rest[0].lower() in _OTHER_COMMANDS:
        return UsageError(problem, hint=f"Did you mean '{_OTHER_COMMANDS[rest[0].lower()]}'?")
    if command == "gigachat":
        return UsageError(problem, hint=f"To ask the model: {_as_question(rest)}")
    return UsageError(problem, hint=f"There are {', '.join(children)}; see '{command} --help'.")


def _as_question(typed: list[str]) -> str:
    """The words as a command that asks them, quoted for bash, zsh and fish; flags stay flags."""
    prompt = [*takewhile(lambda each: not each.startswith("-"), typed)]
    flags = [quote(one_line(words(each))) for each in typed[len(prompt) :]]
    question = one_line(words(" ".join(prompt)))
    # Always in quotes: the next question may have a question mark.  Double ones for an apostrophe alone.
    if "'" in question and not set(question) & set('"$`\\!'):
        quoted = f'"{question}"'
    else:
        quoted = quote(question) if "'" in question else f"'{question}'"
    line = " ".join(["gigachat ask", quoted, *flags])
    return line if len(line) <= _LONGEST_ECHO else "gigachat ask 'TEXT', with your words in place of TEXT."


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _meant(command: object, arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The command that was meant, as it is typed, and the names of those below it."""
    names = ["gigachat"]
    children = getattr(command, "commands", {})
    for word in arguments:
        if word not in children:
            break
        names.append(word)
        children = getattr(children[word], "commands", {})
    return " ".join(names), list(children)
