"""Tables fit the screen in one form or another; words are wrapped where they may be, and no glyph is cut."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigachat_cli.render.markdown.rows import PLAIN, cells, soft_rows, total_cells, unwrap, words, wrap

from .screens import grown, offline

_TABLE = "| Имя | Счёт | Что |\n|:----|-----:|:---:|\n| а | 1 | б |\n| длинное | 23456 | много слов в ячейке |\n"
_GLYPHS = "ab слово日本語。 e\u0301👨\u200d👩\u200d👧⚠\ufe0f🇷🇺\n"


def test_columns_are_aligned_with_light_rules() -> None:
    assert offline(_TABLE, 80) == [
        "Имя     │  Счёт │         Что",
        "────────┼───────┼────────────────────",
        "а       │     1 │          б",
        "длинное │ 23456 │ много слов в ячейке",
    ]


def test_wide_columns_share_a_narrow_screen() -> None:
    lines = offline(_TABLE, 30)
    assert lines[0] == "Имя     │  Счёт │     Что"
    assert lines[-2:] == ["длинное │ 23456 │ много слов", "        │       │  в ячейке"]


def test_rows_become_records_where_columns_do_not_fit() -> None:
    assert offline(_TABLE, 20)[:5] == ["Имя: а", "Счёт: 1", "Что: б", "────────────", "Имя: длинное"]


_TEXTS = st.text(alphabet="абв日5 ", max_size=40).map(str.strip)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(st.lists(_TEXTS, min_size=4, max_size=4), min_size=2, max_size=6), st.sampled_from([24, 40, 80]))
def test_words_of_cells_are_whole_in_columns_and_in_records(rows: list[list[str]], width: int) -> None:
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in [rows[0], ["---"] * 4, *rows[1:]])
    shown = offline(text, width)
    longest = [
        word for cells in rows[1:] for cell in cells for word in words(cell) if total_cells([(word, PLAIN)]) < width
    ]
    assert all(any(word in line for line in shown) for word in longest)
    assert grown(text, width, 400, cuts=range(0, len(text), 3)) == shown


def test_columns_get_room_for_their_longest_words_before_wide_ones_get_more() -> None:
    lines = offline("| Город | Что там есть |\n|---|---|\n| Санкт-Петербург | много музеев, дворцов и мостов |\n", 36)
    assert lines[2:] == ["Санкт-Петербург │ много музеев,", "                │ дворцов и мостов"]


def test_later_lines_of_a_records_field_are_not_taken_for_fields() -> None:
    rows = (
        "| `git rebase -i` | Интерактивное перебазирование<br>Осторожно: история! |\n"
        "| b | см. https://e.org/a/long/path/to |\n"
    )
    assert offline(f"| Команда | Что делает |\n|---|---|\n{rows}", 28) == [
        "Команда: git rebase -i",
        "Что делает: Интерактивное",
        "  перебазирование",
        "  Осторожно: история!",
        "────────────",
        "Команда: b",
        "Что делает: см.",
        "https://e.org/a/long/path/to",
    ]


def test_an_address_in_a_cell_is_whole() -> None:
    address = "https://example.org/a/very/long/path/to/some/page"
    lines = offline(f"| Имя | Описание | Адрес |\n|---|---|---|\n| а | много слов о нём | {address} |\n", 60)
    assert lines == ["Имя: а", "Описание: много слов о нём", f"Адрес: {address}"]


def test_missing_and_surplus_cells_do_not_matter() -> None:
    assert offline("| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n", 80) == ["a │ b", "──┼──", "1 │", "1 │ 2"]


@pytest.mark.parametrize("before", ["", "text\n", "> ", "- "])
def test_a_bar_in_a_formula_or_in_code_of_the_head_leaves_the_table_one(before: str) -> None:
    rest = "> " if before == "> " else " " * 2 * (before == "- ")
    text = f"{before}| $|x|$ | `a|b` |\n{rest}|---|---|\n{rest}| 1 | \\| |\n"
    shown = offline(text, 80)
    assert [line.strip("▌• ") for line in shown[-3:]] == ["|x| │ a|b", "────┼────", "1   │ |"]
    for size in (1, 7):
        assert grown(text, 80, 24, cuts=range(0, len(text), size)) == shown


def test_a_bar_in_a_formula_or_in_code_splits_no_cell_that_would_be_lost() -> None:
    text = "| a | b |\n|---|---|\n| $|x|$ | `p || q` |\n| `x|y` | z |\n| $5 | 6 | 7 |\n"
    assert offline(text, 80)[2:] == ["|x| │ p || q", "x|y │ z", "$5  │ 6"]
    assert grown(text, 80, 24, cuts=range(0, len(text), 3)) == offline(text, 80)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(alphabet=_GLYPHS, max_size=60), st.integers(2, 12))
def test_wrapped_rows_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap([(text, PLAIN)], width)
    assert all(total_cells(line.runs) <= width or _is_one_glyph(line.runs[0][0]) for line in lines)
    shown = "".join(part for part, _ in unwrap(lines))
    assert shown.replace(" ", "") == text.replace(" ", "")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(alphabet=_GLYPHS.replace("\n", ""), min_size=1, max_size=60), st.integers(12, 20))
def test_soft_rows_are_the_line_in_pieces(text: str, width: int) -> None:
    rows = soft_rows([(text, PLAIN)], width)
    assert "".join(part for row in rows for part, _ in row.runs) == text
    assert all(row.cells <= width for row in rows)
    assert [row.joined for row in rows] == [True] * (len(rows) - 1) + [False]


@pytest.mark.parametrize(("text", "width"), [("слово", 5), ("日本", 4), ("e\u0301", 1), ("😀", 2)])
def test_widths_are_in_cells(text: str, width: int) -> None:
    assert cells(text) == width


def test_wide_glyphs_break_anywhere_but_before_their_punctuation() -> None:
    assert offline("日本語のテキスト。です", 9)[0] == "日本語の"
    assert offline("日本語の。", 9) == ["日本語", "の。"]


def _is_one_glyph(text: str) -> bool:
    return len(text) <= 8


_UNSEEN = "[\u200d\ufe0f\u20e3\u2060\xad]"  # what pyte keeps in one way or another


@pytest.mark.parametrize(
    "emoji", ["👍🏽", "👨\u200d👩\u200d👧", "🇷🇺", "❤\ufe0f", "1\ufe0f\u20e3", "👋🏿", "\xad", "a\u2060"]
)
def test_rows_of_emoji_are_never_drawn_double(emoji: str) -> None:
    text = f"{emoji * 40} конец\n\n| a | b |\n|---|---|\n| {emoji} | x |\n"
    lines = offline(text, 20)
    for size in (1, 5):
        assert grown(text, 20, 100, cuts=range(0, len(text), size)) == lines
    seen = "".join(lines[: lines.index("")]).replace(" ", "")
    assert re.sub(_UNSEEN, "", seen) == re.sub(_UNSEEN, "", f"{emoji * 40}конец")


def test_rows_of_a_formula_that_do_not_fit_stay_rows() -> None:
    aligned = r"$$\begin{aligned} a + b + c + d &= e + f + g + h + i + j \\ &= k \end{aligned}$$"
    assert offline(aligned, 30) == ["  a + b + c + d = e + f + g", "    + h + i + j", "      = k"]
    cases = r"$$f(x) = \begin{cases} 1, & \text{если число чётное} \\ 0, & \text{иначе} \end{cases}$$"
    assert offline(cases, 24) == [
        "  f(x) = ⎧ 1, если",
        "            число",
        "            чётное",
        "         ⎩ 0, иначе",
    ]
    matrix = r"$$\begin{pmatrix} 1111111 & 2222222 \\ 3333333 & 4444444 \end{pmatrix}$$"
    assert "".join(offline(matrix, 14)).count(";") == 1  # whose columns would be lost
