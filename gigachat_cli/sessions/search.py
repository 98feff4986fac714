"""Search in prompts and answers: words in all their forms, the best turn first, each with the place it was found in."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from ..errors import UsageError
from .database import Database, storable
from .query import Phrase, Term, as_beginning, as_typed, expression, in_all_forms, terms_of
from .snippets import Marker, Match, best_group, cut, literal_matches
from .turns import SearchHit
from .word_forms import Vocabulary

_OF_THE_QUESTION = 2.0  # how much more a word of the question tells than one of the answer
_AS_TYPED = 2.0  # how much better a turn is that has all words just as they were typed

Matcher = Callable[[str], list[Match]]


def search(database: Database, text: str, *, session_id: str | None, limit: int) -> list[SearchHit]:
    """The turns that hold all that `text` asks for, the best first, the newest of equals first.

    Words are looked for in all their forms; where no turn has them all, as beginnings; where none has them so, the
    text is looked for letter by letter.
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
            WHERE search MATCH ?1 AND (?2 IS NULL OR turns.session_id = ?2)
            ORDER BY bm25(search, ?3, 1.0)
                * CASE WHEN turns.id IN (SELECT rowid FROM search WHERE search MATCH ?4) THEN ?5 ELSE 1.0 END,
                turns.id DESC
            LIMIT ?6""",
        (
            expression(wanted),
            session_id,
            _OF_THE_QUESTION,
            expression([as_typed(term) for term in terms]),
            _AS_TYPED,
            limit,
        ),
    )
    return [each[0] for each in rows]


def _literally(database: Database, text: str, session_id: str | None, limit: int) -> list[int]:
    # SQLite knows the case of ASCII letters alone, and reading all texts here would be slow.
    wanted = text.translate({ord("ё"): "е", ord("Ё"): "Е"})
    spellings = [*dict.fromkeys([wanted, wanted.lower(), wanted.upper(), wanted.capitalize()]), None, None, None][:4]
    rows = database.read(
        """SELECT id FROM searchable WHERE (?2 IS NULL OR session_id = ?2)
            AND (instr(prompt, ?4) OR instr(answer, ?4) OR instr(prompt, ?5) OR instr(answer, ?5)
                OR instr(prompt, ?6) OR instr(answer, ?6) OR instr(prompt, ?1) OR instr(answer, ?1))
            ORDER BY id DESC LIMIT ?3""",
        (spellings[0], session_id, limit, *spellings[1:]),
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
