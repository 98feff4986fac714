"""What commands run with, each built on first use: the terminal, the settings, the key, the client."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ..interrupts import handle, on_interrupt
from ..messages import Notice
from ..paths import temporary_place
from ..render.terminal import Terminal
from ..settings import VERIFICATION_OFF, Settings, load_settings
from . import COMMANDS, NAME
from .flags import Flags

if TYPE_CHECKING:
    import asyncio

    from ..credentials import Credential
    from ..engine import GigaChat

T = TypeVar("T")

_ENDING = ("SIGTERM", "SIGHUP", "SIGBREAK")  # the last is of Windows: Ctrl-Break, and a window that is closed
_NAME_THEM = "GIGACHAT_CONFIG_DIR and GIGACHAT_DATA_DIR name lasting ones."
_SILENCE_SECONDS = 2.0
_SILENCE_IN_SCRIPTS_SECONDS = 10.0


class Context:
    """One run of one command: the settings that were `given` as flags, None where not, and its other `flags`."""

    def __init__(self, given: Mapping[str, str | None] | None = None, flags: Flags | None = None) -> None:
        self.given = {name: value for name, value in (given or {}).items() if value is not None}
        self.flags = flags or Flags()
        place = temporary_place()
        if place is not None:
            kept = f"settings and history are in {place}" if place.is_dir() else "nothing is kept"
            self.terminal.notice(Notice("warning", f"There is no home folder: {kept}. {_NAME_THEM}"))

    @cached_property
    def terminal(self) -> Terminal:
        return Terminal(quiet=self.flags.quiet, debug=self.flags.debug)

    @cached_property
    def settings(self) -> Settings:
        found = load_settings(self.given)
        for note in found.notes:
            self.terminal.notice(Notice("debug", note))
        return found

    @cached_property
    def credential(self) -> Credential | None:
        """Where the key is; needs `settings`."""
        from .. import credentials

        return credentials.find(self.settings)

    def need_key(self, *, goes_on: bool = False) -> None:
        """See that there is something to log in with, before anything is typed; at a terminal, offer to log in.

        Raises MissingKeyError, unless the command `goes_on` without one for who does not want to log in.
        """
        settings = self.settings
        if settings.access_token or settings.cert_file or (settings.user and settings.password):
            return
        if self.credential is None:
            from ..errors import NO_KEY, NO_KEY_HINT, MissingKeyError
            from .auth import offer_login

            offer_login(self, MissingKeyError(NO_KEY, hint=NO_KEY_HINT), goes_on=goes_on)

    def read_anew(self) -> None:
        """Forget what was read of the settings and the key: a login has changed them."""
        for name in ("settings", "credential"):
            self.__dict__.pop(name, None)

    def warn(self) -> None:
        """Say what a person should know before anything is sent, `--quiet` or not; once a run."""
        if not self.settings.verify_ssl_certs:
            self.terminal.notice(Notice("alarm", VERIFICATION_OFF))

    def silence(self, way_out: str) -> AbstractContextManager[Callable[[], None]]:
        """Tell a person soon, and a script's log some time later, that stdin is silent; see `told_when_silent`."""
        from ..named_files import told_when_silent

        after = _SILENCE_SECONDS if self.terminal.stderr_is_terminal else _SILENCE_IN_SCRIPTS_SECONDS
        return told_when_silent(
            lambda told: self.terminal.notice(Notice("warning", told)), after=after, way_out=way_out
        )

    def wait_for_stdin(self) -> None:
        """Wait until something comes from a stdin that is no terminal, as `silence` does."""
        from ..named_files import wait_readable

        if sys.stdin is not None and not sys.stdin.isatty():
            with self.silence(""):
                wait_readable(sys.stdin.fileno())

    @cached_property
    def known_model(self) -> str | None:
        """The model that answers when none is named, as far as it is known without a request; needs `settings`."""
        if self.settings.model:
            return self.settings.model
        from .. import credentials
        from ..errors import GigaChatError
        from ..known_models import account_at, known_models

        try:
            known = known_models(account_at(credentials.account(self.settings), self.settings.base_url))
        except GigaChatError:
            return None  # what is wrong with the key is told when it is used
        return known.choice if known else None

    def client(self, settings: Settings | None = None, credential: Credential | None = None) -> GigaChat:
        """A client; needs `settings`, and `credential` unless an access token was given."""
        from ..engine import GigaChat

        settings = settings or self.settings
        if credential is None and not settings.access_token:
            credential = self.credential
        return GigaChat.from_settings(settings, key_source=credential, notify=self.terminal.notice, command=_command())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end; the program's only way into asyncio.

        Ctrl-C raises KeyboardInterrupt; SIGTERM, SIGHUP and Ctrl-Break raise SystemExit with 128 + the signal's
        number; each after `work` was cancelled and has tidied up.
        """
        import asyncio  # many commands do without it

        raise_on_interrupt()
        with asyncio.Runner() as runner:
            ended_by: list[int] = []

            async def main() -> T:
                task = asyncio.current_task()
                assert task is not None
                for number in filter(None, (getattr(signal, name, None) for name in _ENDING)):
                    if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves it
                        handle(runner.get_loop(), number, _end(task, number, ended_by))
                with on_interrupt(_as_now(signal.SIGINT), _interrupt):
                    return await work

            try:
                return runner.run(main())
            except asyncio.CancelledError:
                if ended_by:
                    raise SystemExit(128 + ended_by[0]) from None
                raise


def _command() -> str:
    """The command that runs, for others who wait for it: the program and one word, and nothing that was typed."""
    return " ".join([NAME, *(word for word in sys.argv[1:2] if word in COMMANDS)])


def raise_on_interrupt() -> None:
    """From here on Ctrl-C raises KeyboardInterrupt: there is something to tidy.  Where it is ignored, it stays so."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _as_now(number: int) -> Callable[[], None]:
    """What the signal does at this moment, to be called later."""
    handler = signal.getsignal(number)
    return lambda: handler(number, None) if callable(handler) else None


def _interrupt() -> None:
    raise KeyboardInterrupt


def _end(task: asyncio.Task[Any], number: int, ended_by: list[int]) -> Callable[[], None]:
    def end() -> None:
        ended_by.append(number)
        task.cancel()

    return end
