"""The endpoints besides chat as methods of the client: an entry each, and a file in `api/` that says what it does.

A file is read when a method of it is first asked for: a question needs none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from .api import ai_check, balance, batches, embeddings, files, filter_check, functions, tokens
else:

    class _File:
        """A file of `api/` that is read when something of it is asked for."""

        def __init__(self, name):
            self._name = name

        def __getattr__(self, name):
            return getattr(import_module(f".api.{self._name}", __package__), name)

    ai_check, balance, batches, embeddings = map(_File, ("ai_check", "balance", "batches", "embeddings"))
    files, filter_check, functions, tokens = map(_File, ("files", "filter_check", "functions", "tokens"))

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

    balance = _late(lambda: balance.balance)
    batch_results = _late(lambda: batches.batch_results)
    batches = _late(lambda: batches.batches)
    check_author = _late(lambda: ai_check.check_author)
    check_profanity = _late(lambda: filter_check.check_profanity)
    count_tokens = _late(lambda: tokens.count_tokens)
    delete_file = _late(lambda: files.delete_file)
    download = _late(lambda: files.download)
    download_to = _late(lambda: files.download_to)
    embed = _late(lambda: embeddings.embed)
    file = _late(lambda: files.file)
    files = _late(lambda: files.files)
    has_file = _late(lambda: files.has_file)
    submit_batch = _late(lambda: batches.submit_batch)
    upload = _late(lambda: files.upload)
    validate_function = _late(lambda: functions.validate_function)
