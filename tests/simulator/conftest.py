"""A running simulator and a client for it, for every test of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gigachat_cli.simulator import Simulator

from .calling import Caller

Connect = Callable[[Simulator], Caller]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator() as running:
        yield running


@pytest.fixture
def connect() -> Iterator[Connect]:
    callers: list[Caller] = []

    def open_one(simulator: Simulator) -> Caller:
        callers.append(Caller(simulator))
        return callers[-1]

    yield open_one
    for caller in callers:
        caller.http.close()


@pytest.fixture
def caller(simulator: Simulator, connect: Connect) -> Caller:
    return connect(simulator)
