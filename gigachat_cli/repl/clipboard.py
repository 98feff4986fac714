"""The clipboard: written by the system's own program where there is one, else by the terminal (OSC 52)."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys

from ..errors import OutputError
from ..systems import is_windows

MAX_OSC_BYTES = 74_994  # xterm ignores longer sequences
_SECONDS = 3.0
_VARIABLES = {"pbcopy": {"LC_CTYPE": "UTF-8"}}  # it decodes by its locale, which ssh and launchd leave unset


def osc52(text: str) -> str:
    """The escape sequence that puts `text` into the terminal's clipboard.  Raises OutputError when it is too long."""
    content = text.encode("utf-8", "replace")
    if len(content) > MAX_OSC_BYTES:
        raise OutputError(
            f"The text is too long for the terminal's clipboard ({len(content)} bytes).",
            hint="Write it to a file with /export, or install xclip, xsel or wl-clipboard.",
        )
    return f"\x1b]52;c;{base64.b64encode(content).decode()}\x07"


def copy_by_program(text: str) -> bool:
    """Give `text` to the system's clipboard; return whether a program accepted it."""
    for command in _programs():
        if shutil.which(command[0]):
            try:
                subprocess.run(
                    command,
                    input=text.encode(_encoding(command), "replace"),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={**os.environ, **_VARIABLES.get(command[0], {})},
                    timeout=_SECONDS,
                    check=True,
                )
                return True
            except (OSError, subprocess.SubprocessError):
                continue
    return False


def _encoding(command: list[str]) -> str:
    """The encoding of the program's input: UTF-16 for `clip` of Windows, which else assumes the console's code page."""
    return "utf-16-le" if command == ["clip"] else "utf-8"


def _programs() -> list[list[str]]:
    if os.environ.get("TMUX"):  # it passes the text on to the terminal around it, but OSC 52 only when configured so
        return [["tmux", "load-buffer", "-w", "-"]]
    if os.environ.get("SSH_CONNECTION"):  # this would be the clipboard of the remote machine
        return []
    if sys.platform == "darwin":
        return [["pbcopy"]]
    if is_windows():
        return [["clip"]]
    if os.environ.get("WAYLAND_DISPLAY"):
        return [["wl-copy"]]
    if os.environ.get("DISPLAY"):
        return [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    return []
