from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli import paths
from gigachat_cli.errors import ConfigError
from gigachat_cli.options import Option
from gigachat_cli.proxies import without_password
from gigachat_cli.setting_values import is_loopback
from gigachat_cli.settings import (
    Settings,
    declarations,
    edit_config,
    load_settings,
    shown,
)

from .conftest import Program, posix

# Three good values of every setting, as texts, with what each of them means.
GOOD: dict[str, list[tuple[str, Any]]] = {
    "model": [("GigaChat-2", "GigaChat-2"), ("GigaChat-2-Max", "GigaChat-2-Max"), (" M ", "M")],
    "scope": [
        ("GIGACHAT_API_B2B", "GIGACHAT_API_B2B"),
        ("corp", "GIGACHAT_API_CORP"),
        ("GIGACHAT_API_NEW", "GIGACHAT_API_NEW"),
    ],
    "base_url": [
        ("https://gigachat.devices.sberbank.ru/api/v1/", "https://gigachat.devices.sberbank.ru/api/v1"),
        ("http://localhost:1/v1", "http://localhost:1/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
    ],
    "images": [(way, way) for way in ("kitty", "sixel", "link")],
    "auth_url": [(f"https://h:{port}/oauth", f"https://h:{port}/oauth") for port in (1, 2, 3)],
    "ca_bundle_file": [("/a", Path("/a")), ("/b", Path("/b")), ("c", Path("c"))],
    "cert_file": [("/a", Path("/a")), ("/b", Path("/b")), ("c", Path("c"))],
    "key_file": [("/a", Path("/a")), ("/b", Path("/b")), ("c", Path("c"))],
    "verify_ssl_certs": [("false", False), ("1", True), ("No", False)],
    "timeout": [("1.5", 1.5), ("30", 30.0), ("1e2", 100.0)],
    "max_retries": [("0", 0), ("7", 7), ("1", 1)],
    "max_connections": [("1", 1), ("7", 7), ("2", 2)],
    "proxy": [("http://p:1", "http://p:1"), ("p:3128", "http://p:3128"), ("https://u:p@h", "https://u:p@h")],
    "temperature": [("0.1", 0.1), ("1", 1.0), ("2", 2.0)],
    "top_p": [("0", 0.0), ("1", 1.0), ("0.5", 0.5)],
    "max_tokens": [("1", 1), ("100", 100), ("2", 2)],
    "repetition_penalty": [("0.9", 0.9), ("1", 1.0), ("1.1", 1.1)],
    "update_interval": [("0", 0.0), ("0.5", 0.5), ("1", 1.0)],
}
_BY_KIND: dict[type, list[tuple[str, Any]]] = {bool: [("true", True), ("off", False), ("yes", True)]}

BAD: list[tuple[str, object]] = [
    ("scope", "somebody"),
    ("base_url", "gigachat.devices.sberbank.ru/api/v1"),
    ("base_url", "http://api.giga.chat/v1"),
    ("base_url", "https://user:hunter2@api.giga.chat/v1"),
    ("base_url", "https://[::1/v1"),
    ("base_url", "https://host:port/v1"),
    ("base_url", "https:///v1"),
    ("base_url", "ftp://host/v1"),
    ("base_url", "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"),
    ("base_url", "https://host/api/v2/oauth/"),
    ("auth_url", "http://ngw.devices.sberbank.ru:9443/api/v2/oauth"),
    ("verify_ssl_certs", "maybe"),
    ("verify_ssl_certs", "2"),
    ("timeout", "0"),
    ("timeout", "-1"),
    ("timeout", "nan"),
    ("timeout", "inf"),
    ("timeout", "soon"),
    ("max_retries", "-1"),
    ("max_retries", "1.5"),
    ("max_connections", "0"),
    ("proxy", "ftp://host:1080"),
    ("proxy", "socks5://"),
    ("proxy", "http://host:0"),
    ("proxy", "http://host:65536"),
    ("proxy", "http://user:hunter2/@host:port"),
    ("proxy", "http://user:hunter2@[::1"),
    ("temperature", "0"),
    ("temperature", "hot"),
    ("top_p", "1.1"),
    ("max_tokens", "0"),
    ("repetition_penalty", "0"),
    ("update_interval", "-0.1"),
]
BAD_IN_FILE: list[tuple[str, str]] = [
    ("model", "7"),
    ("model", '""'),
    ("timeout", "true"),
    ("timeout", "1" + "0" * 400),
    ("timeout", "[1]"),
    ("timeout", "nan"),
    ("max_retries", "2.5"),
    ("max_retries", "false"),
    ("verify_ssl_certs", '"perhaps"'),
    ("verify_ssl_certs", "7"),
    ("scope", "[]"),
    ("base_url", "1979-05-27"),
    ("ca_bundle_file", "1"),
    ("proxy", "{}"),
]


def config(text: str | bytes) -> Path:
    path = paths.config_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def good_values(declared: Option) -> list[tuple[str, Any]]:
    if declared.name in GOOD:
        return GOOD[declared.name]
    kind = type(declared.default)
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    values = []
    # What a setting takes is known by trying: a text, a number, one of its words.
    for text in ("one", "two", "three", "120", "121", "122", "auto", "always", "never", "dark", "light", "emacs", "vi"):
        try:
            values.append((text, declared.parse(text)))
        except ValueError:
            continue
    return [values[0], values[1], values[-1]]


@pytest.mark.parametrize("name", declarations())
def test_a_flag_wins_over_the_variable_and_that_over_the_file_and_that_over_the_default(name: str) -> None:
    declared = declarations()[name]
    (first, flag), (second, variable), (third, in_file) = good_values(declared)
    environment: dict[str, str] = {}
    assert (getattr(load_settings(environment=environment), name), declared.default) == (declared.default,) * 2
    assert str(load_settings(environment=environment).origin(name)) == "default"
    if not declared.secret:
        path = config(f"{name} = '{third}'\n")
        settings = load_settings(environment=environment)
        assert (getattr(settings, name), str(settings.origin(name))) == (in_file, str(path))
    environment = {declared.variable: second}
    settings = load_settings(environment=environment)
    assert getattr(settings, name) == variable
    assert (settings.origin(name).kind, str(settings.origin(name))) == ("environment", f"GIGACHAT_{name.upper()}")
    settings = load_settings({name: first}, environment=environment)
    assert (getattr(settings, name), settings.origin(name).kind) == (flag, "flag")


@pytest.mark.parametrize("name", declarations())
def test_a_blank_variable_is_unset(name: str) -> None:
    for blank in ("", "  ", "\t"):
        settings = load_settings(environment={declarations()[name].variable: blank})
        assert getattr(settings, name) == declarations()[name].default


def test_a_flag_that_was_not_given_is_unset() -> None:
    assert load_settings({"model": None}, environment={"GIGACHAT_MODEL": "M"}).model == "M"


def test_an_unknown_variable_is_left_alone() -> None:
    assert load_settings(environment={"GIGACHAT_MODLE": "x", "GIGACHAT_": "y", "gigachat_model": "z"}) == Settings()


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_names_its_variable_or_flag(name: str, value: str) -> None:
    declared = declarations()[name]
    nothing: dict[str, str] = {}
    flags, environment = {name: value}, {declared.variable: value}
    for origin, given in ((declared.variable, (nothing, environment)), (declared.flag or name, (flags, nothing))):
        with pytest.raises(ConfigError) as caught:
            load_settings(given[0], environment=given[1])
        assert caught.value.message.startswith(f"{origin} must be ")
        assert caught.value.hint
        assert caught.value.exit_code == 2
        assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(("name", "text"), BAD_IN_FILE)
def test_a_bad_value_of_the_file_names_file_and_key(name: str, text: str) -> None:
    path = config(f"{name} = {text}\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(environment={})
    assert caught.value.message.startswith(f"{path}: {name} must be ")
    assert len(caught.value.message) < 400


def test_values_of_the_file_may_have_their_own_types(home: Path) -> None:
    config('timeout = 5\nmax_retries = 0\nverify_ssl_certs = false\ntemperature = "0.5"\nca_bundle_file = "~/ca.pem"\n')
    settings = load_settings(environment={})
    assert (settings.timeout, settings.max_retries, settings.verify_ssl_certs) == (5.0, 0, False)
    assert (settings.temperature, settings.ca_bundle_file) == (0.5, home / "ca.pem")


def test_the_address_of_the_login_as_base_url_is_told() -> None:
    with pytest.raises(ConfigError, match="the OAuth address is auth_url"):
        load_settings(environment={"GIGACHAT_BASE_URL": "https://ngw.devices.sberbank.ru:9443/api/v2/oauth"})


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "::1"])
def test_http_is_for_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "0.0.0.0", "::"])
def test_http_is_for_no_other_machine(host: str) -> None:
    assert not is_loopback(host)


def test_an_unknown_key_of_the_file_names_the_nearest() -> None:
    path = config("temprature = 1\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(environment={})
    assert caught.value.message == f"{path}: temprature is not a setting."
    assert caught.value.hint == "Did you mean temperature?"
    config("xyzzy = 1\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(environment={})
    assert "config show" in (caught.value.hint or "")


@pytest.mark.parametrize("name", [name for name, each in declarations().items() if each.secret])
def test_a_secret_does_not_belong_into_the_file(name: str) -> None:
    config(f"{name} = 'hunter2'\n")
    for write in (lambda: load_settings(environment={}), lambda: edit_config(name, "hunter2")):
        with pytest.raises(ConfigError) as caught:
            write()
        assert "secret" in caught.value.message
        assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("name", [name for name, each in declarations().items() if each.secret])
def test_no_secret_is_shown(name: str) -> None:
    settings = load_settings(environment={declarations()[name].variable: "hunter2"})
    assert getattr(settings, name) == "hunter2"
    assert "hunter2" not in repr(settings)
    assert shown(name, "hunter2") == "(set)"
    assert shown(name, None) == ""


@pytest.mark.parametrize(
    "content", [b"model = \xff", b"\xff\xfem\x00", b"model = ", b"model", b"[", b"model = 'a'\nmodel = 'b'"]
)
def test_a_file_that_is_not_toml_is_named(content: bytes) -> None:
    path = config(content)
    with pytest.raises(ConfigError, match="is not valid TOML") as caught:
        load_settings(environment={})
    assert str(path) in caught.value.message
    with pytest.raises(ConfigError, match="is not valid TOML"):
        edit_config("model", "x")
    assert path.read_bytes() == content


def test_a_byte_order_mark_is_no_part_of_the_file() -> None:
    config(b"\xef\xbb\xbfmodel = 'a'\r\n")
    assert load_settings(environment={}).model == "a"
    edit_config("timeout", "5")
    assert (load_settings(environment={}).model, load_settings(environment={}).timeout) == ("a", 5.0)


def test_a_file_that_cannot_be_read_is_named() -> None:
    paths.config_file().mkdir(parents=True)
    with pytest.raises(ConfigError, match="could not be read"):
        load_settings(environment={})
    with pytest.raises(ConfigError, match="could not be written"):
        edit_config("model", "x")


WRITTEN = """\
# What we like.
timeout = 5  # short

model = "A"  # the first
# Between.
max_retries = 1
"""


@posix
def test_an_edit_keeps_comments_order_and_other_keys() -> None:
    path = config(WRITTEN)
    assert edit_config("model", "B") == path
    assert path.read_text() == WRITTEN.replace('"A"', '"B"')
    edit_config("proxy", "proxy.example:3128")
    assert path.read_text() == WRITTEN.replace('"A"', '"B"') + 'proxy = "http://proxy.example:3128"\n'
    edit_config("proxy", None)
    edit_config("model", None)
    assert path.read_text() == WRITTEN.replace('model = "A"  # the first\n', "")
    edit_config("model", None)
    assert path.stat().st_mode & 0o777 == 0o600


@posix
def test_an_edit_writes_each_type_as_toml_has_it() -> None:
    for key, text in (("timeout", "5"), ("max_retries", "2"), ("verify_ssl_certs", "no"), ("cert_file", "/a b")):
        edit_config(key, text)
    expected = 'timeout = 5.0\nmax_retries = 2\nverify_ssl_certs = false\ncert_file = "/a b"\n'
    assert paths.config_file().read_text() == expected
    load_settings(environment={})


def test_an_edit_mends_a_file_with_a_broken_value_elsewhere() -> None:
    path = config('timeout = "soon"\nunknown = 1\n[table]\nx = 1\n')
    edit_config("model", "B")
    assert path.read_text() == 'timeout = "soon"\nunknown = 1\nmodel = "B"\n\n[table]\nx = 1\n'
    edit_config("timeout", "5")
    assert "timeout = 5.0\n" in path.read_text()


@pytest.mark.parametrize(("key", "text"), [("timeout", "soon"), ("modle", "x")])
def test_an_edit_that_is_not_valid_changes_nothing(key: str, text: str) -> None:
    path = config(WRITTEN)
    with pytest.raises(ConfigError):
        edit_config(key, text)
    assert path.read_text() == WRITTEN


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://host:3128", "http://host:3128"),
        ("http://user@host", "http://user@host"),
        ("http://user:pa@host", "http://user:***@host"),
        ("http://user:p@ss@host", "http://user:***@host"),
        ("http://user:p/ss@host:1", "http://user:***@host:1"),
        ("http://:pass@host", "http://:***@host"),
        ("user:pass@host:1", "user:***@host:1"),
        ("http://user:pass@[::1", "http://user:***@[::1"),
        ("", ""),
    ],
)
def test_the_password_of_an_address_is_masked(url: str, told: str) -> None:
    assert without_password(url) == told
    assert shown("proxy", url) == told


def test_places_of_the_account_follow_its_scope() -> None:
    def slots(environment: Mapping[str, str]) -> int:
        return load_settings(environment=environment).slots

    assert slots({}) == 1
    assert slots({"GIGACHAT_SCOPE": "GIGACHAT_API_B2B"}) == 10
    assert slots({"GIGACHAT_SCOPE": "GIGACHAT_API_CORP"}) == 10
    assert slots({"GIGACHAT_MAX_CONNECTIONS": "3"}) == 3


def test_no_flag_takes_a_secret() -> None:
    assert [name for name, each in declarations().items() if each.secret and each.flag] == []


def test_nothing_of_the_working_folder_is_read(gigachat: Program, home: Path) -> None:
    for name in (".env", "config.toml", "gigachat.toml"):
        (home / name).write_text("GIGACHAT_MODEL=stranger\nmodel = 'stranger'\n")
    result = gigachat("config", "get", "model")
    assert (result.out.strip(), result.code) == ("", 0)
