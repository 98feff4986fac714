"""Formulas become Unicode that cannot be misread; what is no formula stays as it was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigachat_cli.render.markdown.formulas import to_unicode
from gigachat_cli.render.markdown.symbols import SILENT, SPACES

from .formulas_by_hand import IN_ONE_LINE, ROWS, SCHOOL, UNIVERSITY, pairs
from .screens import Growing, grown, offline


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("E = mc^2", "E = mc²"),
        ("x_1^{n+1}", "x₁ⁿ⁺¹"),
        ("a_{ij}^{2}", "aᵢⱼ²"),
        ("e^{i\\pi} + 1 = 0", "e^(iπ) + 1 = 0"),
        ("x^{ab_q}", "x^(ab_q)"),
        ("x_{путь}", "x_(путь)"),
        ("\\frac{a+b}{c}", "(a+b)/c"),
        ("\\frac{1}{2}mv^2", "1/2 mv²"),
        ("\\frac{x}{2a}", "x/(2a)"),
        ("\\frac12", "1/2"),
        ("\\sqrt{x+1}", "√(x+1)"),
        ("\\sqrt[3]{x}", "∛x"),
        ("\\sqrt 2", "√2"),
        ("\\mathbb{R} \\to \\alpha\\cdot\\beta \\leq \\infty", "ℝ → α · β ≤ ∞"),
        ("\\sum_{i=1}^{n} i", "∑ᵢ₌₁ⁿ i"),
        ("\\lim_{x\\to 0} \\sin x", "lim_(x → 0) sin x"),
        ("v = \\frac{путь}{время} \\text{ км_ч}", "v = путь/время км_ч"),
        ("\\begin{aligned}x&=1\\\\y&=2\\end{aligned}", "x=1\ny=2"),
        ("\\begin{cases}1 & x>0\\\\0 & x<0\\end{cases}", "⎧ 1, x>0\n⎩ 0, x<0"),
        ("g^{ab} \\bmod p", "gᵃᵇ mod p"),
        ("90^\\circ f'(x)", "90°f′(x)"),
    ],
)
def test_formula_in_unicode(latex: str, expected: str) -> None:
    assert to_unicode(latex) == expected


@pytest.mark.parametrize(("latex", "shown"), pairs(SCHOOL) + pairs(UNIVERSITY))
def test_formula_of_school_and_university(latex: str, shown: str) -> None:
    assert to_unicode(latex) == to_unicode(latex, one_line=True) == shown


@pytest.mark.parametrize("latex", ROWS)
def test_formula_of_several_rows(latex: str) -> None:
    assert to_unicode(latex) == ROWS[latex]


@pytest.mark.parametrize("latex", IN_ONE_LINE)
def test_rows_in_one_line(latex: str) -> None:
    assert to_unicode(latex, one_line=True) == IN_ONE_LINE[latex]


def test_no_symbol_vanishes() -> None:
    """The names are those of KaTeX's symbols and macros; a blank is what some of them mean."""
    names = Path(__file__).with_name("latex_names.txt").read_text().split()
    shown = {name: to_unicode(f"a \\{name} {{b}}") for name in names}
    lost = {name for name in names if shown[name].replace(" ", "") == "ab"}
    assert lost == {name for name in names if name in SPACES or name in SILENT or name.endswith("lap")}
    assert {name for name in names if "\\" in shown[name]} == {"backslash"}


@pytest.mark.parametrize("latex", ["\\frac{", "{a", "}", "\\begin{x}", "\\", "x" * 5000, "^", "\\left("])
def test_broken_or_endless_formula_loses_nothing(latex: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert to_unicode(latex)
    assert capfd.readouterr() == ("", "")


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(alphabet="\\{}[]^_$&abfrcsqt12 +-=αж'%#~", max_size=25))
def test_no_formula_is_too_odd(latex: str) -> None:
    to_unicode(latex)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("costs $5 and $6", "costs $5 and $6"),
        ("$5, or 10$ today", "$5, or 10$ today"),
        ("US$5 and 6$", "US$5 and 6$"),
        ("$HOME/bin:$PATH", "$HOME/bin:$PATH"),
        ("$ x $ is none", "$ x $ is none"),
        ("from $ x \\to a $ on", "from x → a on"),
        ("随着$n$增大", "随着n增大"),
        ("$-20^\\circ$C and $n$-й", "-20°C and n-й"),
        ("$x$-axis, ($x$), $x$, $y$.", "x-axis, (x), x, y."),
        ("costs $5 and x^2 is $6", "costs $5 and x^2 is $6"),
        ("от $100 до $200, $5-$10", "от $100 до $200, $5-$10"),
        ("a $20 bill, a $5 one: 20$.", "a $20 bill, a $5 one: 20$."),
        ("$1,000 or $2,000", "$1,000 or $2,000"),
        ("price$ and $more", "price$ and $more"),
        ("100$ и 200$", "100$ и 200$"),
        ("в $HOME, цена: 5$/шт", "в $HOME, цена: 5$/шт"),
        ("цена $5 *за штуку*, а x_1 100$.", "цена $5 за штуку, а x_1 100$."),
        ("$AB, CD$, $v = путь$, $ABC$", "AB, CD, v = путь, ABC"),
        ("\\$x\\$", "$x$"),
        ("`$x^2$` and `\\(y\\)`", "$x^2$ and \\(y\\)"),
        ("$x^2$, \\(y^2\\), $5$", "x², y², 5"),
        ("$a * b$ and *c*", "a * b and c"),
        ("H$_2$O, CO$_2$, 10$^{-3}$, 20$^\\circ$C", "H₂O, CO₂, 10⁻³, 20°C"),
        ("5$\\cdot$3 и 3$\\times$4", "5·3 и 3×4"),
        ("the $n$th and $k$-th term, $i$st, $x$or", "the nth and k-th term, ist, $x$or"),
        ("$20 км/ч$, $5 кг$, $2x$, $3,5 ab$", "20 км/ч, 5 кг, 2x, 3,5 ab"),
        ("$12 : 3 = 4$, $5! = 120$, $30°$, $1:2$", "12 : 3 = 4, 5! = 120, 30°, 1:2"),
        ("$5-10$ и $5 - 10$, 12$: 3$", "$5-10$ и $5 - 10$, 12$: 3$"),
        ("$5 млн и 6$, a $5 each or $6 one", "$5 млн и 6$, a $5 each or $6 one"),
        ("https://e.org/$x$/a?$y=z&b$", "https://e.org/$x$/a?$y=z&b$"),
        ('$_GET, "$_POST"+"$_GET" и $_{AB}$', '$_GET, "$_POST"+"$_GET" и _(AB)'),
        ("unclosed $x^2 here", "unclosed $x^2 here"),
        ("unclosed \\(x here", "unclosed (x here"),
    ],
)
def test_formula_is_told_from_money_and_code(text: str, expected: str) -> None:
    assert offline(text, 80) == [expected]


def test_formula_on_lines_of_its_own_is_no_list_and_no_heading() -> None:
    assert offline("Text\n\\[\na\n= b\n- c\n\\]\nmore", 80) == ["Text", "", "  a = b - c", "", "more"]
    assert offline("```\n$$\nx^2\n$$\n```", 80) == ["╭─", "$$", "x^2", "$$", "╰─"]


@pytest.mark.parametrize("name", ["align*", "equation", "cases", "pmatrix"])
def test_a_bare_environment_is_a_formula(name: str) -> None:
    text = f"Text\n\\begin{{{name}}}\nx^2 \\\\\ny^2\n\\end{{{name}}}\nmore\n"
    shown = offline(text, 80)
    assert (shown[0], shown[-1]) == ("Text", "more")
    assert "x²" in "".join(shown)
    assert "begin" not in "".join(shown)
    assert grown(text, 80, 400, cuts=range(0, len(text), 3)) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Так: \\begin{align*} x &= 1 \\\\ y &= 2 \\end{align*} всё.", "Так: x = 1; y = 2 всё."),
        ("a \\begin{cases} x \\\\ y \\end{cases}, b", "a {x; y, b"),
        ("a \\begin{other} x \\end{other}, C:\\begin", "a \\begin{other} x \\end{other}, C:\\begin"),
        (
            "Так: \\begin{align*} \\begin{cases} x \\\\ y \\end{cases} a &= b\nи c \\end{align*} да",
            "Так: {x; y a = b и c да",
        ),
        ("an open \\begin{cases} x $y$", "an open \\begin{cases} x y"),
    ],
)
def test_an_environment_inside_a_paragraph_is_a_formula(text: str, shown: str) -> None:
    assert offline(text, 80) == [shown]
    for size in (1, 3, 7):
        assert grown(text, 80, 24, cuts=range(0, len(text), size)) == [shown]


@pytest.mark.parametrize(
    "text",
    [
        "So \\begin{align*} a \\\\ b \\end{align*} it is.",
        "Let $x^2 + \\frac{a}{b} = 1$ be.",
        "Пусть \\(x_1 + x_2\\) и $$\\sqrt{2}$$ внутри.",
        "An $ a \\to b $ and $n$ and $-20^\\circ$C.",
        "Text\n\n$$\n\\sum_{i=1}^n i\n$$\n\nmore",
        "\\[\nE = mc^2\n\\]\n",
        "- item $\\alpha$\n- \\begin{cases} a \\\\ b \\end{cases}\n",
        "| a | b |\n|---|---|\n| $x^2$ | \\(y\\) |\n",
    ],
)
def test_latex_is_never_shown_meanwhile_and_no_row_goes(text: str) -> None:
    growing = Growing(40, 24)
    height = 0
    for character in text:
        growing.feed(character)
        shown = growing.screen.lines()
        assert not set("\\$^{}") & set("".join(shown)), shown
        assert len(shown) >= height
        height = len(shown)
    assert growing.finish() == offline(text, 40)


def test_what_only_begins_like_a_formula_is_shown_in_the_end() -> None:
    for text in ("It is $x^2 and no more", "a \\(b c", "cost: $x"):
        assert grown(text, 80, 24, cuts=range(len(text))) == offline(text, 80)
        assert offline(text, 80)[0].replace("(", "\\(", "\\(" in text) == text


def test_rows_of_a_formula_that_do_not_fit_are_set_in_one_line() -> None:
    text = "$$\n\\begin{pmatrix} 1000000 & 2000000 \\\\ 3000000 & 4000000 \\end{pmatrix}\n$$\n"
    assert offline(text, 80) == ["  ⎛1000000  2000000⎞", "  ⎝3000000  4000000⎠"]
    assert " ".join(" ".join(offline(text, 20)).split()) == "(1000000 2000000; 3000000 4000000)"
