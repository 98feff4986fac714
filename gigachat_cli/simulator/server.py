"""The web application: routes, the recording of every request, and one place that makes JSON of refusals."""

from __future__ import annotations

import asyncio
import logging
import time

from aiohttp import web
from aiohttp.typedefs import Handler

from .authority import server_context
from .recording import ReceivedRequest
from .replies import STATE, Refusal, refusal_reply, unknown_address
from .routes import all_routes
from .state import State

HOST = "127.0.0.1"

_LARGEST_BODY = 128 * 1024 * 1024
_ENDING = 0.02
"""Seconds that a running answer gets when the server stops; a stalled one would never end by itself."""

# Broken connections and handshakes that clients refuse are what the simulator is for: nobody reads of them.
_SILENT = logging.getLogger("gigachat_cli.simulator")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False


class Server:
    """One listening service on loopback, living in the event loop that starts it."""

    def __init__(self, state: State) -> None:
        self._state = state
        app = web.Application(middlewares=[_refuse, _record], client_max_size=_LARGEST_BODY, logger=_SILENT)
        app[STATE] = state
        app.add_routes(all_routes())
        # A client that goes away cancels its answer, which frees the key's place at once.
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_ENDING, logger=_SILENT
        )

    async def start(self) -> int:
        """Listen and return the port. Raises LibraryMissing, or OSError for a port that is taken."""
        options = self._state.options
        context = server_context(options.certificate, require_client_certificate=options.require_client_certificate)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, options.port, ssl_context=context)
        try:
            await site.start()
        except OSError:
            await self._runner.cleanup()
            raise
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening and end every connection."""
        server = self._runner.server
        transports = [connection.transport for connection in server.connections] if server else []
        await self._runner.cleanup()
        # An orderly end of TLS waits for the client's part in it, and an idle client plays none.
        for transport in transports:
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)


@web.middleware
async def _record(request: web.Request, handler: Handler) -> web.StreamResponse:
    body = await request.read()
    peer = request.transport.get_extra_info("peername") if request.transport else None
    request.app[STATE].log.add(
        ReceivedRequest(
            place=_place(request),
            method=request.method,
            path=request.path,
            query=request.query_string,
            headers=request.headers,
            body=body,
            received_at=time.time(),
            peer=(peer[0], peer[1]) if peer else ("", 0),
        )
    )
    return await handler(request)


@web.middleware
async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal_reply(request, refusal)
    except web.HTTPNotFound:
        return unknown_address(request)
    except web.HTTPException as error:
        return refusal_reply(request, Refusal(error.status, error.reason))
    except ConnectionError:
        raise
    except Exception as error:
        request.app[STATE].failures.append(error)
        return refusal_reply(request, Refusal(500, f"the simulator itself failed: {error!r}"))


def _place(request: web.Request) -> str:
    name = request.match_info.route.name or "other"
    return name.partition(".")[0]
