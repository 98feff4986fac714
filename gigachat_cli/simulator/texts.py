"""The words of the simulated answers, read from ``words/``: every Markdown shape, in English and in Russian.

A file there is Markdown in parts, each after a comment with its name; a part named ``section SHAPE`` may come
more than once, and each is a variant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

SHAPES: Mapping[str, tuple[str, ...]] = {
    "prose": ("prose", "paragraph", "абзац"),
    "list": ("list", "steps", "списо", "списк", "шаги"),
    "table": ("table", "таблиц"),
    "code": ("code", "script", "python", "bash", "код", "скрипт"),
    "formula": ("formula", "equation", "math", "формул", "уравнен", "математ"),
    "quote": ("quote", "цитат"),
}
"""The Markdown shapes, with the beginnings of words in a prompt that ask for each."""

_QUOTED = 60
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+|\s+")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_PART = re.compile(r"^<!-- (.+) -->\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Texts:
    """All that is said in one language: single parts by name, and variants of a section for each shape."""

    parts: Mapping[str, str]
    sections: Mapping[str, tuple[str, ...]]

    @property
    def closing(self) -> str:
        """The last line of an answer."""
        return self.parts["closing"]

    @property
    def refusal(self) -> str:
        """What a content filter says instead of an answer."""
        return self.parts["refusal"]

    @property
    def sentences(self) -> tuple[str, ...]:
        """Sentences to fill an answer up with."""
        return tuple(self.parts["sentences"].splitlines())

    def wants_everything(self, question: str) -> bool:
        """Say whether a question in small letters asks for all that there is."""
        return any(word in question for word in self.parts["words for everything"].splitlines())

    def opening(self, question: str, spoken_count: int, system: str | None, more: Sequence[str] = ()) -> str:
        """Return the first paragraphs: that this is simulated, what was asked, and what came with it.

        ``more`` are further sentences.
        """
        parts = self.parts
        asked = parts["asked"].format(_short(question)) if question.strip() else parts["nothing asked"]
        carried = parts["one message"] if spoken_count == 1 else parts["messages"].format(spoken_count)
        instructed = parts["no system"] if system is None else parts["system"].format(_short(system))
        return " ".join((f"{parts['simulated']}\n\n{asked}", carried, instructed, *more))

    def attached(self, files: Iterable[tuple[str, str]]) -> str:
        """Return the sentence that names attached files, given as kind and name."""
        return self.parts["attached"].format(", ".join(self._named(kind, name) for kind, name in files))

    def about(self, part: str, subject: str) -> str:
        """Return the part of this name with a subject in it, made short and safe to show."""
        return self.parts[part].format(_short(subject))

    def _named(self, kind: str, name: str) -> str:
        return self.about(f"kind {kind}", name)


def texts_for(question: str) -> Texts:
    """Return the texts in the language of a question."""
    return texts_in("russian" if _CYRILLIC.search(question) else "english")


@cache
def texts_in(language: str) -> Texts:
    """Return the texts of ``english`` or ``russian``."""
    text = files("gigachat_cli.simulator").joinpath(f"words/{language}.md").read_text(encoding="utf-8")
    _, *pieces = _PART.split(text)
    parts: dict[str, str] = {}
    sections: dict[str, tuple[str, ...]] = {}
    for name, body in zip(pieces[::2], pieces[1::2], strict=True):
        kind, _, shape = name.partition(" ")
        if kind == "section":
            sections[shape] = (*sections.get(shape, ()), body.strip("\n"))
        else:
            parts[name] = body.strip("\n")
    return Texts(parts, sections)


def _short(text: str) -> str:
    start = text[: _QUOTED * 4].encode("utf-8", "replace").decode()
    line = _UNPRINTABLE.sub(" ", start).replace("`", "'").strip()
    return line if len(line) <= _QUOTED and len(text) <= _QUOTED * 4 else f"{line[:_QUOTED].rstrip()}…"
