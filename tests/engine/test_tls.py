from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme

from gigachat_cli import paths
from gigachat_cli.engine import GigaChat, tls
from gigachat_cli.engine.tls import Trust, is_gigachat_host, is_root_certificate, root_certificate
from gigachat_cli.errors import ConfigError, NetworkError, TLSError
from gigachat_cli.settings import VERIFICATION_OFF
from gigachat_cli.simulator import Options, Simulator

from ..conftest import ROOT, Program, posix, use
from ..proxy import Proxy
from .asking import Notices, ask, chunks_of

GIGACHAT_HOSTS = ("api.giga.chat", "ngw.devices.sberbank.ru")


@contextmanager
def simulator_for(authority: trustme.CA, *hosts: str) -> Iterator[Simulator]:
    """A simulator that proves itself as these hosts, by this authority."""

    def context(certificate: str, *, require_client_certificate: bool) -> ssl.SSLContext:
        served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*hosts).configure_cert(served)
        return served

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gigachat_cli.simulator.server.server_context", context)
        with Simulator(answer="Hello.") as running:
            yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture
def system_store(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's store, which holds `authority` and no other."""
    path = tmp_path / "system.pem"
    path.write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return path


@pytest.fixture
def empty_system_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))


@pytest.mark.parametrize("certificate", ["expired", "other-host", "other-authority"])
@pytest.mark.parametrize("with_token", [False, True])
async def test_an_unproved_peer_gets_no_request_at_all(
    home: Path, monkeypatch: pytest.MonkeyPatch, certificate: Any, with_token: bool
) -> None:
    with Simulator(Options(certificate=certificate)) as simulator:
        use(simulator, home, monkeypatch)
        if with_token:  # then the chat request is the first one that goes out
            monkeypatch.setenv("GIGACHAT_ACCESS_TOKEN", simulator.access_token())
        with pytest.raises(TLSError) as caught:
            await ask()
        assert simulator.requests == []
    assert (caught.value.exit_code, caught.value.code) == (4, "tls")
    assert "127.0.0.1" in caught.value.message
    assert caught.value.hint
    assert "verify" not in caught.value.hint.lower()


def test_the_program_refuses_an_unproved_peer_with_4(
    home: Path, monkeypatch: pytest.MonkeyPatch, gigachat: Program
) -> None:
    with Simulator(Options(certificate="expired")) as simulator:
        use(simulator, home, monkeypatch)
        result = gigachat("ask", "hi")
        assert (result.out, result.code) == ("", 4)
        assert "expired" in result.err
        assert simulator.requests == []


async def test_a_gigachat_host_is_proved_by_the_root_alone(
    authority: trustme.CA, empty_system_store: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "root_certificate", lambda notify: authority.cert_pem.bytes().decode())
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda *given: pytest.fail("the store was read"))
    with simulator_for(authority, *GIGACHAT_HOSTS) as simulator, Proxy(simulator.port) as proxy:
        assert await ask(credentials=simulator.credentials, proxy=proxy.url) == "Hello."
    assert proxy.asked_for == ["ngw.devices.sberbank.ru:9443", "api.giga.chat:443"]


async def test_a_gigachat_host_is_proved_by_the_system_when_the_root_does_not(
    authority: trustme.CA, system_store: Path
) -> None:
    with simulator_for(authority, *GIGACHAT_HOSTS) as simulator, Proxy(simulator.port) as proxy:
        async with GigaChat(credentials=simulator.credentials, proxy=proxy.url) as giga:
            for _ in range(2):
                assert "".join(each.text for each in await chunks_of(giga)) == "Hello."
    hosts = ["ngw.devices.sberbank.ru:9443"] * 2 + ["api.giga.chat:443"] * 2
    assert proxy.asked_for == hosts  # each is tried with the root alone once, and never again


async def test_a_gigachat_host_that_neither_proves_gets_nothing(
    authority: trustme.CA, empty_system_store: None
) -> None:
    with simulator_for(authority, *GIGACHAT_HOSTS) as simulator, Proxy(simulator.port) as proxy:
        with pytest.raises(TLSError) as caught:
            await ask(credentials=simulator.credentials, proxy=proxy.url)
        assert simulator.requests == []
    assert caught.value.hint
    assert "GIGACHAT_CA_BUNDLE_FILE" in caught.value.hint


async def test_the_root_is_never_trusted_for_another_host(
    authority: trustme.CA, empty_system_store: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "root_certificate", lambda notify: authority.cert_pem.bytes().decode())
    with simulator_for(authority, "localhost") as simulator:
        with pytest.raises(TLSError):
            await ask(
                credentials=simulator.credentials,
                auth_url=f"https://localhost:{simulator.port}/api/v2/oauth",
                base_url=f"https://localhost:{simulator.port}/v1",
            )
        assert simulator.requests == []


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("api.giga.chat", True),
        ("GIGA.CHAT", True),
        ("api.giga.chat.", True),
        ("ngw.devices.sberbank.ru", True),
        ("evilgiga.chat", False),
        ("giga.chat.example.org", False),
        ("sberbank.ru.example.org", False),
        ("notsberbank.ru", False),
        ("example.org", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_the_root_speaks_for_gigachat_hosts_alone(host: str, ours: bool) -> None:
    assert is_gigachat_host(host) is ours
    subjects = {
        name["subject"] for name in Trust(verify=True).context(host, with_client_certificate=False).get_ca_certs()
    }
    trusted = any("Russian Trusted Root CA" in str(subject) for subject in subjects)
    assert trusted is ours


@posix
def test_the_root_is_written_and_checked_and_written_anew() -> None:
    path = paths.root_certificate_file()
    shipped = root_certificate()
    assert is_root_certificate(shipped)
    assert path.read_text() == shipped
    assert path.stat().st_mode & 0o777 == 0o600
    for spoiled in (
        trustme.CA(key_type=trustme.KeyType.ECDSA).cert_pem.bytes(),
        b"",
        b"\xff\x00",
        shipped.encode()[:500],
        shipped.replace("A", "B", 1).encode(),
        shipped.encode() + trustme.CA(key_type=trustme.KeyType.ECDSA).cert_pem.bytes(),
    ):
        path.write_bytes(spoiled)
        assert root_certificate() == shipped
        assert path.read_text() == shipped


def test_a_root_that_cannot_be_written_is_trusted_all_the_same(home: Path) -> None:
    paths.config_dir().parent.mkdir(parents=True, exist_ok=True)
    paths.config_dir().write_text("")
    notices = Notices()
    assert is_root_certificate(root_certificate(notices.append))
    assert len(notices.texts("warning")) == 1


async def test_a_bundle_replaces_root_and_system(authority: trustme.CA, system_store: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(trustme.CA(key_type=trustme.KeyType.ECDSA).cert_pem.bytes())
    with simulator_for(authority, *GIGACHAT_HOSTS) as simulator, Proxy(simulator.port) as proxy:
        with pytest.raises(TLSError):
            await ask(credentials=simulator.credentials, proxy=proxy.url, ca_bundle_file=str(other))
        assert simulator.requests == []
        assert len(proxy.asked_for) == 1


def _der(pem: bytes) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.decode())


def _with_comments(pem: bytes) -> bytes:
    return "# Удостоверяющий центр, Főtanúsítvány\n".encode() + pem + "# конец\n".encode() + pem


@pytest.mark.parametrize("form", [bytes, _der, _with_comments])
async def test_a_bundle_may_be_pem_or_der(simulator: Simulator, tmp_path: Path, form: Any) -> None:
    simulator.answer = "Hello."
    bundle = tmp_path / "bundle"
    bundle.write_bytes(form(simulator.ca_file.read_bytes()))
    assert await ask(ca_bundle_file=bundle) == "Hello."


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"\x30\x82\x00", b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"]
)
async def test_a_bundle_without_a_certificate_is_a_usage_error(
    simulator: Simulator, tmp_path: Path, content: bytes
) -> None:
    bundle = tmp_path / "bundle"
    bundle.write_bytes(content)
    with pytest.raises(ConfigError, match=r"bundle holds no usable certificate") as caught:
        await ask(ca_bundle_file=bundle)
    assert caught.value.exit_code == 2
    assert simulator.requests == []


async def test_a_bundle_that_cannot_be_read_is_a_usage_error(simulator: Simulator, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(ConfigError, match="could not be read"):
            await ask(ca_bundle_file=path)
    assert simulator.requests == []


async def test_a_client_certificate_is_all_the_authorization_there_is(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(Options(require_client_certificate=True), answer="Hello.") as simulator:
        use(simulator, home, monkeypatch)
        assert await ask() == "Hello."
        assert simulator.oauth_calls == 0
        assert "Authorization" not in simulator.calls("chat")[0].headers
        monkeypatch.delenv("GIGACHAT_CERT_FILE")
        monkeypatch.setenv("GIGACHAT_ACCESS_TOKEN", "token")
        with pytest.raises(NetworkError):
            await ask(max_retries=0)
        assert len(simulator.requests) == 1


def test_a_missing_or_wrong_password_of_the_key_asks_nobody(
    home: Path, monkeypatch: pytest.MonkeyPatch, gigachat: Program
) -> None:
    from cryptography.hazmat.primitives import serialization

    with Simulator(Options(require_client_certificate=True), answer="Hello.") as simulator:
        use(simulator, home, monkeypatch)
        key = serialization.load_pem_private_key(simulator.client_key_file.read_bytes(), None)
        encrypted = home / "client.key"
        encrypted.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.BestAvailableEncryption(b"open sesame"),
            )
        )
        monkeypatch.setenv("GIGACHAT_KEY_FILE", str(encrypted))
        for password in (None, "wrong"):
            result = gigachat("ask", "hi", environment={"GIGACHAT_KEY_FILE_PASSWORD": password}, timeout=10)
            assert (result.out, result.code) == ("", 2)
            assert "GIGACHAT_KEY_FILE_PASSWORD" in result.err
            assert "pass phrase" not in result.err
            assert "_ssl.c" not in result.err
        assert simulator.requests == []
        result = gigachat("ask", "hi", environment={"GIGACHAT_KEY_FILE_PASSWORD": "open sesame"})
        assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)


async def test_a_client_certificate_that_is_not_there_is_named(simulator: Simulator, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        await ask(cert_file=tmp_path / "none.pem", access_token="token")
    assert simulator.calls("chat") == []


@pytest.mark.parametrize("value", ["false", "0", "no", "OFF"])
async def test_verification_is_off_for_an_explicit_false_with_a_warning(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    with Simulator(Options(certificate="other-host"), answer="Hello.") as simulator:
        use(simulator, home, monkeypatch)
        monkeypatch.setenv("GIGACHAT_VERIFY_SSL_CERTS", value)
        for _ in range(2):
            notices = Notices()
            assert await ask(notify=notices.append) == "Hello."
            assert notices.texts("alarm") == [VERIFICATION_OFF]


@pytest.mark.parametrize("value", ["flase", "2", "none", "disabled", "n"])
def test_a_doubtful_value_does_not_turn_verification_off(
    home: Path, monkeypatch: pytest.MonkeyPatch, gigachat: Program, value: str
) -> None:
    with Simulator(Options(certificate="other-host")) as simulator:
        use(simulator, home, monkeypatch)
        result = gigachat("ask", "hi", environment={"GIGACHAT_VERIFY_SSL_CERTS": value})
        assert (result.out, result.code) == ("", 2)
        assert "GIGACHAT_VERIFY_SSL_CERTS" in result.err
        assert simulator.requests == []


@pytest.mark.parametrize("value", ["", "  ", "true", "yes"])
async def test_a_blank_or_true_value_leaves_verification_on(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    with Simulator(Options(certificate="other-host")) as simulator:
        use(simulator, home, monkeypatch)
        monkeypatch.setenv("GIGACHAT_VERIFY_SSL_CERTS", value)
        with pytest.raises(TLSError):
            await ask()


def test_the_program_warns_each_run_that_verification_is_off(simulator: Simulator, gigachat: Program) -> None:
    simulator.answer = "Hello."
    for _ in range(2):
        result = gigachat("ask", "hi", environment={"GIGACHAT_VERIFY_SSL_CERTS": "false"})
        assert (result.out, result.err, result.code) == ("Hello.\n", f"gigachat: {VERIFICATION_OFF}\n", 0)


STORE = """
import ssl
built = ssl.create_default_context
from gigachat_cli import ca_store
ca_store.defer_for_aiohttp()
ca_store.defer_for_aiohttp()
import aiohttp.connector
verified, unverified = aiohttp.connector._SSL_CONTEXT_VERIFIED, aiohttp.connector._SSL_CONTEXT_UNVERIFIED
assert ssl.create_default_context is built
assert "set_default_verify_paths" not in vars(ssl.SSLContext)
assert (verified.verify_mode, verified.check_hostname) == (ssl.CERT_REQUIRED, True)
assert unverified.verify_mode == ssl.CERT_NONE
assert verified.get_ca_certs() == []
verified.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="localhost")
proper = ssl.create_default_context()
assert verified.get_ca_certs() == proper.get_ca_certs() != []
assert (verified.verify_mode, verified.check_hostname) == (proper.verify_mode, proper.check_hostname)

def load():
    assert ssl.create_default_context is not built
    assert len(ssl.create_default_context().get_ca_certs()) == 1  # somebody else's call
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_default_verify_paths()
    assert len(context.get_ca_certs()) == 1
ca_store._with_deferred_store(load)
print("held")
"""


@posix
def test_the_programs_start_defers_aiohttps_store_and_nobody_elses(system_store: Path) -> None:
    done = subprocess.run([sys.executable, "-c", STORE], capture_output=True, text=True, env=Program.environment())
    assert done.stdout == "held\n", done.stderr


LIBRARY = """
import ssl
seen = []
built = ssl.create_default_context
def counted(*given, **named):
    seen.append(built(*given, **named))
    return seen[-1]
ssl.create_default_context = counted
import gigachat_cli.engine
import aiohttp.connector, sys
assert ssl.create_default_context is counted
assert aiohttp.connector._SSL_CONTEXT_VERIFIED is seen[0]
assert type(seen[0]) is ssl.SSLContext
assert len(seen[0].get_ca_certs()) == 1
assert not any(type(each).__module__.startswith("gigachat_cli") for each in sys.meta_path)
print("untouched")
"""


@posix
def test_the_engine_as_a_library_leaves_ssl_and_aiohttp_alone(system_store: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIBRARY], capture_output=True, text=True, env=Program.environment())
    assert done.stdout == "untouched\n", done.stderr


OWN_CONTEXT = """
import asyncio, sys
from gigachat_cli.ca_store import defer_for_aiohttp
defer_for_aiohttp()
import gigachat_cli.engine
import aiohttp
async def main():
    async with aiohttp.ClientSession() as session:
        for url in sys.argv[1:]:
            try:
                async with session.get(url) as response:
                    print(response.status)
            except aiohttp.ClientError as problem:
                print(type(problem).__name__)
asyncio.run(main())
"""


def test_aiohttps_own_contexts_prove_their_peers(
    authority: trustme.CA, system_store: Path, simulator: Simulator
) -> None:
    with simulator_for(authority, "127.0.0.1") as trusted:
        urls = [f"{trusted.base_url}/models", f"{simulator.base_url}/models"]
        done = subprocess.run(
            [sys.executable, "-c", OWN_CONTEXT, *urls], capture_output=True, text=True, env=Program.environment()
        )
    assert done.stdout.split() == ["401", "ClientConnectorCertificateError"], done.stderr
    assert simulator.requests == []


COUNT_LOADS = """
import json, ssl, sys
loads = []
for name in ("load_default_certs", "set_default_verify_paths", "load_verify_locations"):
    def counted(self, *given, _kept=getattr(ssl.SSLContext, name), _name=name, **named):
        loads.append(_name)
        return _kept(self, *given, **named)
    setattr(ssl.SSLContext, name, counted)
del ssl.SSLContext.set_default_verify_paths
from gigachat_cli.__main__ import run
code = run(["ask", "hi"])
print(json.dumps([code, loads]))
"""


def test_the_systems_store_is_not_read_when_it_is_not_needed(simulator: Simulator) -> None:
    simulator.answer = "Hello."
    done = subprocess.run(
        [sys.executable, "-c", COUNT_LOADS],
        capture_output=True,
        env=Program.environment(),
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        timeout=30,
    )
    answer, counted = done.stdout.decode().splitlines()
    assert (answer, json.loads(counted), done.stderr) == ("Hello.", [0, ["load_verify_locations"]], b"")


def test_the_shipped_certificate_is_the_known_one() -> None:
    shipped = (ROOT / "gigachat_cli" / "engine" / "russian_trusted_root_ca.pem").read_text()
    assert is_root_certificate(shipped)
    assert tls.ROOT_SHA256 == "d26d2d0231b7c39f92cc738512ba54103519e4405d68b5bd703e9788ca8ecf31"
    assert not os.environ.get("SSL_CERT_FILE")
