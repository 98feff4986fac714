"""What the running command calls its ways (see `ways`): its flags, else the command that sets a setting for good."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ways import Ways


def ways_of(command: Any, arguments: Sequence[str]) -> Ways:
    """The ways of the command that a command line calls; `command` is the tree."""
    from ..settings import declarations

    path = []
    for word in arguments:
        children = getattr(command, "commands", {})
        if not children:
            break
        if word in children:
            path.append(word)
            command = children[word]
        elif path == ["batch"]:  # `batch FILE` is short for `batch run FILE`
            command = children["run"]
    set_for_good = {
        name: f"'gigachat config set {name} VALUE'" for name, each in declarations().items() if not each.secret
    }
    flags = {
        max(each.opts, key=len).lstrip("-").replace("-", "_"): max(each.opts, key=len)
        for each in getattr(command, "params", ())
        if each.opts and each.opts[0].startswith("-")
    }
    # What fits a schema is not joined from two answers.
    goes_on = path == ["ask"] and not any(
        each in ("-n", "--no-log") or each.startswith("--schema") for each in arguments
    )
    return {
        **set_for_good,
        **flags,
        "sessions": "'gigachat history list'",
        **({"go_on": "'gigachat ask --resume'"} if goes_on and _is_kept() else {}),
    }


def _is_kept() -> bool:
    """Whether answers are kept in the history, from which one is gone on with."""
    from ..errors import GigaChatError
    from ..settings import load_settings

    try:
        return load_settings().log
    except GigaChatError:  # which is told by itself
        return False
