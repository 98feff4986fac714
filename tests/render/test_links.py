"""Links of an answer: a click opens a web page or a mail, and nothing else; every other address is shown."""

from __future__ import annotations

import re
import time

import pytest

from gigachat_cli.messages import Answer, Source
from gigachat_cli.render.growing import RenderedAnswer, footnotes
from gigachat_cli.render.known_terminals import are_clickable, keeps_tabs
from gigachat_cli.render.markdown import MarkdownOptions
from gigachat_cli.render.markdown.offline import render_offline

from .screens import Growing, grown, offline, random_cuts

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
    assert "[1] Good https://example.com/a%20b" in seen
    assert len(targets) == 2
    assert all(each.startswith("https://example.com/") for each in targets)
    assert "javascript:alert(1)" in seen
    assert "file:///etc/passwd" in seen
    written: list[str] = []
    RenderedAnswer(written.append, width=80, options=MarkdownOptions()).end(Answer("x", complete=True, sources=sources))
    assert "\x1b]8;;file" not in "".join(written)


@pytest.mark.parametrize(
    "variables",
    [
        "TERM=xterm-kitty",
        "KITTY_WINDOW_ID=1",
        "TERM=xterm-ghostty",
        "TERM=foot-extra",
        "TERM=alacritty",
        "TERM=alacritty-direct",
        "TERM_PROGRAM=iTerm.app TERM_PROGRAM_VERSION=3.4.19",
        "TERM_PROGRAM=WezTerm TERM_PROGRAM_VERSION=20240203-110809-5046fc22",
        "TERM_PROGRAM=vscode TERM_PROGRAM_VERSION=1.104.2",
        "TERM_PROGRAM=ghostty",
        "VTE_VERSION=5000",
        "VTE_VERSION=7600",
        "WT_SESSION=5d4f",
        "DOMTERM=version=2",
        "KONSOLE_VERSION=230804",
        "FORCE_HYPERLINK=1 TERM=dumb",
        "FORCE_HYPERLINK=",
    ],
)
def test_terminals_known_to_make_links_clickable(variables: str) -> None:
    environment = {"TERM": "xterm-256color"} | dict(each.split("=", 1) for each in variables.split())
    assert are_clickable(environment)


@pytest.mark.parametrize(
    "variables",
    [
        "",
        "TERM=dumb KITTY_WINDOW_ID=1",
        "TERM=linux",
        "TERM=xterm-kitty TMUX=/tmp/tmux-1000/default,1,0",
        "TERM=screen-256color VTE_VERSION=7600",
        "TERM=tmux-256color KITTY_WINDOW_ID=1",
        "STY=1.pts-0 VTE_VERSION=7600",
        "TERM_PROGRAM=tmux VTE_VERSION=7600",
        "TERM_PROGRAM=Apple_Terminal TERM_PROGRAM_VERSION=455",
        "TERM_PROGRAM=iTerm.app TERM_PROGRAM_VERSION=3.0.15",
        "TERM_PROGRAM=vscode TERM_PROGRAM_VERSION=1.60.0",
        "TERM_PROGRAM=vscode",
        "VTE_VERSION=4800",
        "VTE_VERSION=0.76",
        "VTE_VERSION=99999999999999999999",
        "KONSOLE_VERSION=191200",
        "INSIDE_EMACS=29.1,vterm VTE_VERSION=7600",
        "FORCE_HYPERLINK=0 TERM=xterm-kitty",
    ],
)
def test_other_terminals_are_not_trusted_with_links(variables: str) -> None:
    environment = {"TERM": "xterm-256color"} | dict(each.split("=", 1) for each in variables.split())
    assert not are_clickable(environment)


@pytest.mark.parametrize(
    ("variables", "keeps"),
    [
        ("VTE_VERSION=7600", True),
        ("VTE_VERSION=3600", False),
        ("TERM_PROGRAM=iTerm.app", True),
        ("TERM=alacritty", True),
        ("ALACRITTY_WINDOW_ID=1", True),
        ("", False),
        ("TERM=xterm-kitty", False),
        ("TERM=tmux-256color VTE_VERSION=7600", False),
        ("TMUX=/tmp/x,1,0 TERM_PROGRAM=iTerm.app", False),
        ("TERM_PROGRAM=vscode VTE_VERSION=7600", False),
    ],
)
def test_terminals_known_to_copy_tabs(variables: str, keeps: bool) -> None:
    environment = {"TERM": "xterm-256color"} | dict(each.split("=", 1) for each in variables.split())
    assert keeps_tabs(environment) is keeps


ADDRESS = "https://long.example/" + "/".join(f"{number:03d}" for number in range(40)) + "?q=" + "a" * 30
LONG = {
    "bare": f"See {ADDRESS}, and go on from there.",
    "parentheses": f"See it ({ADDRESS}) and go on.",
    "autolink": f"See <{ADDRESS}> and go on.",
    "link": f"See [the page]({ADDRESS}) and go on.",
    "definition": f"See it.\n\n[a]: {ADDRESS}",
    "list": f"- one\n- see {ADDRESS} there\n  - deep <{ADDRESS}>\n\n1. [x]({ADDRESS})",
    "quote": f"> see {ADDRESS} there",
    "bold": f"**See {ADDRESS} there**",
    "code": f"Run `curl {ADDRESS}` there.",
    "heading": f"# {ADDRESS}\n\nText.",
    "table": f"| Name | Address |\n|---|---|\n| one | {ADDRESS} |",
    "mail": f"[write](mailto:{'a' * 70}@long.example) to us",
}


@pytest.mark.parametrize("hyperlinks", [True, False])
@pytest.mark.parametrize("name", LONG)
def test_an_address_is_never_broken_by_us(name: str, hyperlinks: bool) -> None:
    options = MarkdownOptions(hyperlinks=hyperlinks)
    shown = re.sub("\x1b\\[[0-9;]*m", "", TARGET.sub("", render_offline(LONG[name], width=50, options=options)))
    wanted = "a" * 70 + "@long.example" if name == "mail" else ADDRESS
    clicked = hyperlinks and name in ("link", "mail")  # the address is in the link, and not seen
    assert (wanted in shown) is not clicked


@pytest.mark.parametrize("width", [30, 50, 79])
@pytest.mark.parametrize("name", LONG)
def test_an_answer_with_long_addresses_grows_to_what_it_is_as_a_whole(name: str, width: int) -> None:
    text = f"Before.\n\n{LONG[name]}\n\nAfter."
    for options in (MarkdownOptions(hyperlinks=False), MarkdownOptions(wrap=40)):
        expected = offline(text, width, options=options)
        for seed in range(3):
            assert grown(text, width, 400, cuts=random_cuts(text, seed), options=options) == expected


@pytest.mark.parametrize("height", [3, 5, 9])
def test_addresses_taller_than_the_screen_lose_and_double_nothing(height: int) -> None:
    text = " ".join(f"word{number} https://long.example/{number}/{'x' * 90}/{number}" for number in range(12))
    lines = grown(text, 40, height, cuts=range(0, len(text), 7))
    assert lines == offline(text, 40)


def test_a_resize_in_the_middle_of_an_address_loses_nothing() -> None:
    text = " ".join(f"word{number} https://long.example/{number}/{'x' * 90}/{number}" for number in range(6))
    for at in range(40, len(text), 41):
        growing = Growing(40, 8)
        growing.feed(*text[:at])
        growing.resize(60, 8)
        growing.feed(*text[at:])
        seen = "".join(growing.finish()).replace(" ", "")
        for number in range(6):
            assert f"/{number}/{'x' * 90}/{number}" in seen


def test_a_very_long_word_is_searched_for_an_address_in_a_short_time() -> None:
    began = time.perf_counter()
    for word in ("a" * 200_000, "a." * 100_000, "://" * 60_000, "www" * 60_000):
        render_offline(word, width=80, options=MarkdownOptions())
    assert time.perf_counter() - began < 5  # a search that goes back over what it has seen takes minutes
