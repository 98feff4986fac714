"""What becomes of a path that goes with a question: its kind, whether it is sent at all, and where it stands."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gigachat_cli.conversation.attachments import (
    LARGEST_INLINE,
    LARGEST_REQUEST,
    Attachment,
    mentioned,
    read_attachments,
    upload_all,
    upload_of,
    with_texts,
)
from gigachat_cli.conversation.kinds import BY_SUFFIX, LARGEST, saved_kind
from gigachat_cli.engine import GigaChat
from gigachat_cli.errors import UsageError
from gigachat_cli.messages import Message, Notice
from gigachat_cli.simulator import Simulator

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
MEGABYTE = 1024 * 1024


def packed(*names: str, mimetype: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return file.getvalue()


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., str]:
    """Write a file, padded with zeros to `size` without taking the room; its path."""

    def write(name: str, content: bytes, *, size: int | None = None) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        if size is not None:
            os.truncate(path, size)
        return str(path)

    return write


def read(*paths: str) -> list[Attachment]:
    told: list[Notice] = []
    found = read_attachments(paths, told.append)
    assert not told
    return found


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("a.txt", b"words", "text/plain"),
        ("a.doc", OLE, "application/msword"),
        ("a.ppt", OLE, "application/ppt"),
        ("a.docx", packed("word/document.xml"), DOCX),
        ("a.pptx", packed("ppt/presentation.xml"), "application/pptx"),
        ("a.xlsx", packed("xl/workbook.xml"), "application/vnd.ms-excel"),
        ("a.epub", packed(mimetype=b"application/epub+zip"), "application/epub"),
        ("a.pdf", b"%PDF-1.7\n\0\xff", "application/pdf"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.png", PNG, "image/png"),
        ("a.tif", b"II*\0rest", "image/tiff"),
        ("a.tiff", b"MM\0*rest", "image/tiff"),
        ("a.bmp", b"BM\x10\0\0\0\0\0\0\0rest", "image/bmp"),
        ("a.mp3", b"ID3\x04rest", "audio/mp3"),
        ("a.mp3", b"\xff\xfb\x90\x64rest", "audio/mp3"),
        ("a.m4a", b"\0\0\0\x20ftypM4A rest", "audio/x-m4a"),
        ("a.mp4", b"\0\0\0\x20ftypisomrest", "audio/mp4"),
        ("a.wav", b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        ("a.weba", b"\x1aE\xdf\xa3rest", "audio/webm"),
        ("a.ogg", b"OggS\0\x02rest", "audio/x-ogg"),
        ("a.opus", b"OggS\0\x02" + bytes(22) + b"OpusHead", "audio/opus"),
        ("a.mp3", b"\xfe\xed\0\0not begun by a frame", "audio/mp3"),
    ],
)
def test_kinds_have_the_spelling_of_the_service(put: Callable[..., str], name: str, content: bytes, type: str) -> None:
    (found,) = read(put(name, content))
    assert found.source is not None
    assert (found.source.type, found.source.size, found.text) == (type, len(content), None)


@pytest.mark.parametrize("suffix", sorted(BY_SUFFIX))
def test_every_kind_of_the_service_can_be_uploaded(put: Callable[..., str], suffix: str) -> None:
    contents = {
        ".txt": b"words",
        ".doc": OLE,
        ".ppt": OLE,
        ".docx": packed("word/document.xml"),
        ".pptx": packed("ppt/presentation.xml"),
        ".xlsx": packed("xl/workbook.xml"),
        ".epub": packed(mimetype=b"application/epub+zip"),
        ".pdf": b"%PDF-1.7",
        ".jpg": JPEG,
        ".jpeg": JPEG,
        ".png": PNG,
        ".bmp": b"BM\x10\0\0\0\0\0\0\0",
        ".tif": b"II*\0rest",
        ".tiff": b"II*\0rest",
    }
    sound = b"\xfe\xed\0\0"  # which its name alone tells
    assert upload_of(put(f"a{suffix}", contents.get(suffix, sound))).kind.type == BY_SUFFIX[suffix].type


@pytest.mark.parametrize(
    ("name", "content", "type"),
    [
        ("photo.png", JPEG, "image/jpeg"),
        ("photo", PNG, "image/png"),
        ("letter", b"%PDF-1.4", "application/pdf"),
        ("letter.bin", packed("word/document.xml"), DOCX),
        ("letter.docx", packed("xl/workbook.xml"), "application/vnd.ms-excel"),
        ("notes.txt", PNG, "image/png"),
    ],
)
def test_bytes_win_over_a_name_that_says_something_else(
    put: Callable[..., str], name: str, content: bytes, type: str
) -> None:
    assert read(put(name, content))[0].kind.type == type


@pytest.mark.parametrize(
    ("name", "language"),
    [("a.md", "markdown"), ("a.csv", "csv"), ("a.json", "json"), ("a.py", "python"), ("a.log", ""), ("Makefile", "")],
)
def test_a_small_text_stands_in_the_prompt_with_its_name(put: Callable[..., str], name: str, language: str) -> None:
    (found,) = read(put(name, "\ufeffпервая\nвторая".encode()))
    assert found.source is None
    assert with_texts("What is it?", [found]) == f"What is it?\n\n{name}:\n```{language}\nпервая\nвторая\n```"


def test_the_fence_is_longer_than_those_inside(put: Callable[..., str]) -> None:
    (found,) = read(put("a.md", b"````\ncode\n````\n"))
    assert with_texts("?", [found]) == "?\n\na.md:\n`````markdown\n````\ncode\n````\n`````"


def test_a_text_above_the_inline_limit_is_uploaded_as_plain_text(put: Callable[..., str]) -> None:
    (small,) = read(put("small.csv", b"a" * LARGEST_INLINE))
    (large,) = read(put("large.csv", b"a" * (LARGEST_INLINE + 1)))
    assert small.text is not None
    assert large.source is not None
    assert large.source.type == "text/plain"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.bin", b"\0\1\2\3", "a.bin is of a kind that cannot be attached."),
        ("a.gif", b"GIF89a\0", "a.gif is a GIF picture that cannot be attached."),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "a.webp is a WebP picture that cannot be attached."),
        ("a.pdf", b"\0\xff\0", "a.pdf is of a kind that cannot be attached."),
        ("a.zip", packed("other"), "a.zip is of a kind that cannot be attached."),
        ("a.docx", b"PK\x03\x04broken", "a.docx is of a kind that cannot be attached."),
        ("a.csv", "слово".encode("cp1251"), "a.csv is of a kind that cannot be attached."),
    ],
)
def test_other_bytes_are_refused_with_the_kinds_that_are_taken(
    put: Callable[..., str], name: str, content: bytes, said: str
) -> None:
    with pytest.raises(UsageError) as refused:
        read(put(name, content))
    assert refused.value.message == said
    assert all(kind in (refused.value.hint or "") for kind in ("docx", "epub", "jpeg", "m4a", "opus"))


def test_a_text_file_in_another_encoding_says_so(put: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match=r"old\.txt is not UTF-8 text") as refused:
        read(put("old.txt", "слово".encode("cp1251")))
    assert "iconv" in (refused.value.hint or "")


@pytest.mark.parametrize(
    ("name", "content", "limit"),
    [("a.pdf", b"%PDF-", "40 MB of a document"), ("a.png", PNG, "15 MB of an image"), ("a.mp3", b"ID3", "35 MB of a")],
)
def test_a_size_above_the_kinds_limit_is_refused_and_the_limit_named(
    put: Callable[..., str], name: str, content: bytes, limit: str
) -> None:
    most = LARGEST[BY_SUFFIX[Path(name).suffix].name]
    assert read(put(name, content, size=most))[0].size == most
    with pytest.raises(UsageError, match=limit):
        read(put(name, content, size=most + 1))


def test_a_text_above_the_limit_is_refused_unread(put: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match="40 MB of a document"):
        read(put("a.csv", b"a,b\n" * 2000, size=41 * MEGABYTE))


def test_one_image_a_message(put: Callable[..., str]) -> None:
    with pytest.raises(UsageError, match=r"one image, and there are 2: a\.png, b\.jpg"):
        read(put("a.png", PNG), put("b.jpg", JPEG))


def test_recordings_beyond_the_limit_of_a_request_are_refused(put: Callable[..., str]) -> None:
    each = LARGEST_REQUEST // 3 + 1
    paths = [put(f"{number}.mp3", b"ID3", size=each) for number in range(3)]
    assert len(read(*paths[:2])) == 2
    with pytest.raises(UsageError, match="less than 80 MB are taken"):
        read(*paths)


async def test_ten_images_a_request(put: Callable[..., str], simulator: Simulator) -> None:
    messages: list[Message] = []
    async with GigaChat() as giga:
        for number in range(10):
            found = read(put(f"{number}.png", PNG + bytes([number])))
            ids = await upload_all(giga, found, messages)
            messages.append(Message("user", "what", attachments=ids))
        before = len(simulator.requests)
        with pytest.raises(
            UsageError, match="A request takes 10 images, and with those of this conversation there are 11"
        ):
            await upload_all(giga, read(put("10.png", PNG + b"10")), messages)
        assert len(simulator.requests) == before


def test_a_second_document_is_left_out_and_that_is_told(put: Callable[..., str]) -> None:
    told: list[Notice] = []
    paths = [put("a.pdf", b"%PDF-1"), put("b.txt", b"words"), put("c.csv", b"1,2"), put("d.png", PNG)]
    found = read_attachments(paths, told.append)
    assert [each.name for each in found] == ["a.pdf", "c.csv", "d.png"]
    (notice,) = told
    assert notice.kind == "warning"
    assert "only the first document of a message, a.pdf: b.txt is left out" in notice.text


def test_what_cannot_be_read_is_refused(put: Callable[..., str], tmp_path: Path) -> None:
    for path, said in (
        (str(tmp_path / "none.png"), "could not be read: No such file or directory."),
        (str(tmp_path), "is a folder."),
        (put("empty.pdf", b""), "empty.pdf is empty."),
        ("~nobody-here/x", "could not be read|is no path"),
        ("a\0b", "is no path."),
    ):
        with pytest.raises(UsageError, match=said):
            read(path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is no file"):
        read(str(tmp_path / "pipe"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(put: Callable[..., str]) -> None:
    path = put("a.png", PNG)
    os.chmod(path, 0)
    with pytest.raises(UsageError, match="Permission denied"):
        read(path)


def test_mentions_are_the_files_that_are_there(
    put: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("cat.png", "my cat.png", "notes", "x.md"):
        put(name, b"1")
    for text, found in (
        ("what is on @cat.png?", ["cat.png"]),
        ("@cat.png", ["cat.png"]),
        ("compare @x.md, @notes.", ["x.md", "notes"]),
        ('look at @"my cat.png" now', ["my cat.png"]),
        (r"look at @my\ cat.png now", ["my cat.png"]),
        (f"see @{tmp_path}/cat.png", [f"{tmp_path}/cat.png"]),
        ("write to me@cat.png", []),
        ("@dataclass\nclass A: ...\n@app.route('/x')", []),
        ("ask @somebody, or @", []),
    ):
        assert mentioned(text) == found, text


def test_a_mention_that_can_only_be_a_file_must_exist() -> None:
    for text in ("what is on @cot.png?", "read @letters/a.docx"):
        with pytest.raises(UsageError, match=r"There is no file .*nothing was sent"):
            mentioned(text)


def test_a_mentioned_folder_is_told_of(
    put: Callable[..., str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("lab", "my lab", "lab/x.md"):
        (tmp_path / name).mkdir(exist_ok=True, parents=True)
    for text in ("what is in @lab?", "look at @lab/ now", '@"my lab"', f"@{tmp_path}", "@lab/x.md"):
        with pytest.raises(UsageError, match=r"is a folder; nothing was sent"):
            mentioned(text)
    assert mentioned("a blank after @ lab, and @ . or @.") == []


@pytest.mark.parametrize(
    ("head", "suffix", "type"),
    [
        (JPEG, ".jpg", "image/jpeg"),
        (PNG, ".png", "image/png"),
        (b"RIFF\0\0\0\0WEBPVP8 ", ".webp", "image/webp"),
        (b"; FBX 7.4.0", ".fbx", "model/fbx"),
        (b"Kaydara FBX Binary", ".fbx", "model/fbx"),
        (b"glTF\2\0", ".glb", "model/gltf-binary"),
        (b"\0\0\0\x20ftypisom", ".mp4", "video/mp4"),
        (b"anything", ".bin", "application/octet-stream"),
        (b"", ".bin", "application/octet-stream"),
    ],
)
def test_a_saved_file_is_named_by_its_bytes(head: bytes, suffix: str, type: str) -> None:
    assert saved_kind(head) == (suffix, type)
