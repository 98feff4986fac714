"""The number of a picture's pixels, read from its header before memory is allocated for them.

The library says it too late: to tell the size of a WebP, it allocates two of its pictures.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

MOST_PIXELS = 16 * 1024 * 1024
"""More than four times the largest picture that the service draws."""

_MOST_SEGMENTS = 1000  # of a JPEG, before its size
_MOST_DRAWN = 256 * 1024 * 1024  # pixels of a JPEG times its scans: a tenth of a second
_START_OF_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_BARE_MARKERS = {0x01, *range(0xD0, 0xD9)}


def is_drawable(path: Path) -> bool:
    """Whether the file is a picture in a format that is drawn, and not too large.  Raises OSError."""
    with path.open("rb") as file:
        head = file.read(32)
        file.seek(0)
        for begins, size_of in _SIZES:
            if head.startswith(begins):
                try:
                    width, height = size_of(file)
                except (struct.error, ValueError, IndexError):
                    return False
                return width > 0 and height > 0 and width * height <= MOST_PIXELS
    return False


def _of_png(file: BinaryIO) -> tuple[int, int]:
    return struct.unpack(">II", file.read(24)[16:])


def _of_gif(file: BinaryIO) -> tuple[int, int]:
    # The canvas, and its first picture, which may claim to be larger.
    head = file.read(13)
    canvas = struct.unpack("<HH", head[6:10])
    colours = 3 << (head[10] & 7) + 1 if head[10] & 0x80 else 0
    file.seek(13 + colours)
    for _ in range(_MOST_SEGMENTS):
        kind = file.read(1)
        if kind == b",":
            left, top, width, height = struct.unpack("<HHHH", file.read(8))
            return max(canvas[0], left + width), max(canvas[1], top + height)
        if kind != b"!":
            break
        file.seek(1, 1)  # the kind of extension
        while length := file.read(1)[0]:
            file.seek(length, 1)
    raise ValueError("no picture in it")


def _of_bmp(file: BinaryIO) -> tuple[int, int]:
    head = file.read(26)
    if struct.unpack("<I", head[14:18])[0] == 12:  # the format of OS/2
        return struct.unpack("<HH", head[18:22])
    width, height = struct.unpack("<ii", head[18:26])
    return abs(width), abs(height)


def _of_webp(file: BinaryIO) -> tuple[int, int]:
    head = file.read(30)
    kind, data = head[12:16], head[20:]
    if head[8:12] != b"WEBP":
        raise ValueError("another RIFF file")
    if kind == b"VP8X":
        return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[6:10])
    return width & 0x3FFF, height & 0x3FFF


def _of_jpeg(file: BinaryIO) -> tuple[int, int]:
    file.seek(2)
    for _ in range(_MOST_SEGMENTS):
        if file.read(1) != b"\xff":
            break
        marker = 0xFF
        while marker == 0xFF:  # fill bytes
            marker = file.read(1)[0]
        if marker in _BARE_MARKERS:
            continue
        (length,) = struct.unpack(">H", file.read(2))
        if marker in _START_OF_FRAME:
            height, width = struct.unpack(">HH", file.read(5)[1:])
            # Within the data of a scan, this pair of bytes cannot occur (T.81, B.1.1.5).
            if width * height <= MOST_PIXELS and width * height * file.read().count(b"\xff\xda") > _MOST_DRAWN:
                raise ValueError("too many scans")
            return width, height
        file.seek(length - 2, 1)
    raise ValueError("no picture in it")


_SIZES: tuple[tuple[bytes, Callable[[BinaryIO], tuple[int, int]]], ...] = (
    (b"\x89PNG\r\n\x1a\n", _of_png),
    (b"\xff\xd8\xff", _of_jpeg),
    (b"GIF8", _of_gif),
    (b"RIFF", _of_webp),
    (b"BM", _of_bmp),
)
