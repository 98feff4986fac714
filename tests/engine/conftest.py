"""What the engine's tests share: retries without their pauses, and a model that need not be chosen."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigachat_cli.engine import retries


@pytest.fixture(autouse=True)
def named_model(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the question is asked, and not the list of models before it."""
    monkeypatch.setenv("GIGACHAT_MODEL", "GigaChat-2")


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often a request is repeated is tested; how long the pauses are is not waited for."""
    monkeypatch.setattr(retries, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(retries, "_LONGEST_PAUSE", 0.02)
