"""Models: `GET {base}/models` (recorded)."""

from __future__ import annotations

from typing import Any

from ...errors import ServiceError
from ...messages import Model
from ..wire import json_object

PATH = "/models"


def parse_models(content: bytes) -> list[Model]:
    """The models that the account sees, in the service's order.  Raises ServiceError for what is no list."""
    listed = (json_object(content) or {}).get("data")
    if not isinstance(listed, list):
        raise ServiceError("The service answered with something that is not a list of models.")
    return [_model(each) for each in listed if isinstance(each, dict) and isinstance(each.get("id"), str)]


def _model(found: dict[str, Any]) -> Model:
    kind, owner = found.get("type"), found.get("owned_by")
    return Model(found["id"], kind if isinstance(kind, str) else "", owner if isinstance(owner, str) else "")
