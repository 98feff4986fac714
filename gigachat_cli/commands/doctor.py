"""The work of `gigachat doctor`: each check is shown when it is done."""

from __future__ import annotations

from dataclasses import asdict

from ..doctor import Check, check_all
from ..render.reports import show_check, show_rows
from .context import Context


def check_way(context: Context) -> None:
    """Check the connection to the service.  Raises SystemExit with the exit code of the first step that failed."""
    checks: list[Check] = []

    async def checked() -> None:
        async for check in check_all(context.given, notify=context.terminal.notice):
            checks.append(check)
            if not context.flags.json:
                show_check(check.step, check.state, check.message, check.hint, context.terminal)

    context.run(checked())
    if context.flags.json:
        rows = [{name: value for name, value in asdict(check).items() if name != "exit_code"} for check in checks]
        show_rows(rows, (), context.terminal, as_array=True)
    for check in checks:
        if check.state == "failure":
            raise SystemExit(check.exit_code)
