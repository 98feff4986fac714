"""The docstring of a function, parsed: its prose, its parameters, its result and its examples.

The sections of Google's and NumPy's styles are understood, and Sphinx's fields.
"""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import dataclass, field
from typing import Any

_SECTIONS = {
    "args": "parameters",
    "arguments": "parameters",
    "attributes": "parameters",
    "parameters": "parameters",
    "params": "parameters",
    "return": "returns",
    "returns": "returns",
    "example": "examples",
    "examples": "examples",
    "raises": "other",
    "yields": "other",
    "note": "other",
    "notes": "other",
    "see also": "other",
    "warnings": "other",
}
_FIELD = re.compile(r":(param|parameter|arg|argument|returns?|raises|rtype|type)\b\s*([^:]*):\s*(.*)")
_GOOGLE_PARAMETER = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_NUMPY_PARAMETER = re.compile(r"\*{0,2}(\w+)\s*(?::.*)?$")
_EXAMPLE = re.compile(r"[-*]?\s*(.+?)\s*(?:->|→)\s*(\{.*\})\s*$")


@dataclass(slots=True)
class Documentation:
    """`examples` are questions, each with the arguments of the call that answers it."""

    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    returns: str = ""
    examples: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


def documentation(text: str | None) -> Documentation:
    """A docstring, parsed; what is not understood counts as prose."""
    found = Documentation()
    prose: list[str] = []
    section, parameter, margin = "", "", 0
    lines = inspect.cleandoc(text or "").splitlines()
    skip = False
    for number, line in enumerate(lines):
        if skip:
            skip = False
            continue
        bare, indent = line.strip(), len(line) - len(line.lstrip())
        following = lines[number + 1].strip() if number + 1 < len(lines) else ""
        underlined = len(following) > 2 and set(following) == {"-"}
        heading = _SECTIONS.get(bare.removesuffix(":").lower())
        if heading and indent == 0 and (bare.endswith(":") or underlined):
            section, parameter, margin = heading, "", 0
            skip = underlined
            continue
        sphinx = _FIELD.match(bare)
        if sphinx:
            kind, name, said = sphinx.groups()
            section = {"return": "returns", "returns": "returns"}.get(
                kind, "parameters" if kind[0] in "pa" else "other"
            )
            parameter = name.split()[-1] if section == "parameters" and name.split() else ""
            margin = 10_000  # indented lines continue it
            _note(found, section, parameter, said)
            continue
        if section and bare and indent == 0 and not _belongs(section, bare, lines[number + 1 : number + 2]):
            section = ""
        if section == "parameters" and bare:
            margin = margin or indent or -1
            named = _GOOGLE_PARAMETER.match(bare) if margin > 0 else _NUMPY_PARAMETER.match(bare)
            if named and indent <= max(margin, 0):
                parameter = named[1]
                found.parameters.setdefault(parameter, named[2] if margin > 0 else "")
            else:
                _note(found, section, parameter, bare)
        elif section == "examples" and bare:
            _example(found, bare)
        elif section:
            _note(found, section, "", bare)
        else:
            prose.append(line.rstrip())
    found.description = re.sub(r"\s*\n\s*\n\s*", "\n\n", re.sub(r"(?<!\n)\n(?!\n)", " ", "\n".join(prose))).strip()
    return found


def _belongs(section: str, bare: str, following: list[str]) -> bool:
    """Whether an unindented line is part of a section: the name of a parameter is, in NumPy's style."""
    below = bool(following) and following[0].startswith(" ")
    return section in ("parameters", "returns") and below and _NUMPY_PARAMETER.match(bare) is not None


def _note(found: Documentation, section: str, parameter: str, said: str) -> None:
    if section == "returns":
        found.returns = f"{found.returns} {said}".strip()
    elif section == "parameters" and parameter:
        found.parameters[parameter] = f"{found.parameters.get(parameter, '')} {said}".strip()


def _example(found: Documentation, bare: str) -> None:
    example = _EXAMPLE.match(bare)
    if example is None:
        return
    try:
        arguments = json.loads(example[2])
    except ValueError:
        return
    if isinstance(arguments, dict):
        found.examples.append((example[1].strip("\"'«»“” "), arguments))
