"""The service's endpoints, one file each: values to JSON on the way out, JSON to values on the way in."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import ai_check, balance, batches, embeddings, files, filter_check, functions, tokens
else:

    def __getattr__(name):
        try:
            return import_module(f"{__name__}.{name}")
        except ModuleNotFoundError:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


__all__ = ["ai_check", "balance", "batches", "embeddings", "files", "filter_check", "functions", "tokens"]
