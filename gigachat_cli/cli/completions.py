"""What the shell can complete beyond commands and flags.  It never asks the network.

Imports are inside the functions: every command line passes here, and few of them complete anything.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..messages import Model

_PLAIN = re.compile(r"[\w.:/-]+", re.ASCII)


def complete_model(incomplete: str) -> list[str]:
    """Chat models of the account, as `gigachat models` saw them last."""
    return [name for name in kept_models() if name.startswith(incomplete)]


def complete_scope(incomplete: str) -> list[str]:
    from ..settings import SCOPES

    return [scope for scope in SCOPES if scope.startswith(incomplete.upper())]


def complete_setting(incomplete: str) -> list[str]:
    """Settings that the config file can hold."""
    from ..settings import declarations

    return [name for name, each in declarations().items() if not each.secret and name.startswith(incomplete)]


def keep_models(models: list[Model]) -> None:
    """Keep the chat models for completion.  Raises OSError when they cannot be written."""
    from .. import paths

    # Only names that a shell takes as they are: completion scripts evaluate what they are given.
    names = [model.id for model in models if model.type in ("chat", "") and _PLAIN.fullmatch(model.id)]
    content = json.dumps({"chat": names}).encode()
    if paths.read_private(paths.models_file()) != content:
        paths.write_private(paths.models_file(), content)


def kept_models() -> list[str]:
    """The chat models that `keep_models` kept; none when there is nothing usable."""
    from .. import paths

    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(paths.read_private(paths.models_file()) or b"{}")["chat"]
        return [name for name in kept if isinstance(name, str) and _PLAIN.fullmatch(name)]
    return []
