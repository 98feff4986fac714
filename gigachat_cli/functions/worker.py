"""The process in which user functions run: it loads their file, then runs one call after another.

Each line of stdin is a JSON request with an id; each reply is a line of JSON with the same id after the mark.  The
first line of output describes what the file contains.  What the functions print goes to stderr, where the mark after
each reply tells the end of its output.
"""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from enum import Enum
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, BinaryIO

from .describing import Function, functions_of
from .hints import ArgumentError

MAX_RESULT_CHARACTERS = 200_000
_MAX_MESSAGE_CHARACTERS = 2000
_PR_SET_CHILD_SUBREAPER = 36


class _Unloadable(Exception):
    """A file that cannot be used, with a sentence that says why."""


def main(path: str, mark: str) -> None:
    """Run calls until stdin ends."""
    commands, outcomes = _own_channels()
    # When the program is killed, stdin ends: the running call is not waited for.
    calls: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    process = os.getpid()
    _adopt()
    busy = threading.Event()
    busy.set()
    threading.Thread(target=_receive, args=(commands, calls, busy), daemon=True).start()
    functions: dict[str, Function] = {}
    try:
        files = _Files(Path(path))
        found, left_out = functions_of(_loaded(Path(path), files))
        functions = {each.name: each for each in found}
        sys.meta_path.insert(0, _AsItWas(files))
        greeting: dict[str, Any] = {"functions": [each.description for each in found], "left_out": left_out}
        greeting["files"] = files.seen()
    except _Unloadable as problem:
        greeting = {"problem": str(problem)}
    if os.getpid() != process:
        os._exit(0)
    _tell(outcomes, {**greeting, "id": ""}, mark)
    while True:
        busy.clear()
        call = calls.get()
        if call is None:
            return
        busy.set()
        if "check" in call:
            answer = _checked(functions[call["check"]], call["arguments"])
        else:
            answer = _outcome(functions[call["call"]], call["arguments"])
        if os.getpid() != process:  # a function has forked and returned in both processes; one reply is enough
            os._exit(0)
        _tell(outcomes, {**answer, "id": call["id"], "files": files.seen()}, mark)


def _own_channels() -> tuple[BinaryIO, BinaryIO]:
    """stdin and stdout, for the worker alone: the functions get an empty stdin, and stderr as their stdout."""
    commands, outcomes = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True, encoding="utf-8", errors="replace")
    return commands, outcomes


def _receive(commands: BinaryIO, calls: queue.SimpleQueue[dict[str, Any] | None], busy: threading.Event) -> None:
    for line in commands:
        calls.put(json.loads(line))
    if busy.is_set():
        if sys.platform != "win32":  # with the call's processes; on Windows they are in a job
            os.killpg(os.getpgid(0), signal.SIGKILL)
        os._exit(1)
    calls.put(None)


def _tell(outcomes: BinaryIO, told: Mapping[str, Any], mark: str) -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # the functions have closed it
    outcomes.write(f"{mark} {json.dumps(told)}\n".encode())
    outcomes.flush()
    try:
        os.write(2, f"{mark}\n".encode())
    except OSError:
        pass


def _adopt() -> None:
    """Become the parent of orphaned descendants, so that they can be found and killed (Linux)."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    except (ImportError, OSError, AttributeError, TypeError):
        pass  # elsewhere, orphaned descendants outlive this process


class _Files:
    """The file of functions and its imports from the same folder, each with a digest of the loaded source."""

    def __init__(self, path: Path) -> None:
        self._folder = str(path.parent)
        self._digests: dict[str, str] = {}

    def add(self, path: str, content: bytes) -> None:
        self._digests.setdefault(path, hashlib.sha256(content).hexdigest())

    def seen(self) -> dict[str, str]:
        """Everything loaded so far, by path."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            top = os.path.join(self._folder, name.partition(".")[0])
            if isinstance(file, str) and file not in self._digests and file.startswith((f"{top}.", f"{top}{os.sep}")):
                try:
                    self.add(file, Path(file).read_bytes())
                except OSError:
                    self.add(file, b"")
        return dict(self._digests)


class _Loader(SourceFileLoader):
    """Loads the source itself, never compiled files, and tells `files` its digest."""

    def __init__(self, name: str, path: str, files: _Files) -> None:
        super().__init__(name, path)
        self._files = files

    def get_code(self, fullname: str) -> CodeType:
        content = self.get_data(self.path)
        self._files.add(self.path, content)
        code: CodeType = self.source_to_code(content, self.path)
        return code


class _AsItWas(MetaPathFinder):
    """Refuses to import files changed after the functions were loaded: nobody has approved that code."""

    def __init__(self, files: _Files) -> None:
        self._files = files
        self._since = time.time_ns()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or not spec.has_location or spec.origin is None:
            return None
        try:
            changed = os.stat(spec.origin).st_ctime_ns > self._since
        except OSError:
            return None
        if changed:
            self._files.add(spec.origin, b"")  # so that the next call is asked about, and loads it
            raise ImportError(f"{spec.origin} has changed since the functions were loaded")
        return spec


def _loaded(path: Path, files: _Files) -> ModuleType:
    """The module of a file, run under a name other than `__main__`.  Raises _Unloadable."""
    name = f"functions_of_{path.stem}"
    sys.argv = [str(path)]
    sys.path.insert(0, str(path.parent))
    loader = _Loader(name, str(path), files)
    spec = spec_from_loader(name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    sys.dont_write_bytecode = True
    try:
        loader.exec_module(module)
    except SyntaxError as problem:
        where = f"line {problem.lineno}: " if problem.filename == str(path) else f"{problem.filename}: "
        raise _Unloadable(f"{where}{problem.msg}") from None
    except SystemExit:
        raise _Unloadable("it ends the program while it is loaded") from None
    except BaseException as problem:
        frames = [each.lineno for each in traceback.extract_tb(problem.__traceback__) if each.filename == str(path)]
        where = f"line {frames[-1]}: " if frames else ""
        raise _Unloadable(f"{where}{_named(problem)}") from None
    return module


def _checked(function: Function, arguments: Mapping[str, Any]) -> dict[str, str]:
    try:
        function.check(arguments)
    except ArgumentError as problem:
        return {"misfit": str(problem)}
    return {}


def _outcome(function: Function, arguments: Mapping[str, Any]) -> dict[str, str]:
    """The result as the text of a JSON object, or the error."""
    try:
        placed, named = function.bound(arguments)
        returned = function.call(*placed, **named)
        if inspect.iscoroutine(returned):
            import asyncio  # slow to import, and needed by few functions

            returned = asyncio.run(returned)
    except ArgumentError as problem:
        return {"error": f"Invalid arguments: {problem}."}
    except BaseException as problem:
        told = "".join(traceback.format_exception(problem))
        return {"error": _named(problem), "traceback": told[-20_000:]}
    try:
        text = _object_text(returned)
    except (TypeError, ValueError, RecursionError) as problem:
        return {"error": f"The function returned what is not JSON: {_clipped(str(problem))}"}
    if len(text) > MAX_RESULT_CHARACTERS:
        return {"error": f"The function returned {len(text)} characters; {MAX_RESULT_CHARACTERS} are the most."}
    return {"result": text}


def _object_text(returned: Any) -> str:
    plain = _plain(returned) if dataclasses.is_dataclass(returned) else returned
    found = plain if isinstance(plain, dict) else {"result": plain}
    text = json.dumps(found, ensure_ascii=False, allow_nan=False, default=_plain)
    return text.encode("utf-8", "replace").decode()  # lone surrogates cannot be encoded


def _plain(value: Any) -> Any:
    """A value that JSON can represent, for one that it cannot."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return list(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"a value of type {type(value).__name__}")


def _named(problem: BaseException) -> str:
    said = str(problem)
    return _clipped(f"{type(problem).__name__}: {said}" if said else type(problem).__name__)


def _clipped(text: str) -> str:
    return text if len(text) <= _MAX_MESSAGE_CHARACTERS else f"{text[: _MAX_MESSAGE_CHARACTERS - 1]}…"
