"""`gigachat doctor`: what works, what does not, and the next step."""

from typing import TYPE_CHECKING

from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context


@takes("model", OUTPUT, CONNECTION)
def doctor(context: "Context") -> None:
    """Check the way to the service, step by step.

    From the settings over the key, DNS, proxy, TLS and the clock to the login and the model. A step that fails names
    the next one to take.
    """
    from ..commands.doctor import check_way

    check_way(context)
