from __future__ import annotations

from base64 import b64decode, b64encode

import pytest

from gigachat_cli.keys import cleaned, parse_key

CLIENT_ID = "0199e20f-058c-70c0-9850-6400dd41a853"
SECRET = "3727db23-91a3-44fa-a6b7-9f0a311d3e9e"
PAIR = f"{CLIENT_ID}:{SECRET}"
KEY = b64encode(PAIR.encode()).decode()


@pytest.mark.parametrize(
    "pasted",
    [
        KEY,
        f"  {KEY}\n",
        f'"{KEY}"',
        f"'{KEY}'",
        f"«{KEY}»",
        f"“{KEY}”",
        f"`{KEY}`",
        f' " {KEY} " ',
        f"Basic {KEY}",
        f"basic   {KEY}",
        f"Bearer {KEY}",
        f"Authorization: Basic {KEY}",
        f'"Basic {KEY}"',
        f'Basic "{KEY}"',
        f"{KEY[:50]}\n{KEY[50:]}",
        f"{KEY[:50]}\r\n  {KEY[50:]}\r\n",
        f"{KEY[:10]} {KEY[10:]}",
        f"\ufeff{KEY}\u200b",
        f"{KEY[:10]}\u200b{KEY[10:]}",
        f"\u00a0{KEY}\u00a0",
        f"{KEY}\x00",
    ],
)
def test_a_ready_key_is_cleaned_of_what_came_along(pasted: str) -> None:
    key = parse_key(pasted)
    assert (key.basic, key.doubt) == (KEY, "")


@pytest.mark.parametrize(
    "pasted",
    [
        PAIR,
        f" {PAIR}\n",
        f'"{PAIR}"',
        f"{CLIENT_ID} {SECRET}",
        f"{CLIENT_ID}\n{SECRET}\n",
        f"{CLIENT_ID}\t{SECRET}",
        f"{CLIENT_ID}, {SECRET}",
        f"{CLIENT_ID};{SECRET}",
        f"{CLIENT_ID} : {SECRET}",
        f"Basic {PAIR}",
        f'"{CLIENT_ID}":"{SECRET}"',
    ],
)
def test_client_id_and_secret_make_the_key(pasted: str) -> None:
    key = parse_key(pasted)
    assert (b64decode(key.basic).decode(), key.doubt) == (PAIR, "")


@pytest.mark.parametrize("pasted", ["", "  ", '""', "\n\t", "' '", "\u200b\ufeff"])
def test_nothing_is_no_key(pasted: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        parse_key(pasted)


@pytest.mark.parametrize(
    ("pasted", "doubt"),
    [
        ("eyJ" + "a" * 1200, "access token"),
        (CLIENT_ID, "alone"),
        (KEY[:-3], "clipped"),
        ("ключ", "Base64"),
        (b64encode(b"user:password").decode(), "client id and a client secret"),
        ("user:password", "client id and a client secret"),
        (b64encode(b"\xff\xfe\xfd").decode(), "Base64"),
    ],
)
def test_the_form_of_a_key_gives_a_hint_and_no_refusal(pasted: str, doubt: str) -> None:
    key = parse_key(pasted)
    assert key.basic
    assert doubt in key.doubt


def test_an_id_and_a_secret_of_another_form_are_sent_as_they_are() -> None:
    assert b64decode(parse_key("user:password").basic) == b"user:password"


def test_no_part_of_a_key_is_shown() -> None:
    key = parse_key(KEY)
    for shown in (repr(key), str(key), key.masked, key.fingerprint):
        assert KEY[:8] not in shown
        assert SECRET[:8] not in shown
    assert key.masked == parse_key(PAIR).masked
    assert key.masked != parse_key(f"{SECRET}:{CLIENT_ID}").masked
    assert len(key.fingerprint) == 32


def test_an_access_token_is_cleaned_in_the_same_way() -> None:
    assert cleaned(' "Bearer eyJ.ab\n c-d_e" \n') == "eyJ.abc-d_e"
