"""Docstrings that are shown to people: the help of commands, in the shell and in the chat."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from typing import Any


def docstring(function: Callable[..., Any]) -> str:
    """The docstring of a function, also under `python -OO`, which drops them: then it is read from the source.

    Empty where there is none, or no source.
    """
    if function.__doc__ or sys.flags.optimize < 2:
        return function.__doc__ or ""
    code = function.__code__
    return _written_in(code.co_filename).get((function.__name__, code.co_firstlineno), "")


@cache
def _written_in(path: str) -> dict[tuple[str, int], str]:
    """The docstrings of a file by the name of the function and its first line, that of a decorator included."""
    import ast  # only under -OO

    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read())
    except OSError:
        return {}
    return {
        (node.name, min(line.lineno for line in (node, *node.decorator_list))): ast.get_docstring(node, clean=False)
        or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
