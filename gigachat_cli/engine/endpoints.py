"""The endpoints besides chat as methods of the client: an entry each, and a file in `api/` that says what it does.

A file is read when a method of it is first asked for: a question needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from . import api

F = TypeVar("F")


class _Late:
    """A method that is not there before it is asked for."""

    def __init__(self, find: Callable[[], Any]) -> None:
        self._find = find

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner, self._name = owner, name

    def __get__(self, client: object, kind: type) -> Any:
        method = self._find()
        setattr(self._owner, self._name, method)
        return method.__get__(client, kind)


def _late(find: Callable[[], F]) -> F:
    return cast(F, _Late(find))


class Endpoints:
    """The first parameter of each function is the client."""

    balance = _late(lambda: api.balance.balance)
    batch_results = _late(lambda: api.batches.batch_results)
    batches = _late(lambda: api.batches.batches)
    check_author = _late(lambda: api.ai_check.check_author)
    check_profanity = _late(lambda: api.filter_check.check_profanity)
    count_tokens = _late(lambda: api.tokens.count_tokens)
    delete_file = _late(lambda: api.files.delete_file)
    download = _late(lambda: api.files.download)
    download_to = _late(lambda: api.files.download_to)
    embed = _late(lambda: api.embeddings.embed)
    file = _late(lambda: api.files.file)
    files = _late(lambda: api.files.files)
    has_file = _late(lambda: api.files.has_file)
    submit_batch = _late(lambda: api.batches.submit_batch)
    upload = _late(lambda: api.files.upload)
    validate_function = _late(lambda: api.functions.validate_function)
