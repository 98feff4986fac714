"""Markdown as HTML that runs and loads nothing; HTML in the text is shown, not interpreted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from pygments.formatters import HtmlFormatter
from pygments.token import STANDARD_TYPES

from ...text import BIDI_CONTROLS
from .code import LineLexer
from .formulas import to_unicode
from .layout import code_language
from .syntax import Env, block_tokens, inline_tokens, whole_parser

CODE_STYLES = {"light": "default", "dark": "github-dark"}
"""The pygments styles of code on a light and on a dark page."""

_SAFE_ADDRESS = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_UNSEEN = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f{BIDI_CONTROLS}]")
_LONGEST = 400_000
"""Characters of a text that is parsed; a longer one is shown as it is written."""
_TAGS = {"strong": "strong", "em": "em", "s": "s", "u": "u", "code": "kbd", "text": "small"}
"""The HTML tags of the styles that tags in answers have."""


def markdown_html(text: str) -> str:
    """The HTML of a text, for a page's body, below headings of the first and second level."""
    if len(text) > _LONGEST:
        return f'<pre class="plain">{escape(_UNSEEN.sub("", text))}</pre>\n'
    parser = whole_parser()
    env: Env = {}
    tokens = block_tokens(parser, text, env)
    for token in tokens:
        if token.type == "inline":
            token.children = inline_tokens(parser, token.content, env)
    used = {
        inner.meta["label"]
        for token in tokens
        for inner in token.children or ()
        if inner.meta and "label" in inner.meta
    }
    shown = [token for token in tokens if token.type != "definition" or token.meta["id"] not in used]
    html: str = _Renderer(parser).render(shown, parser.options, env)
    return _UNSEEN.sub("", html)  # at the end, since entities may stand for control characters


def code_css(theme: str) -> str:
    """The CSS rules that colour code on a page of that theme, "light" or "dark"."""
    formatter: HtmlFormatter[str] = HtmlFormatter(style=CODE_STYLES[theme])
    rules: list[str] = formatter.get_token_style_defs("pre code")  # type: ignore[no-untyped-call]  # has no types
    return "\n".join(rules)


class _Renderer(RendererHTML):
    """The library's renderer, with rules for what our parser adds, and none that loads or starts anything."""

    def text_special(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return escape(tokens[index].content)

    def heading_open(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return f"<h{min(int(tokens[index].tag[1:]) + 2, 6)}>"

    def heading_close(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return f"</h{min(int(tokens[index].tag[1:]) + 2, 6)}>\n"

    def definition(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        label, address, title = (tokens[index].meta[part] for part in ("label", "url", "title"))
        return f"<p>[{escape(label)}]: {escape(address)}{escape(f' {title}') if title else ''}</p>\n"

    def formula_inline(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return f'<span class="formula">{escape(to_unicode(tokens[index].content, one_line=True))}</span>'

    def formula(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        token = tokens[index]
        if not token.meta["closed"]:
            return f"<p>{escape(token.markup + token.content)}</p>\n"
        after = f"<p>{escape(token.info)}</p>\n" if token.info else ""
        return f'<pre class="formula">{escape(to_unicode(token.content))}</pre>\n{after}'

    def tag_open(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return f"<{_TAGS[tokens[index].meta['style']]}>"

    def tag_close(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        depth = 0
        for token in reversed(tokens[:index]):  # the tag it closes
            if token.type == "tag_open" and depth == 0:
                return f"</{_TAGS[token.meta['style']]}>"
            depth += (token.type == "tag_close") - (token.type == "tag_open")
        return ""

    def link_open(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        address = str(tokens[index].attrs.get("href", ""))
        if _SAFE_ADDRESS.match(address):
            return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow">'
        return f'<a title="{escape(address)}">'  # not a link, and its address is readable

    def image(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        """A picture is a link to it: the page loads nothing."""
        token = tokens[index]
        address = str(token.attrs.get("src", ""))
        said = "".join(child.content for child in token.children or ()) or address
        if _SAFE_ADDRESS.match(address):
            return f'<a href="{escape(address)}" rel="noopener noreferrer nofollow">{escape(said)}</a>'
        return f'<a title="{escape(address)}">{escape(said)}</a>'

    def fence(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return _code(tokens[index].content, code_language(tokens[index].info))

    def code_block(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return _code(tokens[index].content, "")

    def table_open(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return '<div class="wide"><table>\n'

    def table_close(self, tokens: Sequence[Token], index: int, *_: Any) -> str:
        return "</table></div>\n"


def _code(content: str, language: str) -> str:
    lexer = LineLexer(language)
    lines = []
    for line in content.removesuffix("\n").split("\n"):
        parts = []
        for kind, text in lexer.line(line):
            while kind not in STANDARD_TYPES and kind.parent is not None:
                kind = kind.parent
            name, shown = STANDARD_TYPES.get(kind, ""), escape(text.rstrip("\n"))
            parts.append(f'<span class="{name}">{shown}</span>' if name and shown.strip() else shown)
        lines.append("".join(parts))
    head = f'<div class="language">{escape(language)}</div>' if language else ""
    return f"{head}<pre><code>{chr(10).join(lines)}\n</code></pre>\n"
