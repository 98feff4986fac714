"""Models: `GET {base}/models` (recorded)."""

from __future__ import annotations

from typing import Any

from ...errors import ServiceError
from ...messages import Model
from ..outside import answered, label, model_name, word

PATH = "/models"


def parse_models(content: bytes) -> list[Model]:
    """The models that the account sees, in the service's order.  Raises ServiceError for what is no list."""
    listed = (answered(content) or {}).get("data")
    if not isinstance(listed, list):
        raise ServiceError("The service answered with something that is not a list of models.")
    return [_model(each) for each in listed if isinstance(each, dict) and model_name(each.get("id"))]


def _model(found: dict[str, Any]) -> Model:
    return Model(found["id"], word(found.get("type")) or "", label(found.get("owned_by")))
