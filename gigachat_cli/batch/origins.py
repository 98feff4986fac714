"""Which input an output was made from: the journal says so while a batch runs, a note in the data directory afterwards.

The notes are in one private file, keyed by the output's path; each has a line number of the input and the checksum of
all lines up to it, as in `source.InputLine`.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from contextlib import aclosing, suppress
from pathlib import Path

from msgspec import Struct

from .. import paths
from ..engine.kept_file import KeptFile
from ..engine.locks import LockTimeout
from ..errors import UsageError
from .source import BatchInput, lines_of

_MOST_KEPT = 1000


class _Note(Struct, frozen=True):
    line: int
    crc: int
    at: float = 0.0


def noted(output: Path) -> tuple[int, int] | None:
    """A line number of the input of a finished output, with its checksum; None when there is no note."""
    found = _file().read().get(_key(output))
    return (found.line, found.crc) if found is not None else None


async def note(output: Path, line: int, crc: int) -> None:
    """Note which input a finished output was made from; if this fails, the output cannot be resumed later."""

    def changed(kept: dict[str, _Note]) -> dict[str, _Note]:
        kept[_key(output)] = _Note(line, crc, time.time())
        return dict(sorted(kept.items(), key=lambda each: each[1].at)[-_MOST_KEPT:])

    with suppress(OSError, LockTimeout):
        await _file().change(changed)


async def check(input: Path | None, expected: Mapping[int, int], *, rows: bool, output: Path) -> None:
    """Raise UsageError unless an output, which has `rows` or not, was made from the input, as far as this can be
    checked.

    Stdin, an input of None, is checked only where it is a file.
    """
    if not rows and not expected:
        return
    if not expected:
        raise UsageError(
            f"Nothing says that {output} was made from {input or 'this input'}.",
            hint="Name another output with --output-file, or begin anew with --force.",
        )
    source = BatchInput(input)
    if source.size is None:
        source.close()
        return
    last = 0
    try:
        async with aclosing(lines_of(source)) as lines:
            async for line in lines:
                last = line.number
                if expected.get(last, line.crc) != line.crc:
                    raise other_input(source.name)
                if last >= max(expected):
                    return
    finally:
        source.rewind()
        source.close()
    raise other_input(source.name)


def other_input(name: str) -> UsageError:
    return UsageError(
        f"{name} is not the input that the output was made from: it differs.",
        hint="Resume with the same input, or begin anew with --force.",
    )


def _file() -> KeptFile[dict[str, _Note]]:
    return KeptFile(paths.batches_file(), dict[str, _Note], lock="batches.lock")


def _key(output: Path) -> str:
    return hashlib.sha256(os.fsencode(output.resolve())).hexdigest()[:32]
