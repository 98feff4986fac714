"""`gigachat balance`: the tokens that are left."""

from typing import TYPE_CHECKING

from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes(OUTPUT, CONNECTION)
def balance(context: "Context") -> None:
    """Show the tokens left in your packages.

    An account that pays as it goes has none.
    """
    from ..commands.balance import show_balance

    show_balance(context)
