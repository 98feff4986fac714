"""What is asked: the words, stdin, and the editor."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TextIO

from .. import console, paths
from ..errors import UsageError, no_temporary_file
from ..named_files import LARGEST, check_stdin, read_input
from ..systems import is_windows, split_command, startable

Silence = Callable[[str], AbstractContextManager[Callable[[], None]]]
"""Gets the way out of waiting for stdin, as the end of a sentence, and gives what is called when something came."""

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
NO_PROMPT_HINT = "Type it, as in: gigachat ask 'Why is the sky blue?'; or pipe it in; 'gigachat chat' converses."


def read_prompt(words: Sequence[str], *, stdin: bool, editor: bool, silence: Silence) -> str:
    """The prompt: the words, a blank line, and stdin when that is a pipe or a file; then the editor's version of it.

    `silence` watches a pipe that may stay silent.  Raises UsageError when there is nothing, or it is no text.
    """
    prompt = text_of(" ".join(words), "The prompt")
    piped = _read_stdin(have_words=bool(prompt.strip()), silence=silence) if stdin else ""
    if piped.strip():
        prompt = f"{prompt}\n\n{piped}" if prompt.strip() else piped
    if editor:
        prompt = edited(prompt)
    if not prompt.strip():
        raise UsageError("There is no prompt.", hint=NO_PROMPT_HINT)
    return prompt


def read_system(given: str | None) -> str | None:
    """A system message: the text, or the content of the file after an `@`.  Raises UsageError."""
    if given is None:
        return None
    if not given.startswith("@"):
        return text_of(given, "The system message")
    path = paths.expanded(given[1:])
    try:
        return decoded(read_input(path), str(path)).rstrip("\r\n")
    except OSError as problem:
        raise UsageError(
            f"{path} could not be read: {problem.strerror}.", hint="--system takes a text, or @ and a file's path."
        ) from None


def edited(text: str) -> str:
    """What a person makes of `text` in $VISUAL or $EDITOR.  Raises UsageError when the editor fails."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or ("notepad" if is_windows() else "vi")
    hint = "Set VISUAL or EDITOR to your editor."
    with _temporary_folder() as folder:
        path = Path(folder, "prompt.md")
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8", newline="\n")
        try:
            code = _at_terminal([*split_command(command), str(path)])
        except (OSError, ValueError) as problem:
            raise UsageError(f"The editor {command} could not be started ({problem}).", hint=hint) from None
        if code != 0:
            raise UsageError(f"The editor {command} ended with code {code}; nothing was sent.", hint=hint)
        changed = decoded(path.read_bytes(), "The edited prompt").rstrip("\r\n")
        return changed.replace("\r\n", "\n") if is_windows() else changed


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="gigachat-")
    except OSError as problem:
        raise no_temporary_file(problem) from None


def decoded(content: bytes, what: str) -> str:
    """Text from bytes that are UTF-8, or UTF-16 with its mark, as Windows' PowerShell writes.  Raises UsageError."""
    try:
        return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as problem:
        hint = "Save it as UTF-8." if is_windows() else "Convert it first, as in: iconv -t UTF-8."
        raise UsageError(f"{what} is not UTF-8 text (byte {problem.start}).", hint=hint) from None


def decoded_stdin(content: bytes, what: str = "stdin") -> str:
    """As `decoded`; on Windows what is no UTF-8 was written in the console's code page, as by `echo` and `type`."""
    try:
        return decoded(content, what)
    except UsageError:
        with suppress(UnicodeDecodeError, LookupError):
            if page := console.code_page():
                return content.decode(page)
        raise


def text_of(argument: str, what: str) -> str:
    """An argument as text, in a locale without UTF-8 as well.  Raises UsageError when its bytes were not UTF-8."""
    try:
        argument.encode()
        return argument
    except UnicodeEncodeError:
        pass  # it holds bytes that the locale could not read
    try:
        return os.fsencode(argument).decode()
    except UnicodeError:
        raise UsageError(f"{what} is not UTF-8 text.", hint="Set the terminal's encoding to UTF-8.") from None


def _read_stdin(*, have_words: bool, silence: Silence) -> str:
    try:
        descriptor = sys.stdin.fileno()
        mode = os.fstat(descriptor).st_mode
    except (AttributeError, OSError, ValueError):  # there is no stdin
        return ""
    if sys.stdin.isatty() or (have_words and not (stat.S_ISFIFO(mode) or stat.S_ISREG(mode))):
        return ""
    try:
        check_stdin(descriptor)
    except OSError as problem:
        raise UsageError(f"stdin could not be read: {problem.strerror}.", hint="Give --no-stdin.") from None
    parts, size = [], 0
    with silence(", or give --no-stdin") as has_come:
        try:
            while part := console.read_piece(descriptor):
                has_come()
                parts.append(part)
                size += len(part)
                if size > LARGEST:
                    raise UsageError(f"stdin is larger than {LARGEST // 2**20} MiB.", hint="No model takes that much.")
        except OSError as problem:
            raise UsageError(f"stdin could not be read: {problem.strerror}.") from None
    return decoded_stdin(b"".join(parts)).rstrip("\r\n")


def _at_terminal(command: Sequence[str]) -> int:
    """The exit code of a command that a person works with; it gets the terminal even where we have pipes."""
    import signal

    keyboard = None if _is_terminal(sys.stdin) else _open_terminal(os.O_RDONLY)
    screen = None if _is_terminal(sys.stdout) else _open_terminal(os.O_WRONLY)
    # Ctrl-C is the editor's own meanwhile.  A handler, unlike ignoring, is not inherited.
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        return subprocess.run(startable(command), stdin=keyboard, stdout=screen, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
        for descriptor in (keyboard, screen):
            if descriptor is not None:
                os.close(descriptor)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


def _open_terminal(mode: int) -> int:
    try:
        return console.open_terminal(mode)
    except OSError:
        raise UsageError("There is no terminal for an editor.", hint="Leave --editor out.") from None
