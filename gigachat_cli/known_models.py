"""The chat models that the account was seen to have: kept for completion, which never asks the network."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress

from . import paths
from .messages import Model

_PLAIN = re.compile(r"[\w.:/-]+", re.ASCII)


def keep_models(models: Iterable[Model]) -> None:
    """Keep the names of the chat models.  Raises OSError when they cannot be written."""
    # Only names that a shell takes as they are: completion scripts evaluate what they are given.
    names = [model.id for model in models if model.type in ("chat", "") and _PLAIN.fullmatch(model.id)]
    content = json.dumps({"chat": names}).encode()
    if paths.read_private(paths.models_file()) != content:
        paths.write_private(paths.models_file(), content)


def kept_models() -> list[str]:
    """The names that `keep_models` kept; none when there is nothing usable."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        kept = json.loads(paths.read_private(paths.models_file()) or b"{}")["chat"]
        return [name for name in kept if isinstance(name, str) and _PLAIN.fullmatch(name)]
    return []
