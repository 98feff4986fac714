"""Pictures at a terminal: each way of drawing is read back by a decoder and beside the picture itself."""

from __future__ import annotations

import base64
import io
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pyte
import pytest
from PIL import Image

from gigachat_cli.messages import SavedFile
from gigachat_cli.render.pictures import Way, link, shown_file, way_of
from gigachat_cli.simulator.pictures import picture

from ..conftest import ROOT

RGB = tuple[int, int, int]


@pytest.fixture
def quarters(tmp_path: Path) -> SavedFile:
    """A picture of four quarters: red and green above, blue and white below."""
    image = Image.new("RGB", (40, 40), "white")
    for colour, corner in (("#ff0000", (0, 0)), ("#00ff00", (20, 0)), ("#0000ff", (0, 20))):
        image.paste(colour, (*corner, corner[0] + 20, corner[1] + 20))
    path = tmp_path / "a picture.png"
    image.save(path)
    return SavedFile("id", str(path), "image/png")


def drawn(file: SavedFile, way: Way, *, width: int = 80, height: int = 24, exact: bool = True) -> str:
    environment = {"COLORTERM": "truecolor"} if exact else {}
    return shown_file(file, width=width, height=height, way=way, escapes=True, environment=environment)


def near(one: RGB, other: RGB, *, by: int = 8) -> bool:
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


# Half-blocks


def on_screen(text: str, columns: int, rows: int) -> list[list[tuple[str, str]]]:
    """The colours of each cell's two halves, as a terminal shows them; cells without a block are left out."""
    screen = pyte.Screen(columns, rows)
    pyte.Stream(screen).feed(text.replace("\n", "\r\n"))
    found = []
    for row in range(rows):
        cells = [screen.buffer[row][column] for column in range(columns)]
        halves = [(cell.fg, cell.bg) for cell in cells if cell.data == "▀"]
        if halves:
            found.append(halves)
    return found


@pytest.mark.parametrize("exact", [True, False])
def test_half_blocks_show_the_picture(quarters: SavedFile, exact: bool) -> None:
    rows = on_screen(drawn(quarters, "blocks", height=15, exact=exact), 80, 24)
    assert len(rows) == 10
    assert {len(row) for row in rows} == {20}
    assert rows[2][4] == ("ff0000", "ff0000")
    assert rows[2][15] == ("00ff00", "00ff00")
    assert rows[7][4] == ("0000ff", "0000ff")
    assert rows[7][15] == ("ffffff", "ffffff")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (20, 50), (200, 10), (8, 6)])
def test_a_picture_fits_the_terminal(tmp_path: Path, width: int, height: int) -> None:
    path = tmp_path / "cat.jpg"
    path.write_bytes(picture("cat"))
    rows = on_screen(drawn(SavedFile("id", str(path), "image/jpeg"), "blocks", width=width, height=height), 300, 60)
    assert 0 < len(rows) <= height * 2 // 3
    assert all(len(row) < width for row in rows)
    assert abs(len(rows[0]) - 2 * len(rows)) <= 2  # a square stays one


# Sixel


def decoded_sixel(text: str) -> list[list[RGB]]:
    """The pixels of a sixel picture, by the rules of the VT340."""
    body = re.fullmatch(r'\x1bP[0-9;]*q"1;1;(\d+);(\d+)(.*)\x1b\\', text, re.DOTALL)
    assert body is not None
    width, height = int(body[1]), int(body[2])
    pixels: list[list[RGB]] = [[(-1, -1, -1)] * width for _ in range(height)]
    palette: dict[int, RGB] = {}
    colour, column, top = 0, 0, 0
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)([?-~])|([?-~])|([$-])", body[3]):
        if token[1]:
            palette[int(token[1])] = (int(token[2]), int(token[3]), int(token[4]))
        elif token[5]:
            colour = int(token[5])
        elif token[9]:
            column, top = 0, top + (6 if token[9] == "-" else 0)
        else:
            bits = ord(token[7] or token[8]) - 63
            count = int(token[6] or 1)
            red, green, blue = (round(part * 255 / 100) for part in palette[colour])
            for x in range(column, column + count):
                for bit in range(6):
                    if bits >> bit & 1:
                        pixels[top + bit][x] = (red, green, blue)
            column += count
    return pixels


def test_sixels_decode_to_the_picture(quarters: SavedFile) -> None:
    text = drawn(quarters, "sixel")
    pixels = decoded_sixel(text.partition("\n")[0])
    with Image.open(quarters.path) as image:
        for y in range(40):
            for x in range(40):
                wanted = image.getpixel((x, y))
                assert isinstance(wanted, tuple)
                assert near(pixels[y][x], wanted[:3]), (x, y)  # type: ignore[arg-type]  # three parts of RGB


def test_sixels_of_many_colours_stay_near_the_picture(tmp_path: Path) -> None:
    path = tmp_path / "cat.jpg"
    path.write_bytes(picture("cat"))
    pixels = decoded_sixel(drawn(SavedFile("id", str(path), "image/jpeg"), "sixel", height=40).partition("\n")[0])
    with Image.open(path) as image:
        assert (len(pixels[0]), len(pixels)) == image.size
        for x, y in ((5, 5), (96, 96), (180, 20), (60, 150)):
            wanted = image.getpixel((x, y))
            assert isinstance(wanted, tuple)
            assert near(pixels[y][x], wanted[:3], by=24)  # type: ignore[arg-type]  # three parts of RGB


# kitty and iTerm2


def test_kitty_gets_the_picture_as_png_in_pieces(tmp_path: Path) -> None:
    image = Image.effect_noise((120, 80), 90).convert("RGB")
    path = tmp_path / "noise.jpg"
    image.save(path, quality=95)
    text = drawn(SavedFile("id", str(path), "image/jpeg"), "kitty")
    pieces = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", text)
    assert len(pieces) > 2
    assert pieces[0][0] == "a=T,f=100,q=2,c=12,r=4,m=1"
    assert [head for head, _ in pieces[1:]] == ["m=1"] * (len(pieces) - 2) + ["m=0"]
    assert all(len(data) <= 4096 for _, data in pieces)
    with Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in pieces)))) as found:
        assert (found.format, found.size) == ("PNG", (120, 80))
        with Image.open(path) as wanted:
            assert found.convert("RGB").tobytes() == wanted.convert("RGB").tobytes()


def test_iterm_gets_the_file_itself(quarters: SavedFile) -> None:
    content = Path(quarters.path).read_bytes()
    found = re.match(r"\x1b\]1337;File=inline=1;size=(\d+);height=16;[^:]*:([^\x07]*)\x07\n", drawn(quarters, "iterm2"))
    assert found is not None
    assert int(found[1]) == len(content)
    assert base64.b64decode(found[2]) == content


# The path


@pytest.mark.parametrize("way", ["kitty", "iterm2", "sixel", "blocks", "link"])
def test_the_path_is_a_link_below_the_picture(quarters: SavedFile, way: Way) -> None:
    address = Path(quarters.path).as_uri()
    assert "%20" in address
    assert drawn(quarters, way).endswith(f"\x1b]8;;{address}\x1b\\{quarters.path}\x1b]8;;\x1b\\\n")
    assert (drawn(quarters, way) == f"{link(quarters.path)}\n") == (way == "link")


def test_a_terminal_without_escapes_gets_the_path_alone(quarters: SavedFile) -> None:
    shown = shown_file(quarters, width=80, height=24, way="kitty", escapes=False)
    assert shown == f"{quarters.path}\n"


@pytest.mark.parametrize("way", ["kitty", "sixel", "blocks"])
@pytest.mark.parametrize("content", [b"", b"no picture", picture("cat")[:300]])
def test_a_picture_that_cannot_be_read_is_a_link(tmp_path: Path, way: Way, content: bytes) -> None:
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    assert drawn(SavedFile("id", str(path), "image/jpeg"), way) == f"{link(str(path))}\n"


def black_png(size: int) -> bytes:
    """A square picture, sound from its head to its end, of so many pixels a side and hardly any bytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", size, size, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(size * (1 + (size + 7) // 8)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def test_a_picture_that_would_fill_the_memory_is_a_link(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(black_png(12_000))
    assert drawn(SavedFile("id", str(path), "image/png"), "blocks") == f"{link(str(path))}\n"


def test_other_files_are_links(tmp_path: Path) -> None:
    path = tmp_path / "model.fbx"
    path.write_bytes(b"; FBX")
    assert drawn(SavedFile("id", str(path), "model/fbx"), "blocks") == f"{link(str(path))}\n"


def test_without_the_library_a_picture_is_a_link_or_what_needs_none(
    quarters: SavedFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    for way in ("blocks", "sixel"):
        assert drawn(quarters, way) == f"{link(quarters.path)}\n"
    data = base64.b64encode(Path(quarters.path).read_bytes()).decode()
    assert drawn(quarters, "kitty").startswith(f"\x1b_Ga=T,f=100,q=2,m=0;{data}\x1b\\")
    assert drawn(quarters, "iterm2").startswith("\x1b]1337;File=inline=1;")


# Which way


@pytest.mark.parametrize(
    ("environment", "way"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM": "foot"}, "sixel"),
        ({"TERM": "mlterm-256color"}, "sixel"),
        ({"TERM": "xterm-256color"}, "blocks"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "blocks"),
        ({"TERM": "xterm"}, "link"),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "iTerm.app"}, "blocks"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux"}, "link"),
        ({}, "link"),
    ],
)
def test_the_way_is_what_the_terminal_is_known_to_have(environment: dict[str, str], way: Way) -> None:
    assert way_of("auto", color=True, environment=environment) == way


def test_the_setting_wins_and_blocks_need_colour() -> None:
    kitty = {"TERM": "xterm-kitty"}
    assert way_of("sixel", color=True, environment=kitty) == "sixel"
    assert way_of("link", color=True, environment=kitty) == "link"
    assert way_of("blocks", color=False, environment=kitty) == "link"
    assert way_of("auto", color=False, environment=kitty) == "kitty"


# Pictures that would fill the memory

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp", "BMP": "image/bmp"}
WAYS: list[Way] = ["kitty", "iterm2", "sixel", "blocks"]


def spoiled(format: str, width: int, height: int, *, progressive: bool = False) -> bytes:
    """A small picture whose head says that it has so many pixels."""
    file = io.BytesIO()
    named = {"progressive": progressive} if format == "JPEG" else {"lossless": progressive} if format == "WEBP" else {}
    Image.new("RGB", (16, 16), "red").save(file, format, **named)
    content = bytearray(file.getvalue())
    if format == "PNG":
        content[16:24] = struct.pack(">II", width, height)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
    elif format == "JPEG":
        at = content.index(b"\xff\xc2" if progressive else b"\xff\xc0")
        content[at + 5 : at + 9] = struct.pack(">HH", height, width)
    elif format == "GIF":
        content[6:10] = struct.pack("<HH", width, height)
    elif format == "BMP":
        content[18:26] = struct.pack("<ii", width, height)
    elif progressive:
        content[21:25] = (width - 1 | height - 1 << 14).to_bytes(4, "little")
    else:
        content[26:30] = struct.pack("<HH", width, height)
    return bytes(content)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("progressive", [False, True])
def test_a_picture_of_too_many_pixels_is_a_link_in_every_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Way, format: str, progressive: bool
) -> None:
    opened: list[object] = []
    monkeypatch.setattr(Image, "open", lambda *given, **named: opened.append(given))  # before it is even opened
    path = tmp_path / f"bomb.{format.lower()}"
    path.write_bytes(spoiled(format, 9000, 9000, progressive=progressive))
    assert drawn(SavedFile("id", str(path), FORMATS[format]), way) == f"{link(str(path))}\n"
    assert opened == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_of_many_pixels_that_are_not_too_many_is_drawn(tmp_path: Path, way: Way, format: str) -> None:
    path = tmp_path / f"large.{format.lower()}"
    Image.new("RGB", (600, 400), "red").save(path)
    assert drawn(SavedFile("id", str(path), FORMATS[format]), way) != f"{link(str(path))}\n"


@pytest.mark.parametrize("way", WAYS)
def test_a_picture_that_is_drawn_over_and_over_is_a_link(tmp_path: Path, way: Way) -> None:
    path = tmp_path / "scans.jpg"
    Image.new("RGB", (2000, 2000), "red").save(path, "JPEG", progressive=True)
    assert drawn(SavedFile("id", str(path), "image/jpeg"), way) != f"{link(str(path))}\n"
    content = path.read_bytes()
    last = content.rindex(b"\xff\xda")
    path.write_bytes(content[:last] + content[last:-2] * 100 + content[-2:])
    assert drawn(SavedFile("id", str(path), "image/jpeg"), way) == f"{link(str(path))}\n"


@pytest.mark.parametrize("way", WAYS)
def test_a_frame_that_is_larger_than_its_picture_is_refused(tmp_path: Path, way: Way) -> None:
    path = tmp_path / "frame.gif"
    content = bytearray(spoiled("GIF", 16, 16))
    at = content.index(b",")
    content[at + 5 : at + 9] = struct.pack("<HH", 60_000, 60_000)
    path.write_bytes(content)
    assert drawn(SavedFile("id", str(path), "image/gif"), way) == f"{link(str(path))}\n"


@pytest.mark.parametrize(("format", "type"), [("TIFF", "image/tiff"), ("ICO", "image/x-icon"), ("PPM", "image/png")])
def test_formats_that_the_service_does_not_draw_are_links(tmp_path: Path, format: str, type: str) -> None:
    path = tmp_path / "picture"
    Image.new("RGB", (16, 16)).save(path, format)
    for way in WAYS:
        assert drawn(SavedFile("id", str(path), type), way) == f"{link(str(path))}\n"


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_of_a_picture_that_moves_iterm_gets_the_first(tmp_path: Path, format: str) -> None:
    path = tmp_path / "moves"
    frames = [Image.new("RGB", (30, 20), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(path, format, save_all=True, append_images=frames[1:])
    text = drawn(SavedFile("id", str(path), FORMATS[format]), "iterm2")
    content = base64.b64decode(text.partition("\x07")[0].rpartition(":")[2])
    with Image.open(io.BytesIO(content)) as shown:
        assert (shown.format, shown.size, getattr(shown, "n_frames", 1)) == ("PNG", (30, 20), 1)
        assert near(shown.convert("RGB").getpixel((5, 5)), (255, 0, 0))  # type: ignore[arg-type]  # three parts of RGB


def test_a_head_that_is_cut_anywhere_is_a_link(tmp_path: Path) -> None:
    path = tmp_path / "cut"
    for format, type in FORMATS.items():
        whole = spoiled(format, 16, 16)
        for cut in range(32):
            path.write_bytes(whole[:cut])
            assert drawn(SavedFile("id", str(path), type), "iterm2") == f"{link(str(path))}\n"


def test_without_the_library_too_many_pixels_are_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(spoiled("PNG", 9000, 9000))
    monkeypatch.setitem(sys.modules, "PIL", None)
    for way in WAYS:
        assert drawn(SavedFile("id", str(path), "image/png"), way) == f"{link(str(path))}\n"


def test_a_small_file_of_many_pixels_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(black_png(9000))
    assert path.stat().st_size < 20_000
    script = """
import resource, sys
from gigachat_cli.messages import SavedFile
from gigachat_cli.render.pictures import link, shown_file
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
file = SavedFile("id", sys.argv[1], "image/png")
for way in ("kitty", "iterm2", "sixel", "blocks"):
    assert shown_file(file, width=80, height=24, way=way, escapes=True) == f"{link(sys.argv[1])}\\n"
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, cwd=ROOT)
    assert int(done.stdout) < 10_000, done.stderr  # kilobytes
