"""The content of paragraphs: emphasis, code, links and formulas become styled runs.

Also finds which part of a text that is still coming can no longer change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from markdown_it.common.utils import normalizeReference
from markdown_it.token import Token
from rich.style import Style

from ...text import BIDI_CONTROLS
from . import tags
from .begun import ADDRESS
from .look import Look
from .rows import Run, Runs
from .syntax import (
    LONGEST_FORMULA,
    LONGEST_MONEY_GAP,
    LONGEST_OPENER,
    Env,
    block_parser,
    block_tokens,
    closer_of,
    inline_tokens,
    parser,
    unmatched_marks,
)

# The control characters that the terminal filter removes, once more: entities and percent signs can spell them.
# Also the soft hyphen: terminals do not break words at it, and disagree about its width.
_CONTROLS = re.compile(f"[\x00-\x1f\x7f-\x9f\xad{BIDI_CONTROLS}]")
_INDENTS = re.compile(r"\n +")
_BEGUN_ADDRESS = re.compile(rf"\]{ADDRESS}")
_LAST_WORD = re.compile(r" +[^ ]*$")
_SCHEME = re.compile(r"[a-z][a-z\d+.-]*:|//", re.IGNORECASE)
_LETTERS = re.compile("(?:%(?:[CD][0-9A-F]|E[0-9A-F]%[89AB][0-9A-F])%[89AB][0-9A-F])+")  # in UTF-8, other than ASCII
_BLANKS = re.compile(r"  +")
_SPANS = {"strong_open": "strong", "em_open": "em", "s_open": "s"}
_OPENERS = re.compile(r"[`$\[\]]")
_REACH = (("$", LONGEST_MONEY_GAP), ("$$", LONGEST_FORMULA))
"""What may begin a formula, and how many characters long that can be."""
_LABEL = re.compile(r"\[([^\[\]]{1,999})\]")
_LONGEST_FORESEEN = 100_000  # characters; the beginning of a longer text does not wait for its end
_LEFT_OPEN = (60, 240, 960)  # characters of a long text that stay open when its settled beginning is searched for


@dataclass(frozen=True, slots=True)
class Parsed:
    """The runs of a text, in two parts: those of its first `settled` characters, which can no longer change, and the
    rest.
    """

    settled: int
    settled_runs: Runs
    open_runs: Runs
    unmatched: int  # marks of emphasis that are not closed


class Inline:
    """Parses the text of paragraphs of one answer, and remembers its link definitions."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._inlines = parser(look.options.formulas)
        self._blocks = block_parser(look.options.formulas)
        self._references: dict[str, dict[str, object]] = {}
        self._env: Env = {"references": self._references}
        self._used: set[str] = set()
        self._missed: set[str] = set()

    def blocks(self, text: str) -> list[Token]:
        """Find the outermost blocks of a text; link definitions in it only count after `define`."""
        return block_tokens(self._blocks, text, {})

    def foresee(self, text: str) -> None:
        """Remember all link definitions of a whole text, so that its beginning can refer to its end."""
        if "]:" in text and len(text) <= _LONGEST_FORESEEN:
            block_tokens(block_parser(self.look.options.formulas, deep=True), text, self._env)

    def define(self, definition: Token) -> None:
        """Let the text that follows refer to a definition."""
        label = definition.meta["id"]
        self._references.setdefault(label, {"href": definition.meta["url"], "title": definition.meta["title"]})

    def is_used(self, label: str) -> bool:
        """Whether a definition was used by a link."""
        return label in self._used

    def is_missed(self, label: str) -> bool:
        """Whether text in brackets looked like a reference to a definition that was not there yet."""
        return label in self._missed

    def runs(self, text: str, base: Style) -> Runs:
        text = without_indents(text)
        tokens = inline_tokens(self._inlines, text, self._env)
        self._note_labels(text, tokens)
        return self._runs(tokens, base)

    def parse(self, text: str, base: Style, *, search: bool = False) -> Parsed:
        """Parse a text that may continue; like `runs`, but the lines of the text must not be indented.

        With `search`, more is parsed to find a settled beginning of a text whose end is open.
        """
        tokens = inline_tokens(self._inlines, text, self._env)
        unmatched = unmatched_marks(self._env)
        settled = 0 if unmatched else _settled(text, tokens)
        if settled:
            self._note_labels(text[:settled], tokens)
            return Parsed(settled, *_split_runs(self._runs(tokens, base), text[settled:]), unmatched)
        for end in _ends_to_try(text) if search else ():
            cut = len(text[: max(0, end)].rpartition(" ")[0].rstrip(" \n"))
            beginning = inline_tokens(self._inlines, text[:cut], self._env)
            if cut and not unmatched_marks(self._env) and not _pending_opener(text[:cut], beginning):
                self._note_labels(text[:cut], beginning)
                rest = inline_tokens(self._inlines, text[cut:], self._env)
                return Parsed(cut, self._runs(beginning, base), self._runs(rest, base), unmatched)
        return Parsed(0, [], self._runs(tokens, base), unmatched)

    def begun(self, text: str, base: Style) -> Runs:
        """The runs of a text that is still coming; emphasis that begins in its last line extends to its end."""
        return self._runs(inline_tokens(self._inlines, text, self._env, begun=True), base)

    def _note_labels(self, text: str, tokens: Sequence[Token]) -> None:
        if "]" not in text:
            return
        self._used.update(token.meta["label"] for token in tokens if token.meta and "label" in token.meta)
        labels = map(normalizeReference, _LABEL.findall(text))
        self._missed.update(label for label in labels if label not in self._references)

    def formula(self, latex: str, *, one_line: bool = True) -> str:
        """A formula in Unicode; in several lines if it has several rows, unless it must be in one."""
        from .formulas import to_unicode

        return "\n".join(map(printable, to_unicode(latex, one_line=one_line).split("\n")))

    def _runs(self, tokens: Sequence[Token], base: Style) -> Runs:
        look = self.look
        runs: Runs = []
        styles = [base]
        links: list[tuple[str, str, int]] = []

        def add(text: str, style: Style) -> None:
            if text:
                runs.append((text, look.ink(style, links[-1][1] if links else "")))

        for place, token in enumerate(tokens):
            kind = token.type
            if kind == "text":
                add(printable(_BLANKS.sub(" ", token.content)), styles[-1])
            elif kind in ("softbreak", "hardbreak"):
                add("\n", base)
            elif kind == "text_special":
                goes_on = place + 1 < len(tokens) and tokens[place + 1].content.startswith(" ")
                add(printable(token.content.rstrip(" ") if goes_on else token.content), styles[-1])
            elif kind == "code_inline":
                for index, line in enumerate(token.content.split("\n")):
                    add("\n" if index else "", base)
                    add(printable(line), styles[-1] + look.style("code"))
            elif kind == "formula_inline":
                add(self.formula(token.content) or token.content, styles[-1] + look.style("formula"))
            elif kind in _SPANS:
                styles.append(styles[-1] + look.style(_SPANS[kind]))
            elif kind == "tag_open":
                styles.append(styles[-1] + look.style(token.meta["style"]))
            elif kind == "link_open":
                address = printable(str(token.attrs.get("href", "")))
                links.append((address, look.link_to(address), len(runs)))
                styles.append(styles[-1] + look.style("link"))
            elif kind == "link_close":
                address, target, start = links.pop()
                styles.pop()
                if not target or not plain(runs[start:]).strip():
                    self._add_address(runs, address, start)
            elif kind == "image":
                self._add_image(runs, token, styles[-1], linked=bool(links))
            elif token.nesting == -1:
                styles.pop()
        return runs

    def _add_address(self, runs: Runs, address: str, start: int) -> None:
        shown = "".join(text for text, _ in runs[start:])
        if address and unquote(address.removeprefix("mailto:")) != unquote(shown):
            runs.append((" (", runs[-1][1] if runs else self.look.named("text")))
            runs.append((readable(address), self.look.named("url")))
            runs.append((")", self.look.named("text")))

    def _add_image(self, runs: Runs, token: Token, style: Style, *, linked: bool) -> None:
        address = printable(str(token.attrs.get("src", "")))
        title = printable("".join(child.content for child in token.children or ()) or address)
        link = self.look.link_to(address)
        start = len(runs)
        runs.append((title, self.look.ink(style + self.look.style("link"), "" if linked else link)))
        if not link:
            self._add_address(runs, address, start)


def without_indents(text: str) -> str:
    """Remove the indents of a paragraph's lines, which mean nothing, not even inside code."""
    return _INDENTS.sub("\n", text)


def printable(text: str) -> str:
    """Remove control characters and bidi controls, which a text can spell as entities or in addresses."""
    return text if text.isalpha() else _CONTROLS.sub(lambda found: " " if found[0] in "\t\n\r" else "", text)


def readable(address: str) -> str:
    """An address within the same text or folder as it was written, since nobody can click it; a web address stays
    exact.
    """
    if _SCHEME.match(address):
        return address
    decoded = _LETTERS.sub(lambda found: unquote(found[0]), address)
    return decoded if decoded.isprintable() else address


def plain(runs: Sequence[Run]) -> str:
    return "".join(text for text, _ in runs)


def _settled(text: str, tokens: Sequence[Token]) -> int:
    """The length of the part of a text that no later character can change; blanks follow it."""
    if not tokens or _pending_opener(text, tokens):
        return 0
    last = tokens[-1]
    if last.type in ("softbreak", "hardbreak"):
        settled = len(text.rstrip(" \n"))
        return settled if "\n" in text[settled:] else 0  # a following newline would belong to the tag at the end
    if not last.content.strip() and len(tokens) > 1 and tokens[-2].type == "hardbreak":
        return 0
    if last.type != "text" or last.level or not text.endswith(last.content):
        return 0
    word = _LAST_WORD.search(last.content)
    if word is None or "]" in word.group() or "<" in word.group():
        return 0
    return len(text) - len(word.group())


def _ends_to_try(text: str) -> list[int]:
    ends = [len(text) - left for left in _LEFT_OPEN]
    return [ends[0], text.rfind("[", 0, max(0, ends[0])), *ends[1:]]


def _split_runs(runs: Runs, left: str) -> tuple[Runs, Runs]:
    """Split the runs of a text where its unsettled part begins: at a last word and the blanks before it, or at a
    newline.
    """
    if "\n" in left:
        return runs[:-1], []
    last, ink = runs[-1]
    word = printable(left.lstrip(" "))
    before = [*runs[:-1], (last[: len(last) - len(word)].rstrip(" "), ink)]
    return before, [(f" {word}", ink)] if word else []


def _pending_opener(text: str, tokens: Sequence[Token]) -> bool:
    """Whether a literal character may still become the beginning of code, a link or a formula."""
    depth = 0
    for token in tokens:
        if token.type == "text":
            for opener in _OPENERS.findall(token.content):
                if opener == "`":
                    return True
                if opener == "[":
                    depth += 1
                elif opener == "]":
                    depth = max(0, depth - 1)
                elif any(_in_reach(text, opener, reach) for opener, reach in _REACH):
                    return True
        elif (
            token.type == "text_special"
            and token.markup in ("\\(", "\\[")
            and _in_reach(text, token.markup, LONGEST_FORMULA)
        ):
            return True
    if depth > 0 or tags.is_begun(text) or _environment_is_open(text):
        return True
    begun = text.rfind("](")  # possibly the address of a link, and its title
    return begun >= 0 and _BEGUN_ADDRESS.match(text, begun) is not None and any("](" in t.content for t in tokens)


def _environment_is_open(text: str) -> bool:
    start = text.find("\\begin{", max(0, len(text) - LONGEST_FORMULA))
    while start >= 0:
        closer = closer_of(text[start : start + LONGEST_OPENER])
        end = text.find(closer or "}", start)
        if end < 0:
            return True
        start = text.find("\\begin{", end)
    return False


def _in_reach(text: str, opener: str, reach: int) -> bool:
    start = text.rfind(opener)
    if opener == "$" and "\n" in text[start:]:
        return False
    return start >= 0 and len(text) - start <= reach + 2 * len(opener)
