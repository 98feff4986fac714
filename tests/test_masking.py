"""Secrets of ours are found in a text in whatever form it has them."""

from __future__ import annotations

import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from html import escape
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gigachat_cli import masking
from gigachat_cli.keys import parse_key
from gigachat_cli.masking import from_outside, keep_secret, masked, redact, words
from gigachat_cli.messages import Token
from gigachat_cli.proxies import parse_proxy
from gigachat_cli.settings import Settings

PASSWORD = "hunter2/and+more?"
SECRETS = {
    "key": "MDE5YWJjZGUtMTExMS0yMjIyLTMzMzMtNDQ0NDQ0NDQ0NDQ0OjAxOWFiY2RlLTU1NTUtNjY2Ni03Nzc3LTg4ODg4ODg4ODg4OA==",
    "client secret": "5f3c0a1e-77b1-4d0e-9f55-0c9d8e7f6a5b",
    "token": "eyJjdHkiOiJqd3QiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIiwiYWxnIjoiUlNBLU9BRVAtMjU2In0." + "k_9Xa-Zq" * 40,
    "password": PASSWORD,
    "short password": "xy9!",
    "Russian password": "пароль-мой",
}

FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "percent-encoded": lambda secret: quote(secret, safe=""),
    "percent-encoded, every letter": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "percent-encoded twice": lambda secret: quote(quote(secret, safe=""), safe=""),
    "escaped as JSON": lambda secret: json.dumps(secret)[1:-1].replace("/", "\\/"),
    "escaped as JSON, every letter": lambda secret: "".join(f"\\u{ord(each):04X}" for each in secret),
    "escaped as JSON twice": lambda secret: json.dumps(json.dumps(secret)[1:-1])[1:-1],
    "escaped as HTML": lambda secret: escape(secret).replace("/", "&#x2F;").replace("-", "&#45;"),
    "in digits": lambda secret: secret.encode().hex(),
    "with a zero byte": lambda secret: f"{secret[:3]}\0{secret[3:]}",
    "with a zero-width blank": lambda secret: f"{secret[:2]}\u200b{secret[2:]}",
    "with a soft hyphen and a joiner": lambda secret: f"{secret[:2]}\u00ad{secret[2]}\u034f{secret[3:]}",
    "with tags": lambda secret: "\U000e0041".join(secret),
    "over lines": lambda secret: "\r\n".join(secret),
    "with an escape sequence": lambda secret: f"{secret[:3]}\x1b[31m{secret[3:]}",
    "with C1": lambda secret: f"{secret[:3]}\x9b1m{secret[3:]}",
    "in capitals": lambda secret: secret.upper() if secret.isascii() else secret,
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    masking._all_known.cache_clear()
    masking._from_outside.cache_clear()
    monkeypatch.setattr(masking, "_known", set())


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found_in_every_form(name: str, form: str) -> None:
    keep_secret(SECRETS[name])
    assert from_outside(f"you sent '{FORMS[form](SECRETS[name])}', it said") == "you sent '***', it said"


@pytest.mark.parametrize("before", ["", "a", "ab", "me:"])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_found_in_base64_at_every_place(name: str, before: str) -> None:
    secret = SECRETS[name]
    keep_secret(secret)
    for after in ("", "z", ":zz"):
        content = f"{before}{secret}{after}".encode()
        if len(secret) * 4 // 3 < 9:  # of so few letters only what is certain
            continue
        for encoded in (b64encode(content).decode(), urlsafe_b64encode(content).decode().rstrip("=")):
            shown = masked(f"got {encoded}.")
            assert shown.startswith("got ")
            assert "***" in shown
            assert len(shown) <= len("got ***.") + len(before) * 2 + len(after) * 2 + 6


def test_a_part_of_a_long_secret_is_found_too() -> None:
    keep_secret(SECRETS["key"])
    for start in (0, 7, 30):
        assert masked(f"clipped: {SECRETS['key'][start : start + 40]}…") == "clipped: ***…"
    blanks = " ".join(SECRETS["key"][at : at + 10] for at in range(0, 100, 10))
    assert masked(f"parted: {blanks}!") == "parted: ***!"


def test_other_texts_stay_as_they_are() -> None:
    keep_secret(*SECRETS.values())
    for text in (
        "Всё хорошо, 100 % & more\\n",
        "an id: 0199e20f-058c-70c0-9850-6400dd41a853",
        "100%25 &amp; x",
        "",
        "x",
    ):
        assert masked(text) == text
    keep_secret("abc", "", None)
    assert masked("abcabc") == "abcabc"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40), st.text(alphabet="abcXYZ0189-_./+=%& \\", min_size=8, max_size=40))
@example("", "", "0000000000000%00")
def test_whatever_stands_around_it_a_secret_goes_and_the_rest_stays(before: str, after: str, secret: str) -> None:
    shown = masked(f"{before}|{secret}|{after}", [secret])
    if any(each.isalnum() for each in secret):
        assert secret not in shown
    assert masked(before + after) == before + after


def test_a_large_text_takes_no_long_time() -> None:
    keep_secret(*SECRETS.values())
    began = time.perf_counter()
    for text in ("word %41 " * 7000, "a" * 65536, "%" * 65536, "&#" * 32768, "\\" * 65536, SECRETS["key"][:16] * 4000):
        words(text)
        masked(text)
    assert time.perf_counter() - began < 5


def test_whoever_holds_a_secret_has_said_so() -> None:
    pair = "019abcde-1111-2222-3333-444444444444:5f3c0a1e-77b1-4d0e-9f55-0c9d8e7f6a5b"
    key = parse_key(pair)
    Token("an-access-token", 0.0)
    parse_proxy("http://me:proxy-secret@proxy.example:3128")
    Settings(access_token=" 'given-token' ", password="stand-secret", key_file_password="file-secret")
    for secret in (
        key.basic,
        pair,
        pair.partition(":")[2],
        "an-access-token",
        "proxy-secret",
        "given-token",
        "stand-secret",
        "file-secret",
    ):
        assert masked(f"<{secret}>") == "<***>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Basic YWJjZGVmZ2hpag==", "Authorization: Basic ***"),
        ("bearer eyJhbGciOi.abc-def_ghi", "bearer ***"),
        ("token " + "a" * 60 + "." + "b" * 20 + " end", "token *** end"),
        ("key " + "QUJD" * 25 + "== end", "key *** end"),
        ("http://user:pass@host:3128/x", "http://user:***@host:3128/x"),
        ("a basic idea, the bearer of news", "a basic idea, the bearer of news"),
        ("an id: 0199e20f-058c-70c0-9850-6400dd41a853", "an id: 0199e20f-058c-70c0-9850-6400dd41a853"),
        ("", ""),
    ],
)
def test_what_looks_like_a_secret_is_blotted_out(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_known_secrets_are_blotted_out_the_longest_first() -> None:
    assert redact("pass password passport", ["pass", "password", ""]) == "*** *** ***port"
