"""Rules of the house: what is private to a library has one file here, and no two things have one name."""

from __future__ import annotations

import inspect
import re
import ssl
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import typer._completion_classes
from prompt_toolkit.buffer import Buffer
from pygments.lexers.python import PythonLexer
from pygments.token import Token

from .conftest import ROOT

PACKAGE = ROOT / "gigachat_cli"

USED: dict[str, tuple[str, Callable[[], Any]]] = {
    # The name: its one file, and a look at what that takes for granted.
    "_create_connection": (
        "engine/connector",
        lambda: (
            list(inspect.signature(aiohttp.TCPConnector._create_connection).parameters)
            == ["self", "req", "traces", "timeout"]
        ),
    ),
    "_retry_connection": ("engine/connector", lambda: "_retry_connection" in aiohttp.ClientSession.ATTRS),
    "_sslobj": ("engine/tls", lambda: hasattr(_tls_object()._sslobj, "get_verified_chain")),
    "_completion_classes": ("cli/completion", lambda: typer._completion_classes),
    "_sanitize_help_text": (
        "cli/completion",
        lambda: "_sanitize_help_text(" in inspect.getsource(typer._completion_classes.ZshComplete),
    ),
    "_working_lines": ("repl/editor", lambda: len(Buffer()._working_lines) == 1),
    "_tokens": ("render/markdown/code", lambda: PythonLexer()._tokens["root"]),  # type: ignore[attr-defined]
    "_TokenType": ("render/markdown/code", lambda: type(Token).__name__ == "_TokenType"),
    "_getframe": ("ca_store", lambda: sys._getframe(0)),
    "_signal": ("__main__", lambda: __import__("_signal").getsignal),
    "_ctypes": ("__main__", lambda: __import__("_ctypes").call_function),
}
PUBLIC = {"_exit", "_typeshed"}
"""Names that are documented in spite of their form, and one that only a type checker sees."""


@pytest.mark.parametrize("name", USED)
def test_a_private_part_is_as_its_file_takes_it(name: str) -> None:
    file, look = USED[name]
    assert look(), f"{name} has changed: see {file}"


def test_no_other_file_uses_a_private_part() -> None:
    texts = {_file(path): path.read_text("utf-8") for path in PACKAGE.rglob("*.py") if "simulator" not in path.parts}
    ours = {name for text in texts.values() for found in _DEFINED.findall(text) for name in found if name}
    for file, text in texts.items():
        found = {name for names in _USED.findall(text) for name in names if name.startswith("_")} - PUBLIC
        foreign = {name for name in found if name not in ours or (name in USED and file == USED[name][0])}
        assert foreign == {name for name, (home, _) in USED.items() if file == home}, file


_DEFINED = re.compile(
    r"(?:def|class) (_[a-z]\w*)|\bself\.(_[a-z]\w*)(?:: [^=\n]+)?(?:, self\.\w+)* = |^ *(_[a-z]\w*)(?::.*)? = ", re.M
)
_USED = re.compile(r"[\w)\]]\.(_[A-Za-z]\w*)|(?:^ *from (_[a-z]\w*) )?\bimport .*?\b(_[A-Za-z]\w*)", re.M)


def _tls_object() -> Any:
    return ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="x")


def _file(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix()


def test_no_two_classes_have_one_name() -> None:
    homes: dict[str, list[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if "simulator" not in path.parts:
            for name in re.findall(r"^class ([A-Z]\w*)", path.read_text("utf-8"), re.M):
                homes.setdefault(name, []).append(_file(path))
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}
