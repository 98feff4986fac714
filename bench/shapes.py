"""Shapes of Markdown that once took more time than their length: each by how often it repeats."""

from __future__ import annotations

from collections.abc import Callable

SHAPES: dict[str, Callable[[int], str]] = {
    "short lines": lambda n: "word\n" * n,
    "definitions": lambda n: "".join(f"[d{i}]: https://e.org/{i}\n" for i in range(n)),
    "formula": lambda n: "$$\n" + "x + y = z\n" * n,
    "nested quotes": lambda n: ">" * n + " a\n",
    "nested lists": lambda n: "- " * n + "a\n",
    "nested numbers": lambda n: "1. " * n + "a\n",
    "spaced quotes": lambda n: "> " * n + "a\n",
    "quotes": lambda n: "> a\n" * n,
    "items": lambda n: "- a\n" * n,
    "brackets": lambda n: "[a " * n,
    "closed brackets": lambda n: "[a " * n + "]" * n,
    "images": lambda n: "![a " * n,
    "references": lambda n: "[a][" * n,
    "tags": lambda n: "<b>" * n,
    "closed tags": lambda n: "<b>" * n + "</b>" * n,
    "scripts": lambda n: "x<sub>2</sub> " * n,
    "footnotes": lambda n: "[^1]: a\n" * n,
    "links": lambda n: "".join(f"[link {i}](https://e.org/{i}) " for i in range(n)),
    "tabs": lambda n: "a\t" * n,
    "joiners": lambda n: "👩\u200d" * n,
    "combining marks": lambda n: "e" + "\u0301" * n,
    "rules": lambda n: "---\n" * n,
    "one line": lambda n: "слово " * n,
    "one word": lambda n: "слово" * n,
    "wide tables": lambda n: f"|{'a|' * 60}\n|{'-|' * 60}\n|{'b|' * 60}\n\n" * max(1, n // 60),
    "long table": lambda n: "|a|b|\n|-|-|\n" + "|c|d|\n" * n,
    "emphasis": lambda n: "*a _b " * n,
    "deep emphasis": lambda n: "*" * n + "a" + "*" * n,
    "fences": lambda n: "```\n~~~\n" * n,
    "line of code": lambda n: "```python\n" + "x = 1; " * n,
    "glyphs in code": lambda n: "```\n" + "👍🏽x" * n,
}


def text_of(shape: str, length: int) -> str:
    """A text of this shape that has about so many characters."""
    make = SHAPES[shape]
    return make(int(length * 100 / len(make(100))))
