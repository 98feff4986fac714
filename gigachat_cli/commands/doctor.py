"""The work of `gigachat doctor`: each check is shown as it ends."""

from __future__ import annotations

from dataclasses import asdict

from ..doctor import Check, check_all
from ..render.reports import show_check, show_rows
from .context import Context


def check_way(context: Context, *, as_array: bool) -> int:
    """Check the way to the service; returns the exit code of the first step that failed, else 0."""
    checks: list[Check] = []

    async def checked() -> None:
        async for check in check_all(context.flags, notify=context.terminal.notice):
            checks.append(check)
            if not as_array:
                show_check(check.step, check.state, check.message, check.hint, context.terminal)

    context.run(checked())
    if as_array:
        rows = [{name: value for name, value in asdict(check).items() if name != "exit_code"} for check in checks]
        show_rows(rows, (), context.terminal, as_array=True)
    return next((check.exit_code for check in checks if check.state == "failure"), 0)
