"""What is seen of the examples of CommonMark and GFM is what their reference shows, whole and piece by piece."""

from __future__ import annotations

import pytest

from gigachat_cli.render.markdown import MarkdownOptions
from gigachat_cli.render.markdown.look import Look

from .screens import grown, offline
from .specification import Example, examples, extension_examples, visible, visible_in_html

_EXAMPLES = examples()
_EXTENSIONS = extension_examples()
_COUNT, _EXTENSION_COUNT = 652, 28
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
_AT_ONCE = {198, 208}
"""Of these, which come with the link and its definition in seven characters."""

_GFM_OTHERS = {491, 493, 657}
"""One tilde is no strikethrough: it means `about`, as in ~5; of three the inner two are; HTML is shown as written."""


def _sections(*names: str) -> set[int]:
    return {each.number for each in _EXAMPLES if each.section in names}


@pytest.fixture(autouse=True)
def specification() -> None:
    if not _EXAMPLES or not _EXTENSIONS:
        pytest.skip("the texts of the specifications come by npm, which is not here or has no network")


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
    _assert_only_references_grow_otherwise(width, size)


@pytest.mark.soak
@pytest.mark.parametrize("width", [20, 80, 200])
@pytest.mark.parametrize("size", [1, 7])
def test_examples_grow_so_at_every_width(width: int, size: int) -> None:
    _assert_only_references_grow_otherwise(width, size)


def _assert_only_references_grow_otherwise(width: int, size: int) -> None:
    others = {each.number for each in _EXAMPLES if _grows_otherwise(each, width, size)}
    assert others == (_REFERRED if size == 1 else _REFERRED - _AT_ONCE)


def test_what_github_adds_is_seen_so_as_well() -> None:
    assert len(_EXTENSIONS) == _EXTENSION_COUNT
    others = {
        each.number
        for each in _EXTENSIONS
        if visible("\n".join(offline(each.text, 200, options=_OPTIONS))) != visible_in_html(each.html, _LOOK)
    }
    assert others == _GFM_OTHERS


@pytest.mark.parametrize("width", [20, 80, 200])
def test_what_github_adds_grows_as_it_is_rendered_whole(width: int) -> None:
    for size in (1, 7):
        assert [each.number for each in _EXTENSIONS if _grows_otherwise(each, width, size)] == []


def _grows_otherwise(example: Example, width: int, size: int) -> bool:
    text = example.text
    shown = grown(text, width, _TALL, cuts=range(0, len(text), size), options=_OPTIONS)
    return shown != offline(text, width, options=_OPTIONS)
