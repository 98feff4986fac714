"""What proxies' addresses mean, and which places take one."""

from __future__ import annotations

import pytest

from gigachat_cli.errors import ConfigError
from gigachat_cli.proxies import is_excepted, odd_exceptions, parse_proxy, proxy_for

API = "https://api.giga.chat/v1"


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port"),
    [
        ("http://proxy.example:3128", "http", "proxy.example", 3128),
        ("proxy.example", "http", "proxy.example", 80),
        (" HTTPS://Proxy.example/ ", "https", "Proxy.example", 443),
        ("http://[::1]:8080", "http", "::1", 8080),
        ("http://[fe80::1%eth0]:8080", "http", "fe80::1%eth0", 8080),
        ("http://proxy.example:", "http", "proxy.example", 80),
        ("socks5://127.0.0.1", "socks5", "127.0.0.1", 1080),
        ("socks://127.0.0.1:9050/", "socks5h", "127.0.0.1", 9050),
        ("socks4a://proxy:1", "socks4a", "proxy", 1),
        ("http://прокси.рф:3128", "http", "прокси.рф", 3128),
    ],
)
def test_an_address_names_scheme_host_and_port(text: str, scheme: str, host: str, port: int) -> None:
    proxy = parse_proxy(text)
    assert (proxy.scheme, proxy.host, proxy.port, proxy.user) == (scheme, host, port, None)


@pytest.mark.parametrize(
    ("login", "user", "password"),
    [
        ("me:secret", b"me", b"secret"),
        ("me", b"me", b""),
        (":secret", b"", b"secret"),
        ("Вася:пароль", "Вася".encode(), "пароль".encode()),
        ("%D0%AF:%d0%b6%3A%40%2F", "Я".encode(), "ж:@/".encode()),
        ("me:a:b@c%", b"me", b"a:b@c%"),
        ("m%E9:x", b"m\xe9", b"x"),  # not UTF-8: the proxy gets what was written
        ("me:\udce9", b"me", b"\xe9"),  # and so where the environment itself is not
    ],
)
def test_a_login_is_bytes_as_they_were_meant(login: str, user: bytes, password: bytes) -> None:
    proxy = parse_proxy(f"http://{login}@proxy.example:3128")
    assert (proxy.user, proxy.password, proxy.host) == (user, password, "proxy.example")
    assert "secret" not in f"{proxy!r} {proxy.shown}"


@pytest.mark.parametrize(
    "text",
    [
        "ftp://proxy",
        "http://",
        "http://user:s3cret@",
        "http://user:s3cret/more@proxy:1",
        "http://user:s3cret#more@proxy:1",
        "http://user:s3cret@proxy:port",
        "http://user:s3cret@proxy:99999",
        "http://user:s3cret@proxy:0",
        "http://user:s3cret@[::1",
        "http://user:s3cret@pro xy",
        "socks6://user:s3cret@proxy",
        "https:user:s3cret",
    ],
)
def test_what_is_no_address_of_a_proxy_is_refused_without_its_password(text: str) -> None:
    with pytest.raises(ValueError, match="http://, https://, socks5") as caught:
        parse_proxy(text)
    assert "s3cret" not in str(caught.value)
    with pytest.raises(ConfigError, match="HTTPS_PROXY must be") as told:
        proxy_for(API, environment={"HTTPS_PROXY": text})
    assert "s3cret" not in f"{told.value} {told.value.hint}"


@pytest.mark.parametrize(
    ("environment", "taken"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://a"}, "http://a"),
        ({"HTTPS_PROXY": "http://a", "https_proxy": "http://b"}, "http://b"),
        ({"HTTPS_PROXY": "", "https_proxy": "http://b"}, "http://b"),
        ({"HTTPS_PROXY": "http://a", "https_proxy": " "}, "http://a"),
        ({"HTTPS_PROXY": "  ", "ALL_PROXY": "http://c"}, "http://c"),
        ({"https_proxy": "", "HTTPS_PROXY": "\t", "all_proxy": "http://d", "ALL_PROXY": "http://c"}, "http://d"),
        ({"HTTPS_PROXY": "http://a", "ALL_PROXY": "http://c"}, "http://a"),
        ({"HTTPS_PROXY": "", "ALL_PROXY": ""}, None),
        ({"HTTP_PROXY": "http://e", "http_proxy": "http://e"}, None),
        ({"HTTPS_PROXY": "http://a", "NO_PROXY": "giga.chat"}, None),
        ({"HTTPS_PROXY": "http://a", "no_proxy": "example.org", "NO_PROXY": "giga.chat"}, "http://a"),
        ({"HTTPS_PROXY": "http://a", "no_proxy": " ", "NO_PROXY": "giga.chat"}, None),
    ],
)
def test_the_environment_is_read_as_curl_reads_it(environment: dict[str, str], taken: str | None) -> None:
    proxy = proxy_for(API, environment=environment)
    assert (proxy.shown if proxy else None) == taken
    if proxy:
        assert environment[proxy.origin].strip() == taken


def test_a_proxy_of_the_settings_is_not_excepted() -> None:
    proxy = proxy_for(API, given="http://set", environment={"HTTPS_PROXY": "http://a", "NO_PROXY": "*"})
    assert proxy is not None
    assert (proxy.shown, proxy.origin) == ("http://set", "the proxy setting")


def test_http_takes_no_proxy_ever() -> None:
    environment = {"HTTP_PROXY": "http://a", "HTTPS_PROXY": "http://a", "ALL_PROXY": "http://a"}
    assert proxy_for("http://127.0.0.1:8080/v1", given="http://set", environment=environment) is None


@pytest.mark.parametrize(
    ("exceptions", "host", "port", "excepted"),
    [
        ("", "api.giga.chat", 443, False),
        (" , ,", "api.giga.chat", 443, False),
        ("*", "api.giga.chat", 443, True),
        ("example.org,*", "api.giga.chat", 443, True),
        ("giga.chat", "api.giga.chat", 443, True),
        ("giga.chat", "giga.chat", 443, True),
        ("giga.chat", "evilgiga.chat", 443, False),
        ("GIGA.chat.", "api.giga.CHAT", 443, True),
        (".giga.chat", "api.giga.chat", 443, True),
        (".giga.chat", "giga.chat", 443, True),
        (".giga.chat", "evilgiga.chat", 443, False),
        ("*.giga.chat", "api.giga.chat", 443, True),
        ("*.giga.chat", "giga.chat", 443, False),
        ("*.giga.chat", "evilgiga.chat", 443, False),
        ("api.*", "api.giga.chat", 443, True),
        ("example.org api.giga.chat", "api.giga.chat", 443, True),
        ("example.org,  api.giga.chat\t", "api.giga.chat", 443, True),
        ("api.giga.chat:443", "api.giga.chat", 443, True),
        ("api.giga.chat:9443", "api.giga.chat", 443, False),
        (".giga.chat:443", "api.giga.chat", 443, True),
        ("*.giga.chat:9443", "api.giga.chat", 443, False),
        ("*:443", "api.giga.chat", 443, True),
        ("api.giga.chat:port", "api.giga.chat", 443, False),
        ("api.giga.chat:", "api.giga.chat", 443, False),
        (".", "api.giga.chat", 443, False),
        ("пример.рф", "api.пример.рф", 443, True),
        ("xn--e1afmkfd.xn--p1ai", "пример.рф", 443, True),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.1.2.3:8443", "10.1.2.3", 443, False),
        ("10.1.2.3:443", "10.1.2.3", 443, True),
        ("2.3", "10.1.2.3", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.1.2.3/8", "10.200.0.1", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.0.0.0/99", "10.1.2.3", 443, False),
        ("10.0.0.0/8", "api.giga.chat", 443, False),
        ("192.168.*", "192.168.7.7", 443, True),
        ("::1", "::1", 443, True),
        ("[::1]", "::1", 443, True),
        ("[::1]:443", "::1", 443, True),
        ("[::1]:8443", "::1", 443, False),
        ("0:0:0:0:0:0:0:1", "::1", 443, True),
        ("fd00::/8", "fd12::1", 443, True),
        ("[fd00::]/8", "fd12::1", 443, True),
        ("[fd00::]/8:443", "fd12::1", 443, True),
        ("[fd00::/8]", "fd12::1", 443, True),
        ("fd00::/8", "fe80::1", 443, False),
        ("10.0.0.0/8", "::ffff:10.1.2.3", 443, True),
        ("::/0", "10.1.2.3", 443, False),
        ("[", "::1", 443, False),
        ("api.giga.chat:" + "4" * 5000, "api.giga.chat", 443, False),
    ],
)
def test_exceptions_hold_what_they_say(exceptions: str, host: str, port: int, excepted: bool) -> None:
    assert is_excepted(host, port, exceptions) is excepted


@pytest.mark.parametrize("word", ["127.0.0.0/99", "https://127.0.0.1", "a b/c", "[::g]", "host/path", "::1::2"])
def test_an_exception_that_means_no_place_is_found(word: str) -> None:
    name, odd = odd_exceptions({"NO_PROXY": f"localhost, {word} ,*.example.org"})
    assert name == "NO_PROXY"
    assert odd
    assert set(odd) <= set(word.split())


@pytest.mark.parametrize("word", ["*", ".a.org", "a.org:443", "10.0.0.0/8", "::1", "[::1]:80", "fe80::/10", "хост.рф"])
def test_an_exception_that_means_a_place_is_left_alone(word: str) -> None:
    assert odd_exceptions({"no_proxy": word})[1] == []
