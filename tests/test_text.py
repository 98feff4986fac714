from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gigachat_cli.text import TerminalFilter, one_line, safe, visible

FORBIDDEN = {
    *(chr(code) for code in range(0x20) if chr(code) not in "\n\t"),
    "\x7f",
    *(chr(code) for code in range(0x80, 0xA0)),
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
}

ATTACKS = {
    "clipboard": ("a\x1b]52;c;ZXZpbA==\x07b", "ab"),
    "clipboard, ended by ST": ("a\x1b]52;c;ZXZpbA==\x1b\\b", "ab"),
    "clipboard in C1": ("a\u009d52;c;ZXZpbA==\u009cb", "ab"),
    "title": ("a\x1b]0;owned\x07b", "ab"),
    "link": ("\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click"),
    "colour": ("\x1b[31mred\x1b[0m", "red"),
    "colour with colons": ("\x1b[38:2::255:0:0mred\x1b[m", "red"),
    "cursor": ("a\x1b[2J\x1b[1;1Hb\x1b[10Ac", "abc"),
    "private mode": ("a\x1b[?1049hb\x1b[?25lc", "abc"),
    "cursor in C1": ("a\u009b2Jb\u009b1;1Hc", "abc"),
    "single shifts and resets": ("a\x1bcb\x1b7c\x1b8d\x1b=e", "abcde"),
    "character set": ("a\x1b(0b\x1b(Bc\x1b#8d\x1b %Ge", "abcde"),
    "device string": ("a\x1bP+q544e\x1b\\b", "ab"),
    "device string in C1": ("a\u0090+q544e\u009cb", "ab"),
    "application string": ("a\x1b_Gf=100;AAAA\x1b\\b", "ab"),
    "privacy message": ("a\x1b^secret\x1b\\b", "ab"),
    "start of string": ("a\x1bXsecret\x1b\\b", "ab"),
    "answerback and bell": ("a\x05\x07b", "ab"),
    "backspace and return": ("rm -rf\b\b\b\b\b\bls\rx", "rm -rflsx"),
    "line moves": ("a\x0b\x0cb\u0084c\u0085d\u008de", "abcde"),
    "bidi": ("a\u202eb\u202cc\u2066d\u2069e\u200ef\u200fg\u061ch", "abcdefgh"),
    "delete": ("a\x7fb", "ab"),
    "nested": ("a\x1b]0;\x1b[31m\x07b", "ab"),
    "escape in escape": ("a\x1b\x1b[31mb", "ab"),
    "interrupted": ("a\x1b[3\x1b[31mb", "a[3b"),
}
INNOCENT = "Привет, **мир**!\n\tcode\r".rstrip("\r") + " 👩‍👩‍👧 [31m ]52; é e\u0301 \u200d \ufe0f ½ 日本"


def filtered(pieces: list[str]) -> str:
    terminal_filter = TerminalFilter()
    return "".join(map(terminal_filter.feed, pieces)) + terminal_filter.close()


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_on_a_terminal_are_taken_out(name: str) -> None:
    attack, harmless = ATTACKS[name]
    assert safe(attack) == harmless


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_taken_out_at_every_split(name: str) -> None:
    attack, harmless = ATTACKS[name]
    for cut in range(len(attack) + 1):
        assert filtered([attack[:cut], attack[cut:]]) == harmless, f"cut at {cut}"
    assert filtered(list(attack)) == harmless


def test_a_text_without_controls_is_shown_as_it_is_and_at_once() -> None:
    terminal_filter = TerminalFilter()
    for piece in (INNOCENT, "a", "\n", "\t"):
        assert terminal_filter.feed(piece) == piece
    assert terminal_filter.close() == ""


@pytest.mark.parametrize("opening", ["\x1b]0;", "\u009d0;", "\x1bP", "\u0090", "\x1b_", "\x1b[", "\u009b", "\x1b("])
def test_an_unclosed_sequence_never_swallows_later_text(opening: str) -> None:
    for rest in ("\nlater text", "x" * 5000 + "later text", "later text"):
        shown = safe(f"before {opening}{rest}")
        assert shown.startswith("before ")
        assert shown.endswith("ater text")
    terminal_filter = TerminalFilter()
    shown = "".join(terminal_filter.feed("word ") for _ in [terminal_filter.feed(opening)] for _ in range(2000))
    assert "word word word" in shown


def test_the_filter_is_as_new_after_its_end() -> None:
    terminal_filter = TerminalFilter()
    terminal_filter.feed("\x1b]0;title")
    assert terminal_filter.close() == "]0;title"
    assert terminal_filter.feed("\x07text") == "text"


_PIECES = st.lists(
    st.one_of(
        st.sampled_from(
            [*FORBIDDEN, "\x1b", "\x1b[", "\x1b]", "\x1bP", "\x1b\\", "\u009b", "\u009d", "\u009c", "\x07"]
        ),
        st.sampled_from(["\n", "\t", "31m", ";", "(", "0", "m", "H", " ", "я", "👍", "x" * 300, "y" * 5000]),
        st.text(max_size=3),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=400)
@given(_PIECES, st.lists(st.integers(0, 60), max_size=6))
@example(["\x1b]", "y" * 5000, "\x1b", "\\"], [4095, 4096, 4097])
def test_what_is_shown_does_not_hang_on_the_splits_and_is_never_harmful(pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    whole = safe(text)
    assert not FORBIDDEN & set(whole)
    assert filtered(pieces) == whole
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    assert filtered([text[begin:end] for begin, end in pairwise(places)]) == whole
    assert safe(whole) == whole


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters=list(FORBIDDEN))))
def test_a_text_without_controls_passes_unchanged(text: str) -> None:
    assert safe(text) == text


@pytest.mark.parametrize(
    "unit", ["\u009d", "\x1b]", "\u009b", "\x1b[", "\x1b(", "\x1b", "\u0090x", "\x1b]y\u009d", "\x1b]\n"]
)
def test_the_work_is_linear_however_hostile_the_text(unit: str) -> None:
    def seconds(count: int) -> float:
        began = time.process_time()
        safe(unit * count)
        return time.process_time() - began

    seconds(1000)
    # Four thousand times the characters looked at, as nested sequences would need, is far beyond any noise.
    assert seconds(100_000) < 5


def test_one_line_is_one_line_of_bounded_length() -> None:
    assert one_line(" a\n\n b\t\r\nc \x1b[31md ") == "a b c d"
    assert one_line("x" * 300) == "x" * 300
    assert one_line("x" * 301) == "x" * 299 + "…"
    assert len(one_line("слово " * 1_000_000)) <= 300
    assert one_line("abcdef", 4) == "abc…"
    assert one_line("") == ""


PLAINLY_SEEN = ["Привет, мир! a_b (c) «d» — 100 %", "日本 ½ ❤ 👩", "Tiếng Việt", "ก็ที่ हिन्दी", "é", "a\\u202eb", ""]


@pytest.mark.parametrize("text", PLAINLY_SEEN)
def test_what_is_plainly_seen_stays_as_it_is(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc\rd\x1b[31m\x7f", r"a\tb\nc\rd\x1b[31m\x7f"),
        ("a\x85\u009bb", r"a\x85\x9bb"),
        ("a\u202eb\u2066c\u061c", r"a\u202eb\u2066c\u061c"),
        ("a\u200bb\u200d\u2060\ufeff\u00ad", r"a\u200bb\u200d\u2060\ufeff\xad"),
        ("a\U000e0041b\U000e007f", r"a\U000e0041b\U000e007f"),
        ("❤\ufe0f\U000e0100", r"❤\ufe0f\U000e0100"),
        ("a\u3164\u115f\u2800\uffa0b", r"a\u3164\u115f\u2800\uffa0b"),
        ("a\u00a0b\u3000c\u2003d\u202f", r"a\xa0b\u3000c\u2003d\u202f"),
        ("a\u2028b\u2029", r"a\u2028b\u2029"),
        ("a b  c   d", r"a b \x20c \x20\x20d"),
        (" a é ", r"\x20a é\x20"),
        ("   ", r"\x20\x20\x20"),
        ("\u0301a", r"\u0301a"),
        ('"\u0338"', r'"\u0338"'),
        ("a\u0301\u0302\u0303\u0304", "a\u0301\u0302" r"\u0303\u0304"),
        ("a\u20ddb\u0489", r"a\u20ddb\u0489"),
        ("\ud800\udfff\ue000\uffff", r"\ud800\udfff\ue000\uffff"),
    ],
)
def test_what_is_not_plainly_seen_is_escaped(text: str, shown: str) -> None:
    assert visible(text) == shown


@settings(max_examples=100)
@given(st.text())
def test_a_visible_text_holds_nothing_hidden_and_stays_as_it_is(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert "  " not in shown
    assert shown == shown.strip()
    assert visible(shown) == shown


def test_a_long_text_is_made_visible_in_a_moment() -> None:
    start = time.perf_counter()
    for text in ("é" + " " * 200_000, "\u0301" * 200_000, "é\u200b" * 100_000):
        visible(text)
    assert time.perf_counter() - start < 2
