"""`gigachat auth`: the authorization key."""

from typing import TYPE_CHECKING, Annotated

import typer

from .helping import App, Group
from .parameters import CONNECTION, OUTPUT, takes

if TYPE_CHECKING:
    from ..commands.context import Context


class _Auth(Group):
    def today(self) -> None:
        status()


auth = App(help="Store, show and forget the authorization key.", cls=_Auth)


@auth.command()
@takes(CONNECTION, "quiet debug")
def login(
    context: "Context",
    no_test: Annotated[
        bool, typer.Option("--no-test", help="Ask no short question at the end to prove the way.")
    ] = False,
) -> None:
    """Store the authorization key after the service has accepted it.

    The key is asked for with hidden input, or read from stdin when that is piped. Client id and secret, one after
    the other, do as well. On a terminal you then choose a model, which is set in the config file, and it is asked one
    short question.
    """
    from ..commands.auth import log_in

    log_in(context, test=not no_test)


@auth.command()
@takes(OUTPUT)
def status(context: "Context") -> None:
    """Show where the key is, its scope, and when the access token ends."""
    from ..commands.auth import show_status

    show_status(context)


@auth.command()
@takes("quiet debug")
def logout(context: "Context") -> None:
    """Forget the stored key and all access tokens."""
    from ..commands.auth import log_out

    log_out(context)
