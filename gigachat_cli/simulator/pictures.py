"""What the simulator draws: a real JPEG and a real FBX model, small, the same for the same wish.

The JPEG is baseline and built by hand from flat blocks: each has a mean colour (DC) and nothing else, so the
whole encoder is one Huffman table of equal code lengths and one with a single code.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

_BLOCKS = 24
"""Blocks of 8 × 8 pixels on each side of a picture."""

_CATEGORIES = 12
_CODE_LENGTH = 4
_END_OF_BLOCK = "0"
_LONGEST_COMMENT = 200


def picture(wish: str) -> bytes:
    """Return a JPEG of 192 × 192 pixels: a gradient and a disc in the wish's colours, the wish as its comment."""
    side = _BLOCKS * 8
    components = b"".join(bytes((number, 0x11, 0)) for number in (1, 2, 3))
    selectors = b"".join(bytes((number, 0x00)) for number in (1, 2, 3))
    comment = f"simulated: {wish}"[:_LONGEST_COMMENT].encode("utf-8", "replace")
    return b"".join(
        (
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0"),
            _segment(0xFE, comment),
            _segment(0xDB, b"\0" + bytes([8] * 64)),
            _segment(0xC0, struct.pack(">BHHB", 8, side, side, 3) + components),
            _segment(0xC4, b"\x00" + _lengths(_CODE_LENGTH, _CATEGORIES) + bytes(range(_CATEGORIES))),
            _segment(0xC4, b"\x10" + _lengths(1, 1) + b"\0"),
            _segment(0xDA, b"\x03" + selectors + b"\0\x3f\0"),
            _scan(_colours(wish)),
            b"\xff\xd9",
        )
    )


def model_3d(wish: str) -> bytes:
    """Return an FBX model (text form) of a tetrahedron, the wish as its name."""
    name = "".join(letter for letter in wish[:60] if letter.isprintable() and letter not in '"\\')
    return f"""; FBX 7.4.0 project file
FBXHeaderExtension:  {{
\tFBXHeaderVersion: 1003
\tFBXVersion: 7400
\tCreator: "GigaChat simulator"
}}
Objects:  {{
\tGeometry: 1000, "Geometry::{name}", "Mesh" {{
\t\tVertices: *12 {{
\t\t\ta: 0,0,0,1,0,0,0,1,0,0,0,1
\t\t}}
\t\tPolygonVertexIndex: *12 {{
\t\t\ta: 0,2,-2,0,1,-4,0,3,-3,1,2,-4
\t\t}}
\t}}
\tModel: 2000, "Model::{name}", "Mesh" {{
\t\tVersion: 232
\t}}
}}
Connections:  {{
\tC: "OO",1000,2000
\tC: "OO",2000,0
}}
""".encode()


def _colours(wish: str) -> Iterator[tuple[int, int, int]]:
    """Yield the colour of every block as luma and two chromas around zero."""
    drawn = hashlib.sha256(wish.encode("utf-8", "replace")).digest()
    first, second, disc = drawn[0:3], drawn[3:6], drawn[6:9]
    middle = (_BLOCKS - 1) / 2
    for row in range(_BLOCKS):
        for column in range(_BLOCKS):
            share = (row + column) / (2 * _BLOCKS - 2)
            inside = (row - middle) ** 2 + (column - middle) ** 2 < (_BLOCKS / 4) ** 2
            mixed = [round(a + (b - a) * share) for a, b in zip(first, second, strict=True)]
            red, green, blue = disc if inside else mixed
            yield (
                round(0.299 * red + 0.587 * green + 0.114 * blue) - 128,
                round(-0.1687 * red - 0.3313 * green + 0.5 * blue),
                round(0.5 * red - 0.4187 * green - 0.0813 * blue),
            )


def _scan(colours: Iterator[tuple[int, int, int]]) -> bytes:
    bits: list[str] = []
    before = [0, 0, 0]
    for colour in colours:
        for component, value in enumerate(colour):
            bits.append(_difference(value - before[component]) + _END_OF_BLOCK)
            before[component] = value
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    # A byte FF in the scan would be a marker; the zero after it says that it is not.
    return int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\0")


def _difference(value: int) -> str:
    size = abs(value).bit_length()
    rest = value if value >= 0 else value + (1 << size) - 1
    return f"{size:0{_CODE_LENGTH}b}" + (f"{rest:0{size}b}" if size else "")


def _lengths(length: int, count: int) -> bytes:
    return bytes(count if position == length else 0 for position in range(1, 17))


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
