"""Reads the plain part of YAML that OpenAPI documents are written in: nested mappings, lists and scalars."""

from __future__ import annotations

import json
import re
from typing import Any

_LINE = re.compile(r"^( *)(.*?)\s*$")
_KEY = re.compile(r"""^("[^"]*"|'[^']*'|[^\s"'#-][^:#]*|-?[^\s:#]+):(?:\s+(.*))?$""")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None, "~": None, "": None, "[]": [], "{}": {}}

Lines = list[tuple[int, str]]


def read_yaml(text: str) -> Any:
    """Return the value of a document. Raises ValueError for what goes beyond plain YAML."""
    lines: Lines = []
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None or not found[2] or found[2].startswith("#") or found[2] == "---":
            continue
        lines.append((len(found[1]), found[2]))
    if not lines:
        return None
    value, rest = _block(lines, lines[0][0])
    if rest:
        raise ValueError(f"cannot read {rest[0][1]!r}")
    return value


def _block(lines: Lines, indent: int) -> tuple[Any, Lines]:
    if lines[0][1].startswith("- ") or lines[0][1] == "-":
        return _list(lines, indent)
    if _KEY.match(lines[0][1]):
        return _mapping(lines, indent)
    return _scalar(lines[0][1]), lines[1:]


def _mapping(lines: Lines, indent: int) -> tuple[dict[str, Any], Lines]:
    value: dict[str, Any] = {}
    while lines and lines[0][0] == indent and not lines[0][1].startswith("- "):
        found = _KEY.match(lines[0][1])
        if found is None:
            raise ValueError(f"cannot read {lines[0][1]!r}")
        key, inline = str(_scalar(found[1])) if found[1][0] in "\"'" else found[1], found[2]
        lines = lines[1:]
        if inline in ("|", ">", "|-", ">-"):
            value[key], lines = _text(lines, indent, "\n" if inline.startswith("|") else " ")
        elif inline:
            value[key] = _scalar(inline)
        elif lines and (lines[0][0] > indent or (lines[0][0] == indent and lines[0][1].startswith("- "))):
            value[key], lines = _block(lines, lines[0][0])
        else:
            value[key] = None
    return value, lines


def _list(lines: Lines, indent: int) -> tuple[list[Any], Lines]:
    value: list[Any] = []
    while lines and lines[0][0] == indent and lines[0][1].startswith("-"):
        inner = lines[0][1][1:].lstrip()
        deeper = indent + len(lines[0][1]) - len(inner)
        item, lines = _block([(deeper, inner), *lines[1:]] if inner else lines[1:], deeper if inner else lines[1][0])
        value.append(item)
    return value, lines


def _text(lines: Lines, indent: int, joint: str) -> tuple[str, Lines]:
    count = next((number for number, line in enumerate(lines) if line[0] <= indent), len(lines))
    return joint.join(text for _, text in lines[:count]), lines[count:]


def _scalar(text: str) -> Any:
    if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
        return json.loads(text)
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    text = text.partition(" #")[0].rstrip()
    if text in _WORDS:
        return _WORDS[text]
    if text[:1] == "[" and text[-1:] == "]":
        return [_scalar(each.strip()) for each in text[1:-1].split(",")]
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text
