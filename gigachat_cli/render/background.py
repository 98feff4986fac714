"""Whether the terminal is dark or light: by its environment, else by asking it once.

The query (OSC 11, followed by a request for attributes, which every terminal answers) is sent only when nothing has
been typed yet: its reply could not be told from keys.
"""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Literal

_QUESTION = b"\x1b]11;?\x1b\\\x1b[c"
_COLOUR = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
_END = re.compile(rb"\x1b\[\?[0-9;]*c")
_PATIENCE_SECONDS = 0.2
_LONGEST_ANSWER = 1024  # bytes
_LIGHT_COLOURS = {"7", "15"}  # of the 16 colours: white and bright white

Background = Literal["dark", "light"]


def background(environment: Mapping[str, str] = os.environ) -> Background:
    """ "dark" where it cannot be found out.  Takes at most a fifth of a second, once."""
    told = environment.get("COLORFGBG", "").rpartition(";")[2]
    if told.isdigit():
        return "light" if told in _LIGHT_COLOURS else "dark"
    return _asked(environment.get("TERM", "")) or "dark"


@cache
def _asked(term: str) -> Background | None:
    if term in ("", "dumb") or sys.platform == "win32":
        return None
    import termios

    with suppress(OSError, termios.error, ValueError):
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        try:
            if os.tcgetpgrp(terminal) != os.getpgrp():  # reading would stop a background job
                return None
            found = termios.tcgetattr(terminal)
            quiet = [*found[:6], list(found[6])]
            quiet[3] &= ~(termios.ECHO | termios.ICANON)
            termios.tcsetattr(terminal, termios.TCSANOW, quiet)
            try:
                return _meaning(_answer(terminal))
            finally:
                termios.tcsetattr(terminal, termios.TCSANOW, found)
        finally:
            os.close(terminal)
    return None


def _answer(terminal: int) -> bytes:
    answer = b""
    if select.select([terminal], [], [], 0)[0]:
        return answer
    os.write(terminal, _QUESTION)
    end = time.monotonic() + _PATIENCE_SECONDS
    while (left := end - time.monotonic()) > 0 and len(answer) < _LONGEST_ANSWER and not _END.search(answer):
        if select.select([terminal], [], [], left)[0]:
            answer += os.read(terminal, 256)
    return answer


def _meaning(answer: bytes) -> Background | None:
    found = _COLOUR.search(answer)
    if found is None:
        return None
    red, green, blue = (int(each, 16) / (16 ** len(each) - 1) for each in found.groups())
    return "light" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "dark"
