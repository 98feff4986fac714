"""The recorded bodies, and what two bodies of one form have in common."""

from __future__ import annotations

import json
from typing import Any

from ..conftest import RECORDINGS


def sample(name: str) -> str:
    """Return a recorded body."""
    return (RECORDINGS / name).read_bytes().decode()


def shape(value: Any) -> Any:
    """Return the keys in their order and the types of a decoded JSON value."""
    if isinstance(value, dict):
        return [(key, shape(inner)) for key, inner in value.items()]
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return type(value).__name__


def same_shape(answered: Any, name: str) -> bool:
    """Say whether an answer has the keys, in their order, and the types of a sample."""
    return bool(shape(answered) == shape(json.loads(sample(name))))
