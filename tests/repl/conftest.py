"""A chat at a terminal, against the simulator."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gigachat_cli.simulator import Simulator

from ..e2e.conftest import Rules
from ..terminal import Chat


@pytest.fixture
def chat() -> Iterator[Callable[..., Chat]]:
    """Start `gigachat chat WORDS…` at a terminal: `evening = chat("-S", "name")`."""
    started: list[Chat] = []

    def start(*words: str, **named: Any) -> Chat:
        evening = Chat(*words, **named)
        started.append(evening)
        return evening

    yield start
    for evening in started:
        evening.close()


@pytest.fixture
def rules(simulator: Simulator) -> Rules:
    return Rules(simulator)
