"""Next steps, which each front end says in its own words.

A hint names a way as `‹max_tokens›`: `ask` has a flag for it, the chat a slash command, the library an argument.  A
sentence with a way that the front end does not have is left out there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

Ways = Mapping[str, str]
"""What each way is called in one front end."""

LIBRARY: Ways = {name: name for name in ("model", "scope", "timeout", "max_tokens", "proxy")}
"""The arguments of the client, for a Python program."""

_WAY = re.compile("‹([a-z_]+)›")
_BETWEEN_SENTENCES = re.compile(r"(?<=[.?!]) ")
_in_use: Callable[[], Ways] = lambda: LIBRARY  # noqa: E731  # what a front end puts in its place is a function as well


def use(ways: Callable[[], Ways]) -> None:
    """Say next steps in the words of a front end from here on; it is called when there is something to say."""
    global _in_use  # a process has one front end, and its errors come from every floor
    _in_use = ways


def worded(text: str) -> str:
    """The text as the front end of this process says it; what is left of it."""
    if "‹" not in text:
        return text
    ways = _in_use()
    return " ".join(
        _WAY.sub(lambda found: ways[found[1]], sentence)
        for sentence in _BETWEEN_SENTENCES.split(text)
        if all(name in ways for name in _WAY.findall(sentence))
    )
