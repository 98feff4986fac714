"""Marks of sources in a text that streams: `[sources=[2]]` becomes `[2]` (recorded), wherever the pieces are split."""

from __future__ import annotations

import re

_MARK = re.compile(r"\[sources=\[([0-9, ]{1,64})\]\]")
_BEGUN = re.compile(r"\[(?:s(?:o(?:u(?:r(?:c(?:e(?:s(?:=(?:\[[0-9, ]{0,64}\]?)?)?)?)?)?)?)?)?)?\Z")
"""The beginning of a mark at the end of a piece; it is held back until more comes."""


class Citations:
    """Feed it text as it comes; what it gives, and in the end `close`, is the whole text."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        text = self._held + text
        begun = _BEGUN.search(text, max(0, len(text) - 80))  # no mark is longer
        whole, self._held = (text[: begun.start()], begun[0]) if begun else (text, "")
        return _MARK.sub(lambda mark: "".join(f"[{number}]" for number in re.findall(r"[0-9]+", mark[1])), whole)

    def close(self) -> str:
        """What was held back, and was no mark."""
        held, self._held = self._held, ""
        return held
