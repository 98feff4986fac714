"""When a failure is tried again, and after how long: exponential with jitter, or as long as the service says.

A repeat must not do twice, and be charged twice, what a person asked for once:

- No connection, or one that broke before the request had left whole: again.  Nothing was done.
- A refusal that may pass (408, 429, 5xx, a fault of the service under 422): again.  It says that nothing was done.
- A connection that broke after the request had left whole: again only what does and costs no more when it is asked
  twice (a GET, a login, what `wire.Request.idempotent` marks).  Any other may be done already, and charged.
- A reply that cannot be read, be it no HTTP, no JSON or no stream: never.  It was answered.
- Silence for the whole `timeout`: never.  The person has waited for it once.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeVar

from ..errors import ConnectionFailedError, GigaChatError, ProxyError, RateLimitError, ServiceError
from ..messages import Notice

T = TypeVar("T")

LONGEST_RETRY_AFTER = 60.0  # seconds; a service that wants more is not waited for
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 20.0


def may_pass(problem: Exception) -> bool:
    """Whether the same request may succeed a little later, and can be sent again without harm."""
    if not isinstance(problem, GigaChatError) or (problem.retry_after or 0.0) > LONGEST_RETRY_AFTER:
        return False
    if isinstance(problem, ServiceError):
        return problem.passing or (problem.status is not None and problem.status >= 500)
    if isinstance(problem, ConnectionFailedError):
        return not problem.maybe_done
    if isinstance(problem, ProxyError):
        return problem.may_pass
    return isinstance(problem, RateLimitError)


async def repeated(
    attempt: Callable[[], AsyncGenerator[T, None]], *, most: int, notify: Callable[[Notice], None]
) -> AsyncGenerator[T, None]:
    """What `attempt` yields; after a failure that may pass it is begun anew, at most `most` times.

    Never once anything was yielded: whoever has seen a part of an answer would see it twice, and pay twice.
    """
    begun = False
    try:
        async with aclosing(attempt()) as items:
            async for item in items:
                begun = True
                yield item
            return
    except GigaChatError as problem:
        if begun or most < 1 or not may_pass(problem):
            raise
        first = problem

    turns = 0

    def turn() -> str:
        nonlocal turns
        turns += 1
        return f" ({turns} of {most})" if most > 1 else ""

    def pause(problem: Exception) -> bool | float:
        if begun or not may_pass(problem):
            return False
        told = problem.retry_after if isinstance(problem, GigaChatError) else None
        if told is not None:
            notify(Notice("progress", f"{problem} Trying again in {told:.0f} s{turn()}."))
            return told
        notify(Notice("progress", f"{problem} Trying again{turn()}."))
        return True

    ours_alone = "stamina" not in sys.modules
    import stamina  # only a failure pays for it

    if ours_alone:
        # By default it logs each retry, with structlog to stdout, the answer's place.  A host's own choice stays.
        stamina.instrumentation.set_on_retry_hooks(())

    async for retry in stamina.retry_context(
        on=pause,
        attempts=most + 1,
        timeout=None,
        wait_initial=_FIRST_PAUSE,
        wait_max=_LONGEST_PAUSE,
        wait_jitter=_FIRST_PAUSE,
    ):
        with retry:
            if retry.num == 1:
                raise first  # stands for the attempt that was made before the library was needed
            async with aclosing(attempt()) as items:
                async for item in items:
                    begun = True
                    yield item
