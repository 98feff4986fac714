"""Models: `GET {base}/models` (recorded)."""

from __future__ import annotations

from msgspec import Struct

from ...errors import ServiceError
from ...messages import Model
from ..outside import Label, ModelName, Word, understood

PATH = "/models"


class _Row(Struct, frozen=True):
    id: ModelName
    type: Word = Word()
    owned_by: Label = Label()


class _Rows(Struct, frozen=True):
    data: list[_Row]


def parse_models(content: bytes) -> list[Model]:
    """The models that the account sees, in the service's order.  Raises ServiceError for what is no list."""
    found = understood(content, _Rows)
    if found is None:
        raise ServiceError("The service answered with something that is not a list of models.")
    return [Model(row.id, row.type, row.owned_by) for row in found.data if row.id]
