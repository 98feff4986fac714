"""Times: local, in one form for people and one for programs, and nothing for what is no time."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from gigachat_cli.moments import iso_time, shown_time
from gigachat_cli.simulator import Simulator

from .conftest import Program
from .e2e.conftest import at_terminal  # noqa: F401  # a fixture
from .terminal import Terminal

FOR_PEOPLE = r"20\d\d-\d\d-\d\d \d\d:\d\d"
FOR_PROGRAMS = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+03:00"


@pytest.fixture
def moscow(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine three hours ahead of UTC."""
    if sys.platform == "win32":
        pytest.skip("a process has the zone of the machine there")
    with monkeypatch.context() as there:
        there.setenv("TZ", "MSK-3")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("moscow")
def test_one_form_each() -> None:
    assert shown_time(1_800_000_000) == "2027-01-15 11:00"
    assert iso_time(1_800_000_000.9) == "2027-01-15T11:00:00+03:00"
    assert iso_time(0) == "1970-01-01T03:00:00+03:00"


@pytest.mark.parametrize("seconds", [None, float("nan"), float("inf"), 1e18, -1e18, 253_402_300_800.0])
def test_what_is_no_time_is_told_as_none(seconds: float | None) -> None:
    assert (shown_time(seconds), iso_time(seconds)) == ("", None)


@pytest.mark.usefixtures("moscow")
def test_every_command_tells_times_in_these_forms(
    gigachat: Program,
    simulator: Simulator,
    at_terminal: Callable[..., Terminal],  # noqa: F811  # the fixture
) -> None:
    assert gigachat("ask", "hi").code == 0
    simulator.files.add(simulator.credentials, b"letter", mime="text/plain", filename="letter.txt")
    for words, key in (
        (("history", "list"), "updated"),
        (("history", "show", "last"), "created"),
        (("files", "list"), "created"),
        (("auth", "status"), "token_ends"),
    ):
        found = json.loads(gigachat(*words, "--json").out)
        row = found[0] if isinstance(found, list) else found
        assert re.fullmatch(FOR_PROGRAMS, row[key]), words
        if words[1] != "show":
            assert re.search(rf"\t{FOR_PROGRAMS}(\t|\n|$)", gigachat(*words).out), words
        screen = at_terminal(*words)
        assert screen.ended() == 0
        assert re.search(FOR_PEOPLE, screen.text), words
        assert not re.search(r"\d\dT\d\d|\+03:?00", screen.text), words
