"""Links of an answer: a click opens a web page or a mail, and nothing else; every other address is shown."""

from __future__ import annotations

import re

import pytest

from gigachat_cli.messages import Answer, Source
from gigachat_cli.render.growing import RenderedAnswer, footnotes
from gigachat_cli.render.markdown import MarkdownOptions
from gigachat_cli.render.markdown.offline import render_offline

TARGET = re.compile("\x1b]8;;([^\x1b\x07]*)\x1b\\\\")


def rendered(text: str) -> tuple[list[str], str]:
    """Where the hyperlinks of a Markdown text lead, and what is seen of it."""
    shown = render_offline(text, width=200, options=MarkdownOptions())
    seen = re.sub("\x1b\\[[0-9;]*m", "", TARGET.sub("", shown))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e]", seen)
    return [target for target in TARGET.findall(shown) if target], seen


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("[a](https://example.com/x?y=1#z)", "https://example.com/x?y=1#z"),
        ("[a](HTTP://example.com)", "HTTP://example.com"),
        ("[a](mailto:me@example.com)", "mailto:me@example.com"),
        ("<https://example.com>", "https://example.com"),
        ("<me@example.com>", "mailto:me@example.com"),
        ("[a][b]\n\n[b]: https://example.com/b", "https://example.com/b"),
        ("![a](https://example.com/a.png)", "https://example.com/a.png"),
        ("[a](https://example.com/a_(b))", "https://example.com/a_(b)"),
        ("[a](https://example.com/я)", "https://example.com/%D1%8F"),
        ("[a](https://example.com/%1b%5d8&#27;x)", "https://example.com/%1b%5d8&#27;x"),
        ("[a](<https://example.com/a&#x202e;b&#8203;c>)", "https://example.com/abc"),
    ],
)
def test_web_pages_and_mails_can_be_clicked(text: str, target: str) -> None:
    targets, seen = rendered(text)
    assert [each.lower().replace("%e2%80%8b", "").replace("%e2%80%ae", "") for each in targets] == [target.lower()]
    assert "(http" not in seen


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "notes.md",
        "#part",
        "//example.com/x",
        "ssh://example.com",
        "tel:+1",
        "sms:1",
        "vscode://file/etc/passwd",
        "smb://example.com/x",
        "ms-msdt:/id",
        "x-man-page://ls",
        "ftp://example.com/x",
        "https:example.com",
        "https:///x",
        "mailto:",
        "view-source:https://example.com",
        "blob:https://example.com/x",
        "data:image/png;base64,AAAA",
        "https://example.com/" + "x" * 2000,
    ],
)
@pytest.mark.parametrize("form", ["[a]({})", "![a]({})", "[a][b]\n\n[b]: {}"])
def test_any_other_address_is_shown_and_no_link(form: str, address: str) -> None:
    targets, seen = rendered(form.format(address))
    assert targets == []
    assert address[:60] in seen.replace("\n", "")


@pytest.mark.parametrize("address", ["javascript:alert(1)", "vbscript:x", "JaVaScRiPt:x", "data:text/html,x", "file:x"])
def test_an_autolink_of_another_scheme_is_text(address: str) -> None:
    targets, seen = rendered(f"<{address}>")
    assert targets == []
    assert address.lower().removeprefix("javascript:").removeprefix("vbscript:") in seen.lower()


def test_sources_are_links_to_web_pages_alone() -> None:
    sources = (
        Source(1, "Good", "https://example.com/a b"),
        Source(2, "Bad", "javascript:alert(1)"),
        Source(3, "Local", "file:///etc/passwd"),
        Source(4, "Odd", "https://example.com/\x1b]8;;evil\x07)](file:///x"),
    )
    targets, seen = rendered(footnotes(sources))
    assert len(targets) == 2
    assert all(each.startswith("https://example.com/") for each in targets)
    assert "javascript:alert(1)" in seen
    assert "file:///etc/passwd" in seen
    written: list[str] = []
    RenderedAnswer(written.append, width=80, options=MarkdownOptions()).end(Answer("x", complete=True, sources=sources))
    assert "\x1b]8;;file" not in "".join(written)
