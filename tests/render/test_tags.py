"""HTML tags, footnotes and the labels of notes look as they mean, whole and while they come."""

from __future__ import annotations

import pytest

from gigachat_cli.render.markdown import MarkdownOptions

from .screens import Growing, grown, offline

SHOWN = {
    "H<sub>2</sub>O and x<sup>10</sup>, H<SUB>2</SUB>SO<sub>4</sub>": "H₂O and x¹⁰, H₂SO₄",
    "a<sub>max</sub>, b<sub>Ж</sub>, c<sup>нет</sup>": "aₘₐₓ, b_Ж, c^(нет)",
    "Press <kbd>Ctrl</kbd>+<kbd>C</kbd>.": "Press Ctrl+C.",
    "<b>bold <i>both</i></b> <mark>m</mark> <u>u</u> <del>gone</del>": "bold both m u gone",
    "<kbd>&lt;</kbd> and <b>**x**</b>": "< and x",
    "one<br>two<br/>three<BR />four": "one\ntwo\nthree\nfour",
    "one<br>\ntwo": "one\ntwo",
    "one<br>  \ntwo": "one\ntwo",
    "*one*\n<details>\ntwo": "one\ntwo",
    "a < b and c > d, x<y, <b unclosed": "a < b and c > d, x<y, <b unclosed",
    "<b>never closed": "<b>never closed",
    "<b>over\nlines</b>": "<b>over\nlines</b>",
    f"<b>{'word ' * 50}</b>": f"<b>{'word ' * 50}</b>",
    "an `<b>x</b>` in code, a \\<b>x</b>": "an <b>x</b> in code, a <b>x</b>",
    "<div>other</div> <!-- comment -->": "<div>other</div> <!-- comment -->",
    "<details>\n<summary>Подробнее</summary>\n\nтекст\n\n</details>\n": "▸ Подробнее\n\nтекст",
    "<details open><summary>a <b>b</b></summary>c</details>": "▸ a bc",
    "Text[^1] and more.[^12]\n\n[^1]: First.\n[^12]:  Second.\n": "Text¹ and more.¹²\n\n¹ First.\n¹² Second.",
    "Text[^1], [^a].\n\n[^1]: https://e.org/a\n[^2]: /b 'c'\n\n[^a]: <https://e.org>\n": (
        "Text¹, [^a].\n\n¹ https://e.org/a\n² /b 'c'\n\n[^a]: https://e.org"
    ),
    "Text[^1][^2], more[^3][^4][^5].": "Text¹², more³⁴⁵.",
    "See[^1]: here": "See¹: here",
    "около 100[^1] млн, в 2020[^2] году, там[^3]": "около 100[1] млн, в 2020[2] году, там³",
    "[^1](https://e.org) and [^0-9] and [^a]": "^1 and [^0-9] and [^a]",
    "> [!NOTE]\n> Useful.\n": "▌ Note\n▌ Useful.",
    "> [!WARNING]  \n> Urgent.\n": "▌ Warning\n▌ Urgent.",
    "> [!note] on the same line\n> [!OTHER]\n": "▌ [!note] on the same line\n▌ [!OTHER]",
    "a [!NOTE]\n": "a [!NOTE]",
    "> [!tip]\n> Short.\n": "▌ Tip\n▌ Short.",
    "1. [ ] one\n2. [x] two\n": "1. ☐ one\n2. ☑ two",
    "x<sub>a<b>b</b></sub>, y<sup>**2**</sup>, z<sup>`n`</sup>": "x_(ab), y², zⁿ",
    "see [](https://e.org/a) and [ ](/b)": "see (https://e.org/a) and (/b)",
    "a&#9;b&Tab;c&NewLine;d&#x202e;e": "a b c de",
    "[a](#раздел) [b](./файл.md) [c](/a%20b)": "a (#раздел) b (./файл.md) c (/a%20b)",
}


@pytest.mark.parametrize("text", SHOWN)
def test_looks_as_it_means(text: str) -> None:
    shown = offline(text, 2000)
    assert "\n".join(shown).split() == SHOWN[text].split()
    assert len(shown) == len(SHOWN[text].split("\n"))


@pytest.mark.parametrize("text", SHOWN)
@pytest.mark.parametrize("width", [20, 80])
def test_looks_the_same_when_it_came_in_pieces(text: str, width: int) -> None:
    longer = f"{text}\n\nA paragraph *after* it, {text}\n\n| a | b |\n|---|---|\n| x<sub>1</sub> | [^1] |\n"
    for size in (1, 3, 7):
        assert grown(longer, width, 400, cuts=range(0, len(longer), size)) == offline(longer, width)


@pytest.mark.parametrize(
    "text",
    [
        *("H<sub>2</sub>O", "<kbd>Ctrl</kbd>", "a[^1][^2] b", "> [!NOTE]\n> b\n", "a<i>b <b>c</b></i>"),
        *("<summary>**a** *b*</summary>", "<b>a &nbsp;**b** <i>c *d*</i> *e*</b> f", "*a*\n<details>\nb"),
    ],
)
def test_no_half_of_a_tag_is_shown_meanwhile(text: str) -> None:
    growing = Growing(80, 24)
    for character in text:
        growing.feed(character)
        shown = "\n".join(growing.screen.lines())
        assert not set("<>]^!/*&") & set(shown)


def test_tags_in_code_are_shown_as_they_come() -> None:
    growing = Growing(80, 24)
    for number, character in enumerate(text := "<b>a `<i>x</i>"):
        growing.feed(character)
        assert "\n".join(growing.screen.lines()) in text[3 : number + 1].replace("`", "")


def test_styles_are_of_the_text_between_the_tags() -> None:
    growing = Growing(80, 24, options=MarkdownOptions(color="256"))
    growing.feed("a <b>bold</b> z\n")
    growing.finish()
    assert "a \x1b[1mbold\x1b[0m z" in "".join(growing.screen.sent)
