"""Texts for commands that take several: from words, files, or stdin when there is neither."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ..conversation.prompt import Silence, decoded, decoded_stdin, text_of
from ..errors import UsageError
from ..named_files import LARGEST, check_stdin, open_input, wait_readable

STDIN = "-"
CHARACTERS_AT_ONCE = 200_000
"""Most characters of the texts in one request."""

_MOST = f"{LARGEST // 2**20} MiB"


def named_texts(
    words: Sequence[str], files: Sequence[Path], *, hint: str, silence: Silence
) -> Iterator[tuple[str, str]]:
    """Each text with its name: the words, each whole file, stdin for a file `-` or when there is no other input.

    Raises UsageError for a file that cannot be read or is not UTF-8, and when stdin is a terminal.
    """
    if words:
        yield "words", text_of(" ".join(words), "The text")
    for path in _sources(words, files):
        with _opened(path, hint, silence) as (name, file):
            content = file.read(LARGEST + 1)
            if len(content) > LARGEST:
                raise UsageError(f"{name} is larger than {_MOST}.", hint="Split it.")
            text = _text(content, name, path).rstrip("\r\n")
        if not (text or words or files):
            raise UsageError("There is no text.", hint=hint)
        yield name, text


def text_lines(words: Sequence[str], files: Sequence[Path], *, hint: str, silence: Silence) -> Iterator[str]:
    """The words as one text, and each line of the files or of stdin; blank lines are skipped.

    Raises as `named_texts` does, a line at a time.
    """
    if words:
        yield text_of(" ".join(words), "The text")
    for path in _sources(words, files):
        with _opened(path, hint, silence) as (name, file):
            pieces = iter(partial(file.readline, LARGEST + 1), b"")
            for number, line in enumerate(pieces, start=1):
                if len(line) > LARGEST:
                    raise UsageError(f"Line {number} of {name} is longer than {_MOST}.", hint="Split it.")
                text = _text(line, f"Line {number} of {name}", path).rstrip("\r\n")
                if text.strip():
                    yield text


def batched(texts: Iterable[str], most: int, *, characters: int) -> Iterator[list[str]]:
    """The texts in lists of at most `most` texts, and of at most so many characters, unless a single text is longer."""
    batch: list[str] = []
    filled = 0
    for text in texts:
        if batch and (len(batch) == most or filled + len(text) > characters):
            yield batch
            batch, filled = [], 0
        batch.append(text)
        filled += len(text)
    if batch:
        yield batch


def _text(content: bytes, name: str, path: Path) -> str:
    return decoded_stdin(content, name) if str(path) == STDIN else decoded(content, name)


def _sources(words: Sequence[str], files: Sequence[Path]) -> Sequence[Path]:
    return files if files or words else [Path(STDIN)]


@contextmanager
def _opened(path: Path, hint: str, silence: Silence) -> Iterator[tuple[str, BinaryIO]]:
    try:
        if str(path) != STDIN:
            with open_input(path) as file:
                yield str(path), file
            return
        if sys.stdin is None or sys.stdin.isatty():
            raise UsageError("There is no text.", hint=hint)
        check_stdin(sys.stdin.fileno())
        with silence(""):
            wait_readable(sys.stdin.fileno())
        yield "stdin", sys.stdin.buffer
    except OSError as problem:
        raise UsageError(f"{path if str(path) != STDIN else 'stdin'} could not be read: {problem.strerror}.") from None
