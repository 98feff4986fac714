"""`doctor` names the failing step and the next one, and never advises to turn verification off."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Options, Simulator, key_for

from ..conftest import Program, Result, use
from ..terminal import Terminal
from .conftest import Rules

STEPS = ["settings", "config folder", "data folder", "key", "API TCP", "API TLS", "clock", "login", "model"]


def checked(result: Result) -> dict[str, tuple[str, str, str]]:
    """Each step with its state, message and hint; the rule on verification is held."""
    rows = [line.split("\t") for line in result.out.splitlines()]
    assert all(len(row) == 4 for row in rows), result.out
    for state, _, _, hint in rows:
        assert state in ("ok", "warning", "failure")
        assert (state == "ok") == (not hint) or state == "warning"
        assert "verify" not in hint or "Unset verify_ssl_certs" in hint
        assert "VERIFY" not in hint
    return {step: (state, message, hint) for state, step, message, hint in rows}


def only_failure(result: Result) -> tuple[str, str, str]:
    """The one step that failed, with its message and hint."""
    ((step, (_, message, hint)),) = [each for each in checked(result).items() if each[1][0] == "failure"]
    return step, message, hint


def test_all_is_well(gigachat: Program, simulator: Simulator, rules: Rules) -> None:
    result = gigachat("doctor")
    assert (result.err, result.code) == ("", 0)
    found = checked(result)
    assert list(found) == STEPS
    assert {state for state, _, _ in found.values()} == {"ok"}
    assert "ends in GigaChat simulator" in found["API TLS"][1]
    assert found["key"][1].endswith("from GIGACHAT_CREDENTIALS")
    rules.hold(result)


def test_json_has_the_same_steps(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("doctor", "--json", "-m", "GigaChat-9")
    rows = json.loads(result.out)
    assert [row["step"] for row in rows] == STEPS
    assert [set(row) for row in rows] == [{"step", "state", "message", "hint"}] * len(STEPS)
    assert (rows[-1]["state"], result.err, result.code) == ("failure", "", 1)


def test_a_terminal_gets_marks(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    screen = at_terminal("doctor", "-m", "GigaChat-9", columns=120)
    assert screen.ended() == 1
    lines = screen.filled_lines
    assert lines[0].startswith("✓ settings: ")
    (place,) = (at for at, line in enumerate(lines) if line.startswith("✗ "))
    assert lines[place] == "✗ model: GigaChat-9 is not on offer (--model names it)"
    assert lines[place + 1].startswith("  Did you mean GigaChat-2? Your account has GigaChat-2, ")


def test_a_bad_config_file_is_the_first_step(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "config").mkdir(mode=0o700)
    (home / "config" / "config.toml").write_text("modle = 'x'\n")
    result = gigachat("doctor")
    step, message, hint = only_failure(result)
    assert (step, hint, result.code) == ("settings", "Did you mean model?", 2)
    assert "config.toml: modle is not a setting." in message
    assert list(checked(result)) == ["settings"]


def test_no_key_is_named_and_the_way_is_checked_all_the_same(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("doctor", environment={"GIGACHAT_CREDENTIALS": None})
    step, _, hint = only_failure(result)
    assert (step, result.code) == ("key", 3)
    assert "gigachat auth login" in hint
    assert checked(result)["API TLS"][0] == "ok"
    assert simulator.calls("oauth") == []


@pytest.mark.parametrize(
    ("key", "told"), [("abc", "not Base64"), (key_for("GIGACHAT_API_B2B"), "Try another scope with --scope")]
)
def test_a_refused_key_or_scope_is_the_login_step(gigachat: Program, simulator: Simulator, key: str, told: str) -> None:
    result = gigachat("doctor", environment={"GIGACHAT_CREDENTIALS": key})
    step, _, hint = only_failure(result)
    assert (step, result.code) == ("login", 3)
    assert told in hint


def test_an_unknown_host_is_a_dns_failure(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("doctor", "--base-url", "https://host.invalid/v1")
    step, message, _ = only_failure(result)
    assert (step, message, result.code) == ("API DNS", "host.invalid was not found", 4)
    assert checked(result)["login TCP"][0] == "ok"


def test_a_closed_port_is_a_tcp_failure_that_names_host_and_port(gigachat: Program, simulator: Simulator) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{closed.getsockname()[1]}"
        result = gigachat("doctor", "--base-url", f"https://{place}/v1")
        step, message, hint = only_failure(result)
        assert (step, result.code) == ("API TCP", 4)
        assert message.startswith(f"{place} did not open: ")
        assert place.partition(":")[2] in hint
        result = gigachat("doctor", "--proxy", f"http://user:pass-word@{place}")
        assert result.code == 4
        found = checked(result)
        assert found["API proxy"][1] == f"through http://user:***@{place}"
        told = f"the proxy http://user:***@{place} did not open: {message.partition('open: ')[2]}"
        assert found["API TCP"][:2] == ("failure", told)
        assert "pass-word" not in result.out


@pytest.mark.parametrize("kind", ["expired", "other-host", "other-authority"])
def test_an_unproved_server_is_a_tls_failure_and_gets_no_secret(
    gigachat: Program, home: Path, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    with Simulator(Options(certificate=kind)) as running:
        use(running, home, monkeypatch)
        result = gigachat("doctor")
        step, message, hint = only_failure(result)
        assert (step, result.code) == ("API TLS", 4)
        assert "could not prove who it is" in message
        assert ("GIGACHAT_CA_BUNDLE_FILE" in hint) is (kind == "other-authority")
        assert running.calls("oauth") == []


@pytest.mark.parametrize(
    ("offset", "told"),
    [
        (-90.0, "2 minutes ahead of the server's"),
        (-180.0, "3 minutes ahead of the server's"),
        (600.0, "10 minutes behind the server's"),
        (-3 * 3600.0, "3 hours ahead of the server's"),
        (40 * 86400.0, "40 days behind the server's"),
    ],
)
def test_a_wrong_clock_is_a_warning(gigachat: Program, simulator: Simulator, offset: float, told: str) -> None:
    simulator.clock_offset = offset
    result = gigachat("doctor")
    state, message, hint = checked(result)["clock"]
    assert (state, result.code) == ("warning", 0)
    here, there = r"(\d{4}-\d\d-\d\d \d\d:\d\d) here", r"(\d{4}-\d\d-\d\d \d\d:\d\d) there"
    found = re.fullmatch(rf"{re.escape(told)} \({here}, {there}\)", message)
    assert found, message
    assert found[1] != found[2]
    assert "clock" in hint


def test_verification_that_is_off_is_a_warning(gigachat: Program, simulator: Simulator) -> None:
    result = gigachat("doctor", environment={"GIGACHAT_VERIFY_SSL_CERTS": "false"})
    found = checked(result)
    assert (found["verification"][0], found["API TLS"][0]) == ("warning", "warning")
    assert "Unset verify_ssl_certs" in found["verification"][2]


def test_loose_modes_are_a_warning_with_the_command_that_closes_them(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    data = home / "data"
    data.mkdir(mode=0o755)
    (data / "notes").write_text("")
    (data / "notes").chmod(0o644)
    state, message, hint = checked(gigachat("doctor"))["data folder"]
    assert (state, hint) == ("warning", f"Run: chmod -R go= '{data}'")
    assert str(data / "notes") in message


def test_a_failing_service_is_named_by_its_step(gigachat: Program, simulator: Simulator) -> None:
    simulator.faults.add("503", at="models", times=None)
    result = gigachat("doctor", environment={"GIGACHAT_MAX_RETRIES": "0"})
    step, message, _ = only_failure(result)
    assert (step, result.code) == ("model", 1)
    assert "HTTP 503" in message


def test_a_terminal_breaks_lines_between_words(simulator: Simulator, at_terminal: Callable[..., Terminal]) -> None:
    screen = at_terminal("doctor", "--base-url", "https://a-host-that-is-not-there.invalid/v1", columns=44)
    assert screen.ended() == 4
    lines = screen.filled_lines
    place = lines.index("✗ API DNS: a-host-that-is-not-there.invalid")
    assert lines[place + 1 : place + 4] == [
        "  was not found",
        "  Check the network, the VPN and the DNS",
        "  settings.",
    ]


@pytest.mark.parametrize("lines", [1, 2, 4, 6])
def test_a_reader_that_leaves_early_hears_of_no_step_that_was_not_made(
    gigachat: Program, simulator: Simulator, lines: int
) -> None:
    program = " ".join(gigachat.arguments)
    done = subprocess.run(
        ["bash", "-c", f"{program} doctor | head -{lines}"],
        env=gigachat.environment({"PYTHONWARNINGS": "default"}),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.stderr, len(done.stdout.splitlines())) == ("", lines)
