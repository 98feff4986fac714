"""What grew piece by piece ends as what is rendered whole; of what is taller than the screen nothing is lost."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gigachat_cli.render.markdown import MarkdownOptions

from .corpora import CORPORA, numbered_words
from .generated import documents
from .reference import rendered_from_tokens
from .screens import Growing, grown, offline, random_cuts, split

_TALL = 400


@pytest.mark.parametrize("width", [20, 80, 200])
@pytest.mark.parametrize("name", CORPORA)
def test_grown_answer_equals_offline_rendering(name: str, width: int) -> None:
    text = CORPORA[name]
    expected = offline(text, width)
    for seed in range(8):
        assert grown(text, width, _TALL, cuts=random_cuts(text, seed)) == expected


@pytest.mark.parametrize("name", CORPORA)
def test_grown_answer_without_links_and_formulas_equals_offline_rendering(name: str) -> None:
    text = CORPORA[name]
    options = MarkdownOptions(hyperlinks=False, formulas=False, color="none", wrap=50)
    expected = offline(text, 80, options=options)
    for seed in range(4):
        assert grown(text, 80, _TALL, cuts=random_cuts(text, seed), options=options) == expected


@pytest.mark.parametrize("name", CORPORA)
def test_answer_starts_below_what_was_on_the_screen(name: str) -> None:
    growing = Growing(40, 12, before="$ вопрос\r\n")
    growing.feed(*CORPORA[name])
    assert growing.finish()[0] == "$ вопрос"


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(text=documents, seed=st.integers(0, 7), width=st.sampled_from([20, 37, 80, 200]))
def test_generated_answer_equals_offline_rendering(text: str, seed: int, width: int) -> None:
    _assert_grows_like_offline(text, seed, width)


@pytest.mark.soak
@pytest.mark.timeout(1200)
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=documents, seed=st.integers(0, 7), width=st.integers(20, 400))
def test_many_generated_answers_equal_offline_rendering(text: str, seed: int, width: int) -> None:
    _assert_grows_like_offline(text, seed, width)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(text=st.text(alphabet="-*+#>|`~=_ 1.)[]:$\\ab\n\té日\u200d\ufe0f😀&;<", max_size=60), height=st.integers(1, 5))
def test_no_text_is_too_odd_to_be_drawn(text: str, height: int) -> None:
    growing = Growing(20, height)
    growing.feed(*text)
    growing.finish()


def test_paragraph_taller_than_the_screen_is_whole_and_once() -> None:
    text = f"{numbered_words(0, 300)} **{numbered_words(300, 3)}** {numbered_words(303, 300)}"
    lines = grown(text, 60, 10, cuts=range(0, len(text), 7))
    assert lines == offline(text, 60)


def test_late_emphasis_in_a_tall_paragraph_loses_nothing() -> None:
    text = f"**{numbered_words(0, 200)}** `{numbered_words(200, 100)}` [{numbered_words(300, 50)}](https://e.org) end"
    words = re.findall(r"слово\d+|end", " ".join(grown(text, 60, 8, cuts=range(0, len(text), 5))))
    assert words == re.findall(r"слово\d+|end", text)


def test_code_taller_than_the_screen_equals_offline_rendering() -> None:
    text = "```python\n" + "\n".join(f"line_{n} = '{n}' # {'x' * (n % 90)}" for n in range(120)) + "\n```\nend"
    assert grown(text, 60, 8, cuts=range(0, len(text), 11)) == offline(text, 60)


def test_code_line_longer_than_the_screen_equals_offline_rendering() -> None:
    text = "- item\n\n  ```\n  " + "".join(f"{n:04d}," for n in range(700)) + "\n  short\n  ```\n- next"
    assert grown(text, 50, 6, cuts=range(0, len(text), 13)) == offline(text, 50)


def test_list_taller_than_the_screen_equals_offline_rendering() -> None:
    items = (f"{n}. пункт {numbered_words(n, 6)}\n   - внутри {n}\n\n     абзац {n}" for n in range(7, 60))
    text = "\n".join(items)
    assert grown(text, 40, 8, cuts=range(0, len(text), 9)) == offline(text, 40)


def test_quote_taller_than_the_screen_equals_offline_rendering() -> None:
    text = "\n>\n".join(f"> абзац {n}\n> - пункт\n>   - глубже {n}" for n in range(50))
    assert grown(text, 40, 8, cuts=range(0, len(text), 9)) == offline(text, 40)


def test_table_taller_than_the_screen_keeps_its_columns_and_rows() -> None:
    rows = [f"| {n} | {'слово' if n < 50 else 'слово очень длинное'} {n} |" for n in range(80)]
    text = "\n".join(["| № | Что |", "|--:|---|", *rows])
    lines = grown(text, 60, 10, cuts=range(0, len(text), 9))
    assert [int(line.split("│")[0]) for line in lines if re.match(r"\s*\d+ +│", line)] == list(range(80))
    assert len({line.index("│") for line in lines if "│" in line}) == 1


def test_tall_setext_heading_and_table_inside_a_tall_paragraph_lose_nothing() -> None:
    text = f"{numbered_words(0, 200)}\n===\n\n{numbered_words(200, 200)}\n| a | b |\n|---|---|\n| c | d |\n"
    lines = grown(text, 60, 8, cuts=range(0, len(text), 9))
    assert re.findall(r"слово\d+", " ".join(lines)) == re.findall(r"слово\d+", text)
    assert lines[-3:] == ["a │ b", "──┼──", "c │ d"]


@pytest.mark.parametrize("name", ["lists", "tables", "formulas", "quotes", "cyrillic"])
def test_small_screen_shows_every_letter_once(name: str) -> None:
    text = CORPORA[name]
    letters = sorted(re.findall(r"\w", "".join(offline(text, 200))))
    for seed in range(4):
        assert sorted(re.findall(r"\w", "".join(grown(text, 200, 3, cuts=random_cuts(text, seed))))) == letters


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("## Язык C#\n", ["Язык C#"]),
        ("C:\\  a \\ b  c\\  é[", ["C:\\ a \\ b c\\ é["]),
        ("## Язык C# ##\n", ["Язык C#"]),
        ("## F## и C#\n\nдальше\n", ["F## и C#", "", "дальше"]),
        ("[l](/u (title))\n", ["l (/u)"]),
        ('[l](/u "a) b") c\n', ["l (/u) c"]),
        ("см. [docs][1]\n\n[1]: https://e.org/a\n", ["см. [docs][1]", "", "[1]: https://e.org/a"]),
        ("[Вопрос]:\nПривет\n\n[Ответ]:\nДа.\n", ["[Вопрос]:", "Привет", "", "[Ответ]:", "Да."]),
        ("[a]: https://e.org\n\nтекст\n", ["текст", "", "[a]: https://e.org"]),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_nothing_is_lost_while_it_comes(text: str, shown: list[str], size: int) -> None:
    assert grown(text, 60, 20, cuts=range(0, len(text), size)) == shown


LONG = "".join(f"w{number} " for number in range(700))
"""More than is held of a line that does not tell what it is."""

LONG_LINES = {
    "text": f"{LONG}\n",
    "formula": f"$$\n{LONG}\n$$\n",
    "formula that begins on its first line": f"$$ {LONG}\n$$\n",
    "formula of one line": f"$$ {LONG}$$\n",
    "formula with a bracket": f"\\[\n{LONG}\n\\]\n",
    "second line of a formula": f"$$\na + b\n{LONG}$$\n",
    "formula in a text": f"see ${LONG}$ now\n",
    "heading": f"# {LONG}\n",
    "code": f"```python\n{LONG}\n```\n",
    "indented code": f"    {LONG}\n",
    "head of a table": f"|{LONG}|\n|-|\n|a|\n",
    "row of a table": f"|a|b|\n|-|-|\n|{LONG}|b|\n",
    "list": f"- {LONG}\n",
    "quote": f"> {LONG}\n",
    "title of a definition": f'[a]: https://e.example/ "{LONG}"\n',
    "HTML": f"<div>{LONG}</div>\n",
    "formula in a quote": f"> $$\n> {LONG}\n> $$\n",
    "formula in a list": f"- $$\n  {LONG}\n  $$\n",
}


@pytest.mark.parametrize("size", [1_000_000, 512, 7])
@pytest.mark.parametrize("text", LONG_LINES.values(), ids=LONG_LINES)
def test_no_word_of_a_long_line_is_lost_and_what_follows_is_itself(text: str, size: int) -> None:
    whole = f"{text}\nafter *this*\n"
    drawn = "".join(grown(whole, 80, _TALL, cuts=range(0, len(whole), size)))
    found = re.findall("w[0-9]+", drawn.replace(" ", "").replace("w", " w"))
    assert found == [f"w{number}" for number in range(700)]
    assert drawn.endswith("after this")


def test_a_hundred_levels_are_the_same_grown_and_whole_and_deeper_ones_stay_text() -> None:
    for mark, levels in (("> ", 99), ("- ", 99), ("> ", 150), ("- ", 150)):
        text = f"{mark * levels}слово\n"
        lines = grown(text, 400, 300, cuts=range(0, len(text), 7))
        assert lines == offline(text, 400)
        assert "слово" in lines[-1]


def test_cut_answer_keeps_what_came() -> None:
    growing = Growing(60, 20)
    growing.feed("# Заголовок\n\n- один\n- два и **не закр", "ыто")
    assert growing.finish()[-2:] == [" • один", " • два и **не закрыто"]


def test_finish_leaves_the_cursor_at_the_beginning_of_a_new_line() -> None:
    for text in ("", "слово", "слово\n", "```\nкод", "| a |\n|---|", "x" * 20, "[a]: /url", "---"):
        growing = Growing(20, 10)
        growing.feed(text)
        growing.finish()
        growing.markdown.finish()
        assert growing.screen.screen.cursor.x == 0
        assert len(growing.screen.lines()) == growing.screen.screen.cursor.y


def test_work_for_a_chunk_does_not_grow_with_the_answer() -> None:
    for block in (numbered_words(0, 40) + " ", "- пункт **списка** и слова\n", "слово `код` и ещё\n\n", "    код\n"):
        growing = Growing(80, 24)
        costs = [_calls(growing, block) for _ in range(60)]
        assert sum(costs[-15:]) < 1.3 * sum(costs[15:30])


def test_heavy_libraries_load_with_the_first_code_and_the_first_formula() -> None:
    program = """
import sys
from gigachat_cli.render.markdown import MarkdownOptions, render_offline
def show(text): render_offline(text, width=80, options=MarkdownOptions())
show("# text *and* more")
assert "pygments" not in sys.modules and "gigachat_cli.render.markdown.latex" not in sys.modules
show("$5 and $6")
assert "gigachat_cli.render.markdown.latex" not in sys.modules
show("$x$")
assert "pygments" not in sys.modules
show("```\\ncode\\n```")
assert "pygments.lexers" in sys.modules
assert "pygments.lexers.python" not in sys.modules
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)


def _assert_grows_like_offline(text: str, seed: int, width: int) -> None:
    # markdown-it drops code that is indented below an empty quote, which nobody else does.
    text = re.sub(r">\s*\n(?=(?:[> ]*) {4})", "> x\n", text)
    expected = rendered_from_tokens(text, width)
    assert offline(text, width) == expected
    assert grown(text, width, _TALL, cuts=random_cuts(text, seed)) == expected


def _calls(growing: Growing, text: str) -> int:
    """Count the calls of functions that drawing a text makes: the work, without a clock."""
    count = 0

    def note(*_: object) -> None:
        nonlocal count
        count += 1

    pieces = split(text, range(0, len(text), 10))
    sys.setprofile(note)
    try:
        for piece in pieces:
            growing.markdown.feed(piece)
            growing.clock.now += 1.0
    finally:
        sys.setprofile(None)
    return count
