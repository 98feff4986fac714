"""Formulas become Unicode that cannot be misread; what is no formula stays as it was written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigachat_cli.render.markdown.formulas import to_unicode

from .screens import offline


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
        ("\\begin{cases}1 & x>0\\\\0 & x<0\\end{cases}", "1, x>0\n0, x<0"),
        ("g^{ab} \\bmod p", "gᵃᵇ mod p"),
        ("90^\\circ f'(x)", "90°f′(x)"),
    ],
)
def test_formula_in_unicode(latex: str, expected: str) -> None:
    assert to_unicode(latex) == expected


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
        ("100$ и 200$", "100$ и 200$"),
        ("\\$x\\$", "$x$"),
        ("`$x^2$` and `\\(y\\)`", "$x^2$ and \\(y\\)"),
        ("$x^2$, \\(y^2\\), $5$", "x², y², 5"),
        ("$a * b$ and *c*", "a * b and c"),
        ("unclosed $x^2 here", "unclosed $x^2 here"),
        ("unclosed \\(x here", "unclosed (x here"),
    ],
)
def test_formula_is_told_from_money_and_code(text: str, expected: str) -> None:
    assert offline(text, 80) == [expected]


def test_formula_on_lines_of_its_own_is_no_list_and_no_heading() -> None:
    assert offline("Text\n\\[\na\n= b\n- c\n\\]\nmore", 80) == ["Text", "", "  a = b - c", "", "more"]
    assert offline("```\n$$\nx^2\n$$\n```", 80) == ["╭─", "$$", "x^2", "$$", "╰─"]
