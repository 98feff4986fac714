"""Where a text holds what was searched for, and the line that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .query import Phrase, folded

SNIPPET_LENGTH = 160
MOST_MATCHES = 2000
"""How many places of one text are looked at for the best snippet."""

_WORD = re.compile(r"[^\W_]+")
_LEFT_OUT = "…"

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Match:
    """A place of a text, the number of the term that it fulfils, and whether it is as it was typed."""

    span: Span
    term: int
    exact: bool = True


@dataclass(slots=True)
class Marker:
    """Finds phrases in a text, in time that grows with the text alone.

    FTS5's own `snippet` and `highlight` take time that grows with the square of the matches.
    """

    by_word: dict[str, list[tuple[Phrase, int, bool]]] = field(default_factory=dict)
    beginnings: list[tuple[Phrase, int, bool]] = field(default_factory=list)

    def add(self, phrase: Phrase, term: int, *, exact: bool) -> None:
        if len(phrase.words) == 1 and phrase.begins:
            self.beginnings.append((phrase, term, exact))
        else:
            self.by_word.setdefault(phrase.words[0], []).append((phrase, term, exact))

    def matches(self, text: str) -> list[Match]:
        """The first places of the text that fulfil a term, in order; none overlaps another."""
        words = [(each[0].lower(), each.span()) for each in _WORD.finditer(folded(text))]
        found: list[Match] = []
        at = 0
        while at < len(words) and len(found) < MOST_MATCHES:
            length = 1
            for phrase, term, exact in self._candidates(words[at][0]):
                if _stands(phrase, [word for word, _ in words[at : at + len(phrase.words)]]):
                    length = len(phrase.words)
                    start, end = words[at + length - 1][1]
                    if phrase.begins:
                        end = min(end, start + len(phrase.words[-1]))
                    found.append(Match((words[at][1][0], end), term, exact))
                    break
            at += length
        return found

    def _candidates(self, word: str) -> Iterator[tuple[Phrase, int, bool]]:
        yield from self.by_word.get(word, ())
        for each in self.beginnings:
            if word.startswith(each[0].words[0]):
                yield each


def literal_matches(text: str, wanted: str) -> list[Match]:
    """The places of the text that hold `wanted` letter by letter, in any case."""
    pattern = re.compile(re.escape(folded(wanted)), re.IGNORECASE)
    found = []
    for each in pattern.finditer(folded(text)):
        found.append(Match(each.span(), 0))
        if len(found) == MOST_MATCHES:
            break
    return found


def best_group(matches: list[Match]) -> tuple[tuple[int, int], list[Span]]:
    """Those matches that fit one snippet and show most terms, then most as typed, the first such; and how many."""
    best: tuple[tuple[int, int], list[Span]] = ((0, 0), [])
    last = 0
    for first, match in enumerate(matches):
        last = max(last, first + 1)
        while last < len(matches) and matches[last].span[1] - match.span[0] <= SNIPPET_LENGTH:
            last += 1
        group = matches[first:last]
        worth = (len({each.term for each in group}), len({each.term for each in group if each.exact}))
        if worth > best[0]:
            best = (worth, [each.span for each in group])
    return best


def cut(text: str, spans: list[Span]) -> tuple[str, tuple[Span, ...]]:
    """The snippet around the matches, on one line, and where they are in it."""
    around = max(0, SNIPPET_LENGTH - (spans[-1][1] - spans[0][0])) // 2 if spans else SNIPPET_LENGTH
    start = max(0, spans[0][0] - around) if spans else 0
    end = min(len(text), (spans[-1][1] if spans else 0) + around)
    snippet = _LEFT_OUT * (start > 0)
    shown: list[Span] = []
    for match_start, match_end in [*spans, (end, end)]:
        snippet = _joined(snippet, text[start:match_start])
        begin = len(snippet)
        snippet = _joined(snippet, text[match_start:match_end])
        if len(snippet) > begin:
            shown.append((begin, len(snippet)))
        start = match_end
    return snippet.rstrip() + _LEFT_OUT * (end < len(text)), tuple(shown)


def _stands(phrase: Phrase, words: list[str]) -> bool:
    if len(words) < len(phrase.words):
        return False
    *first, last = phrase.words
    return words[:-1] == first and (words[-1].startswith(last) if phrase.begins else words[-1] == last)


def _joined(snippet: str, text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return snippet + (text.lstrip(" ") if not snippet or snippet.endswith((" ", _LEFT_OUT)) else text)
