"""Options that several commands share.  Their values are texts: `settings` checks them, wherever they come from."""

from __future__ import annotations

from typing import Annotated

import typer

from .completions import complete_model, complete_scope

_CONNECTION = "Connection"
_OUTPUT = "Output"

Model = Annotated[
    str | None, typer.Option("--model", "-m", metavar="NAME", help="Model to ask.", autocompletion=complete_model)
]
Scope = Annotated[
    str | None,
    typer.Option(
        metavar="SCOPE",
        help="Scope of the key: GIGACHAT_API_PERS, _B2B or _CORP.",
        rich_help_panel=_CONNECTION,
        autocompletion=complete_scope,
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="Address of the API.", rich_help_panel=_CONNECTION)
]
Proxy = Annotated[str | None, typer.Option(metavar="URL", help="Proxy for all requests.", rich_help_panel=_CONNECTION)]
Timeout = Annotated[
    str | None,
    typer.Option(metavar="SECONDS", help="Silence after which to give up.", rich_help_panel=_CONNECTION),
]
MaxRetries = Annotated[
    str | None,
    typer.Option(
        "--max-retries", metavar="N", help="Repeats after a failure that may pass.", rich_help_panel=_CONNECTION
    ),
]
Json = Annotated[bool, typer.Option("--json", help="JSON for scripts.", rich_help_panel=_OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No notices on stderr.", rich_help_panel=_OUTPUT)]
Debug = Annotated[
    bool, typer.Option("--debug", help="Tell each request, and where an error came from.", rich_help_panel=_OUTPUT)
]
