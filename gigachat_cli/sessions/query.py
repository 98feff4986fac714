"""The text of a search, parsed to terms and made into a valid FTS5 query.

A word matches its other forms in the index, or words that begin with it.  The index holds words as they were written.
Stems are made at query time, of the typed word and of the words in the index that may share its stem; so no history has
to be indexed again, and no stem matches an unrelated word with the same beginning, as `мор*` for `море` would match
`морковь`.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import TYPE_CHECKING

from ..errors import BrokenHistoryError, HistoryError
from .database import Database

if TYPE_CHECKING:
    Stem = Callable[[str], str]

SHORTEST_STEM = 3
"""Letters; a word with a shorter stem matches only itself, since too many words share such a stem."""
_SHORTEST_BEGINNING = 2  # letters that candidates for other forms share with the word
LONGEST_WORD = 64
"""Letters; a longer one is no word of a language."""
MOST_FORMS = 48
"""How many forms of one word are searched for, those that are in most turns first."""
_MOST_LOOKED_AT = 5000
_LAST_LETTER = "\U0010ffff"
_RUSSIAN = re.compile("[а-я]+")
_ENGLISH = re.compile("[a-z]+")
MOST_TERMS = 32
_MOST_PHRASES = 64  # for one word with hyphens, each part of which has its forms
_QUOTES = str.maketrans("«»“”„‟", '""""""')
_CLOSES_NOTHING = re.compile(r"^([^«“„‟\"”]*)[»”]")
_YO = str.maketrans("ёЁ", "еЕ")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Term:
    """Adjacent words that a turn must contain; with `begins`, the last one is the beginning of a word.

    `quoted` words match as they are, other words in all their forms.
    """

    words: tuple[str, ...]
    quoted: bool = False
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Adjacent words that match a term; with `begins`, the last of them is the beginning of a word."""

    words: tuple[str, ...]
    begins: bool = False

    @property
    def expression(self) -> str:
        return f'"{" ".join(self.words)}"{"*" if self.begins else ""}'


def terms_of(text: str) -> list[Term]:
    """The words, `"phrases"` and `begin*` of a search.

    Parts with neither letters nor digits are left out: the index has no words for them, and an empty phrase would match
    nothing.
    """
    terms: dict[Term, None] = {}
    for index, part in enumerate(_with_plain_quotes(text).split('"')):
        quoted = index % 2 == 1
        for typed in [part] if quoted else part.split():
            words = tuple(each[0] for each in _WORD.finditer(folded(typed).lower()))
            if words:
                terms[Term(words, quoted, typed.rstrip().endswith("*"))] = None
    return list(terms)[:MOST_TERMS]


def as_typed(term: Term) -> list[Phrase]:
    """The one phrase that is exactly what was typed."""
    return [Phrase(term.words, term.begins)]


def in_all_forms(term: Term, vocabulary: Vocabulary) -> list[Phrase]:
    """The phrases in the index that match the term: a word in its other forms, or as a beginning when it is in none."""
    if term.quoted or term.begins:
        return as_typed(term)
    forms = [vocabulary.forms(word) for word in term.words]
    if not all(forms):
        return [Phrase(term.words, begins=True)]
    if (count := prod(map(len, forms))) > _MOST_PHRASES:
        forms = [[word] for word in term.words[:-1]] + forms[-1:]
        count = len(forms[-1])
    return [Phrase(words) for words in itertools.islice(itertools.product(*forms), count)]


def as_beginning(term: Term, vocabulary: Vocabulary) -> list[Phrase]:
    """What `in_all_forms` gives, and all that begins with what was typed."""
    phrases = in_all_forms(term, vocabulary)
    return phrases if term.quoted else [*phrases, Phrase(term.words, begins=True)]


def expression(terms: list[list[Phrase]]) -> str:
    """The FTS5 expression that requires one phrase of each term."""
    return " AND ".join(f"({' OR '.join(phrase.expression for phrase in phrases)})" for phrases in terms)


def folded(text: str) -> str:
    """The text with accents folded as in the index, but in its own case; the length stays, so offsets do too."""
    return text.translate(_YO).translate(_accents())


@cache
def _accents() -> dict[int, str]:
    """Latin letters, mapped to the same letters without accents."""
    bases = {code: unicodedata.normalize("NFD", chr(code))[0] for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))}
    return {code: base for code, base in bases.items() if base.isascii()}


def _with_plain_quotes(text: str) -> str:
    """The text with `"` for every quotation mark, without a closing one at the start, which closes nothing."""
    return _CLOSES_NOTHING.sub(r"\1 ", text).translate(_QUOTES)


class Vocabulary:
    """The words of the search index, as they are within one read transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._forms: dict[str, list[str]] = {}
        self._is_open = True
        try:
            # FTS5's own view of the index; it is a temporary table, which neither changes nor locks the history
            database.read(
                "CREATE VIRTUAL TABLE IF NOT EXISTS temp.indexed_words USING fts5vocab('main', 'search', 'row')"
            )
        except BrokenHistoryError:
            raise
        except HistoryError:  # temporary tables cannot be created either: each word matches only itself
            self._is_open = False

    def forms(self, word: str) -> list[str]:
        """The forms of a folded word in the index, itself included; empty when there are none."""
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
            "SELECT term, doc FROM temp.indexed_words WHERE term >= ? AND term < ? LIMIT ?",
            (beginning, beginning + _LAST_LETTER, _MOST_LOOKED_AT),
        )
        forms = [
            (term != word, -count, term)
            for term, count in rows
            if term == word or (len(term) <= LONGEST_WORD and stem_of(term) == stem)
        ]
        return [term for *_, term in sorted(forms)[:MOST_FORMS]]


def _shared(stem: str, word: str) -> str:
    """The beginning that all words of that stem have.

    A Russian stem is the beginning of its words; an English one may end with another letter than its words: `happi` of
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
    """The stemmer for words in that script; None for other scripts."""
    if len(word) > LONGEST_WORD:
        return None
    if _RUSSIAN.fullmatch(word):
        return _stemmer_of("russian")
    return _stemmer_of("english") if _ENGLISH.fullmatch(word) else None


@cache
def _stemmer_of(language: str) -> Stem:
    import snowballstemmer  # importing all its languages takes 13 ms

    stem: Stem = snowballstemmer.stemmer(language).stemWord
    return stem
