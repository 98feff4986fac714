"""The words of the search index that a typed word stands for: its other forms, or those that begin with it.

The index holds words as they were written.  Stems are made at query time, of the typed word and of those words of the
index that may share its stem, so that no history has to be indexed anew and a stem never finds a strange word that
merely begins like it, as `мор*` for `море` would find `морковь`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from ..errors import BrokenHistoryError, HistoryError
from .database import Database

if TYPE_CHECKING:
    Stem = Callable[[str], str]

SHORTEST_STEM = 3
"""Letters; a word whose stem is shorter stands for itself alone, for too many words share such a stem."""
_SHORTEST_BEGINNING = 2  # letters, of the words of the index that are looked at
LONGEST_WORD = 64
"""Letters; a longer one is no word of a language."""
MOST_FORMS = 48
"""How many forms of one word are asked for, those of most turns first."""
_MOST_LOOKED_AT = 5000
_LAST_LETTER = "\U0010ffff"
_RUSSIAN = re.compile("[а-я]+")
_ENGLISH = re.compile("[a-z]+")


class Vocabulary:
    """The words of the search index, within one reading of the database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._forms: dict[str, list[str]] = {}
        self._is_open = True
        try:
            # A view of the index by FTS5 itself; it lies beside the history, which it neither changes nor locks.
            database.read(
                "CREATE VIRTUAL TABLE IF NOT EXISTS temp.indexed_words USING fts5vocab('main', 'search', 'row')"
            )
        except BrokenHistoryError:
            raise
        except HistoryError:  # not even beside it may anything be made: each word stands for itself
            self._is_open = False

    def forms(self, word: str) -> list[str]:
        """The words of the index that are forms of a folded word, itself included; none where there is none."""
        if not self._is_open:
            return [word]
        if word not in self._forms:
            self._forms[word] = self._found(word)
        return self._forms[word]

    def _found(self, word: str) -> list[str]:
        stem_of = _stemmer(word)
        stem = stem_of(word) if stem_of else ""
        beginning = _shared(stem, word)
        if stem_of is None or len(stem) < SHORTEST_STEM or len(beginning) < _SHORTEST_BEGINNING:
            rows = self._database.read("SELECT term FROM temp.indexed_words WHERE term = ?", (word,))
            return [row[0] for row in rows]
        rows = self._database.read(
            "SELECT term, doc FROM temp.indexed_words WHERE term >= ?1 AND term < ?2 LIMIT ?3",
            (beginning, beginning + _LAST_LETTER, _MOST_LOOKED_AT),
        )
        forms = [
            (term != word, -count, term)
            for term, count in rows
            if term == word or (len(term) <= LONGEST_WORD and stem_of(term) == stem)
        ]
        return [term for *_, term in sorted(forms)[:MOST_FORMS]]


def _shared(stem: str, word: str) -> str:
    """What all words of that stem begin with.

    A Russian stem is the beginning of its words; an English one may end with another letter than they do: `happi` of
    `happy`, `die` of `dying`.
    """
    length = 0
    for ours, theirs in zip(stem, word, strict=False):
        if ours != theirs:
            break
        length += 1
    if stem[length - 1 :] == "i" and _ENGLISH.fullmatch(stem):
        length -= 1
    return stem[:length]


def _stemmer(word: str) -> Stem | None:
    """What makes stems of words in that script; None where nothing does."""
    if len(word) > LONGEST_WORD:
        return None
    if _RUSSIAN.fullmatch(word):
        return _stemmer_of("russian")
    return _stemmer_of("english") if _ENGLISH.fullmatch(word) else None


@cache
def _stemmer_of(language: str) -> Stem:
    import snowballstemmer  # all its languages at once: 13 ms

    stem: Stem = snowballstemmer.stemmer(language).stemWord
    return stem
