"""The file `config.toml`: its keys as they are read and written, whatever they mean."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from . import paths
from .errors import ConfigError
from .text import one_line

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)\Z")
_LARGEST_FILE = 256 * 1024  # bytes; all settings with a page of comments each are less
_DEEP_KEY = r"""(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){40}"""


def read_keys(path: Path, content: bytes) -> dict[str, Any]:
    """The keys of a file with this content.  Raises ConfigError, which names the line of a mistake."""
    import tomllib  # only a machine that has the file pays for its reader

    try:
        return tomllib.loads(_text(content))
    except (ValueError, RecursionError) as problem:
        raise _invalid(path, content, problem) from problem


def write_key(path: Path, key: str, value: object) -> None:
    """Set a key, or with None remove it; comments and other keys stay.  Raises ConfigError."""
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    content = b""
    try:
        content = paths.read_private(path) or b""
        read_keys(path, content)  # the writer's own errors do not name the line
        document = tomlkit.parse(_text(content))
        if value is None:
            document.pop(key, None)
        else:
            document[key] = str(value) if isinstance(value, Path) else value
        paths.write_private(path, tomlkit.dumps(document).encode())
    except OSError as problem:
        raise ConfigError(f"{path} could not be written: {problem.strerror}.") from problem
    except (TOMLKitError, ValueError, RecursionError) as problem:
        raise _invalid(path, content, problem) from problem


def _text(content: bytes) -> str:
    """The text of the file, for a reader whose work grows with the square of a key's parts.  Raises ValueError."""
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"it is larger than {_LARGEST_FILE // 1024} KiB")
    text = content.decode("utf-8-sig")
    if re.search(_DEEP_KEY, text):
        raise ValueError("it is nested too deeply")
    return text


def _invalid(path: Path, content: bytes, problem: Exception) -> ConfigError:
    reason, line = one_line(str(problem)).rstrip("."), None
    if isinstance(problem, UnicodeDecodeError):
        reason, line = "it is not UTF-8", content.count(b"\n", 0, problem.start) + 1
    elif found := _PLACE.search(reason):
        reason = reason[: found.start()]
        line = int(found[1]) if found[1] else content.rstrip().count(b"\n") + 1
    elif isinstance(problem, RecursionError):
        reason = "it is nested too deeply"
    elif "int_max_str" in reason:  # Python's limit, 4300 digits; its own words are for programmers
        reason = "a number in it is too long"
    if line is None:
        return ConfigError(f"{path} is not valid TOML: {reason}.", hint="Mend the file, or move it away.")
    return ConfigError(f"{path} is not valid TOML: {reason} (line {line}).", hint=f"Mend line {line} of the file.")
