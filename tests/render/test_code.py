"""Code is highlighted line by line: the text stays as it is, and what a line opens colours the lines after it."""

from __future__ import annotations

import sys

import pytest
from pygments.styles import get_style_by_name
from pygments.token import Whitespace

from gigachat_cli.render.markdown import MarkdownOptions, html, look, render_offline
from gigachat_cli.render.markdown.code import Highlighter
from gigachat_cli.render.markdown.look import Look
from gigachat_cli.render.markdown.rows import PLAIN, Ink, Runs

from .answers import CODE
from .screens import Growing, grown, offline

_SAMPLES = {
    "python": 'def f(x):\n    """doc\n    more"""\n    return f"{x!r}"  # комментарий\n\n@a\nclass B: pass',
    "c": "int main() {\n /* a\n b */ return 1; }\n#define X \\\n 1",
    "js": "/* a\nb */ let x = `a ${b}\n c`;",
    "go": "x := `raw\nraw2`\nvar y int",
    "json": '{"a": 1,\n "b": [true, "x"]}',
    "bash": 'for i in $(ls); do\n echo "$i\nfoo"\ndone <<EOF\nx\nEOF',
    "html": '<!-- a\nb --><p class="x">t</p>\n<script>\nlet x = 1;\n</script>',
    "sql": "SELECT * FROM t -- x\nWHERE a = 'b';",
    "yaml": "a:\n  - b: |\n     text\n  - c: 1",
    "ruby": "x = <<~A\n text\nA\nputs :b",
    "php": "<?php\n echo 'x';\n?>",
    "diff": "+a\n-b",
    "makefile": "a: b\n    cc",
    "no-such-language": "x\ny",
    "": "x",
}


def _highlighter(language: str) -> Highlighter:
    return Highlighter(language, Look(MarkdownOptions()))


def _ink_of(runs: Runs, text: str) -> Ink:
    return next(ink for part, ink in runs if text in part)


@pytest.mark.parametrize("language", _SAMPLES)
def test_text_of_every_line_stays_as_it_is(language: str) -> None:
    highlighter = _highlighter(language)
    for line in _SAMPLES[language].split("\n"):
        for end in range(len(line) + 1):
            assert "".join(text for text, _ in highlighter.peek(line[:end])) == line[:end]
        assert "".join(text for text, _ in highlighter.line(line)) == line


@pytest.mark.parametrize(
    ("language", "lines", "word"),
    [
        ("python", ['"""doc', "inside return", '"""'], "inside"),
        ("c", ["int x; /* a", "inside return", "*/"], "inside"),
        ("js", ["x(); /* a", "inside return", "*/"], "inside"),
        ("go", ["x := `a", "inside return", "`"], "inside"),
        ("html", ["<b>x</b><!-- a", "inside <b>", "-->"], "inside"),
    ],
)
def test_comments_and_strings_go_over_line_ends(language: str, lines: list[str], word: str) -> None:
    highlighter = _highlighter(language)
    opened = highlighter.line(lines[0])
    inside = highlighter.line(lines[1])
    assert _ink_of(inside, word) == opened[-1][1] != PLAIN
    assert len(inside) == 1
    highlighter.line(lines[2])
    assert _ink_of(highlighter.line("outside"), "outside") != opened[-1][1]


def test_peeking_changes_nothing() -> None:
    peeked, plain = _highlighter("python"), _highlighter("python")
    for line in ['x = """', "a", '""" + y', "return"]:
        peeked.peek(line + '"""')
        peeked.peek('"""')
        assert peeked.line(line) == plain.line(line)


def test_work_for_a_line_does_not_grow_with_the_block() -> None:
    highlighter = _highlighter("python")
    costs = [_calls(highlighter, "    total[(n)] = {'a': [compute(n, 'слово')  # открыто") for _ in range(300)]
    assert sum(costs[-100:]) < 1.2 * sum(costs[:100])


def test_very_long_line_is_left_plain() -> None:
    highlighter = _highlighter("json")
    line = '{"a": 1},' * 1000
    assert highlighter.line(line) == [(line, PLAIN)]


def test_plain_text_keeps_the_colour_of_the_terminal() -> None:
    assert _highlighter("python").line("name") == [("name", PLAIN)]


def test_the_language_is_read_from_attributes_as_well() -> None:
    assert offline("```{.python .numberLines}\nx\n```\n", 80)[0] == "╭─ python"
    assert offline("```.env\nA=1\n```\n", 80)[0] == "╭─ .env"


def test_unknown_theme_costs_no_line() -> None:
    highlighter = Highlighter("python", Look(MarkdownOptions(code_theme="no-such-theme")))
    assert "".join(text for text, _ink in highlighter.line("return 1")) == "return 1"


def _calls(highlighter: Highlighter, line: str) -> int:
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    sys.setprofile(note)
    try:
        highlighter.line(line)
    finally:
        sys.setprofile(None)
    return count


_LONG_LINES = {
    "cpp": "void dfs(vector<vector<int>> &graph, int v, vector<bool> &used) { // walk through all the neighbours of v",
    "python": 'result = {key: [f"{item!r:>10}" for item in items if item is not None] for key, items in found.items()}',
    "vue": '<li v-for="item in items" :key="item.id" @click="select(item)" :class="{ on: item.on }">{{ item }}</li>',
    "": "просто длинная строка без языка, в которой есть 日本語 и всё остальное, что не помещается в один ряд экрана",
}


_BLOCKS = [
    *(f"```{language}\n{line}\nx = 1\n```\n" for language, line in _LONG_LINES.items()),
    *(f"```{language}\n{code}\n```\n" for language, code in CODE.items()),
]


@pytest.mark.parametrize("start", range(20, 30))
def test_code_is_right_after_each_redraw_at_every_width(start: int) -> None:
    for width in range(start, 121, 10):
        for number in (width, width + 5):
            _assert_right_after_each_redraw(_BLOCKS[number % len(_BLOCKS)], width, (1, 2, 3, 7)[number % 4])


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("block", range(len(_BLOCKS)))
def test_each_code_is_right_after_each_redraw_at_every_width(block: int) -> None:
    for width in range(20, 121):
        for size in (1, 3, 7):
            _assert_right_after_each_redraw(_BLOCKS[block], width, size)
        _assert_right_after_each_redraw(f"1. a\n\n   {_BLOCKS[block]}".replace("\n", "\n   "), width, 2)


def _assert_right_after_each_redraw(text: str, width: int, size: int) -> None:
    whole = offline(text, width)
    letters = _letters(whole)
    growing = Growing(width, 40)
    seen = ""
    for start in range(0, len(text), size):
        growing.feed(text[start : start + size])
        before, seen = seen, _letters(growing.screen.lines())
        assert letters.startswith(seen), seen
        assert len(seen) >= len(before), seen
    assert growing.finish() == whole


def _letters(lines: list[str]) -> str:
    return "".join(lines).replace(" ", "")


_RAW = MarkdownOptions(tabs=True)
_COLOURLESS = MarkdownOptions(color="none", tabs=True)
_TABBED = [
    "func main() {",
    "\tfor i := range 10 {",
    "\t\tfmt.Println(i)\t// печать",
    "\t}",
    "a\tb\tc\t",
    "日本\tx\ty",
    "\t" * 4 + "deep(call, with, arguments)",
    "\t" + "long_name(" * 9,
    "\t```",
    "  \t  mixed",
    "}",
]


@pytest.mark.parametrize("width", [20, 33, 40, 80, 120])
@pytest.mark.parametrize("height", [4, 60])
def test_lines_with_tabs_are_right_after_each_redraw(width: int, height: int) -> None:
    text = "```go\n" + "\n".join(_TABBED) + "\n```\nконец\n"
    shown = offline(text, width, options=_RAW)
    assert "".join(shown).replace(" ", "") == "".join(["╭─go", *_TABBED, "╰─конец"]).replace("\t", "").replace(" ", "")
    for size in (1, 2, 3, 7, 1000):
        assert grown(text, width, height, cuts=range(0, len(text), size), options=_RAW) == shown


def test_tabs_are_written_as_tabs_where_the_line_begins_where_the_row_does() -> None:
    text = "\n".join(_TABBED)
    assert render_offline(f"```\n{text}\n```\n", width=80, options=_COLOURLESS).split("\n")[1:4] == _TABBED[:3]
    nested = render_offline("- a\n\n  ```\n  \tx\n  ```\n> ```\n> \tx\n> ```\n", width=80, options=_COLOURLESS)
    assert "\t" not in nested
    narrow = render_offline("```\n\t" + "word " * 9 + "\n```\n", width=40, options=_COLOURLESS)
    assert "\t" not in narrow
    assert offline("```\n\tx\n```\n", 80)[1] == "    x"


@pytest.mark.parametrize("cut", range(1, 60, 4))
@pytest.mark.parametrize("width", [50, 60])
def test_a_line_with_tabs_goes_on_after_a_stop_and_a_resize(cut: int, width: int) -> None:
    text = "```go\n\tif x {\ty()\t} else { z(1, 2, 3) }\tand more\n\tlast()\n```\nend"
    growing = Growing(50, 20, options=_RAW)
    growing.feed(*text[:cut])
    if width == 50:
        growing.markdown.leave()
    else:
        growing.resize(width, 20)
    growing.feed(*text[cut:])
    assert _letters(growing.finish()) == "╭─goifx{y()}else{z(1,2,3)}andmorelast()╰─end"


@pytest.mark.parametrize("themes", [look._CODE_THEMES, html.CODE_STYLES], ids=["terminal", "page"])
def test_code_can_be_read_on_a_light_background(themes: dict[str, str]) -> None:
    """Contrast as WCAG has it, against white: 4.5 is its least for text."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (each / 12.92 if each <= 0.03928 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for token, style in get_style_by_name(themes["light"]):
        if style["color"] and token is not Whitespace:
            assert 1.05 / (luminance(style["color"]) + 0.05) >= 4.5, token
