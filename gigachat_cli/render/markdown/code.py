"""Highlighted code, one line at a time, in linear time: the lexer's state is carried from line to line.

The only module that imports pygments; its lexers are loaded only for a block that names a language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pygments.lexer import ExtendedRegexLexer, Lexer, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.style import StyleMeta
from pygments.styles import get_style_by_name
from pygments.token import Comment, Error, String, Token, Whitespace, _TokenType
from pygments.util import ClassNotFound
from rich.style import Style

from .look import LONGEST_HIGHLIGHTED, Look
from .rows import PLAIN, Ink, Runs, merge

_DEEPEST = 100  # lexer states that are carried on, so that unclosed brackets do not make every line slower

# Tokens of a lexer that may extend over several lines; they end at the second mark.
_SPANS = (("/*", "*/"), ("<!--", "-->"), ("`", "`"))

_Tokens = list[tuple[_TokenType, str]]


class LineLexer:
    """Splits the lines of one code block into tokens, in order."""

    def __init__(self, language: str) -> None:
        self._lexer = _find_lexer(language)
        self._stack: tuple[str, ...] = ("root",)
        self._span: tuple[str, _TokenType] | None = None

    def line(self, text: str) -> _Tokens:
        """The tokens of the next whole line, without its newline."""
        tokens, self._stack, self._span = self._after(text)
        return tokens

    def peek(self, text: str) -> _Tokens:
        """The tokens of the beginning of the next line."""
        return self._after(text)[0]

    def _after(self, text: str) -> tuple[_Tokens, tuple[str, ...], tuple[str, _TokenType] | None]:
        lexer, stack, span = self._lexer, self._stack, self._span
        if lexer is None or len(text) > LONGEST_HIGHLIGHTED:
            return ([(Token, text)] if text else []), stack, span
        tokens: _Tokens = []
        rest = text
        if span is not None:
            inside, end, rest = rest.partition(span[0])
            tokens.append((span[1], inside + end))
            if not end:
                return tokens, stack, span
            span = None
        span = _open_span(lexer, rest, stack)
        lexed, after = _lex(lexer, rest + (span[0] if span else "") + "\n", stack)
        tokens += _beginning(lexed, len(rest)) if span else lexed
        if "".join(part for _, part in tokens).rstrip("\n") != text.rstrip("\n"):
            return [(Token, text)], stack, None
        return tokens, after, span


class Highlighter:
    """Highlights the lines of one code block, in order."""

    def __init__(self, language: str, look: Look) -> None:
        self._look = look
        self._lexer = LineLexer(language)
        self._colours = _colours(look.code_theme)
        self._inks: dict[_TokenType, Ink] = {Token: PLAIN}

    def line(self, text: str) -> Runs:
        """Highlight the next whole line, without its newline."""
        return self._runs(self._lexer.line(text))

    def peek(self, text: str) -> Runs:
        """Highlight the beginning of the next line; the rest of it may change the colours."""
        return self._runs(self._lexer.peek(text))

    def _runs(self, tokens: _Tokens) -> Runs:
        runs: Runs = []
        for kind, part in tokens:
            text = part.rstrip("\n")
            # Blanks get the ink of the text before them: fewer escape sequences, the same look.
            runs.append((text, runs[-1][1] if runs and text.isspace() else self._ink(kind)))
        return merge(runs)

    def _ink(self, kind: _TokenType) -> Ink:
        ink = self._inks.get(kind)
        if ink is None:
            ink = self._inks[kind] = self._look.ink(_style_of(self._colours, kind))
        return ink


def _find_lexer(language: str) -> Lexer | None:
    if not language:
        return None
    try:
        lexer: Lexer = get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return lexer


def _colours(theme: str) -> StyleMeta:
    try:
        return get_style_by_name(theme)
    except ClassNotFound:
        return get_style_by_name("default")


def _style_of(colours: StyleMeta, kind: _TokenType) -> Style:
    if _is_a(kind, Error) or _is_a(kind, Whitespace):
        return Style.null()  # half a line is often an error that the next chunk corrects
    while kind.parent is not None and not colours.styles_token(kind):
        kind = kind.parent
    given = colours.style_for_token(kind)
    # Plain text has the terminal's own colour: the theme does not know the terminal's background.
    colour = given["color"] if given["color"] != colours.style_for_token(Token.Text)["color"] else None
    return Style(
        color=f"#{colour}" if colour else None,
        bold=given["bold"] or None,
        italic=given["italic"] or None,
        underline=given["underline"] or None,
    )


def _is_a(kind: _TokenType, family: _TokenType) -> bool:
    return kind[: len(family)] == tuple(family)


def _lex(lexer: Lexer, text: str, stack: tuple[str, ...]) -> tuple[_Tokens, tuple[str, ...]]:
    """The tokens of a line, and the states of the lexer after it.

    Lexers without a table of states see each line by itself.
    """
    try:
        if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
            states = list(stack)
            return list(_drive(lexer, text, states)), (*states[:1], *states[1:][-_DEEPEST:])
        return [(kind, part) for _, kind, part in lexer.get_tokens_unprocessed(text)], stack
    except Exception:  # some of the 500 lexers fail on unusual input, each in its own way
        return [(Token.Text, text)], stack


def _drive(lexer: RegexLexer, text: str, states: list[str]) -> Iterator[tuple[_TokenType, str]]:
    """Run a lexer's table of states over a text, changing `states` in place.

    The library's own loop does the same, but does not keep its states at the end of the text.
    """
    table: dict[str, list[tuple[Any, Any, Any]]] = lexer._tokens  # type: ignore[attr-defined]  # it has no public name
    position = 0
    while position < len(text):
        for match_here, action, change in table[states[-1]]:
            match = match_here(text, position)
            if match is None or (match.end() == position and change is None):
                continue
            if isinstance(action, _TokenType):
                yield action, match.group()
            elif action is not None:
                for _, kind, part in action(lexer, match):
                    yield kind, part
            position = match.end()
            if change is not None:
                _change_states(states, change)
            break
        else:
            if text[position] == "\n":
                states[:] = ["root"]
            yield (Whitespace if text[position] == "\n" else Error), text[position]
            position += 1


def _change_states(states: list[str], change: tuple[str, ...] | int | str) -> None:
    if isinstance(change, int):
        del states[max(1, len(states) + change) :]
        return
    for state in (change,) if isinstance(change, str) else change:
        if state == "#pop":
            if len(states) > 1:
                states.pop()
        else:
            states.append(states[-1] if state == "#push" else state)


def _open_span(lexer: Lexer, text: str, stack: tuple[str, ...]) -> tuple[str, _TokenType] | None:
    """A comment or string that a line opens and that the lexer only recognizes together with its end."""
    for opener, closer in _SPANS:
        start = text.rfind(opener)
        if start < 0 or (opener != closer and text.find(closer, start + len(opener)) >= 0):
            continue
        tokens, _ = _lex(lexer, text + closer + "\n", stack)
        position = 0
        for kind, part in tokens:
            end = position + len(part)
            if position <= start and end >= len(text) + len(closer):
                return (closer, kind) if _is_a(kind, Comment) or _is_a(kind, String) else None
            position = end
    return None


def _beginning(tokens: _Tokens, length: int) -> _Tokens:
    kept: _Tokens = []
    for kind, part in tokens:
        kept.append((kind, part[:length]))
        length -= len(part)
        if length <= 0:
            break
    return kept


LANGUAGE = re.compile(r"[^\s{},:]+")
"""The language in the info string of a fence."""
