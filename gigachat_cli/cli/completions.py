"""What the shell can complete beyond commands and flags.  It never asks the network."""

from __future__ import annotations

import json
import re
from contextlib import suppress

from .. import paths
from ..messages import Model
from ..settings import SCOPES, declarations

_PLAIN = re.compile(r"[\w.:/-]+", re.ASCII)


def complete_model(incomplete: str) -> list[str]:
    """Chat models of the account, as `gigachat models` saw them last."""
    return [name for name in kept_models() if name.startswith(incomplete)]


def complete_scope(incomplete: str) -> list[str]:
    return [scope for scope in SCOPES if scope.startswith(incomplete.upper())]


def complete_setting(incomplete: str) -> list[str]:
    """Settings that the config file can hold."""
    return [name for name, each in declarations().items() if not each.secret and name.startswith(incomplete)]


def keep_models(models: list[Model]) -> None:
    """Keep the chat models for completion.  Raises OSError when they cannot be written."""
    # Only names that a shell takes as they are: completion scripts evaluate what they are given.
    names = [model.id for model in models if model.type in ("chat", "") and _PLAIN.fullmatch(model.id)]
    content = json.dumps({"chat": names}).encode()
    if paths.read_private(paths.models_file()) != content:
        paths.write_private(paths.models_file(), content)


def kept_models() -> list[str]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(paths.read_private(paths.models_file()) or b"{}")["chat"]
        return [name for name in kept if isinstance(name, str) and _PLAIN.fullmatch(name)]
    return []
