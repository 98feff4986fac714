"""Whether a terminal is known to make links clickable (OSC 8): where it is not, the address has to be shown.

No terminal can be asked, so it is known by what it says of itself in the environment.  One that is not known, or that
may lose links on their way (tmux and screen take them only where they are set up for it), shows addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Names in TERM_PROGRAM, with the first version that has links where an older one is still about.
_PROGRAMS: dict[str, tuple[int, ...]] = {
    "contour": (),
    "ghostty": (),
    "hyper": (),
    "iterm.app": (3, 1),
    "mintty": (3, 1, 0),
    "rio": (),
    "tabby": (),
    "terminology": (),
    "vscode": (1, 72),
    "warpterminal": (),
    "wezterm": (20200620,),
    "zed": (),
}
_TERMS = re.compile(r"(?:xterm-)?(?:kitty|ghostty|alacritty|foot|wezterm|contour|rio|konsole)(?:$|[-+])", re.IGNORECASE)
_SET = ("KITTY_WINDOW_ID", "WT_SESSION", "DOMTERM", "GHOSTTY_RESOURCES_DIR", "WEZTERM_PANE", "ALACRITTY_WINDOW_ID")
_FIRST_VTE = 5000  # 0.50; the releases before it had faults with links
_FIRST_KONSOLE = 201200  # 20.12
_ON_THEIR_WAY = ("TMUX", "STY", "INSIDE_EMACS")
_OFF = ("0", "false", "no", "never")


def are_clickable(environment: Mapping[str, str]) -> bool:
    """Say whether links can be clicked, by the variables of a terminal; FORCE_HYPERLINK (1 or 0) decides for it."""
    forced = environment.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced.strip().lower() not in _OFF
    term = environment.get("TERM", "")
    if term in ("dumb", "linux") or any(environment.get(name) for name in _ON_THEIR_WAY):
        return False
    if term.startswith(("screen", "tmux")):
        return False
    program = environment.get("TERM_PROGRAM", "").lower()
    if program in _PROGRAMS:
        return _version(environment.get("TERM_PROGRAM_VERSION", "")) >= _PROGRAMS[program]
    if program:  # what other variables say may have been inherited from the terminal that it was started in
        return False
    return (
        any(environment.get(name) for name in _SET)
        or _TERMS.match(term) is not None
        or _number(environment.get("VTE_VERSION", "")) >= _FIRST_VTE
        or _number(environment.get("KONSOLE_VERSION", "")) >= _FIRST_KONSOLE
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(_number(part) for part in re.findall(r"[0-9]+", text)[:3])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
