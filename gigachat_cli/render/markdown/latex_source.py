"""The source of a formula as a sequence of commands and characters, with readers of arguments, options and lengths."""

from __future__ import annotations

import re

SIGNS = "+-*/<>=:−"
_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\s+|.", re.DOTALL)
_LENGTH = re.compile(r"\s*[+-]?\d*[.,]?\d*\s*(?:pt|mu|em|ex|mm|cm|in|bp|pc|dd|cc|sp)(?![a-z])")
_LONGEST_LENGTH = 20  # characters
_LONGEST_OPTION = 100  # commands and characters


class Unreadable(Exception):  # not an error of the program: a model's LaTeX is often cut off
    """The text is not LaTeX that can be read."""


class LatexSource:
    """The part of a formula that was read, and the part that is left."""

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
        """TeX skips a blank after a command's name, as its end; before a sign it is kept, which is easier to read."""
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
        """The source up to a closing item, which is skipped; None when there is none."""
        if closer not in self.items[self.at :]:
            return None
        start, self.at = self.at, self.items.index(closer, self.at) + 1
        return "".join(self.items[start : self.at - 1])

    def option(self) -> str:
        """The source of an argument in square brackets; empty when there is none."""
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
        """Skip a length as TeX writes it, with or without braces: `3pt`, `-4 mu`, `{1em}`."""
        if self.peek() == "{":
            self.raw()
            return
        found = _LENGTH.match("".join(self.items[self.at : self.at + _LONGEST_LENGTH]))
        left = found.end() if found else 0
        while left > 0:
            left -= len(self.next() or "x")

    def verbatim(self) -> str:
        r"""The text between two equal characters, as after `\verb`."""
        mark = self.next()
        found = None if mark is None else self.until(mark)
        if found is None:
            raise Unreadable
        return found

    def as_written(self) -> str:
        """The groups after an unknown command, as they are written."""
        written = ""
        while self.peek() == "{":
            written += f"{{{self.raw()}}}"
        return written
