"""What terminals are known to support: clickable links (OSC 8), and copying a tab as a tab.

Terminals cannot be asked for this, so they are recognized by their environment variables.  An unknown one, or one that
may lose links (tmux and screen pass them on only when configured to), shows addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Names in TERM_PROGRAM, with the first version that supports links, if older ones are in use.
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
_FIRST_VTE = 5000  # 0.50; earlier releases have bugs with links
_FIRST_KONSOLE = 201200  # 20.12
_FIRST_VTE_WITH_TABS = 4000
_ON_THEIR_WAY = ("TMUX", "STY", "INSIDE_EMACS")
_OFF = ("0", "false", "no", "never")


def are_clickable(environment: Mapping[str, str]) -> bool:
    """Whether links can be clicked, by the terminal's variables; FORCE_HYPERLINK (1 or 0) overrides them."""
    forced = environment.get("FORCE_HYPERLINK")
    if forced is not None:
        return forced.strip().lower() not in _OFF
    term = environment.get("TERM", "")
    if not _is_direct(environment):
        return False
    program = environment.get("TERM_PROGRAM", "").lower()
    if program in _PROGRAMS:
        return _version(environment.get("TERM_PROGRAM_VERSION", "")) >= _PROGRAMS[program]
    if program:  # other variables may be inherited from the terminal in which this one was started
        return False
    return (
        any(environment.get(name) for name in _SET)
        or _TERMS.match(term) is not None
        or _number(environment.get("VTE_VERSION", "")) >= _FIRST_VTE
        or _number(environment.get("KONSOLE_VERSION", "")) >= _FIRST_KONSOLE
    )


def keeps_tabs(environment: Mapping[str, str]) -> bool:
    """Whether a terminal remembers the tabs that were written to it, and copies them."""
    if not _is_direct(environment):
        return False
    if program := environment.get("TERM_PROGRAM", "").lower():
        return program == "iterm.app"
    term = environment.get("TERM", "")
    is_alacritty = bool(environment.get("ALACRITTY_WINDOW_ID")) or term.startswith("alacritty")
    return is_alacritty or _number(environment.get("VTE_VERSION", "")) >= _FIRST_VTE_WITH_TABS


def _is_direct(environment: Mapping[str, str]) -> bool:
    """Whether the variables describe the terminal itself, without another program in between."""
    term = environment.get("TERM", "")
    is_other = term in ("dumb", "linux") or term.startswith(("screen", "tmux"))
    return not is_other and not any(environment.get(name) for name in _ON_THEIR_WAY)


def _version(text: str) -> tuple[int, ...]:
    return tuple(_number(part) for part in re.findall(r"[0-9]+", text)[:3])


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
