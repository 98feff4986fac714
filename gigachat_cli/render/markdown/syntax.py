"""The Markdown that models write: markdown-it's CommonMark with tables, strikethrough and formulas, no HTML.

Formulas are rules of the parser, so that they are never found inside code and nothing is emphasised inside
them. `$5 and $6` stays money.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

from markdown_it import MarkdownIt, helpers
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_inline import StateInline, backtick, image, link
from markdown_it.rules_inline.state_inline import Delimiter
from markdown_it.token import Token

from .table_lines import find_table
from .tags import add_rules

Env = dict[str, object]

LONGEST_MONEY_GAP = 200
"""How many characters after a `$` another one can still make a formula of them."""
LONGEST_FORMULA = 2000
"""How many characters a formula inside a paragraph may have; a longer one stays text."""

_CLOSERS = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
_ENVIRONMENT = re.compile(
    r"\\begin\{((?:align(?:ed|at)?|equation|gather(?:ed)?|multline|eqnarray|split|d?cases|[bpvBV]?matrix|array)\*?)\}"
)
"""Formulas that models write without any mark around them."""
_OPERATORS = re.compile(r"[\\^_={}+*/<>]")
_SURE = re.compile(r"[\\^_]")  # characters that only formulas contain
_WORD = re.compile(r"(?<![\\A-Za-z])[^\W\d_]{2,}")
_MONEY = re.compile(r"\d[\d.,]*(?:\s+(?:[^\s+\-*/=<>^\\(]|\*\S|<[a-z])|[^\w\s+\-*/=<>^\\{(.,])")
# Two words before any mark of a formula, or a Russian one after a blank.
_PROSE = re.compile(r"[^=<>\\^_]*(?:[^\W\d_]{2,}\s+[^\W\d_]{2,}|\s[а-яё]{3})", re.IGNORECASE)
_NUMBER = re.compile(r"\A\d+(?:[.,]\d+)*\Z")
# A number with a unit or letters, and calculations: `20 км/ч`, `2x`, `12 : 3 = 4`.
_QUANTITY = re.compile(
    r"\A\d[\d.,]*(?:\s?[^\W\d_]{1,4}(?:/[^\W\d_]{0,4})?[²³]?|\s*[:!×÷·°%][\d\s.,:!×÷·°%+*/=<>()−-]*)\Z"
)
_VARIABLE = re.compile(r"_[A-Z]{2}")  # of PHP
# What belongs to the word or number before it: `H$_2$O`, `10$^{-3}$`, `5$\cdot$3`.
_ATTACHED = re.compile(r"(?:[_^](?:\{[^{}$\s]{1,20}\}|\\[A-Za-z]+|[\w+*-])|\\[A-Za-z]+|\\%){1,3}")
_ATTACHED_SO_FAR = re.compile(r"(?:[\\^_]\S{0,60})?")
_ORDINAL = re.compile(r"(?:st|th|[nr]d)(?![^\W_])|[tsnr]?\Z")
_LONGEST_ADDRESS = 200  # characters after which no dollar sign begins a formula
_ADDRESS_END = re.compile(r"[\s<>\"()]")
MOST_BEGUN = 12
"""How many marks of emphasis are shown as if they were closed; more are hardly meant as such."""
LONGEST_OPENER = 40
"""How many characters the beginning of an environment has at most."""
LONGEST_BLOCK_FORMULA = 4000
"""How many characters a formula that stands by itself may have; a longer one is shown as it is written."""
LONGEST_DEFINITION = 20
"""How many lines a link definition may have; a title that never ends would be parsed again for each of them."""

_MAX_NESTING = 100  # nesting of links and emphasis
# Only the outermost blocks matter, and what is directly in them: containers are tracked line by line.
_MAX_BLOCK_NESTING = 4
# What looks like an address; for CommonMark `[Вопрос]: Привет` is a link definition, for a reader it is a line.
_ADDRESS = re.compile(r"[a-z][a-z\d+.-]+:|[/#?]|.*/|.*\w\.[a-z]{2}", re.IGNORECASE | re.DOTALL)


@cache
def parser(formulas: bool) -> MarkdownIt:
    """The parser for the content of paragraphs; it keeps no state between texts."""
    return _parser(formulas, {"html": False, "maxNesting": _MAX_NESTING, "store_labels": True})


@cache
def block_parser(formulas: bool, *, deep: bool = False) -> MarkdownIt:
    """The parser of blocks, which sees only the outermost ones unless it is `deep`."""
    nesting = _MAX_NESTING if deep else _MAX_BLOCK_NESTING
    return _parser(formulas, {"html": False, "maxNesting": nesting, "inline_definitions": True})


@cache
def whole_parser() -> MarkdownIt:
    """The parser of a whole text, with link definitions as tokens; its renderer writes HTML."""
    return _parser(True, {"html": False, "maxNesting": _MAX_NESTING, "inline_definitions": True, "store_labels": True})


def _parser(formulas: bool, options: dict[str, bool | int]) -> MarkdownIt:
    markdown = MarkdownIt("commonmark", options)
    markdown.helpers = _HELPERS  # type: ignore[assignment]  # a module to the library, of which it takes functions
    markdown.block.ruler.at("reference", _definition)
    markdown.inline.ruler.at("backticks", _code)
    markdown.inline.ruler.at("link", lambda state, silent: _may_be_link(state) and link(state, silent))
    markdown.inline.ruler.at("image", lambda state, silent: _may_be_link(state) and image(state, silent))
    markdown.enable(["strikethrough"]).disable(["html_block", "html_inline"])
    # In markdown-it's place for it, a table would swallow the mark of a list or quote in its first line.
    markdown.block.ruler.before("lheading", "gfm_table", find_table, {"alt": ["paragraph", "reference"]})
    markdown.inline.ruler2.after("balance_pairs", "unmatched", _note_unmatched)
    add_rules(markdown)
    if formulas:
        markdown.inline.ruler.before("escape", "formula", _inline_formula)
        interrupts: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
        markdown.block.ruler.before("fence", "formula", _block_formula, interrupts)
    return markdown


def block_tokens(markdown: MarkdownIt, text: str, env: Env) -> list[Token]:
    """The blocks of a text; the content of their paragraphs is not parsed."""
    tokens: list[Token] = []
    markdown.block.parse(text, markdown, env, tokens)
    return tokens


def inline_tokens(markdown: MarkdownIt, text: str, env: Env, *, begun: bool = False) -> list[Token]:
    """Parse the text of one paragraph; `unmatched_marks` then tells how much emphasis is left open.

    In one that is still coming, `begun`, the emphasis that begins in its last line extends to its end.
    """
    env["unmatched"], env["begun"] = 0, begun
    env["label_ends"] = {}
    tokens: list[Token] = []
    markdown.inline.parse(text, markdown, env, tokens)
    return tokens


def unmatched_marks(env: Env) -> int:
    """The number of marks in the text parsed last that would begin emphasis if it were closed."""
    count = env["unmatched"]
    assert isinstance(count, int)
    return count


def starts_formula(line: str) -> bool:
    """Whether a line begins a formula in a block of its own."""
    stripped = line.lstrip(" ")
    closer = closer_of(line) if stripped[:2] != "\\(" else ""
    if not closer or len(line) - len(stripped) > 3:
        return False
    content, closed, rest = stripped[2:].partition(closer)
    return not closed or bool(content.strip() and not rest.strip())


def _may_be_link(state: StateInline) -> bool:
    """Skip brackets that nothing closes, for each of which the library would scan to the end of the text."""
    return state.src[state.pos] in "[!" and state.src.find("]", state.pos, state.posMax) >= 0


def _code(state: StateInline, silent: bool) -> bool:
    """Find code; its newlines are kept, so that no row vanishes when a mark closes code that began lines before."""
    start, count = state.pos, len(state.tokens)
    found = backtick(state, silent)
    code = state.tokens[-1] if len(state.tokens) > count else None
    if code is not None and code.type == "code_inline":
        source = state.src[start + len(code.markup) : state.pos - len(code.markup)]
        cut = (len(source) - len(code.content)) // 2  # blanks at both ends
        code.content = source[cut : len(source) - cut]
    return found


_Ends = dict[int, tuple[int, bool]]
"""For each opening bracket, the place of the `]` that closes it, -1 for none, and whether a link is in between."""


def _label_end(state: StateInline, start: int, disable_nested: bool = False) -> int:
    """Find the `]` that closes the bracket at `start`, or -1; with `disable_nested`, no link may be in between.

    The library scans the text again for each bracket.  Here an inner bracket that was looked up before is skipped in
    one step: the inner ones are always looked up first.
    """
    ends = _ends_in(state)
    if start not in ends:
        before = state.pos
        ends[start] = _find_label_end(state, start, ends)
        state.pos = before
    end, has_link = ends[start]
    return -1 if has_link and disable_nested else end


def _ends_in(state: StateInline) -> _Ends:
    """The brackets of a text found so far; the text in the brackets of an image is a text of its own."""
    known: dict[int, tuple[StateInline, _Ends]] = state.env.setdefault("label_ends", {})
    return known.setdefault(id(state), (state, {}))[1]  # the state is referenced, so that its id is not reused


def _find_label_end(state: StateInline, start: int, ends: _Ends) -> tuple[int, bool]:
    has_link = False
    state.pos = start + 1
    while state.pos < state.posMax:
        at = state.pos
        if state.src[at] == "]":
            return at, has_link
        state.md.inline.skipToken(state)
        if state.src[at] != "[":
            continue
        if state.pos != at + 1:
            has_link = True
            continue
        end, with_link = ends.get(at, (-1, False))
        if end < 0:
            break
        has_link = has_link or with_link
        state.pos = end + 1
    return -1, has_link


_HELPERS = SimpleNamespace(
    parseLinkLabel=_label_end,
    parseLinkDestination=helpers.parseLinkDestination,
    parseLinkTitle=helpers.parseLinkTitle,
)


def closer_of(line: str) -> str:
    """The mark that ends the formula which a line begins; empty when it begins none."""
    stripped = line.lstrip(" ")
    environment = _ENVIRONMENT.match(stripped)
    return f"\\end{{{environment[1]}}}" if environment else _CLOSERS.get(stripped[:2], "")


def _definition(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    """Find a link definition; one that reads as text is none, nor is a footnote."""
    last_line, begun, count = state.lineMax, state.line, len(state.tokens)
    state.lineMax = min(last_line, start_line + LONGEST_DEFINITION)
    try:
        found = reference(state, start_line, end_line, silent)
    finally:
        state.lineMax = last_line
    if not found or silent:
        return found
    label = state.tokens[-1].meta["id"]
    if label.startswith("^") or not _ADDRESS.match(state.tokens[-1].meta["url"]):
        if state.env["references"][label].get("map") == [start_line, state.line]:  # not an earlier one
            del state.env["references"][label]
        del state.tokens[count:]
        state.line = begun
        return False
    return True


def _note_unmatched(state: StateInline) -> None:
    unmatched = _open_in(state.delimiters)
    state.env["unmatched"] = len(unmatched)
    if not state.env["begun"] or len(unmatched) > MOST_BEGUN:
        return
    _close_at_end(state, state.delimiters, len(state.tokens))
    # An unfinished tag is closed at the end; emphasis within it has its marks in a separate list.
    last = len(state.tokens)
    while last and state.tokens[last - 1].type == "tag_close":
        last -= 1
    lists = iter([meta["delimiters"] for meta in state.tokens_meta if meta is not None])
    open_lists: list[list[Delimiter]] = []
    for token in state.tokens[:last]:
        if token.nesting == 1:
            open_lists.append(next(lists))
        elif token.nesting == -1:
            open_lists.pop()
    if open_lists and last < len(state.tokens):
        _close_at_end(state, open_lists[-1], last)


def _open_in(delimiters: Sequence[Delimiter]) -> list[Delimiter]:
    return [delimiter for delimiter in delimiters if delimiter.open and delimiter.end < 0]


def _close_at_end(state: StateInline, delimiters: list[Delimiter], end: int) -> None:
    """Close the emphasis that begins in the last line before the token `end`."""
    line = max((place for place, token in enumerate(state.tokens) if token.type.endswith("break")), default=-1)
    for opener in reversed(_open_in(delimiters)):
        if opener.token > line and not opener.close:  # marks that could also close are within a word: 2*3, a*b
            opener.end = len(delimiters)
            token = Token("text", "", 0, content=state.tokens[opener.token].content, level=state.level)
            state.tokens.insert(end, token)
            delimiters.append(replace(opener, token=end, open=False, close=True, end=-1))
            end += 1


def _inline_formula(state: StateInline, silent: bool) -> bool:
    source, start = state.src, state.pos
    if source[start] not in "$\\":
        return False
    opener = source[start : start + 2]
    environment = _ENVIRONMENT.match(source, start)
    closer = closer_of(source[start : start + LONGEST_OPENER])
    if closer:
        content_start = start + 2
        end = source.find(closer, content_start, content_start + LONGEST_FORMULA + 2)
        if end < 0 or not source[content_start:end].strip():
            return False
    elif source[start] == "$":
        opener = closer = "$"
        content_start = start + 1
        end = formula_end(source, start)
        if end < 0:
            return False
    else:
        return False
    if end + len(closer) > state.posMax:
        return False
    if not silent:
        token = state.push("formula_inline", "", 0)
        token.content = source[start : end + len(closer)] if environment else source[content_start:end]
        token.markup = opener
    state.pos = end + len(closer)
    return True


def formula_end(source: str, start: int) -> int:
    """Find the `$` that closes a formula opened at `start`, or -1 where the sign means money."""
    before = source[start - 1 : start] if start else ""
    if before == "$" or _is_in_address(source, start):
        return -1
    end = start
    while True:
        end = source.find("$", end + 1, start + LONGEST_MONEY_GAP)
        if end < 0:
            return -1
        if source[end - 1] != "\\":
            break
    content, after = source[start + 1 : end], source[end + 1 : end + 2]
    if not content.strip() or "\n" in content or "`" in content or after == "$":
        return -1
    if _ATTACHED.fullmatch(content):
        return end
    if (before.isascii() and before.isalnum()) or after.isdigit() or is_prose(content):
        return -1
    sure = _SURE.search(content) is not None
    padded = content[0].isspace(), content[-1].isspace()
    if any(padded) and not (all(padded) and sure):
        return -1
    is_index = len(content) == 1 and _ORDINAL.match(source, end + 1)
    if after.isalpha() and after.isascii() and not is_index and not (sure and _WORD.search(content) is None):
        return -1
    if before.isalpha() and _WORD.search(content) and not sure:
        return -1
    if content[0].isdigit() and not any(known.search(content) for known in (_OPERATORS, _NUMBER, _QUANTITY)):
        return -1
    return end


def may_open_formula(source: str, start: int) -> bool:
    """Whether a dollar sign that nothing closes yet may begin a formula; once it may not, it never will."""
    before, content = source[:start][-1:], source[start + 1 :]
    if len(content) > LONGEST_MONEY_GAP or "\n" in content or _is_in_address(source, start):
        return False
    if "$" in content.replace("\\$", ""):  # which would have closed it
        return False
    if before.isascii() and before.isalnum():
        return _ATTACHED_SO_FAR.fullmatch(content) is not None
    return not is_prose(content)


def is_prose(content: str) -> bool:
    """Whether the text after a dollar sign is a sum of money or prose; more text changes nothing."""
    if _QUANTITY.search(content):
        return False
    return any(known.match(content) for known in (_MONEY, _PROSE, _VARIABLE))


def _is_in_address(source: str, start: int) -> bool:
    before = source[max(0, start - _LONGEST_ADDRESS) : start]
    scheme = before.rfind("://")
    return scheme >= 0 and _ADDRESS_END.search(before, scheme) is None


def _block_formula(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if state.is_code_block(start_line):
        return False
    first = state.src[state.bMarks[start_line] + state.tShift[start_line] : state.eMarks[start_line]]
    if not starts_formula(first):
        return False
    if silent:
        return True
    closer = closer_of(first)
    bare = _ENVIRONMENT.match(first) is not None
    content, closed, rest = first[0 if bare else 2 :].partition(closer)
    lines = [content]
    next_line = start_line + 1
    while not closed and next_line < end_line:
        if state.isEmpty(next_line) or state.sCount[next_line] < state.blkIndent:
            break
        line = state.getLines(next_line, next_line + 1, state.blkIndent, False)
        content, closed, rest = line.partition(closer)
        lines.append(content)
        next_line += 1
    token = state.push("formula", "", 0)
    token.content = "\n".join(lines) + (closed if bare else "")
    token.markup = "" if bare else first[:2]
    token.info = rest.strip() if closed else ""
    token.meta["closed"] = bool(closed)
    token.map = [start_line, next_line]
    state.line = next_line
    return True
