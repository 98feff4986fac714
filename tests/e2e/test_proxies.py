"""Proxies through the front door: every way in, every fault with the proxy's name, and never the API's."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.authority import server_context

from ..conftest import Program, Result
from ..proxy import Proxy, SocksProxy
from ..raw import RawServer, read_request, reset, response

CYRILLIC = ("Вася", "пар:оль")
RAW = ":".join(CYRILLIC) + "@"
PERCENTS = ":".join(map(quote, CYRILLIC)) + "@"
NO_EXCEPTIONS = {"NO_PROXY": "", "no_proxy": ""}
"""The tests' own environment excepts this machine."""


def asked(gigachat: Program, way: str, url: str, home: Path) -> Result:
    """`ask` with a proxy that is given in one of the ways there are."""
    if way.startswith("--"):
        return gigachat("ask", "hi", way, url)
    if way == "config.toml":
        (home / "config").mkdir(mode=0o700, exist_ok=True)
        (home / "config" / "config.toml").write_text(f"proxy = '{url}'\n", "utf-8")
        return gigachat("ask", "hi")
    return gigachat("ask", "hi", environment={way: url, **NO_EXCEPTIONS})


@pytest.mark.parametrize("login", [RAW, PERCENTS], ids=["raw", "percents"])
@pytest.mark.parametrize("way", ["HTTPS_PROXY", "ALL_PROXY", "GIGACHAT_PROXY", "--proxy", "config.toml"])
def test_a_login_in_cyrillic_is_sent_as_utf_8(
    gigachat: Program, simulator: Simulator, home: Path, way: str, login: str
) -> None:
    simulator.answer = "Hello."
    with Proxy(simulator.port, user_and_password=":".join(CYRILLIC)) as proxy:
        result = asked(gigachat, way, proxy.url.replace("//", f"//{login}"), home)
        assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)
        assert proxy.asked_for == [f"127.0.0.1:{simulator.port}"]


@pytest.mark.parametrize("login", [RAW, PERCENTS], ids=["raw", "percents"])
@pytest.mark.parametrize("way", ["HTTPS_PROXY", "GIGACHAT_PROXY", "--proxy", "config.toml"])
def test_socks_takes_a_login_in_cyrillic_too(
    gigachat: Program, simulator: Simulator, home: Path, way: str, login: str
) -> None:
    simulator.answer = "Hello."
    with SocksProxy(simulator.port, login=CYRILLIC) as proxy:
        result = asked(gigachat, way, proxy.url("socks5", login), home)
        assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)
        assert proxy.users == [CYRILLIC[0].encode()]


@pytest.mark.parametrize(
    ("scheme", "names"),
    [("socks5h", True), ("socks", True), ("socks5", False), ("socks4a", True), ("socks4", False)],
)
def test_socks_looks_names_up_there_or_here(gigachat: Program, simulator: Simulator, scheme: str, names: bool) -> None:
    simulator.answer = "Hello."
    place = f"https://localhost:{simulator.port}"
    changes = {"GIGACHAT_BASE_URL": f"{place}/v1", "GIGACHAT_AUTH_URL": f"{place}/api/v2/oauth"}
    with SocksProxy(simulator.port) as proxy:
        result = gigachat("ask", "hi", "--proxy", proxy.url(scheme), environment=changes)
        assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)
        (host,) = {each.rpartition(":")[0] for each in proxy.asked_for}
        assert host in (["localhost"] if names else ["127.0.0.1", "::1"])


def test_an_https_proxy_is_proved_by_itself(gigachat: Program, simulator: Simulator) -> None:
    simulator.answer = "Hello."
    tls = server_context("good", require_client_certificate=False)
    with Proxy(simulator.port, user_and_password="me:secret", tls=tls) as proxy:
        result = gigachat("ask", "hi", "--proxy", proxy.url.replace("//", "//me:secret@"))
        assert (result.out, result.err, result.code) == ("Hello.\n", "", 0)
        assert proxy.asked_for == [f"127.0.0.1:{simulator.port}"]


@pytest.mark.parametrize(
    ("exceptions", "through"),
    [("127.0.0.1:{port}", False), ("127.0.0.1:1,127.0.0.0/30,", False), ("127.0.0.1:1 *.0.1:2", True), (" ,", True)],
)
def test_no_proxy_goes_round_it(gigachat: Program, simulator: Simulator, exceptions: str, through: bool) -> None:
    with Proxy(simulator.port) as proxy:
        environment = {"HTTPS_PROXY": proxy.url, "no_proxy": None, "NO_PROXY": exceptions.format(port=simulator.port)}
        assert gigachat("ask", "hi", environment=environment).code == 0
        assert bool(proxy.asked_for) is through


def test_a_blank_variable_hides_no_other(gigachat: Program, simulator: Simulator) -> None:
    with Proxy(simulator.port) as proxy:
        environment = {"https_proxy": "", "HTTPS_PROXY": "  ", "ALL_PROXY": proxy.url, **NO_EXCEPTIONS}
        assert gigachat("ask", "hi", environment=environment).code == 0
        assert proxy.asked_for
        environment["ALL_PROXY"] = ""
        assert gigachat("ask", "hi", environment=environment).code == 0
        assert len(proxy.asked_for) == 1


def test_http_on_this_machine_takes_no_proxy(gigachat: Program, simulator: Simulator) -> None:
    """A proxy would read the key: no request in the clear goes to one, however it was set."""
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(response("200 OK", b'{"data": []}', Content_Type="application/json"))

    with RawServer(answer) as server, Proxy(server.port) as proxy:
        environment = {
            "GIGACHAT_BASE_URL": f"http://127.0.0.1:{server.port}/v1",
            "GIGACHAT_AUTH_URL": f"http://127.0.0.1:{server.port}/oauth",
            "GIGACHAT_ACCESS_TOKEN": "t0ken",
            "GIGACHAT_PROXY": proxy.url,
            "HTTP_PROXY": proxy.url,
            "http_proxy": proxy.url,
            **NO_EXCEPTIONS,
        }
        assert gigachat("models", "--json", environment=environment).code == 0
        assert (len(seen), proxy.connections) == (1, 0)
        found = rows(gigachat("doctor", environment=environment))
        assert proxy.connections == 0
        assert not [step for step in found if "proxy" in step]


def rows(result: Result) -> dict[str, tuple[str, str, str]]:
    """What `doctor` said: each step with its state, message and hint."""
    lines = [line.split("\t") for line in result.out.splitlines()]
    return {step: (state, message, hint) for state, step, message, hint in lines}


@contextmanager
def closed() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    yield f"http://me:s3cret@127.0.0.1:{port}"


@contextmanager
def unknown() -> Iterator[str]:
    yield "http://me:s3cret@proxy.invalid:3128"


@contextmanager
def plain(own: str = "me:s3cret@", **named: object) -> Iterator[str]:
    with Proxy(1, **named) as proxy:  # type: ignore[arg-type]  # each test gives what the class takes
        yield proxy.url.replace("//", f"//{own}")


@contextmanager
def socks(own: str = "me:s3cret@", **named: object) -> Iterator[str]:
    with SocksProxy(1, **named) as proxy:  # type: ignore[arg-type]  # likewise
        yield proxy.url("socks5h", own)


@contextmanager
def says(
    sent: bytes, *, scheme: str = "http", end: Callable[[socket.socket], None] = socket.socket.close
) -> Iterator[str]:
    """A proxy that answers with these bytes, and hangs up."""

    def answer(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(sent)
        end(connection)

    with RawServer(answer) as server:
        yield f"{scheme}://me:s3cret@127.0.0.1:{server.port}"


def babble(connection: socket.socket) -> None:
    """Answer TLS with something else."""
    connection.recv(65536)
    connection.sendall(b"garbage" * 10)
    connection.close()


@contextmanager
def silent(scheme: str = "http") -> Iterator[str]:
    with says(b"", scheme=scheme, end=lambda connection: time.sleep(3)) as url:
        yield url


def secure(kind: str) -> AbstractContextManager[str]:
    return plain(tls=server_context(kind, require_client_certificate=False))


OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"
WEB = b"HTTP/1.1 400 What\r\n\r\n"
ASKS = "asks for a user and a password"
NO_HTTP, NO_SOCKS = (f"answered with something that is not {what}" for what in ("HTTP", "SOCKS"))
NTLM = response("407 Login", Proxy_Authenticate="NTLM")

FAULTS: dict[str, tuple[Callable[[], AbstractContextManager[str]], str, str]] = {
    "unreachable": (closed, "could not be reached (Connection refused)", "connection"),
    "unknown name": (unknown, "was not found", "connection"),
    "407 without a login": (
        lambda: plain("", user_and_password="a:b"),
        f"{ASKS} (HTTP 407)",
        "proxy",
    ),
    "407 with one": (lambda: plain(user_and_password="a:b"), "refused the user and the password (HTTP 407)", "proxy"),
    "407 by NTLM": (lambda: plain(refusal=NTLM), "asks for a login of the kind ntlm (HTTP 407)", "proxy"),
    "403": (lambda: plain(refusal=response("403 No")), "refused the connection (HTTP 403)", "proxy"),
    "404": (lambda: plain(refusal=response("404 No")), "refused the connection (HTTP 404)", "proxy"),
    "302": (
        lambda: plain(refusal=response("302 Portal")),
        "refused the connection (HTTP 302)",
        "proxy",
    ),
    "502": (lambda: plain(refusal=response("502 Bad")), "could not reach the service (HTTP 502)", "proxy"),
    "hangs up": (lambda: says(b""), "hung up without an answer", "connection"),
    "resets": (lambda: says(b"", end=reset), "hung up without an answer", "connection"),
    "is silent": (silent, "did not answer in time", "connection"),
    "garbage": (lambda: says(b"SSH-2.0-OpenSSH_9.2\r\n"), NO_HTTP, "proxy"),
    "half a head": (lambda: says(b"HTTP/1."), NO_HTTP, "proxy"),
    "endless head": (
        lambda: says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000),
        NO_HTTP,
        "proxy",
    ),
    "hangs up in TLS": (lambda: says(OPENED), "broke before it was secure", "connection"),
    "garbage in TLS": (lambda: says(OPENED, end=babble), "does not speak TLS", "tls"),
    "TLS of it expired": (lambda: secure("expired"), "could not prove who it is: its certificate has expired", "tls"),
    "TLS of it unknown": (lambda: secure("other-authority"), "its certificate is from an unknown authority", "tls"),
    "TLS of it another's": (lambda: secure("other-host"), "its certificate is for another host", "tls"),
    "https:// without TLS": (lambda: says(WEB, scheme="https"), "does not speak TLS", "tls"),
    "SOCKS refuses the login": (lambda: socks(login=("a", "b")), "refused the user and the password", "proxy"),
    "SOCKS wants a login": (lambda: socks("", login=("a", "b")), ASKS, "proxy"),
    "SOCKS: not allowed": (lambda: socks(reply=2), "could not reach the service (its rules do not allow it)", "proxy"),
    "SOCKS: unreachable": (lambda: socks(reply=4), "could not reach the service (host unreachable)", "proxy"),
    "SOCKS: refused": (lambda: socks(reply=5), "could not reach the service (connection refused)", "proxy"),
    "SOCKS: unheard of": (lambda: socks(reply=77), "could not reach the service (code 77)", "proxy"),
    "SOCKS hangs up": (lambda: says(b"\x05", scheme="socks5h"), "hung up without an answer", "connection"),
    "SOCKS is HTTP": (
        lambda: says(WEB, scheme="socks5h"),
        NO_SOCKS,
        "proxy",
    ),
    "SOCKS4 is HTTP": (
        lambda: says(WEB, scheme="socks4a"),
        NO_SOCKS,
        "proxy",
    ),
    "SOCKS is silent": (lambda: silent("socks5h"), "did not answer in time", "connection"),
}


@pytest.fixture
def real_hosts(simulator: Simulator) -> Mapping[str, str | None]:
    """The API's own addresses, which no proxy of these tests leads to, so that a message that names them is seen."""
    return {"GIGACHAT_BASE_URL": None, "GIGACHAT_AUTH_URL": None, "GIGACHAT_ACCESS_TOKEN": "t0ken"}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_proxy_names_the_proxy(
    gigachat: Program, real_hosts: Mapping[str, str | None], fault: str
) -> None:
    behaviour, told, code = FAULTS[fault]
    with behaviour() as url:
        result = gigachat(
            "models",
            "--json",
            "--max-retries",
            "0",
            "--timeout",
            "0.5",
            environment={**real_hosts, "GIGACHAT_PROXY": url},
        )
    problem = json.loads(result.err)["error"]
    assert (problem["code"], result.out, result.code) == (code, "", 4)
    assert told in problem["message"]
    assert url.replace(":s3cret@", ":***@") in problem["message"]
    assert problem["message"].endswith(".")
    assert not problem["message"].endswith("..")
    assert problem["hint"]
    for secret_or_host in ("s3cret", "giga.chat", "sberbank", "ssl.c", "Connect call"):
        assert secret_or_host not in result.err


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        ("unreachable", "TCP"),
        ("unknown name", "DNS"),
        ("407 with one", "tunnel"),
        ("502", "tunnel"),
        ("hangs up", "tunnel"),
        ("garbage", "tunnel"),
        ("hangs up in TLS", "TLS"),
        ("TLS of it expired", "tunnel"),
        ("https:// without TLS", "tunnel"),
        ("SOCKS refuses the login", "tunnel"),
        ("SOCKS: unreachable", "tunnel"),
    ],
)
def test_doctor_names_the_proxy_and_its_step(
    gigachat: Program, real_hosts: Mapping[str, str | None], fault: str, step: str
) -> None:
    behaviour, told, _ = FAULTS[fault]
    with behaviour() as url:
        result = gigachat("doctor", environment={**real_hosts, "HTTPS_PROXY": url, **NO_EXCEPTIONS})
    shown = url.replace(":s3cret@", ":***@")
    found = rows(result)
    assert found["API proxy"] == ("ok", f"through {shown}, from HTTPS_PROXY", "")
    failures = {name: row for name, row in found.items() if row[0] == "failure"}
    # A proxy that is there may lead to one place and not to another.
    assert list(failures) == [f"API {step}", f"login {step}"][: 1 if step in ("TCP", "DNS") else 2]
    assert "login proxy" not in found
    for _, message, hint in failures.values():
        assert shown in message
        assert told in message or step == "TCP"
        assert hint
        assert "doctor" not in hint
        assert "giga.chat" not in message
    assert "s3cret" not in result.out + result.err
    assert result.code == 4


def test_doctor_asks_no_name_here_that_the_proxy_looks_up(gigachat: Program, simulator: Simulator) -> None:
    environment = {"GIGACHAT_BASE_URL": "https://api.invalid/v1"}
    with SocksProxy(simulator.port) as proxy:
        found = rows(gigachat("doctor", "--proxy", proxy.url("socks5h"), environment=environment))
        assert found["API tunnel"] == ("ok", "the proxy leads to api.invalid:443", "")
        assert "API host DNS" not in found
        found = rows(gigachat("doctor", "--proxy", proxy.url("socks5"), environment=environment))
        hint = "With socks5h:// the proxy looks it up."
        assert found["API host DNS"] == ("failure", "api.invalid was not found", hint)
        assert "API tunnel" not in found


def test_all_is_well_through_a_proxy(gigachat: Program, simulator: Simulator) -> None:
    with SocksProxy(simulator.port, login=CYRILLIC) as proxy:
        result = gigachat("doctor", "--proxy", proxy.url("socks5h", RAW))
    found = rows(result)
    assert (result.err, result.code) == ("", 0)
    assert [step for step in found if step.startswith("API")] == ["API proxy", "API TCP", "API tunnel", "API TLS"]
    assert {state for state, _, _ in found.values()} == {"ok"}
    assert CYRILLIC[1] not in result.out


def test_a_passing_fault_of_the_proxy_is_met_again(gigachat: Program, simulator: Simulator) -> None:
    """A proxy that cannot reach the service may a little later; nothing was sent, so nothing is paid twice."""
    simulator.answer = "Hello."
    with Proxy(simulator.port, refusal=response("502 Bad")) as proxy:

        def recover() -> None:
            while not proxy.asked_for:
                time.sleep(0.01)
            proxy.refusal = None

        waiting = threading.Thread(target=recover)
        waiting.start()
        result = gigachat("ask", "hi", "--proxy", proxy.url)
        waiting.join()
    assert (result.out, result.code) == ("Hello.\n", 0)
    assert len(proxy.asked_for) == 2


def test_without_the_extra_the_message_names_it(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "socksio.py").write_text("raise ImportError('it is not there')\n")
    path = f"{home}:{gigachat.environment()['PYTHONPATH']}"
    result = gigachat("ask", "hi", "--proxy", "socks5://me:s3cret@127.0.0.1:9", environment={"PYTHONPATH": path})
    assert (result.out, result.code) == ("", 2)
    assert "socks5://me:***@127.0.0.1:9" in result.err
    assert "pip install 'gigachat-terminal[socks]'" in result.err
    checked = rows(gigachat("doctor", "--proxy", "socks5h://127.0.0.1:9", environment={"PYTHONPATH": path}))
    assert checked["API proxy"][::2] == ("failure", "Run: pip install 'gigachat-terminal[socks]'")
    assert simulator.requests == []


def test_a_batch_goes_on_after_a_passing_fault_and_ends_at_a_lasting_one(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    (home / "in.jsonl").write_text('"One?"\n"Two?"\n')
    for refusal, most in ((response("502 Bad"), 2), (response("403 No"), 1)):
        with Proxy(simulator.port, refusal=refusal) as proxy:
            environment = {"GIGACHAT_PROXY": proxy.url, "GIGACHAT_ACCESS_TOKEN": "t0ken"}
            result = gigachat("batch", str(home / "in.jsonl"), "--max-retries", "0", environment=environment)
            assert result.code in (4, 6)
            assert len(proxy.asked_for) == most
