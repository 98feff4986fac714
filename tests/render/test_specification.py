"""What is seen of CommonMark's own examples is what its reference shows, whole and piece by piece."""

from __future__ import annotations

import pytest

from gigachat_cli.render.markdown import MarkdownOptions
from gigachat_cli.render.markdown.look import Look

from .screens import grown, offline
from .specification import Example, examples, visible, visible_in_html

_EXAMPLES = examples()
_COUNT = 652
_TALL = 40  # rows, more than any example has
_OPTIONS = MarkdownOptions(formulas=False, hyperlinks=True)
_LOOK = Look(_OPTIONS)

_HTML = {21, 31, 308, 309, 344, *range(475, 478), 491, 494, 524, 536, 642, 643}
"""HTML outside of its own sections: it is shown as it is written, and what is in it may be Markdown."""
_UNUSED = {194, 195, 200, 201, 203, 204, 207, 208, 210, 317, 537, 538, 545, 563, 565, 567, 571, 592}
"""Definitions of links that nothing refers to, or that have no address for a reader: they are shown."""
_REFERRED = {
    *(23, 33, 193, 196, 198, 208, 214, 218),
    *range(527, 537),
    *range(539, 544),
    *(549, *range(553, 563), 565, 566, *range(568, 572), 573, 576, 577, *range(582, 590), 591, 593),
}
"""A link and its definition apart: while the one is drawn, the other is not known yet."""


def _sections(*names: str) -> set[int]:
    return {each.number for each in _EXAMPLES if each.section in names}


@pytest.fixture(autouse=True)
def specification() -> None:
    if not _EXAMPLES:
        pytest.skip("the text of the specification comes by npm, which is not here or has no network")


def test_all_examples_are_found() -> None:
    assert len(_EXAMPLES) == _COUNT


def test_what_is_seen_is_what_the_reference_shows() -> None:
    html = _sections("HTML blocks", "Raw HTML")
    others = {
        each.number
        for each in _EXAMPLES
        if each.number not in html
        and visible("\n".join(offline(each.text, 200, options=_OPTIONS))) != visible_in_html(each.html, _LOOK)
    }
    assert others == _HTML | _UNUSED


@pytest.mark.parametrize(("width", "size"), [(20, 7), (80, 1)])
def test_examples_grow_as_they_are_rendered_whole(width: int, size: int) -> None:
    assert {each.number for each in _EXAMPLES if _grows_otherwise(each, width, size)} <= _REFERRED


@pytest.mark.soak
@pytest.mark.parametrize("width", [20, 80, 200])
@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
def test_examples_grow_so_in_pieces_of_any_size(width: int, size: int) -> None:
    assert {each.number for each in _EXAMPLES if _grows_otherwise(each, width, size)} <= _REFERRED


def _grows_otherwise(example: Example, width: int, size: int) -> bool:
    text = example.text
    shown = grown(text, width, _TALL, cuts=range(0, len(text), size), options=_OPTIONS)
    return shown != offline(text, width, options=_OPTIONS)
