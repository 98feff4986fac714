"""The simulator beside other work of the same process: a thread with its own event loop and real sockets."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import threading
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .authority import write_authority, write_client_certificate
from .options import Options
from .recording import ReceivedRequest
from .state import State

_START_LIMIT = 30.0


class Simulator(State):
    """A running GigaChat look-alike, to be used in a ``with`` block.

    ``Simulator(pace=0.1)`` is ``Simulator(Options(pace=0.1))``. Raises LibraryMissing when trustme is not
    installed and OSError for a port that is taken. Leaving the block raises what went wrong inside the
    simulator itself, if anything did.
    """

    def __init__(self, options: Options | None = None, **changes: Any) -> None:
        super().__init__(replace(options or Options(), **changes))
        self._folder = Path()
        self._port = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_asked: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None and self.failures:
            raise self.failures[0]

    def start(self) -> None:
        """Listen, in a thread of its own. Raises LibraryMissing, or OSError for a port that is taken."""
        self._folder = Path(tempfile.mkdtemp(prefix="gigachat-simulator-"))
        try:
            write_authority(self.ca_file)
            if self.options.require_client_certificate:
                write_client_certificate(self.client_certificate_file, self.client_key_file)
            listening: Future[int] = Future()
            self._thread = threading.Thread(target=self._run, args=(listening,), daemon=True)
            self._thread.start()
            self._port = listening.result(_START_LIMIT)
        except BaseException:
            self._thread = None
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def stop(self) -> None:
        """End every connection, stop listening, remove the temporary folder; twice does no harm."""
        if self._thread is None or self._loop is None or self._stop_asked is None:
            return
        self._loop.call_soon_threadsafe(self._stop_asked.set)
        self._thread.join()
        self._thread = None
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    @property
    def base_url(self) -> str:
        """The address that a client calls ``GIGACHAT_BASE_URL``."""
        return f"https://127.0.0.1:{self._port}/v1"

    @property
    def old_base_url(self) -> str:
        """The address as on the old host, where users log in by password."""
        return f"https://127.0.0.1:{self._port}/api/v1"

    @property
    def auth_url(self) -> str:
        """The address that a client calls ``GIGACHAT_AUTH_URL``."""
        return f"https://127.0.0.1:{self._port}/api/v2/oauth"

    @property
    def ca_file(self) -> Path:
        """The certificate of the throwaway authority, PEM."""
        return self._folder / "authority.pem"

    @property
    def client_certificate_file(self) -> Path:
        """A client certificate that is accepted, PEM; written when one is required."""
        return self._folder / "client.pem"

    @property
    def client_key_file(self) -> Path:
        """The key of the client certificate, PEM, not encrypted; written when one is required."""
        return self._folder / "client.key"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that lead a client here, away from real settings, tokens and history."""
        variables = {
            "GIGACHAT_BASE_URL": self.base_url,
            "GIGACHAT_AUTH_URL": self.auth_url,
            "GIGACHAT_CA_BUNDLE_FILE": str(self.ca_file),
            "GIGACHAT_SCOPE": self.options.scope,
            "GIGACHAT_CONFIG_DIR": str(self._folder / "config"),
            "GIGACHAT_DATA_DIR": str(self._folder / "data"),
        }
        if self.options.require_client_certificate:
            variables["GIGACHAT_CERT_FILE"] = str(self.client_certificate_file)
            variables["GIGACHAT_KEY_FILE"] = str(self.client_key_file)
        else:
            variables["GIGACHAT_CREDENTIALS"] = self.credentials
        return variables | _without_proxy()

    @property
    def oauth_calls(self) -> int:
        """How many access tokens were asked for, refused ones counted."""
        return self.log.count("oauth") + self.log.count("token")

    def calls(self, place: str) -> list[ReceivedRequest]:
        """Return the requests to one place (see ReceivedRequest), as far as they are remembered."""
        return self.log.all(place)

    def wait_for(self, count: int, place: str | None = None, *, timeout: float = 10.0) -> list[ReceivedRequest]:
        """Wait until so many requests have arrived and return them. Raises TimeoutError."""
        return self.log.wait(count, place=place, timeout=timeout)

    def wait_until_idle(self, *, timeout: float = 10.0) -> None:
        """Wait until no chat request is being answered. Raises TimeoutError."""
        self.accounts.wait_until_idle(timeout)

    def release(self) -> None:
        """Let one stalled answer go on; one that has not stalled yet will not stop then."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self.released.release)

    def access_token(self, key: str | None = None, *, lifetime: float | None = None) -> str:
        """Issue an access token without OAuth, for a key or the ready one, good for so many seconds."""
        seconds = self.token_lifetime if lifetime is None else lifetime
        return self.accounts.issue(key or self.credentials, seconds).access_token

    def _run(self, listening: Future[int]) -> None:
        asyncio.run(self._serve(listening))

    async def _serve(self, listening: Future[int]) -> None:
        from .server import Server

        self._loop = asyncio.get_running_loop()
        self._stop_asked = asyncio.Event()
        self._loop.set_exception_handler(self._keep_failure)
        try:
            server = Server(self)
            port = await server.start()
        except BaseException as error:
            listening.set_exception(error)
            return
        listening.set_result(port)
        await self._stop_asked.wait()
        await server.stop()

    def _keep_failure(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # Refused handshakes and broken connections are the client's right, and all of them are OSErrors.
        if error is not None and not isinstance(error, OSError):
            self.failures.append(error)


def _without_proxy() -> dict[str, str]:
    """Return the variables that keep a proxy out of the way, with what they hold already.

    Programs that know both spellings prefer the small letters, so these are set too where they exist.
    """
    variables = {}
    for name in ("NO_PROXY", "no_proxy"):
        known = [host.strip() for host in os.environ.get(name, "").split(",") if host.strip()]
        if name == "NO_PROXY" or known:
            added = [host for host in ("127.0.0.1", "localhost") if host not in known]
            variables[name] = ",".join([*known, *added])
    return variables
