"""Search in prompts and answers: words in all their forms, the best turn first, each with a snippet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ..errors import UsageError
from .database import Database
from .query import Phrase, Term, Vocabulary, as_beginning, as_typed, expression, folded, in_all_forms, terms_of
from .turns import SearchHit
from .values import storable

SNIPPET_LENGTH = 160
MOST_MATCHES = 2000
"""How many matches of one text are considered for the best snippet."""

_WORD = re.compile(r"[^\W_]+")
_LEFT_OUT = "…"
_OF_THE_QUESTION = 2.0  # weight of a match in the question against one in the answer
_AS_TYPED = 2.0  # weight of a turn that has all words exactly as typed

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Match:
    """A place of a text, the number of the term that it matches, and whether it is exactly as typed."""

    span: Span
    term: int
    exact: bool = True


@dataclass(slots=True)
class Marker:
    """Finds phrases in a text, in time proportional to its length.

    FTS5's own `snippet` and `highlight` take time proportional to the square of the number of matches.
    """

    by_word: dict[str, list[tuple[Phrase, int, bool]]] = field(default_factory=dict)
    beginnings: list[tuple[Phrase, int, bool]] = field(default_factory=list)

    def add(self, phrase: Phrase, term: int, *, exact: bool) -> None:
        if len(phrase.words) == 1 and phrase.begins:
            self.beginnings.append((phrase, term, exact))
        else:
            self.by_word.setdefault(phrase.words[0], []).append((phrase, term, exact))

    def matches(self, text: str) -> list[Match]:
        """The first places of the text that match a term, in order, without overlaps."""
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


Matcher = Callable[[str], list[Match]]


def search(database: Database, text: str, *, session_id: str | None, limit: int) -> list[SearchHit]:
    """The turns that match all terms of `text`, best first, newest first among equals.

    Words match in all their forms; if no turn has them all, as beginnings; if none has those, as substrings.
    """
    text = unicodedata.normalize("NFC", storable(text)).replace("\0", " ").strip()
    if not text:
        raise UsageError("There is nothing to search for.", hint="gigachat history search WORDS…")
    terms = terms_of(text)
    with database.reading():
        if terms:
            vocabulary = Vocabulary(database)
            for meant in (in_all_forms, as_beginning):
                wanted = [meant(term, vocabulary) for term in terms]
                if found := _by_words(database, terms, wanted, session_id, limit):
                    matches = _marker(terms, wanted).matches
                    return [_hit(database, turn_id, matches) for turn_id in found]

        def letters(written: str) -> list[Match]:
            return literal_matches(written, text)

        return [_hit(database, each, letters) for each in _literally(database, text, session_id, limit)]


def _by_words(
    database: Database, terms: list[Term], wanted: list[list[Phrase]], session_id: str | None, limit: int
) -> list[int]:
    rows = database.read(
        """SELECT turns.id FROM search JOIN turns ON turns.id = search.rowid
            WHERE search MATCH :wanted AND (:session IS NULL OR turns.session_id = :session)
            ORDER BY bm25(search, :of_the_question, 1.0)
                * CASE WHEN turns.id IN (SELECT rowid FROM search WHERE search MATCH :typed) THEN :weight ELSE 1.0 END,
                turns.id DESC
            LIMIT :limit""",
        {
            "wanted": expression(wanted),
            "session": session_id,
            "of_the_question": _OF_THE_QUESTION,
            "typed": expression([as_typed(term) for term in terms]),
            "weight": _AS_TYPED,
            "limit": limit,
        },
    )
    return [each[0] for each in rows]


def _literally(database: Database, text: str, session_id: str | None, limit: int) -> list[int]:
    # SQLite ignores case only for ASCII, and reading all texts here would be slow.
    wanted = text.translate({ord("ё"): "е", ord("Ё"): "Е"})
    spellings = [*dict.fromkeys([wanted, wanted.lower(), wanted.upper(), wanted.capitalize()]), None, None, None][:4]
    rows = database.read(
        """SELECT id FROM searchable WHERE (:session IS NULL OR session_id = :session)
            AND (instr(prompt, :a) OR instr(answer, :a) OR instr(prompt, :b) OR instr(answer, :b)
                OR instr(prompt, :c) OR instr(answer, :c) OR instr(prompt, :d) OR instr(answer, :d))
            ORDER BY id DESC LIMIT :limit""",
        {"session": session_id, "limit": limit, **dict(zip("abcd", spellings, strict=True))},
    )
    return [each[0] for each in rows]


def _marker(terms: list[Term], wanted: list[list[Phrase]]) -> Marker:
    marker = Marker()
    for number, (term, phrases) in enumerate(zip(terms, wanted, strict=True)):
        typed = as_typed(term)
        for phrase in phrases:
            marker.add(phrase, number, exact=phrase in typed)
    return marker


def _hit(database: Database, turn_id: int, matches: Matcher) -> SearchHit:
    row = database.read(
        """SELECT turns.number, turns.state, turns.started_at, sessions.id AS session_id, sessions.name, sessions.title,
                written_prompt AS prompt, written_answer AS answer
            FROM searchable JOIN turns ON turns.id = searchable.id JOIN sessions ON sessions.id = turns.session_id
            WHERE searchable.id = ?""",
        (turn_id,),
    )[0]
    groups = [(*best_group(matches(row[name])), name) for name in ("prompt", "answer")]
    _, spans, name = max(groups, key=lambda each: each[0])
    snippet, places = cut(row[name], spans)
    return SearchHit(
        session_id=row["session_id"],
        session_name=row["name"],
        title=row["title"],
        turn_id=turn_id,
        number=row["number"],
        state=row["state"],
        started_at=row["started_at"],
        snippet=snippet,
        matches=places,
    )


def literal_matches(text: str, wanted: str) -> list[Match]:
    """The places where the text contains `wanted`, ignoring case."""
    pattern = re.compile(re.escape(folded(wanted)), re.IGNORECASE)
    found = []
    for each in pattern.finditer(folded(text)):
        found.append(Match(each.span(), 0))
        if len(found) == MOST_MATCHES:
            break
    return found


def best_group(matches: list[Match]) -> tuple[tuple[int, int], list[Span]]:
    """The matches that fit in one snippet with the most terms, then exact matches, the first such; and how many."""
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
    """The snippet around the matches, on one line, and the offsets of the matches in it."""
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
