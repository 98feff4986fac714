"""The source of a formula as a row of commands and characters, and what stands there: arguments, options, lengths."""

from __future__ import annotations

import re

SIGNS = "+-*/<>=:−"
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_LENGTH = re.compile(r"\s*[+-]?\d*[.,]?\d*\s*(?:pt|mu|em|ex|mm|cm|in|bp|pc|dd|cc|sp)(?![a-z])")
_LONGEST_LENGTH = 20  # characters
_LONGEST_OPTION = 100  # commands and characters


class Unreadable(Exception):  # no error of the program: a model's LaTeX is often cut
    """The text is no LaTeX that can be set."""


class LatexSource:
    """What was read of a formula, and what is still to read."""

    def __init__(self, source: str) -> None:
        self.items: list[str] = _TOKEN.findall(source)
        self.at = 0

    def peek(self, ahead: int = 0) -> str | None:
        place = self.at + ahead
        return self.items[place] if place < len(self.items) else None

    def next(self) -> str | None:
        item = self.peek()
        self.at += 1
        return item

    def skip_blanks(self) -> None:
        while (self.peek() or "x").isspace():
            self.at += 1

    def skip_blanks_after(self, name: str) -> None:
        """TeX takes a blank after a command's name for its end; before a sign it is kept for the reader's sake."""
        if (self.peek() or "x").isspace() and name.isalpha() and (self.peek(1) or "+") not in f"{SIGNS}|":
            self.at += 1

    def raw(self) -> str:
        """The source of an argument, with its inner braces."""
        self.skip_blanks()
        item = self.next()
        if item is None or item == "}":
            raise Unreadable
        if item != "{":
            return item
        depth, start = 1, self.at
        while depth:
            item = self.next()
            if item is None:
                raise Unreadable
            depth += (item == "{") - (item == "}")
        return "".join(self.items[start : self.at - 1])

    def until(self, closer: str) -> str | None:
        """The source up to a closing item, which is passed; None where it does not come."""
        if closer not in self.items[self.at :]:
            return None
        start, self.at = self.at, self.items.index(closer, self.at) + 1
        return "".join(self.items[start : self.at - 1])

    def option(self) -> str:
        """The source of an argument in square brackets; empty where there is none."""
        at = self.at
        self.skip_blanks()
        near = self.items[self.at : self.at + _LONGEST_OPTION] if self.peek() == "[" else []
        if "]" not in near:
            self.at = at
            return ""
        end = self.at + near.index("]")
        source = "".join(self.items[self.at + 1 : end])
        self.at = end + 1
        return source

    def skip_length(self) -> None:
        """Pass a length as TeX has it, in braces or without them: `3pt`, `-4 mu`, `{1em}`."""
        if self.peek() == "{":
            self.raw()
            return
        found = _LENGTH.match("".join(self.items[self.at : self.at + _LONGEST_LENGTH]))
        left = found.end() if found else 0
        while left > 0:
            left -= len(self.next() or "x")

    def verbatim(self) -> str:
        """What stands between two equal characters, as behind `\\verb`."""
        mark = self.next()
        found = None if mark is None else self.until(mark)
        if found is None:
            raise Unreadable
        return found

    def as_written(self) -> str:
        """The groups behind a command that is not known, as they are written."""
        written = ""
        while self.peek() == "{":
            written += f"{{{self.raw()}}}"
        return written
