from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli import paths
from gigachat_cli.engine import GigaChat
from gigachat_cli.engine.auth import parse_token
from gigachat_cli.engine.token_cache import TokenCache
from gigachat_cli.engine.wire import Response
from gigachat_cli.errors import AuthenticationError, GigaChatError, KeyRefusedError, ServiceError
from gigachat_cli.keys import account_of_key, parse_key
from gigachat_cli.messages import Token
from gigachat_cli.simulator import Simulator

from ..conftest import Program, posix
from .asking import Notices, ask, chunks_of

HOLD = """
import asyncio, sys, time
from pathlib import Path
from gigachat_cli.engine.locks import hold_one
async def main():
    async with hold_one([Path(path) for path in sys.argv[1:]], patience=5):
        print("held", flush=True)
        time.sleep(60)
asyncio.run(main())
"""

FIFTY = """
import asyncio, os, sys
from gigachat_cli.engine import GigaChat
async def ask():
    async with GigaChat(max_retries=0) as giga:
        return (await giga.ask([{"role": "user", "content": "Hello"}])).text
begin, go = os.pipe()
children = []
for _ in range(50):
    child = os.fork()  # what is loaded already is not loaded fifty times
    if not child:
        os.close(go)
        os.read(begin, 1)
        try:
            os.write(1, f"{asyncio.run(ask())}\\n".encode())
        except BaseException as problem:
            os.write(2, f"{problem!r}\\n".encode())
        os._exit(0)
    children.append(child)
os.close(go)
sys.exit(sum(os.waitpid(child, 0)[1] for child in children))
"""


@contextmanager
def holder(*files: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds the first free one of these locks, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, *map(str, files)], stdout=subprocess.PIPE, env=Program.environment()
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def identity_of(simulator: Simulator) -> str:
    fingerprint = parse_key(simulator.credentials).fingerprint
    return account_of_key(fingerprint, scope="GIGACHAT_API_PERS", auth_url=simulator.auth_url)


def keep(simulator: Simulator, access_token: str, seconds: float) -> None:
    asyncio.run(TokenCache(paths.token_file()).put(identity_of(simulator), Token(access_token, time.time() + seconds)))


@posix
async def test_a_token_is_got_once_and_kept(simulator: Simulator) -> None:
    for _ in range(3):
        await ask()
    assert simulator.oauth_calls == 1
    assert paths.token_file().stat().st_mode & 0o777 == 0o600


@posix
def test_fifty_processes_at_once_log_in_once_and_all_answer(simulator: Simulator) -> None:
    simulator.answer = "Hello."
    done = subprocess.run(
        [sys.executable, "-c", FIFTY], capture_output=True, text=True, env=Program.environment(), timeout=50
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello.\n" * 50, "")
    assert simulator.oauth_calls == 1
    assert len(simulator.calls("chat")) == 50
    assert simulator.accounts.peak() == 1


@pytest.mark.parametrize(("seconds", "logins"), [(30, 1), (59, 1), (65, 0), (1800, 0)])
def test_a_token_is_renewed_when_less_than_a_minute_is_left(simulator: Simulator, seconds: float, logins: int) -> None:
    keep(simulator, simulator.access_token(), seconds)
    asyncio.run(ask())
    assert simulator.oauth_calls == logins


@pytest.mark.parametrize("unit", ["ms", "s"])
@pytest.mark.parametrize("form", ["access_token", "tok"])
async def test_both_forms_and_both_units_are_understood(simulator: Simulator, unit: Any, form: Any) -> None:
    simulator.expiry_unit = unit
    simulator.token_form = form
    await ask()
    await ask()
    assert simulator.oauth_calls == 1
    (entry,) = json.loads(paths.token_file().read_bytes())["tokens"].values()
    assert abs(entry["expires_at"] - time.time() - 1800) < 60


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"access_token":null,"expires_at":1}',
        b'{"access_token":7,"expires_at":1}',
        b'{"access_token":"a\\nb","expires_at":1}',
        '{"access_token":"токен","expires_at":1}'.encode(),
        b'{"access_token":"a","expires_at":"soon"}',
        b'{"access_token":"a","expires_at":{}}',
        b'{"access_token":"a","expires_at":1' + b"0" * 400 + b"}",
        b"<html>portal</html>",
        b"[" * 100_000,
    ],
)
def test_what_holds_no_token_is_refused(body: bytes) -> None:
    with pytest.raises(ServiceError, match="no access token"):
        parse_token(Response(200, {}, body), now=1.7e9)


async def test_a_refused_token_is_renewed_once_and_the_request_repeated_once(simulator: Simulator) -> None:
    simulator.answer = "Hello."
    await ask()
    simulator.accounts.forget()
    assert await ask() == "Hello."
    assert (simulator.oauth_calls, len(simulator.calls("chat"))) == (2, 3)


@pytest.mark.parametrize("stream", [True, False])
async def test_a_second_refusal_is_the_end(simulator: Simulator, stream: bool) -> None:
    simulator.faults.add("401", times=None)
    async with GigaChat() as giga:
        with pytest.raises(AuthenticationError) as caught:
            await chunks_of(giga, stream=stream)
    assert (caught.value.exit_code, caught.value.code, caught.value.status) == (3, "authentication", 401)
    assert caught.value.request_id
    assert (simulator.oauth_calls, len(simulator.calls("chat"))) == (2, 2)


async def test_a_newer_token_of_another_process_is_used_and_not_forgotten(simulator: Simulator) -> None:
    async with GigaChat() as giga:
        await chunks_of(giga)
        newer = simulator.access_token()
        await TokenCache(paths.token_file()).put(identity_of(simulator), Token(newer, time.time() + 1800))
        simulator.accounts.forget(simulator.calls("chat")[0].headers["Authorization"].split()[1])
        await chunks_of(giga)
    assert simulator.oauth_calls == 1
    assert simulator.calls("chat")[-1].headers["Authorization"] == f"Bearer {newer}"
    assert newer in paths.token_file().read_text()


async def test_forgetting_an_old_token_leaves_a_newer_one(home: Path) -> None:
    cache = TokenCache(home / "token.json")
    await cache.put("me", Token("newer", time.time() + 1800))
    await cache.forget("me", "older")
    assert cache.get("me") is not None
    await cache.forget("me", "newer")
    assert cache.get("me") is None


async def test_a_given_token_that_is_refused_is_not_renewed(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIGACHAT_ACCESS_TOKEN", "made-up-token")
    with pytest.raises(AuthenticationError) as caught:
        await ask()
    assert caught.value.hint
    assert "GIGACHAT_ACCESS_TOKEN" in caught.value.hint
    assert (simulator.oauth_calls, len(simulator.calls("chat"))) == (0, 1)


async def test_tokens_of_other_keys_scopes_and_addresses_live_side_by_side(simulator: Simulator) -> None:
    business = simulator.accounts.add_key("GIGACHAT_API_B2B")
    for _ in range(2):
        await ask()
        await ask(credentials=business, scope="GIGACHAT_API_B2B")
        await ask(auth_url=simulator.auth_url.replace("127.0.0.1", "localhost"))
    assert simulator.oauth_calls == 3
    content = paths.token_file().read_text()
    assert len(json.loads(content)["tokens"]) == 3
    assert simulator.credentials not in content
    assert business not in content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b"\xff\xfe\x00",
        b'{"tokens":[]}',
        b'{"tokens":null}',
        b'{"tokens":{"IDENTITY":null}}',
        b'{"tokens":{"IDENTITY":"token"}}',
        b'{"tokens":{"IDENTITY":{"access_token":null,"expires_at":9999999999}}}',
        b'{"tokens":{"IDENTITY":{"access_token":"a\\nX-Injected: 1","expires_at":9999999999}}}',
        b'{"tokens":{"IDENTITY":{"access_token":"a"}}}',
        b'{"tokens":{"IDENTITY":{"access_token":"a","expires_at":"never"}}}',
        b'{"tokens":{"IDENTITY":{"access_token":"a","expires_at":NaN}}}',
        b'{"tokens":{"IDENTITY":{"access_token":"a","expires_at":1' + b"0" * 400 + b"}}}",
        b'{"version":1,"tokens":{"IDENTITY":{"access_to',
        b"[" * 100_000,
    ],
)
async def test_a_broken_cache_heals_itself(simulator: Simulator, content: bytes) -> None:
    paths.write_private(paths.token_file(), content.replace(b"IDENTITY", identity_of(simulator).encode()))
    notices = Notices()
    await ask(notify=notices.append)
    await ask(notify=notices.append)
    assert simulator.oauth_calls == 1
    assert notices.texts("warning") == []
    assert list(json.loads(paths.token_file().read_bytes())["tokens"]) == [identity_of(simulator)]


def _config_dir_is_a_file(config: Path) -> None:
    config.write_text("")


def _token_file_is_a_folder(config: Path) -> None:
    (config / "token.json").mkdir(parents=True)


def _locks_is_a_file(config: Path) -> None:
    config.mkdir()
    (config / "locks").write_text("")


@pytest.mark.parametrize("spoil", [_config_dir_is_a_file, _token_file_is_a_folder, _locks_is_a_file])
def test_a_folder_that_cannot_be_written_costs_only_the_cache_and_one_line(
    simulator: Simulator, gigachat: Program, spoil: Any
) -> None:
    simulator.answer = "Hello."
    config = paths.config_dir()
    spoil(config)
    result = gigachat("ask", "hi")
    assert (result.out, result.code) == ("Hello.\n", 0)
    (line,) = result.err.splitlines()
    assert str(config) in line


@posix
def test_a_folder_of_the_system_that_nobody_can_write_costs_only_the_cache(
    simulator: Simulator, gigachat: Program
) -> None:
    if not Path("/proc/self").exists():
        pytest.skip("there is no /proc here")
    simulator.answer = "Hello."
    result = gigachat("ask", "hi", environment={"GIGACHAT_CONFIG_DIR": "/proc/gigachat"})
    assert (result.out, result.code, len(result.err.splitlines())) == ("Hello.\n", 0, 1)


async def test_a_refused_token_in_such_a_folder_is_told_of_once(simulator: Simulator) -> None:
    paths.config_dir().write_text("")
    notices = Notices()
    async with GigaChat(notify=notices.append) as giga:
        await chunks_of(giga)
        simulator.accounts.forget()
        await chunks_of(giga)
    assert len(notices.texts("warning")) == 1


@posix
def test_a_killed_holder_of_the_lock_frees_it(simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = "Hello."
    lock = TokenCache(paths.token_file()).lock_file(identity_of(simulator))
    with holder(lock) as process:
        waiting = gigachat.start("ask", "hi")
        time.sleep(0.5)
        assert simulator.oauth_calls == 0
        process.send_signal(signal.SIGKILL)
        assert waiting.communicate(timeout=20) == (b"Hello.\n", b"")
    assert simulator.oauth_calls == 1


@posix
def test_a_stopped_holder_of_the_lock_is_waited_for_only_so_long(simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = "Hello."
    cache = TokenCache(paths.token_file())
    with holder(cache.lock_file(identity_of(simulator))) as process:
        process.send_signal(signal.SIGSTOP)
        result = gigachat("ask", "hi", "--timeout", "1")
    assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)
    assert simulator.oauth_calls == 1
    assert cache.get(identity_of(simulator)) is not None


@posix
async def test_a_stopped_writer_of_the_cache_costs_one_line(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gigachat_cli.engine.kept_file._PATIENCE", 0.2)
    notices = Notices()
    with holder(paths.locks_dir() / "token-cache.lock") as process:
        process.send_signal(signal.SIGSTOP)
        async with GigaChat(notify=notices.append) as giga:
            await chunks_of(giga)
            simulator.accounts.forget()
            await chunks_of(giga)
    (line,) = notices.texts("warning")
    assert "held by another process" in line


@posix
async def test_a_login_needs_no_slot_of_the_account(simulator: Simulator) -> None:
    async with GigaChat() as giga:
        await chunks_of(giga)
        account = identity_of(simulator)[:16]
        simulator.faults.add("stall", after=0, times=None)
        with holder(paths.locks_dir() / f"slot-{account}-0.lock"):
            assert await giga.log_in() is not None
    assert simulator.oauth_calls == 2


async def test_a_refused_key_is_not_queued_for(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIGACHAT_CREDENTIALS", "bm90aGluZzpuaWNodHM=")
    with pytest.raises(KeyRefusedError):
        await ask()
    assert not list(paths.locks_dir().glob("slot-*"))
    assert simulator.calls("chat") == []


async def test_a_password_gives_a_token_that_is_cached(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIGACHAT_CREDENTIALS")
    monkeypatch.setenv("GIGACHAT_USER", "simulator")
    monkeypatch.setenv("GIGACHAT_PASSWORD", "simulated-password")
    monkeypatch.setenv("GIGACHAT_BASE_URL", simulator.old_base_url)
    await ask()
    await ask()
    assert (len(simulator.calls("token")), len(simulator.calls("oauth"))) == (1, 0)
    monkeypatch.setenv("GIGACHAT_USER", "../../no/such/folder")
    with pytest.raises(AuthenticationError) as caught:
        await ask()
    assert "../../no/such/folder" in caught.value.message
    assert "simulated-password" not in f"{caught.value} {caught.value.hint}"


async def test_a_host_without_a_login_by_password_says_so(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GIGACHAT_CREDENTIALS")
    monkeypatch.setenv("GIGACHAT_USER", "simulator")
    monkeypatch.setenv("GIGACHAT_PASSWORD", "simulated-password")
    with pytest.raises(ServiceError) as caught:
        await ask()
    assert "has no login by password" in caught.value.message
    assert "authorization key" in (caught.value.hint or "")


async def test_a_damaged_key_never_reaches_the_headers(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("a\x00b", "ключ", "a b\tc", "\x1b[31m"):
        monkeypatch.setenv("GIGACHAT_ACCESS_TOKEN", "")
        with pytest.raises(GigaChatError) as caught:
            await ask(credentials=key)
        assert caught.value.exit_code == 3


def test_many_writers_of_the_cache_lose_nothing(home: Path) -> None:
    path = home / "token.json"
    script = (
        "import asyncio, sys, time; from pathlib import Path; from gigachat_cli.messages import Token\n"
        "from gigachat_cli.engine.token_cache import TokenCache\n"
        "async def main():\n"
        "    for n in range(5):\n"
        "        token = Token(f'{sys.argv[2]}-{n}', time.time() + 900)\n"
        "        await TokenCache(Path(sys.argv[1])).put(token.access_token, token)\n"
        "asyncio.run(main())"
    )
    environment = {**Program.environment(), "GIGACHAT_CONFIG_DIR": str(home)}
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(path), str(number)], env=environment) for number in range(6)
    ]
    assert [process.wait(30) for process in running] == [0] * 6
    assert len(json.loads(path.read_bytes())["tokens"]) == 30
    assert [name for name in os.listdir(home) if name.startswith(".")] == []


async def test_tokens_that_have_ended_are_cleared_away(home: Path) -> None:
    cache = TokenCache(home / "token.json")
    await cache.put("old", Token("old", time.time() - 1))
    await cache.put("new", Token("new", time.time() + 900))
    assert list(json.loads((home / "token.json").read_bytes())["tokens"]) == ["new"]
