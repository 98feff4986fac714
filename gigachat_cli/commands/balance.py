"""The work of `gigachat balance`."""

from __future__ import annotations

from ..engine.api.balance import Package
from ..engine.outside import as_object
from ..render.reports import show_rows
from .context import Context


def show_balance(context: Context) -> None:
    """Show the tokens left in each package; on a terminal with a bar beside each."""

    async def asked() -> list[Package]:
        async with context.client() as giga:
            return await giga.balance()

    packages = context.run(asked())
    terminal = context.terminal
    if terminal.stdout_is_terminal and not context.flags.json:
        from ..render.bars import bars

        terminal.write(bars([(each.usage, each.tokens) for each in packages], width=terminal.width))
        if not packages:
            terminal.say("gigachat: The account has no packages.")
        return
    show_rows([as_object(each) for each in packages], ("usage", "tokens"), terminal, as_array=context.flags.json)
