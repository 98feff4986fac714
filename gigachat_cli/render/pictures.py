"""Pictures and other files of an answer on a terminal: drawn in place if the terminal can do so, with their path.

What a terminal can do is known from its environment, or set by `images`: asking it would consume keys that a person
types meanwhile.
"""

from __future__ import annotations

import base64
import os
import re
import struct
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..messages import SavedFile
from ..text import visible
from .picture_size import MOST_PIXELS, is_drawable

if TYPE_CHECKING:
    from PIL.Image import Image

Way = Literal["kitty", "iterm2", "sixel", "blocks", "link"]

_WAYS: dict[str, Way] = {each: each for each in ("kitty", "iterm2", "sixel", "blocks")}
_EXACT = ("truecolor", "24bit")
_KITTY_PIECE = 4096
_SIXEL_COLOURS = 128
_SIXEL_PIXELS = 400_000
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")
_LARGEST_FILE = 32 * 1024 * 1024
_CELL = (10, 20)  # pixels, where the terminal does not say
_CUBE = (0, 95, 135, 175, 215, 255)


def way_of(wanted: str, *, color: bool, environment: Mapping[str, str] = os.environ) -> Way:
    """How to draw: as `wanted`, or for "auto" in the best way that this terminal is known to support.

    Blocks consist of colours only: without `color`, a link replaces them.
    """
    found = _known_way(environment) if wanted == "auto" else _WAYS.get(wanted, "link")
    return "link" if found == "blocks" and not color else found


def _known_way(environment: Mapping[str, str]) -> Way:
    term, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "").lower()
    many_colours = environment.get("COLORTERM", "").lower() in _EXACT or "256" in term
    plain: Way = "blocks" if many_colours else "link"
    # a multiplexer does not pass pictures on, whatever the terminal around it supports
    if term.startswith(("screen", "tmux")) or any(environment.get(name) for name in ("TMUX", "STY", "ZELLIJ")):
        return plain
    if term in ("xterm-kitty", "xterm-ghostty") or program == "ghostty":
        return "kitty"
    if program in ("iterm.app", "wezterm", "mintty") or environment.get("LC_TERMINAL") == "iTerm2":
        return "iterm2"
    if term.startswith(("foot", "mlterm", "contour")) or "sixel" in term:
        return "sixel"
    return plain


def shown_file(
    file: SavedFile, *, width: int, height: int, way: Way, escapes: bool, environment: Mapping[str, str] = os.environ
) -> str:
    """A file of an answer in lines for a terminal of that size, the last one its path.

    `escapes` says whether the terminal understands control sequences; without, only the path is shown.
    """
    if not escapes:
        return f"{visible(file.path)}\n"
    drawn, exact = "", environment.get("COLORTERM", "").lower() in _EXACT
    if way != "link" and file.type.startswith("image/"):
        # A picture that cannot be read, or a missing library: the path is shown in any case.
        with suppress(Exception):
            drawn = _drawn(Path(file.path), file.type, way, (width - 1, max(1, height * 2 // 3)), exact=exact)
    return f"{drawn}{link(file.path)}\n"


def link(path: str) -> str:
    """A path that can be clicked (OSC 8)."""
    return f"\x1b]8;;{Path(path).as_uri()}\x1b\\{visible(path)}\x1b]8;;\x1b\\"


def _drawn(path: Path, type: str, way: Way, cells: tuple[int, int], *, exact: bool) -> str:
    """The picture in at most so many columns and rows; empty for one that is too large."""
    if path.stat().st_size > _LARGEST_FILE or not is_drawable(path):
        return ""
    try:
        return _by_pillow(path, way, cells, exact=exact)
    except ImportError:  # without Pillow, only formats that the terminal decodes itself
        if way == "iterm2":
            return _iterm2(path.read_bytes(), rows=cells[1])
        return _kitty(path.read_bytes(), "") if way == "kitty" and type == "image/png" else ""


def _by_pillow(path: Path, way: Way, cells: tuple[int, int], *, exact: bool) -> str:
    columns, rows = cells
    from PIL import Image  # only a picture needs it

    with warnings.catch_warnings(action="error"), Image.open(path, formats=_FORMATS) as picture:
        if picture.width * picture.height > MOST_PIXELS:
            return ""
        if way == "iterm2" and not getattr(picture, "is_animated", False):
            return _iterm2(path.read_bytes(), rows=rows)
        cell_width, cell_height = (1, 2) if way == "blocks" else _cell_size()
        scale = min(columns * cell_width / picture.width, rows * cell_height / picture.height, 1.0)
        if way == "sixel":  # every pixel is visited here
            scale = min(scale, (_SIXEL_PIXELS / (picture.width * picture.height)) ** 0.5)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        picture.draft("RGB", size)
        picture.load()
        scaled = picture.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
    flat = Image.new("RGBA", size, (0, 0, 0, 255))
    flat.alpha_composite(scaled)
    if way in ("kitty", "iterm2"):
        from io import BytesIO

        file = BytesIO()
        scaled.save(file, "PNG")
        if way == "iterm2":  # only the first frame: the terminal would allocate memory for each
            return _iterm2(file.getvalue(), rows=rows)
        return _kitty(file.getvalue(), f",c={-(-size[0] // cell_width)},r={-(-size[1] // cell_height)}")
    if way == "sixel":
        return f"{_sixel(flat.convert('RGB'))}\n"
    return _blocks(flat.convert("RGB"), exact=exact)


def _kitty(png: bytes, cells: str) -> str:
    data = base64.b64encode(png).decode()
    pieces = [data[at : at + _KITTY_PIECE] for at in range(0, len(data), _KITTY_PIECE)]
    written = []
    for number, piece in enumerate(pieces):
        head = f"a=T,f=100,q=2{cells}," if number == 0 else ""
        written.append(f"\x1b_G{head}m={int(number < len(pieces) - 1)};{piece}\x1b\\")
    return f"{''.join(written)}\n"


def _iterm2(content: bytes, *, rows: int) -> str:
    data = base64.b64encode(content).decode()
    return f"\x1b]1337;File=inline=1;size={len(content)};height={rows};preserveAspectRatio=1:{data}\x07\n"


def _sixel(picture: Image) -> str:
    """The picture in bands of six pixel rows, one line per colour, with run-length encoding."""
    few = picture.quantize(_SIXEL_COLOURS)
    palette = few.getpalette() or []
    width, height = few.size
    pixels = few.tobytes()
    written = [f'\x1bPq"1;1;{width};{height}']
    used = sorted(set(pixels))
    for colour in used:
        red, green, blue = (round(part * 100 / 255) for part in palette[colour * 3 : colour * 3 + 3])
        written.append(f"#{colour};2;{red};{green};{blue}")
    for top in range(0, height, 6):
        lines: dict[int, bytearray] = {}
        for row in range(top, min(top + 6, height)):
            bit = 1 << (row - top)
            for column, colour in enumerate(pixels[row * width : (row + 1) * width]):
                if colour not in lines:
                    lines[colour] = bytearray(width)
                lines[colour][column] |= bit
        written.append("$".join(f"#{colour}{_runs(line)}" for colour, line in lines.items()))
        written.append("-")
    return "".join(written[:-1]) + "\x1b\\"


def _runs(line: bytearray) -> str:
    text = bytes(each + 63 for each in line.rstrip(b"\0")).decode("ascii")
    return re.sub(r"(.)\1{3,}", lambda run: f"!{len(run[0])}{run[1]}", text)


def _blocks(picture: Image, *, exact: bool) -> str:
    """Two pixels per cell, one above the other; in the terminal's 256 colours unless it shows `exact` ones."""
    width, height = picture.size
    pixels = list(struct.iter_unpack("BBB", picture.tobytes()))
    lines = []
    for top in range(0, height, 2):
        line = []
        for column in range(width):
            upper = _colour(pixels[top * width + column], exact)
            if top + 1 < height:
                lower = _colour(pixels[(top + 1) * width + column], exact)
                line.append(f"\x1b[38;{upper};48;{lower}m▀")
            else:
                line.append(f"\x1b[49;38;{upper}m▀")
        lines.append(f"{''.join(line)}\x1b[0m\n")
    return "".join(lines)


def _colour(pixel: tuple[int, int, int], exact: bool) -> str:
    if exact:
        return f"2;{pixel[0]};{pixel[1]};{pixel[2]}"
    red, green, blue = (min(range(6), key=lambda step: abs(_CUBE[step] - part)) for part in pixel)
    return f"5;{16 + 36 * red + 6 * green + blue}"


def _cell_size() -> tuple[int, int]:
    """The pixels of a cell, as the terminal reports them."""
    if sys.platform == "win32":
        return _CELL
    with suppress(ImportError, OSError, ValueError, AttributeError):
        import fcntl
        import termios

        told = fcntl.ioctl(sys.stdout.fileno(), termios.TIOCGWINSZ, bytes(8))
        rows, columns, width, height = struct.unpack("HHHH", told)
        if columns and rows and width >= columns and height >= rows:
            return width // columns, height // rows
    return _CELL
