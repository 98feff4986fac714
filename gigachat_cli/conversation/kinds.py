"""Kinds of files: which the service takes, in its own spelling of their media types, and how their bytes tell them."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from ..engine.api.files import Opener

KindName = Literal["text", "image", "audio"]

_MEGABYTE = 1024 * 1024
LARGEST: dict[KindName, int] = {"text": 40 * _MEGABYTE, "image": 15 * _MEGABYTE, "audio": 35 * _MEGABYTE}
"""Bytes that the service takes of one file (documented)."""

HEAD_BYTES = 4096
"""How much of a file its kind is told by."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind that the service takes; `type` is its media type as the service spells it."""

    name: KindName
    type: str


_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PLAIN_TEXT = Kind("text", "text/plain")

# Documented, "Обработка файлов": the spellings are the vendor's own, and others are refused.
BY_SUFFIX: dict[str, Kind] = {
    ".txt": PLAIN_TEXT,
    ".doc": Kind("text", "application/msword"),
    ".docx": Kind("text", _DOCX),
    ".pdf": Kind("text", "application/pdf"),
    ".epub": Kind("text", "application/epub"),
    ".ppt": Kind("text", "application/ppt"),
    ".pptx": Kind("text", "application/pptx"),
    ".xlsx": Kind("text", "application/vnd.ms-excel"),
    ".jpg": Kind("image", "image/jpeg"),
    ".jpeg": Kind("image", "image/jpeg"),
    ".png": Kind("image", "image/png"),
    ".tif": Kind("image", "image/tiff"),
    ".tiff": Kind("image", "image/tiff"),
    ".bmp": Kind("image", "image/bmp"),
    ".mp4": Kind("audio", "audio/mp4"),
    ".mp3": Kind("audio", "audio/mp3"),
    ".m4a": Kind("audio", "audio/x-m4a"),
    ".wav": Kind("audio", "audio/wav"),
    ".weba": Kind("audio", "audio/webm"),
    ".ogg": Kind("audio", "audio/x-ogg"),
    ".opus": Kind("audio", "audio/opus"),
}

TAKEN = (
    "documents (txt, doc, docx, pdf, epub, ppt, pptx, xlsx), images (jpeg, png, tiff, bmp), "
    "sound (mp3, m4a, mp4, wav, weba, ogg, opus), and any text in UTF-8"
)
"""The kinds that can be attached, for a person."""

_OTHERS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"GIF8", "a GIF picture"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"fLaC", "a FLAC recording"),
    (0, b"SQLite format 3\0", "a database"),
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypavif", "an AVIF picture"),
)


def kind_by_content(head: bytes, suffix: str, open: Opener) -> Kind | None:
    """The kind that the first bytes of a file tell; None when they tell none that the service takes.

    `suffix` decides where several kinds look the same; what is in an archive is looked up through `open`.
    """
    by_suffix = BY_SUFFIX.get(suffix)
    found = _sniffed_suffixes(head, open)
    if not found:
        return None
    return by_suffix if suffix in found and by_suffix else BY_SUFFIX[found[0]]


def foreign_kind(head: bytes) -> str | None:
    """What a file is that the service does not take, in words; None when that is not known."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a WebP picture"
    return next((words for at, magic, words in _OTHERS if head[at : at + len(magic)] == magic), None)


def saved_kind(head: bytes) -> tuple[str, str]:
    """The suffix and the media type of a file that the service made, by its first bytes."""
    for begins, suffix, type in (
        (b"\xff\xd8\xff", ".jpg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", ".png", "image/png"),
        (b"GIF8", ".gif", "image/gif"),
        (b"BM", ".bmp", "image/bmp"),
        (b"II*\0", ".tiff", "image/tiff"),
        (b"MM\0*", ".tiff", "image/tiff"),
        (b"; FBX", ".fbx", "model/fbx"),
        (b"Kaydara FBX", ".fbx", "model/fbx"),
        (b"glTF", ".glb", "model/gltf-binary"),
        (b"ply\n", ".ply", "model/ply"),
        (b"%PDF-", ".pdf", "application/pdf"),
        (b"PK\x03\x04", ".zip", "application/zip"),
        (b"OggS", ".ogg", "audio/ogg"),
        (b"ID3", ".mp3", "audio/mpeg"),
        (b"\x1aE\xdf\xa3", ".webm", "video/webm"),
    ):
        if head.startswith(begins):
            return suffix, type
    if head[:4] == b"RIFF" and head[8:12] in (b"WEBP", b"WAVE"):
        return (".webp", "image/webp") if head[8:12] == b"WEBP" else (".wav", "audio/wav")
    if head[4:8] == b"ftyp":
        return ".mp4", "video/mp4"
    return ".bin", "application/octet-stream"


def _sniffed_suffixes(head: bytes, open: Opener) -> tuple[str, ...]:
    """Suffixes of the kinds that begin so, the likeliest first; none for what the service does not take."""
    if foreign_kind(head):
        return ()
    for begins, suffixes in (
        (b"\xff\xd8\xff", (".jpg", ".jpeg")),
        (b"\x89PNG\r\n\x1a\n", (".png",)),
        (b"II*\0", (".tiff", ".tif")),
        (b"MM\0*", (".tiff", ".tif")),
        (b"%PDF-", (".pdf",)),
        (b"ID3", (".mp3",)),
    ):
        if head.startswith(begins):
            return suffixes
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return (".bmp",)
    if head.startswith(b"OggS"):
        return (".opus", ".ogg") if b"OpusHead" in head[:64] else (".ogg", ".opus")
    if head.startswith(b"\x1aE\xdf\xa3"):
        return (".weba",)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return (".wav",)
    if head[4:8] == b"ftyp":
        return (".m4a", ".mp4") if head[8:11] == b"M4A" else (".mp4", ".m4a")
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # a frame of MPEG sound, layer III
        return (".mp3",)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return (".doc", ".ppt")
    if head.startswith(b"PK\x03\x04"):
        return _packed(open)
    return ()


def _packed(open: Opener) -> tuple[str, ...]:
    unreadable = (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError)
    with suppress(*unreadable), open() as file, zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        for folder, suffix in (("word/", ".docx"), ("ppt/", ".pptx"), ("xl/", ".xlsx")):
            if any(name.startswith(folder) for name in names):
                return (suffix,)
        if "mimetype" in names:
            with archive.open("mimetype") as entry:  # a little of it: an archive may unpack to anything
                if entry.read(64).strip() == b"application/epub+zip":
                    return (".epub",)
    return ()
