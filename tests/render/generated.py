"""Markdown made up by hypothesis: every kind of block, nested, and lines of odd marks."""

from __future__ import annotations

from hypothesis import strategies as st

_MARKED = "**жирный** *курсив* `код` $x^2$ $5 $6, ~~нет~~ a*b snake_case **начало конец** *a b* `x y` [1] [a][b] 2*3"
_ODD = "* _ [ ] ` $ | # &amp; &lt; <br> <https://e.org> https://example.org/a/very/long/path?with=query [ссылка](/c)"
_GLYPHS = "日本語 漢字かな é e\u0301 😀 слово word длинноеслововосемьдесятбукв"
_WORDS = st.sampled_from([*" ".join([_MARKED, _ODD, _GLYPHS]).split(), "`a  b`", "\\*", "\\(x_1\\)"])
_INLINE = st.lists(_WORDS, min_size=1, max_size=14).map(" ".join)
_SHORT = st.lists(_WORDS, min_size=1, max_size=3).map(" ".join)
_CODE = ["def f(x):", "    return x", "", "x = 'слово'  # note", "/* open", "close */", "{", "}", "| not | table |"]
_CODE_LINE = st.sampled_from([*_CODE, "- no", "y = " + "z" * 90, "\tтаб", "日本" * 30])

_paragraph = st.lists(_INLINE, min_size=1, max_size=3).map("\n".join)
_heading = st.tuples(st.sampled_from(["# ", "## ", "### ", "#### "]), _SHORT, st.sampled_from(["", " #", " ##"])).map(
    "".join
)
_setext = st.tuples(_SHORT, st.sampled_from(["\n===", "\n---", "\n-"])).map("".join)
_rule = st.sampled_from(["---", "***", "_ _ _"])
_fence = st.tuples(
    st.sampled_from(["```", "~~~", "````"]),
    st.sampled_from(["", "python", "c", "нет", "js {1}"]),
    st.lists(_CODE_LINE, max_size=6),
    st.booleans(),
).map(lambda parts: "\n".join([parts[0] + parts[1], *parts[2], *([parts[0]] if parts[3] else [])]))
_indented = st.lists(_CODE_LINE, min_size=1, max_size=3).map(lambda lines: "\n".join("    " + line for line in lines))
_formula = st.sampled_from(
    [
        "$$\nx = \\frac{1}{2}\n$$",
        "\\[ y^2 \\]",
        "\\[\na\n= b\n- c\n\\]",
        "$$ open",
        "$$x$$ and text",
        "\\[ \\alpha \\] tail",
    ]
)


@st.composite
def _tables(draw: st.DrawFn) -> str:
    columns = draw(st.integers(1, 4))
    cell = st.sampled_from(["a", "", "два слова", "**b**", "`c`", "$x_1$", "12", "日本", "long cell with words", "\\|"])
    row = st.lists(cell, min_size=columns, max_size=columns).map(lambda cells: "| " + " | ".join(cells) + " |")
    marks = st.lists(st.sampled_from(["---", ":--", "--:", ":-:"]), min_size=columns, max_size=columns)
    delimiter = "|" + "|".join(draw(marks)) + "|"
    return "\n".join([draw(row), delimiter, *draw(st.lists(row, max_size=5))])


_odd_line = st.text(alphabet="-*+#>|`~=_ 1.)[]:$\\ab\n", max_size=12)
_leaf = st.one_of(_paragraph, _heading, _setext, _rule, _fence, _indented, _formula, _tables(), _odd_line)


def _indent(text: str, first: str, rest: str) -> str:
    lines = text.split("\n")
    return "\n".join([first + lines[0], *((rest + line) if line or rest.strip() else "" for line in lines[1:])])


def _nest(blocks: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    inner = st.tuples(st.lists(blocks, min_size=1, max_size=3), st.sampled_from(["\n", "\n\n"])).map(
        lambda parts: parts[1].join(parts[0])
    )
    mark = st.sampled_from(["- ", "* ", "1. ", "9. ", "10) ", "-   ", "+ "])
    item = st.tuples(mark, inner).map(lambda parts: _indent(parts[1], parts[0], " " * len(parts[0])))
    quote = inner.map(lambda text: _indent(text, "> ", "> "))
    lazy = st.tuples(st.sampled_from(["> ", "- ", "1. "]), _paragraph).map("".join)
    items = st.tuples(st.lists(item, min_size=1, max_size=3), st.sampled_from(["\n", "\n\n"])).map(
        lambda parts: parts[1].join(parts[0])
    )
    return st.one_of(items, quote, lazy)


_block = st.recursive(_leaf, _nest, max_leaves=6)

documents: st.SearchStrategy[str] = st.lists(
    st.tuples(_block, st.sampled_from(["\n\n", "\n", "\n\n\n"])).map("".join), min_size=1, max_size=6
).map("".join)
