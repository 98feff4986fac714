"""A GigaChat look-alike on this machine: real TLS on loopback, the documented JSON, faults on demand.

It stands apart from the client: nothing of the rest of the package is imported here, so that it is an outside
witness of what the client sends. In tests::

    with Simulator(answer="Hello.") as simulator:
        ...  # simulator.base_url, .auth_url, .ca_file, .environment
        simulator.faults.add("429", times=2, retry_after=1)
        assert simulator.requests[0].json == {...}

For people, ``serve`` runs it until a signal and ``run_command`` runs one command against it.

Options and faults are light to import; the rest (asyncio, aiohttp, trustme) is loaded at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .faults import FAULTS, PLACES, Fault, Faults, parse_fault
from .options import MODELS, OLD_HOST_MODELS, PACE_FOR_PEOPLE, SCOPES, Model, Options, key_for, named

if TYPE_CHECKING:
    from .authority import LibraryMissing
    from .command import CommandNotStarted, export_text, run_command, serve
    from .recording import ReceivedRequest
    from .thread import Simulator

__all__ = [
    "FAULTS",
    "MODELS",
    "OLD_HOST_MODELS",
    "PACE_FOR_PEOPLE",
    "PLACES",
    "SCOPES",
    "CommandNotStarted",
    "Fault",
    "Faults",
    "LibraryMissing",
    "Model",
    "Options",
    "ReceivedRequest",
    "Simulator",
    "export_text",
    "key_for",
    "named",
    "parse_fault",
    "run_command",
    "serve",
]

# Hidden from the type checker, which would take any misspelt name for one that opens late.
if not TYPE_CHECKING:
    _LATE = {
        "LibraryMissing": "authority",
        "CommandNotStarted": "command",
        "export_text": "command",
        "run_command": "command",
        "serve": "command",
        "ReceivedRequest": "recording",
        "Simulator": "thread",
    }

    def __getattr__(name: str) -> object:
        if name not in _LATE:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
