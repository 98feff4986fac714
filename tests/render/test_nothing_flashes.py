"""While an answer comes, no LaTeX is shown that goes later, and no row that was shown becomes needless."""

from __future__ import annotations

import re
from random import Random

import pytest

from gigachat_cli.render.markdown import MarkdownOptions

from .answers import real_answers
from .formulas_by_hand import SCHOOL, UNIVERSITY, pairs
from .screens import Growing, offline

OPTIONS = MarkdownOptions(hyperlinks=True)
FORMULAS = [latex for latex, _ in pairs(SCHOOL) + pairs(UNIVERSITY)]
NEIGHBOURS = (
    *("слово", "метод", "и", "the", "value", "3,14", "[0;1)", "[a]", "(x)", "[Ваше имя],", "— «да»", "x<y", "AT&T!"),
    *("$5", "100$,", "$1,000", "US$20", "snake_case", "\\*звезда\\*", "1 < 2 > 0", "vector<int>", "user@example.org"),
    *("**жирное слово**", "*курсив два*", "***оба***", "__так__", "_этак вот_", "~~нет~~", "**`code`**", "*цена: $5*"),
    *("`код x`", "``a ` b``", "`$x$`", "&nbsp;&amp;", "&alpha; &#955;", "H<sub>2</sub>O", "<b>жирно</b>", "a[^1]"),
    *("[ссылка сюда](https://example.org/a/b)", "![вид](https://e.org/p.png)", '[l](/u "title")', "<https://e.org/x>"),
    *("https://example.org/very/long/path", "[**жирная** ссылка](https://e.org)", "**Формула $x^2$ тут**", "<a@b.org>"),
    *("`<b>x</b>`", "<u>a *b* &amp; c</u>", "a<br>b", "H$_2$O", "$n$th", "$20 км/ч$", "$x$$$y$$"),
    *("**не закрыто", "*args", "[не закрыта"),
)
_LATEX = re.compile(r"[\\$]")


def _inline(latex: str, chance: Random) -> str:
    forms = [f"\\({latex}\\)", f"$${latex}$$"]
    if "$" not in latex and re.search(r"[\\^_]", latex) and not latex[0].isdigit():
        forms += [f"${latex}$", f"$ {latex} $"]
    return chance.choice(forms)


def _paragraph(chance: Random) -> str:
    parts = [
        _inline(chance.choice(FORMULAS), chance) if chance.random() < 0.2 else chance.choice(NEIGHBOURS)
        for _ in range(chance.randint(4, 14))
    ]
    return " ".join(parts)


def _document(number: int) -> str:
    chance = Random(number)
    blocks = [
        lambda: _paragraph(chance),
        lambda: f"{'#' * chance.randint(1, 4)} {_paragraph(chance)}",
        lambda: f"- {_paragraph(chance)}\n- {_paragraph(chance)}",
        lambda: f"> {_paragraph(chance)}",
        lambda: f"{_paragraph(chance)}\n$$\n{chance.choice(FORMULAS)}\n$$\n{_paragraph(chance)}",
        lambda: f"{_paragraph(chance)} | {_paragraph(chance)}\n---|---\n{_paragraph(chance)} | x",
        lambda: f"| {_paragraph(chance)} | b |\n|---|---|\n| {_paragraph(chance)} | x |\n| a | {_paragraph(chance)} |",
        lambda: f"{_paragraph(chance)}\n===",
        lambda: f"{_paragraph(chance)}\n{_paragraph(chance)}",
    ]
    return "\n\n".join(chance.choice(blocks)() for _ in range(2))


def _pieces(text: str, size: int) -> list[str]:
    """Pieces of so many characters; words for 0."""
    return re.findall(r"\S+\s*|\s+", text) if not size else [text[at : at + size] for at in range(0, len(text), size)]


def _assert_calm(text: str, width: int, size: int) -> None:
    growing = Growing(width, 60, options=OPTIONS)
    screen = growing.screen.screen
    whole = offline(text, width, options=OPTIONS)
    final = [word for line in [*whole, *offline(text, 4000, options=OPTIONS)] for word in line.split()]
    height = 0
    for piece in _pieces(text, size):
        growing.feed(piece)
        at = screen.cursor.y
        rows = [
            "".join(screen.buffer[row][cell].data for cell in range(width)) for row in range(max(0, at - 7), at + 1)
        ]
        for word in " ".join(rows).split():
            assert not _LATEX.search(word) or any(word in known for known in final), (word, rows)
        taller = len(screen.history.top) + at
        assert taller >= height, rows
        height = taller
    assert growing.finish() == whole


@pytest.mark.parametrize(
    "text",
    [
        "one\n\n<details>\n\ntwo",
        "a `begins\non lines` b",
        f"    {'x' * 60} — 😀 {'y' * 60}\n",
        f"    {'x' * 79}1\ufe0f and {'x' * 76}",
        f"    {'x' * 19}1\ufe0f",
        'word[2](https://example.org/a/long/address) and a[i](/b/c/d/e/f "a title") so',
        f"    {'x' * 80}👍🏽 and more\n",
        f"```\n👍🏽 {'x' * 80} and {'日' * 30}\n```",
    ],
)
@pytest.mark.parametrize("width", [20, 80])
def test_no_row_goes(text: str, width: int) -> None:
    for size in (1, 7):
        _assert_calm(text, width, size)


ANSWERS = real_answers()
CASES = [(number, width, size) for number in range(200) for width in (20, 40, 80) for size in (1, 3, 7, 0)]


@pytest.mark.parametrize("first", range(8))
def test_an_answer_never_shows_what_goes_later(first: int) -> None:
    for number, width, size in CASES[first * 13 :: 8 * 13 * 5]:
        _assert_calm(ANSWERS[number].text, width, size)


@pytest.mark.parametrize("start", range(0, len(FORMULAS), 40))
def test_no_formula_is_seen_as_latex(start: int) -> None:
    chance = Random(start)
    text = ", и ".join(_inline(latex, chance) for latex in FORMULAS[start : start + 40])
    for size in (1, 7):
        _assert_calm(text, (20, 40, 80)[start % 3], size)


@pytest.mark.parametrize("start", range(0, 40, 10))
def test_neighbours_of_all_kinds_stay_as_they_were_shown(start: int) -> None:
    for number in range(start, start + 10):
        _assert_calm(_document(number), (20, 40, 80)[number % 3], (1, 3, 7, 0)[number % 4])


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(8))
def test_no_answer_ever_shows_what_goes_later(part: int) -> None:
    for number, width, size in CASES[part::8]:
        _assert_calm(ANSWERS[number].text, width, size)
    for number in range(part, 800, 8):
        _assert_calm(_document(number), (20, 40, 80)[number % 3], (1, 3, 7, 0)[number % 4])
