"""`gigachat doctor`: what works, what does not, and the next step."""

from __future__ import annotations

import typer

from . import options


def doctor(
    model: options.Model = None,
    json: options.Json = False,
    debug: options.Debug = False,
    scope: options.Scope = None,
    base_url: options.BaseUrl = None,
    proxy: options.Proxy = None,
    timeout: options.Timeout = None,
) -> None:
    """Check the way to the service, step by step.

    From the settings over the key, DNS, proxy, TLS and the clock to the login and the model. A step that fails names
    the next one to take.
    """
    from dataclasses import asdict

    from ..doctor import Check, check_all
    from ..render.reports import show_check, show_rows
    from .context import Context

    flags = {"model": model, "scope": scope, "base_url": base_url, "proxy": proxy, "timeout": timeout}
    context = Context(flags, debug=debug)
    checks: list[Check] = []

    async def checked() -> None:
        async for check in check_all(context.flags, notify=context.terminal.notice):
            checks.append(check)
            if not json:
                show_check(check.step, check.state, check.message, check.hint, context.terminal)

    context.run(checked())
    if json:
        rows = [{name: value for name, value in asdict(check).items() if name != "exit_code"} for check in checks]
        show_rows(rows, (), context.terminal, as_array=True)
    failed = next((check.exit_code for check in checks if check.state == "failure"), 0)
    if failed:
        raise typer.Exit(failed)
