"""Code is highlighted line by line: the text stays as it is, and what a line opens colours the lines after it."""

from __future__ import annotations

import sys

import pytest

from gigachat_cli.render.markdown.code import Highlighter, code_theme_exists
from gigachat_cli.render.markdown.look import Look, MarkdownOptions
from gigachat_cli.render.markdown.rows import PLAIN, Ink, Runs

from .screens import grown, offline

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


def test_unknown_theme_is_told_from_a_known_one() -> None:
    assert code_theme_exists("monokai")
    assert not code_theme_exists("no-such-theme")
    Highlighter("python", Look(MarkdownOptions(code_theme="no-such-theme"))).line("return 1")


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


@pytest.mark.parametrize("language", _LONG_LINES)
@pytest.mark.parametrize("width", [20, 31, 40, 80])
def test_a_line_longer_than_the_screen_is_right_after_each_redraw(language: str, width: int) -> None:
    text = f"```{language}\n{_LONG_LINES[language]}\nx = 1\n```\n"
    for size in (1, 2, 3, 7):
        assert grown(text, width, 400, cuts=range(0, len(text), size)) == offline(text, width)
