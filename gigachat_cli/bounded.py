"""Values from outside within bounds: JSON that is not too deep, and numbers to count with."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any, NoReturn

DEEPEST = 100
"""Levels of JSON that are read; deeper ones come from nobody who means well, and no code of ours need fear them."""

LATEST = 253_402_300_799.0
"""The last second of the year 9999, after which calendars end."""

_LARGEST_WHOLE = 2**63 - 1


def json_value(content: bytes | str, *, parse_float: Callable[[str], Any] | None = None) -> Any:
    """The value that JSON text means.  Raises ValueError, whose text says why it is none or is not taken."""
    try:
        found = json.loads(content, parse_constant=_no_number, parse_float=parse_float)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    except json.JSONDecodeError:
        raise
    except ValueError as problem:
        # Python's limit, 4300 digits; its own words are for programmers.
        raise ValueError("a number in it is too long" if "int_max_str" in str(problem) else str(problem)) from None
    if brackets(content) > DEEPEST and _is_deep(found):
        raise ValueError(_TOO_DEEP)
    return found


def brackets(content: bytes | str) -> int:
    """How many objects and arrays a JSON text has at most: those within its strings are counted as well."""
    if isinstance(content, str):
        return content.count("[") + content.count("{")
    return content.count(b"[") + content.count(b"{")


def whole(found: object) -> int | None:
    """The whole number that a JSON value is; None for anything else, and for one that no counter reaches."""
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, bool) or not isinstance(found, int) or abs(found) > _LARGEST_WHOLE:
        return None
    return found


def number(found: object) -> float | None:
    """The finite number that a JSON value is, else None."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    try:
        return found if math.isfinite(found) else None
    except OverflowError:  # a whole number beyond all fractions
        return None


_TOO_DEEP = "it is nested too deeply"


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _is_deep(found: Any) -> bool:
    level = [found]
    for _ in range(DEEPEST + 1):
        inner: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        level = [each for each in inner if isinstance(each, dict | list)]
        if not level:
            return False
    return True
