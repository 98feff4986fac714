"""Pictures at a terminal: each way of drawing is read back by a decoder and beside the picture itself."""

from __future__ import annotations

import base64
import io
import re
import sys
from pathlib import Path

import pyte
import pytest
from PIL import Image

from gigachat_cli.messages import SavedFile
from gigachat_cli.render.pictures import Way, link, shown_file, way_of
from gigachat_cli.simulator.pictures import picture

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


def test_a_picture_that_would_fill_the_memory_is_a_link(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (12_000, 12_000)).save(path)
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
