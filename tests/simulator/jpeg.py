"""A decoder of baseline JPEG pictures, as far as flat blocks go: enough to see what the simulator has drawn."""

from __future__ import annotations

import struct
from collections.abc import Iterator

Colour = tuple[int, int, int]


def block_colours(content: bytes) -> list[list[Colour]]:
    """Return the mean colour of every 8 × 8 block, row by row. Raises ValueError for what is no such picture."""
    if content[:2] != b"\xff\xd8" or content[-2:] != b"\xff\xd9":
        raise ValueError("no JPEG")
    tables: dict[int, dict[str, int]] = {}
    steps, size, position = 0, (0, 0), 2
    while True:
        mark, marker, length = struct.unpack_from(">BBH", content, position)
        body, position = content[position + 4 : position + 2 + length], position + 2 + length
        if mark != 0xFF:
            raise ValueError("no marker where one must be")
        if marker == 0xDB:
            steps = body[1]
        elif marker == 0xC0:
            size = struct.unpack_from(">HH", body, 1)
        elif marker == 0xC4:
            tables[body[0]] = _codes(body)
        elif marker == 0xDA:
            break
    rows, columns = size[0] // 8, size[1] // 8
    bits = _bits(content[position:-2])
    before, decoded = [0, 0, 0], []
    for _ in range(rows * columns):
        for component in range(3):
            before[component] += _value(bits, _symbol(bits, tables[0x00]))
            if _symbol(bits, tables[0x10]) != 0:
                raise ValueError("a block that is not flat")
        decoded.append(_rgb(*(value * steps / 8 for value in before)))
    if "0" in bits or sum(1 for _ in bits) > 7:
        raise ValueError("bits after the last block")
    return [decoded[row * columns : (row + 1) * columns] for row in range(rows)]


def _codes(body: bytes) -> dict[str, int]:
    codes, code, position = {}, 0, 17
    for length in range(1, 17):
        for _ in range(body[length]):
            codes[f"{code:0{length}b}"] = body[position]
            code, position = code + 1, position + 1
        code <<= 1
    return codes


def _bits(scan: bytes) -> Iterator[str]:
    if any(scan[number] == 0xFF and scan[number + 1 : number + 2] != b"\0" for number in range(len(scan))):
        raise ValueError("a marker inside the scan")
    plain = scan.replace(b"\xff\0", b"\xff")
    return iter("".join(f"{byte:08b}" for byte in plain))


def _symbol(bits: Iterator[str], codes: dict[str, int]) -> int:
    code = ""
    for bit in bits:
        code += bit
        if code in codes:
            return codes[code]
        if len(code) > 16:
            break
    raise ValueError(f"no code {code}")


def _value(bits: Iterator[str], size: int) -> int:
    if not size:
        return 0
    text = "".join(next(bits) for _ in range(size))
    return int(text, 2) if text[0] == "1" else int(text, 2) - (1 << size) + 1


def _rgb(luma: float, blue: float, red: float) -> Colour:
    red_, green, blue_ = luma + 1.402 * red, luma - 0.344 * blue - 0.714 * red, luma + 1.772 * blue
    if not all(-132 <= each <= 132 for each in (red_, green, blue_)):
        raise ValueError("a colour that is none")
    return round(red_) + 128, round(green) + 128, round(blue_) + 128
