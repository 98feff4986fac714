"""What a command runs with, created on first use: the terminal, the settings, the key, the client."""

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

_ENDING = ("SIGTERM", "SIGHUP", "SIGBREAK")  # the last is for Windows: Ctrl-Break, and a closed console window
_NAME_THEM = "GIGACHAT_CONFIG_DIR and GIGACHAT_DATA_DIR name lasting ones."
_SILENCE_SECONDS = 2.0
_SILENCE_IN_SCRIPTS_SECONDS = 10.0


class Context:
    """One run of one command: the settings that were `given` as flags (None for those that were not), and its other
    `flags`.
    """

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
        """Make sure that there are credentials, before anything is typed; at a terminal, offer to log in.

        Raises MissingKeyError when there are none, unless the command `goes_on` without after the person declined.
        """
        settings = self.settings
        if settings.access_token or settings.cert_file or (settings.user and settings.password):
            return
        if self.credential is None:
            from ..errors import NO_KEY, NO_KEY_HINT, MissingKeyError
            from .auth import offer_login

            offer_login(self, MissingKeyError(NO_KEY, hint=NO_KEY_HINT), goes_on=goes_on)

    def read_anew(self) -> None:
        """Drop the settings and the key, which a login has changed, so that they are read again."""
        for name in ("settings", "credential"):
            self.__dict__.pop(name, None)

    def warn(self) -> None:
        """Warn when certificates are not verified, also with `--quiet`; once per run."""
        if not self.settings.verify_ssl_certs:
            self.terminal.notice(Notice("alarm", VERIFICATION_OFF))

    def silence(self, way_out: str) -> AbstractContextManager[Callable[[], None]]:
        """Say when stdin stays silent: to a person soon, in a script's log later; see `told_when_silent`."""
        from ..named_files import told_when_silent

        after = _SILENCE_SECONDS if self.terminal.stderr_is_terminal else _SILENCE_IN_SCRIPTS_SECONDS
        return told_when_silent(
            lambda told: self.terminal.notice(Notice("warning", told)), after=after, way_out=way_out
        )

    def wait_for_stdin(self) -> None:
        """Wait until there is input on a stdin that is no terminal, with the notice of `silence`."""
        from ..named_files import wait_readable

        if sys.stdin is not None and not sys.stdin.isatty():
            with self.silence(""):
                wait_readable(sys.stdin.fileno())

    @cached_property
    def known_model(self) -> str | None:
        """The model that answers when none is named, if it is known without a request; needs `settings`."""
        if self.settings.model:
            return self.settings.model
        from .. import credentials
        from ..errors import GigaChatError
        from ..known_models import account_at, known_models

        try:
            known = known_models(account_at(credentials.account(self.settings), self.settings.base_url))
        except GigaChatError:
            return None  # an invalid key is reported when it is used
        return known.choice if known else None

    def client(self, settings: Settings | None = None, credential: Credential | None = None) -> GigaChat:
        """A client; needs `settings`, and `credential` unless an access token was given."""
        from ..engine import GigaChat

        settings = settings or self.settings
        if credential is None and not settings.access_token:
            credential = self.credential
        return GigaChat.from_settings(settings, key_source=credential, notify=self.terminal.notice, command=_command())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run `work` to its end; the only place where the program starts asyncio.

        Ctrl-C raises KeyboardInterrupt; SIGTERM, SIGHUP and Ctrl-Break raise SystemExit with 128 + the signal's number;
        both after `work` was cancelled and has cleaned up.
        """
        import asyncio  # many commands do not need it

        raise_on_interrupt()
        with asyncio.Runner() as runner:
            ended_by: list[int] = []

            async def main() -> T:
                task = asyncio.current_task()
                assert task is not None
                for number in filter(None, (getattr(signal, name, None) for name in _ENDING)):
                    if signal.getsignal(number) is not signal.SIG_IGN:  # under nohup
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
    """The running command, shown to others that wait for it: the program and one word, nothing else of the command
    line.
    """
    return " ".join([NAME, *(word for word in sys.argv[1:2] if word in COMMANDS)])


def raise_on_interrupt() -> None:
    """From here on Ctrl-C raises KeyboardInterrupt, since there is something to clean up.  An ignored SIGINT stays
    ignored.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _as_now(number: int) -> Callable[[], None]:
    """A call of the signal's current handler, for later."""
    handler = signal.getsignal(number)
    return lambda: handler(number, None) if callable(handler) else None


def _interrupt() -> None:
    raise KeyboardInterrupt


def _end(task: asyncio.Task[Any], number: int, ended_by: list[int]) -> Callable[[], None]:
    def end() -> None:
        ended_by.append(number)
        task.cancel()

    return end
