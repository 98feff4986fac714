"""Attachments: what becomes of a path that goes with a question, the limits, and their ids.

A text of a kind that the service does not take stands in the prompt itself while it is small; everything else is
uploaded, once an account.  All that can be known to be refused is refused before anything is sent.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from math import ceil
from pathlib import Path
from typing import IO, TYPE_CHECKING

from .. import paths as places
from ..console import read_piece
from ..engine.api.files import Opener, Progress
from ..engine.uploads import Upload, Uploads, upload_once, uploaded_again
from ..errors import GigaChatError, InvalidRequestError, ServiceError, UsageError, no_temporary_file
from ..messages import Message, Notice
from ..systems import is_windows
from ..text import one_line, visible
from .kinds import BY_SUFFIX, HEAD_BYTES, LARGEST, PLAIN_TEXT, TAKEN, Kind, foreign_kind, kind_by_content
from .secret_files import text_question, why_secret

if TYPE_CHECKING:
    from ..engine import GigaChat

STDIN = "-"
LARGEST_INLINE = 64 * 1024
"""Bytes of a text that stand in the prompt; a longer one is uploaded."""

IMAGES_A_MESSAGE = 1
IMAGES_A_REQUEST = 10
LARGEST_REQUEST = 80 * 1024 * 1024

_PIECE_BYTES = 1 << 20
_KEPT_IN_MEMORY = 1 << 20
_PROGRESS_FROM = 1 << 18  # bytes; less is there before a line is read
_BINARY = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")  # controls that no text holds, colours of a log among them
_LANGUAGES = {
    ".py": "python",
    ".js": "javascript",
    ".ts": "typescript",
    ".md": "markdown",
    ".sh": "bash",
    ".yml": "yaml",
    ".rs": "rust",
    ".rb": "ruby",
    ".kt": "kotlin",
    ".cs": "csharp",
    ".log": "",
    "": "",
}


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something that goes with a question: in its text (`text`), or as an upload of `source`.

    `secret` says why a person is to be asked before it goes, where it looks like a secret.
    """

    name: str
    kind: Kind
    size: int
    source: Upload | None = None
    text: str | None = None
    suffix: str = ""
    path: str | None = None
    secret: str = ""

    def __str__(self) -> str:
        return f"{visible(self.name)} ({_size(self.size)}, {self.kind.type})"


def read_attachments(paths: Sequence[str], tell: Callable[[Notice], None]) -> list[Attachment]:
    """What becomes of paths, `-` being stdin.

    `tell` is told what will not be used.  Raises UsageError for what cannot be read, is of no kind that can be
    attached, or is beyond a limit, which is named.
    """
    if paths.count(STDIN) > 1:
        raise UsageError("stdin can be attached only once.", hint="Give -a - one time.")
    return checked([_attachment(path) for path in paths], tell)


def checked(found: Sequence[Attachment], tell: Callable[[Notice], None]) -> list[Attachment]:
    """The attachments of one message that are used.  Raises UsageError beyond a limit of a message."""
    images = [each for each in found if each.source and each.kind.name == "image"]
    if len(images) > IMAGES_A_MESSAGE:
        raise UsageError(
            f"A message takes one image, and there are {len(images)}: {', '.join(each.name for each in images)}.",
            hint="Ask about them one after another, each with ‹attach›.",
        )
    _check_sum([each.size for each in found if each.source and each.kind.name != "text"])
    documents = [each for each in found if each.source and each.kind.name == "text"]
    for each in documents[1:]:
        text = f"The service reads only the first document of a message, {documents[0].name}: {each.name} is left out."
        tell(Notice("warning", text))
    return [each for each in found if each not in documents[1:]]


def upload_of(path: str) -> Attachment:
    """What to upload of a path, whatever its size: every text as a plain one.  Raises as `read_attachments` does."""
    return _attachment(path, inline=False)


def what_goes(attachments: Sequence[Attachment]) -> Notice:
    """What a person is told before the first byte of them leaves."""
    return Notice("warning", f"Sending {', '.join(map(str, attachments))}.")


def secret_question(attachment: Attachment) -> str:
    """What a person is asked before a file goes that looks like a secret."""
    return text_question(str(attachment), attachment.secret)


def with_texts(prompt: str, attachments: Sequence[Attachment]) -> str:
    """The prompt, followed by the attachments that stand in it."""
    return "\n\n".join([prompt, *(_fenced(each) for each in attachments if each.text is not None)])


def placeholders(attachments: Sequence[Attachment]) -> tuple[str, ...]:
    """What stands for the ids of files that are not uploaded, where a request is only shown."""
    return tuple(f"(the id of {each.name}, once uploaded)" for each in attachments if each.source)


async def upload_all(
    giga: GigaChat,
    attachments: Sequence[Attachment],
    messages: Sequence[Message] = (),
    *,
    show: Callable[[str], None] = lambda text: None,
) -> tuple[str, ...]:
    """The ids of the attachments that are uploads; `messages` are those that go before in the same request.

    `show` gets a line on how far an upload is, and an empty one at its end.  Raises UsageError beyond a limit of a
    request, and what an upload raises.
    """
    sources = [each.source for each in attachments if each.source]
    if not sources:
        return ()
    uploads = await Uploads.of(giga)
    before = [uploads.by_id(file_id) for message in messages for file_id in message.attachments]
    parts = [(each.kind, each.size) for each in (*before, *sources) if each is not None]
    images = sum(kind == "image" for kind, _ in parts)
    if images > IMAGES_A_REQUEST:
        raise UsageError(
            f"A request takes {IMAGES_A_REQUEST} images, and with those of this conversation there are {images}.",
            hint="Begin a new conversation.",
        )
    _check_sum([size for kind, size in parts if kind != "text"])
    try:
        return tuple([await upload_once(giga, source, progress=_line(source.name, show)) for source in sources])
    finally:
        show("")


async def renew_gone(
    giga: GigaChat, messages: Sequence[Message], *, notify: Callable[[Notice], None]
) -> dict[str, str]:
    """New ids of those attachments that the service no longer has; empty when it has them all.

    Raises ServiceError when one is gone and its content is not to be had any more.
    """
    renewed: dict[str, str] = {}
    for file_id in dict.fromkeys(each for message in messages for each in message.attachments):
        if await giga.has_file(file_id):
            continue
        known = (await Uploads.of(giga)).by_id(file_id)
        name = one_line(known.name if known else file_id, 80)
        notify(Notice("progress", f"{name} is gone on the server, and is uploaded again."))
        fresh = await uploaded_again(giga, file_id)
        if fresh is None:
            raise ServiceError(
                f"The attached file {name} is gone on the server, and its content is not where it was.",
                hint="Attach it again in a new conversation.",
                status=404,
            )
        renewed[file_id] = fresh
    return renewed


def explain_refusal(problem: GigaChatError) -> None:
    """Say what to do about a request with attachments that was refused as invalid."""
    if isinstance(problem, InvalidRequestError) and problem.hint is None:
        problem.hint = "Images and sound want a model that takes them, as GigaChat-2-Pro and GigaChat-2-Max: ‹model›."


def renamed(message: Message, ids: Mapping[str, str]) -> Message:
    """The message with its attachments under other ids."""
    if not any(each in ids for each in message.attachments):
        return message
    return replace(message, attachments=tuple(ids.get(each, each) for each in message.attachments))


def mentioned(text: str) -> list[str]:
    """The paths that a line names as `@path`: those that exist, and those that can only be meant as files.

    A path with blanks stands in quotes, or has a backslash before each; on Windows a backslash parts folders.
    Raises UsageError for one that looks like a file to attach and does not exist, and for a folder.
    """
    found = []
    for quoted, plain in _mentions(text):
        # Windows drops dots at the end of a name: "look at @notes." would find the file under a name that it has not.
        path = quoted or (plain.rstrip(".") if is_windows() else re.sub(r"\\(.)", r"\1", plain))
        candidates = [path] if quoted else [path, path.rstrip(".,;:!?)")]
        existing = next((each for each in candidates if each and _is(Path.is_file, each)), None)
        folder = next((each for each in candidates if each.strip("./") and _is(Path.is_dir, each)), None)
        if existing is not None:
            found.append(existing)
        elif folder is not None:
            raise UsageError(
                f"{folder} is a folder; nothing was sent.",
                hint="Attach its files, each by its path; where no file is meant, put a blank after the @.",
            )
        elif "\0" not in path and Path(candidates[-1]).suffix.lower() in BY_SUFFIX:
            raise UsageError(
                f"There is no file {candidates[-1]}; nothing was sent.", hint="Check the path after the @."
            )
    return found


def only_mentioned(text: str, named: Sequence[str]) -> list[str]:
    """The files that a text mentions beside those that were `named`: the first few of them."""
    words = [quoted or plain for quoted, plain in islice(_mentions(text), _MOST_LOOKED_UP)]
    return [each for each in dict.fromkeys(words) if each not in named and _is(Path.is_file, each)][:_MOST_TOLD]


_MOST_LOOKED_UP = 50
_MOST_TOLD = 3
_MENTION = re.compile(r"""(?<!\S)@(?:"([^"\n]+)"|((?:\\.|[^\s"\\])+))""")
_MENTION_ON_WINDOWS = re.compile(r"""(?<!\S)@(?:"([^"\n]+)"|([^\s"]+))""")


def _mentions(text: str) -> list[tuple[str, str]]:
    """What stands after each `@`: in quotes, or else up to a blank."""
    return (_MENTION_ON_WINDOWS if is_windows() else _MENTION).findall(text)


def _is(kind: Callable[[Path], bool], path: str) -> bool:
    try:
        return kind(places.expanded(path))
    except (OSError, ValueError):
        return False


def _attachment(path: str, *, inline: bool = True) -> Attachment:
    name, opener, size, place = _stdin() if path == STDIN else _file(path)
    if size == 0:
        raise UsageError(f"{name} is empty.", hint="Attach something that has a content.")
    try:
        with opener() as file:
            head = file.read(HEAD_BYTES)
        suffix = Path(name).suffix.lower()
        kind = kind_by_content(head, suffix, opener)
        text = None
        if kind is None and foreign_kind(head) is None and BY_SUFFIX.get(suffix, PLAIN_TEXT).name == "audio":
            kind = BY_SUFFIX[suffix]  # sound can begin with almost anything
        if kind is None:
            kind = PLAIN_TEXT
            _check_size(name, kind, size)
            text = _text(name, head, suffix, opener, inline=inline and suffix != ".txt" and size <= LARGEST_INLINE)
        secret = why_secret(path, opener) if path != STDIN else ""  # a shell's redirection names a file as well
    except OSError as problem:
        raise _unreadable(name, problem) from None
    if text is not None:
        return Attachment(name, kind, size, text=text, suffix=suffix, path=place, secret=secret)
    _check_size(name, kind, size)
    source = Upload(name, kind.name, kind.type, size, opener, place)
    return Attachment(name, kind, size, source, suffix=suffix, path=place, secret=secret)


def _text(name: str, head: bytes, suffix: str, opener: Opener, *, inline: bool) -> str | None:
    """The text of a file that stands in the prompt, None for one to be uploaded.  Raises UsageError for no text."""
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    parts: list[str] = []
    try:
        if _BINARY.search(head):
            raise UnicodeDecodeError("utf-8", b"", 0, 1, "binary")
        with opener() as file:
            while piece := file.read(_PIECE_BYTES):
                decoded = decoder.decode(piece)
                if inline:
                    parts.append(decoded)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        what = foreign_kind(head)
        if suffix == ".txt" and what is None:
            raise UsageError(f"{name} is not UTF-8 text.", hint="Convert it first, as in: iconv -t UTF-8.") from None
        raise UsageError(
            f"{name} is {what or 'of a kind'} that cannot be attached.", hint=f"What can be: {TAKEN}."
        ) from None
    return "".join(parts) if inline else None


def _fenced(attachment: Attachment) -> str:
    text = attachment.text or ""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    language = _LANGUAGES.get(attachment.suffix, attachment.suffix.removeprefix("."))
    return f"{attachment.name}:\n{fence}{language}\n{text}{'' if text.endswith(chr(10)) else chr(10)}{fence}"


def _file(path: str) -> tuple[str, Opener, int, str | None]:
    try:
        place = places.expanded(path)
        if place.is_dir():
            raise UsageError(f"{path} is a folder.", hint="Attach the files in it, each with -a.")
        if not place.is_file():
            place.stat()  # says why
            raise UsageError(f"{path} is no file.", hint="A pipe is attached as: … | gigachat ask -a - …")
        return place.name, lambda: _opened(place), place.stat().st_size, str(place.absolute())
    except OSError as problem:
        raise _unreadable(path, problem) from None
    except ValueError:  # a zero byte
        raise UsageError(f"{path} is no path.") from None


def _opened(place: Path) -> IO[bytes]:
    return os.fdopen(places.open_file(place), "rb")


def _stdin() -> tuple[str, Opener, int, str | None]:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("There is nothing on stdin to attach.", hint="As in: gigachat ask -a - what is this < a.png")
    # In memory while it is small, else in a nameless file: it is read several times.
    spool: IO[bytes] = tempfile.SpooledTemporaryFile(_KEPT_IN_MEMORY)  # noqa: SIM115  # for as long as the program
    size, most = 0, max(LARGEST.values())
    try:
        while piece := read_piece(sys.stdin.fileno()):
            _spool(spool, piece)
            size += len(piece)
            if size > most:
                raise _too_large("stdin", f"more than {_megabytes(most)}", f"{_megabytes(most)} are the most")
    except OSError as problem:
        raise _unreadable("stdin", problem) from None
    return "stdin", lambda: _Again(spool), size, None


def _spool(spool: IO[bytes], piece: bytes) -> None:
    try:
        spool.write(piece)
    except OSError as problem:
        raise no_temporary_file(problem) from None


class _Again:
    """A file that is read from its beginning, and left open for the next reading."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        file.seek(0)

    def __enter__(self) -> IO[bytes]:
        return self._file

    def __exit__(self, *raised: object) -> None:
        return None


def _check_size(name: str, kind: Kind, size: int) -> None:
    most = LARGEST[kind.name]
    if size > most:
        what = {"text": "a document", "image": "an image", "audio": "a recording"}[kind.name]
        raise _too_large(name, _megabytes(size), f"the service takes {_megabytes(most)} of {what}")


def _check_sum(sizes: Sequence[int]) -> None:
    if sum(sizes) >= LARGEST_REQUEST:
        raise UsageError(
            f"The images and recordings of a request are {_megabytes(sum(sizes))}; less than"
            f" {_megabytes(LARGEST_REQUEST)} are taken.",
            hint="Attach fewer, or smaller ones; or begin a new conversation.",
        )


def _too_large(name: str, size: str, limit: str) -> UsageError:
    return UsageError(f"{name} is too large ({size}): {limit}.", hint="Make it smaller, or attach a part of it.")


def _unreadable(name: str, problem: OSError) -> UsageError:
    return UsageError(f"{name} could not be read: {problem.strerror}.", hint="Check the path.")


def _megabytes(size: int) -> str:
    # Rounded up, so that what is too large looks so.
    return f"{ceil(size / (1024 * 1024) * 10) / 10:.1f}".removesuffix(".0") + " MB"


def _size(size: int) -> str:
    if size < 1024:
        return f"{size} byte{'' if size == 1 else 's'}"
    return f"{ceil(size / 1024)} KB" if size < 1024 * 1024 else _megabytes(size)


def _line(name: str, show: Callable[[str], None]) -> Progress:
    """Progress as a line, at each hundredth."""
    shown = -1

    def progress(done: int, size: int | None) -> None:
        nonlocal shown
        share = done * 100 // size if size else 0
        if size and size >= _PROGRESS_FROM and share != shown:
            shown = share
            show(f"Uploading {name}: {share} % of {_megabytes(size)}")

    return progress
