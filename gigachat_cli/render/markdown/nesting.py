"""Lines and the lists and quotes around them, by CommonMark: marks, indents, and what is not clear yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_MARKER = re.compile(r"( {0,3})([-+*]|\d{1,9}[.)])( {1,4}(?! )| (?= {4})|$)")
_QUOTE = re.compile(r" {0,3}> ?")
_MARKERS = re.compile(r"(?: *(?:[-+*]|\d{1,9}[.)]) +| *> ?)*")
# A line with such a beginning is clear only at its end; one with a character of the second kind is clear at once.
_LATE = re.compile(r" {0,3}(?:```|~~~|\||\$\$|\\(?:\[|b(?:$|e(?:$|g(?:$|i(?:$|n(?:$|\{)))))))")
_CLEAR = re.compile(r"[^\s\-+*_=#>`~|:\d.)$\\\[\]!(]")
_MAYBE_DEFINITION = re.compile(r" {0,3}\[[^\]]*(?:\](?::.*)?)?$")

_OUT_OF_REACH = 1_000_000_000


@dataclass(slots=True)
class Nesting:
    """A list item or quote: its opening marks, and the indent of an item's content."""

    opening: str
    indent: int = 0  # 0: a quote
    number: int | None = None
    empty: bool = False

    def end(self) -> None:
        """Let no further line belong to this item, as after an empty one and a blank line; its list may continue."""
        self.indent = _OUT_OF_REACH
        self.empty = False


def is_quote(line: str) -> bool:
    """Whether a line that continues nothing begins a quote."""
    return _QUOTE.match(line) is not None


def quote_in(line: str) -> tuple[Nesting, str]:
    """Read the mark of a quote, and return the text after it."""
    mark = _QUOTE.match(line)
    return Nesting("> "), line[mark.end() :] if mark else line


def item_in(line: str, number: int | None) -> tuple[Nesting, str]:
    """Read the mark of a list item, and return the text after it."""
    mark = _MARKER.match(line)
    content = line[mark.end() :] if mark else line
    empty = not content.strip()
    indent = mark.end() if mark and not empty else len(line.rstrip()) + 1
    return Nesting(line[:indent].ljust(indent), indent, number, empty), content


def match(nesting: Sequence[Nesting], line: str) -> tuple[int, str]:
    """The number of open containers that a line belongs to by its indent and marks, and the rest of the line."""
    for matched, container in enumerate(nesting):
        if not container.indent:
            mark = _QUOTE.match(line)
            if mark is None:
                return matched, line
            line = line[mark.end() :]
        elif line.strip():
            if len(line) - len(line.lstrip(" ")) < container.indent:
                return matched, line
            line = line[container.indent :]
        elif container.empty:
            return matched, line
        else:
            line = line[container.indent :]
    return len(nesting), line


def is_clear(beginning: str, *, in_paragraph: bool) -> bool:
    """Whether a line with this beginning can only be one thing, whatever follows."""
    markers = _MARKERS.match(beginning)
    content = beginning[markers.end() :] if markers else beginning
    if _LATE.match(content):
        return False
    goes_on = in_paragraph and content == beginning
    if not goes_on and content.lstrip().startswith("[") and _MAYBE_DEFINITION.match(content):
        return False
    return _CLEAR.search(content) is not None
