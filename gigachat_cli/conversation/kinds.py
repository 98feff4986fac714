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


@dataclass(frozen=True, slots=True)
class _Format:
    """How files of a format begin; `at` is where in the file.

    `taken` are the suffixes of the kinds that the service takes of them, the likeliest first; `saved` the suffix and
    the media type of one that the service made; `foreign` says what it is where the service does not take it.
    """

    begins: bytes
    at: int = 0
    taken: tuple[str, ...] = ()
    saved: tuple[str, str] = (".bin", "application/octet-stream")
    foreign: str = ""


_FORMATS = (
    _Format(b"WEBP", 8, saved=(".webp", "image/webp"), foreign="a WebP picture"),
    _Format(b"ftypheic", 4, saved=(".mp4", "video/mp4"), foreign="a HEIC picture"),
    _Format(b"ftypavif", 4, saved=(".mp4", "video/mp4"), foreign="an AVIF picture"),
    _Format(b"GIF8", saved=(".gif", "image/gif"), foreign="a GIF picture"),
    _Format(b"\x1f\x8b", foreign="a gzip archive"),
    _Format(b"7z\xbc\xaf\x27\x1c", foreign="a 7z archive"),
    _Format(b"Rar!", foreign="a RAR archive"),
    _Format(b"\x7fELF", foreign="a program"),
    _Format(b"fLaC", foreign="a FLAC recording"),
    _Format(b"SQLite format 3\0", foreign="a database"),
    _Format(b"\xff\xd8\xff", taken=(".jpg", ".jpeg"), saved=(".jpg", "image/jpeg")),
    _Format(b"\x89PNG\r\n\x1a\n", taken=(".png",), saved=(".png", "image/png")),
    _Format(b"II*\0", taken=(".tiff", ".tif"), saved=(".tiff", "image/tiff")),
    _Format(b"MM\0*", taken=(".tiff", ".tif"), saved=(".tiff", "image/tiff")),
    _Format(b"%PDF-", taken=(".pdf",), saved=(".pdf", "application/pdf")),
    _Format(b"ID3", taken=(".mp3",), saved=(".mp3", "audio/mpeg")),
    _Format(b"OggS", taken=(".ogg", ".opus"), saved=(".ogg", "audio/ogg")),
    _Format(b"\x1aE\xdf\xa3", taken=(".weba",), saved=(".webm", "video/webm")),
    _Format(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", taken=(".doc", ".ppt")),
    _Format(b"BM", taken=(".bmp",), saved=(".bmp", "image/bmp")),
    _Format(b"; FBX", saved=(".fbx", "model/fbx")),
    _Format(b"Kaydara FBX", saved=(".fbx", "model/fbx")),
    _Format(b"glTF", saved=(".glb", "model/gltf-binary")),
    _Format(b"ply\n", saved=(".ply", "model/ply")),
    _Format(b"PK\x03\x04", saved=(".zip", "application/zip")),
    _Format(b"WAVE", 8, taken=(".wav",), saved=(".wav", "audio/wav")),
    _Format(b"ftypM4A", 4, taken=(".m4a", ".mp4"), saved=(".mp4", "video/mp4")),
    _Format(b"ftyp", 4, taken=(".mp4", ".m4a"), saved=(".mp4", "video/mp4")),
)
_UNKNOWN = _Format(b"")


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
    return _format_of(head).foreign or None


def saved_kind(head: bytes) -> tuple[str, str]:
    """The suffix and the media type of a file that the service made, by its first bytes."""
    return _format_of(head).saved


def _format_of(head: bytes) -> _Format:
    for each in _FORMATS:
        if head.startswith(each.begins, each.at) and (each.at != 8 or head.startswith(b"RIFF")):
            return each
    return _UNKNOWN


def _sniffed_suffixes(head: bytes, open: Opener) -> tuple[str, ...]:
    """Suffixes of the kinds that begin so, the likeliest first; none for what the service does not take."""
    if head.startswith(b"PK\x03\x04"):
        return _packed(open)
    if head.startswith(b"OggS") and b"OpusHead" in head[:64]:
        return (".opus", ".ogg")
    if head.startswith(b"BM") and head[6:10] != bytes(4):  # a text may begin with these two letters
        return ()
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2:  # a frame of MPEG sound, layer III
        return (".mp3",)
    return _format_of(head).taken


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
