"""The system's CA store, which the program reads at its first use and not while aiohttp is imported.

`aiohttp.connector` makes two default TLS contexts when it is imported, at about 50 ms; the engine uses neither.
This is for the program's own process alone: whoever imports the engine as a library gets aiohttp and `ssl` as they are.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

# Named as the one in `typing`, which `--version` has no time to import.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence
    from typing import Any

_MODULE = "aiohttp.connector"


def defer_for_aiohttp() -> None:
    """Have the contexts that `aiohttp.connector` makes at its import read the system's store when they first connect.

    Nothing happens where it is imported already.  Until such a context has read the store it trusts nobody, and an
    aiohttp that makes its contexts in another way gets the usual ones.
    """
    if _MODULE not in sys.modules and not any(isinstance(each, _Finder) for each in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


class _Finder:
    """Stands before the usual finders for the import of one module."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != _MODULE:
            return None
        sys.meta_path.remove(self)
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                _with_deferred_store(lambda: load(module))

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]  # the loader is of this spec alone
        return spec


def _with_deferred_store(load: Any) -> None:
    """Call `load`; contexts that are made meanwhile by that module's own code are deferred, all others are as ever."""
    import ssl

    built, verify_paths = ssl.create_default_context, ssl.SSLContext.set_default_verify_paths

    class Deferred(ssl.SSLContext):
        """Trusts the system's authorities, and reads them at its first connection."""

        _loaded = False

        def _load(self) -> None:
            if not self._loaded:
                self._loaded = True
                self.load_default_certs()

        def wrap_bio(self, *given: Any, **named: Any) -> ssl.SSLObject:
            self._load()
            return super().wrap_bio(*given, **named)

        def wrap_socket(self, *given: Any, **named: Any) -> ssl.SSLSocket:
            self._load()
            return super().wrap_socket(*given, **named)

    def create_default_context(*given: Any, **named: Any) -> ssl.SSLContext:
        if given or named or not _called_by_aiohttp():
            return built(*given, **named)
        return Deferred(ssl.PROTOCOL_TLS_CLIENT)

    def set_default_verify_paths(context: ssl.SSLContext) -> None:
        # The other of the two never verifies, so that an empty store is all that it needs.
        if context.verify_mode != ssl.CERT_NONE or not _called_by_aiohttp():
            verify_paths(context)

    ssl.create_default_context = create_default_context
    ssl.SSLContext.set_default_verify_paths = set_default_verify_paths  # type: ignore[method-assign, assignment]  # restored below
    try:
        load()
    finally:
        ssl.create_default_context = built
        del ssl.SSLContext.set_default_verify_paths  # the inherited one shows again


def _called_by_aiohttp() -> bool:
    return sys._getframe(2).f_globals.get("__name__") == _MODULE
