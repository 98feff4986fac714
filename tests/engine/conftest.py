"""What the engine's tests share: retries without their pauses, and the recorded streams."""

from __future__ import annotations

import pytest

from gigachat_cli.engine import retries


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often a request is repeated is tested; how long the pauses are is not waited for."""
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(retries, "_LONGEST_PAUSE", 0.02)
