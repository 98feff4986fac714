"""The history as an HTML page: what it shows, and that no text in it is ever obeyed."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from random import Random

import pytest

from gigachat_cli.messages import Answer, FunctionCall, Message
from gigachat_cli.render.exports import exported
from gigachat_cli.render.markdown.html import markdown_html
from gigachat_cli.sessions import Session
from gigachat_cli.sessions.turns import SessionTurns, Turn

from .answers import real_answers
from .specification import examples

VOID = {"meta", "br", "hr"}
TAGS = VOID | set(
    re.findall(
        r"\w+",
        "html head title style body nav main article section h1 h2 h3 h4 h5 h6 p ul ol li a div pre code kbd span time"
        " details summary table thead tbody tr th td blockquote strong em s u small",
    )
)
ATTRIBUTES = {
    "meta": {"charset", "name", "content", "http-equiv"},
    "a": {"href", "rel", "title", "dir"},
    "time": {"datetime"},
    "ol": {"start"},
    "th": {"style"},
    "td": {"style"},
    "article": {"id"},
    "section": {"id"},
}
EVERYWHERE = {"class", "dir"}
ADDRESS = re.compile(r"(?:https?|mailto):|#[\w-]+$", re.IGNORECASE)
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "</pre></code></div></main></body><style>*{display:none}</style>",
    "[a](javascript:alert(1)) [b](JaVaScRiPt&colon;alert(1)) [c](data:text/html,x) [d](vbscript:x) [e](file:///etc)",
    '![a](javascript:alert(1)) ![b](https://example.org/x.png"onload=alert(1)) ![c](//evil.example/x)',
    '<https://example.org/"onmouseover=alert(1)> [x](https://example.org/ "t\\" onclick=alert(1) x=\\"")',
    '[x]: https://example.org/"><script> "title\\"><script>"\n\n[x] [y][x]',
    '```js" onload=alert(1) x="\n</code></pre><script>alert(1)</script>\n```',
    "$</span><script>alert(1)</script>$ and $$\n</pre><script>\n$$",
    "| <script> | `</td>` |\n|:-:|-:|\n| [x](javascript:1) | </table><script> |",
    "\x1b]8;;https://evil.example/\x07 \x1b[2J \x9b31m &#27;[31m &#x202e;gpj.exe \u202egpj.exe &#0; &lt;script&gt;",
    "<sub onclick=alert(1)>x</sub> <kbd style=x>y</kbd> <details open ontoggle=alert(1)><summary>z</summary></details>",
    "> [!NOTE]\n> <iframe src=x>\n\n- [ ] <input>\n1. <form action=x>",
    "--><!-- ]]> <![CDATA[ x ]]> <?php ?> <!doctype html>",
]
PIECES = [
    *"<>&\"'`*_[]()!$|\\#-~ \n\t\x1b\u202e",
    "](",
    "javascript:",
    "<script>",
    "</",
    "&#",
    "x1b;",
    "```",
    "$$",
    "а",
    "href=",
]


class Read(HTMLParser):
    """A page as a browser reads it; anything that the page must not have raises."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.said = ""
        self.feed(page)
        self.close()
        assert not self.open
        assert not UNSEEN.search(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        for name, value in attrs:
            assert name in EVERYWHERE | ATTRIBUTES.get(tag, set()), (tag, name)
            if name == "href":
                assert ADDRESS.match(value or ""), value
                self.links.append(value or "")
            if name == "style":
                assert re.fullmatch(r"text-align:\w+", value or "")
            if name == "id":
                self.ids.append(value or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in VOID
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.said += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        assert decl == "DOCTYPE html"

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def conversation(text: str = "hello", *, number: int = 1, answer: str | None = None) -> SessionTurns:
    session = Session(f"id{number}", "chat", text, text, text, text, "x", 1_800_000_000.0, 1_800_000_060.0, 1, 9)
    said = Answer(text if answer is None else answer, reasoning=text, complete=True)
    call = FunctionCall(text, {text: [text]})
    messages = (
        Message("user", text, attachments=(text,)),
        Message("assistant", "", function_call=call),
        Message("function", text, name=text),
        Message("assistant", said.text),
    )
    turn = Turn(
        id=1,
        session_id=session.id,
        number=1,
        state="partial",
        prompt=messages[0],
        answer=said,
        messages=messages,
        model=text,
        system=None,
        options={},
        started_at=1_800_000_000.0,
        ended_at=1_800_000_001.0,
        problem_code="x",
        problem=text,
    )
    return SessionTurns(session, [turn])


def page_of(*conversations: SessionTurns) -> str:
    return "".join(exported(conversations, "html", sessions=[each.session for each in conversations]))


def test_a_page_forbids_all_that_it_does_not_need() -> None:
    page = page_of(conversation())
    assert "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'" in page
    assert '<meta name="referrer" content="no-referrer">' in page
    assert page.index("Content-Security-Policy") < page.index("<title>")
    assert not re.search(r"url\(|@import|src=", page)
    assert "prefers-color-scheme: dark" in page


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_obeyed_wherever_it_stands(text: str) -> None:
    shown = Read(page_of(conversation(text), conversation(text, number=2)))
    assert shown.ids == ["id1", "id1-1", "id2", "id2-1"]


def test_random_marks_make_no_tag() -> None:
    chance = Random(7)
    for _ in range(400):
        Read(markdown_html("".join(chance.choices(PIECES, k=60))))


def test_what_is_shown_of_a_session() -> None:
    shown = Read(page_of(conversation("work", answer="# Head\n\n**bold** [site](https://example.org/?a=1&b=2) $x^2$")))
    for each in ("work", "2027-01-15", "Question 1", "Attached: work", "Function call: work", "Result of work"):
        assert each in shown.said
    assert "Head" in shown.said
    assert "bold site" in shown.said
    assert "x²" in shown.said
    assert "This answer is partial. work" in shown.said
    assert shown.links == ["#id1-1", "https://example.org/?a=1&b=2"]


def test_the_whole_of_real_answers_is_read() -> None:
    for each in real_answers(60):
        said = Read(markdown_html(each.text)).said
        words = re.findall(r"[А-Яа-яЁё]{4,}", re.sub(r"\$[^$]*\$", "", each.text))
        missing = [word for word in words if word not in said]
        assert not missing


def test_examples_of_the_specification_say_what_the_reference_says() -> None:
    compared = 0
    for example in examples():
        # HTML is text to us; a definition and the formula's dollar are our own matter.
        if "<" in example.text or "]:" in example.text or "$" in example.text or "&" in example.text:
            continue
        expected = Reference(example.html)
        shown = re.sub('<div class="language">.*?</div>', "", markdown_html(example.text))
        assert "".join(Read(shown).said.split()) == expected.said, example.number
        compared += 1
    assert compared == 0 or compared > 350


class Reference(HTMLParser):
    """The letters of the reference's HTML, without its blanks; of a picture what it says."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            given = dict(attrs)
            self.said += "".join((given.get("alt") or given.get("src") or "").split())

    def handle_data(self, data: str) -> None:
        self.said += "".join(data.split())
