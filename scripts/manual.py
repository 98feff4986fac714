"""The manual: a page of roff for every command, from the same pages as the help (`gigachat_cli.cli.helping`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

MADE = '.\\" Made from the program by `make reference`; change the program instead.\n'
FOLDER = "man"


def manual(pages: Iterable[Any], root_sections: Mapping[str, Iterable[tuple[str, str]]]) -> dict[str, str]:
    """Each file of the manual by its path in the repository; `root_sections` stand on the page of `gigachat` alone."""
    pages = list(pages)
    names = [page.path.replace(" ", "-") for page in pages]
    made = {}
    for page, name in zip(pages, names, strict=True):
        more = root_sections if " " not in page.path else {}
        made[f"{FOLDER}/{name}.1"] = _roff(page, name, _related(name, names), more)
    return made


def _related(name: str, names: list[str]) -> list[str]:
    """The pages above a page, and right below it."""
    below = [each for each in names if each.startswith(f"{name}-") and "-" not in each.removeprefix(f"{name}-")]
    return [each for each in names if name.startswith(f"{each}-")] + below


def _roff(page: Any, name: str, related: list[str], more: Mapping[str, Iterable[tuple[str, str]]]) -> str:
    summary, *paragraphs = page.paragraphs
    lines = [
        f'.TH {_text(name.upper())} 1 "" gigachat "gigachat manual"',
        ".nh",
        ".ad l",
        ".SH NAME",
        f"{_text(name)} \\- {_text(summary.rstrip('.'))}",
        ".SH SYNOPSIS",
    ]
    for number, usage in enumerate(page.usage):
        words = usage.removeprefix(page.path).strip()
        lines += [*([".br"] if number else []), f"\\fB{_text(page.path)}\\fR {_text(words)}".rstrip()]
    lines += [".SH DESCRIPTION", _line(summary)]
    for paragraph in paragraphs:
        lines += [".PP", _line(paragraph)]
    for section in page.sections:
        lines += [f".SH {_text(section.title.upper())}", *_rows((row.name, row.text) for row in section.rows)]
        if section.note:
            lines += [".PP", _line(section.note)]
    if page.examples:
        lines += [".SH EXAMPLES", ".nf", *map(_line, page.examples), ".fi"]
    for title, rows in more.items():
        lines += [f".SH {_text(title)}", *_rows(rows)]
    if related:
        lines.append(".SH SEE ALSO")
        lines += [f".BR {_text(each)} (1)" + ("," if each != related[-1] else "") for each in related]
    return MADE + "\n".join(lines) + "\n"


def _rows(rows: Iterable[tuple[str, str]]) -> Iterable[str]:
    for name, text in rows:
        yield from (".TP", f"\\fB{_text(name)}\\fR", _line(text))


def _line(text: str) -> str:
    """A line of text, which roff is not to take for a request."""
    written = _text(text)
    return f"\\&{written}" if written.startswith((".", "'")) else written


def _text(text: str) -> str:
    """Text in ASCII, with what roff has other uses for in its own spelling."""
    written = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    written = written.replace("^", "\\(ha").replace("~", "\\(ti").replace('"', "\\(dq")
    return re.sub(r"[^\x00-\x7f]", lambda each: f"\\[u{ord(each[0]):04X}]", written)
