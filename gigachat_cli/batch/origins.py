"""Which input an output was made from: the journal says so while a batch runs, a note in the data directory afterwards.

The notes are in one private file, keyed by the output's path; each has a line number of the input and the checksum of
all lines up to it, as in `source.Line`.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from .. import paths
from ..engine.locks import LockTimeout, hold_one
from ..engine.outside import json_object
from ..errors import UsageError
from .source import Source, lines_of

_MOST_KEPT = 1000
_WRITE_PATIENCE = 5.0  # seconds


def noted(output: Path) -> tuple[int, int] | None:
    """A line number of the input of a finished output, with its checksum; None when there is no note."""
    found = _read().get(_key(output))
    with suppress(TypeError, KeyError, ValueError):
        return int(found["line"]), int(found["crc"])  # type: ignore[index]  # None and all else that is no note
    return None


async def note(output: Path, line: int, crc: int) -> None:
    """Note which input a finished output was made from; if this fails, the output cannot be resumed later."""
    with suppress(OSError, LockTimeout):
        async with hold_one([paths.locks_dir() / "batches.lock"], patience=_WRITE_PATIENCE):
            kept = _read()
            kept[_key(output)] = {"line": line, "crc": crc, "at": time.time()}
            newest = sorted(kept.items(), key=lambda each: str(each[1].get("at", "")))[-_MOST_KEPT:]
            paths.write_private(paths.batches_file(), json.dumps(dict(newest)).encode())


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
    source = Source(input)
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


def _read() -> dict[str, dict[str, Any]]:
    with suppress(OSError):
        kept = json_object(paths.read_private(paths.batches_file()) or b"{}") or {}
        return {key: each for key, each in kept.items() if isinstance(each, dict)}
    return {}


def _key(output: Path) -> str:
    return hashlib.sha256(os.fsencode(output.resolve())).hexdigest()[:32]
