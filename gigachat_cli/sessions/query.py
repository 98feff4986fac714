"""What a person types into a search, as the terms it asks for and as a query that is always well formed."""

from __future__ import annotations

import itertools
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from .word_forms import Vocabulary

MOST_TERMS = 32
_MOST_PHRASES = 64  # for one word with hyphens, each part of which has its forms
_QUOTES = str.maketrans("«»“”„‟", '""""""')
_CLOSES_NOTHING = re.compile(r"^([^«“„‟\"”]*)[»”]")
_YO = str.maketrans("ёЁ", "еЕ")
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a turn must hold: words in a row, as the index has them; `begins`: the last one's beginning.

    `quoted` words are meant as they are, other words in all their forms.
    """

    words: tuple[str, ...]
    quoted: bool = False
    begins: bool = False


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words in a row that fulfil a term; `begins`: the last of them is a beginning."""

    words: tuple[str, ...]
    begins: bool = False

    @property
    def expression(self) -> str:
        return f'"{" ".join(self.words)}"{"*" if self.begins else ""}'


def terms_of(text: str) -> list[Term]:
    """The words, `"phrases"` and `begin*` of a search.

    What holds neither letter nor digit is left out: it is no word to the index, and an empty phrase would match
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
    """The phrases of the index that mean the term: a word in its other forms, or where it is none, as a beginning."""
    if term.quoted or term.begins:
        return as_typed(term)
    forms = [vocabulary.forms(word) for word in term.words]
    if not all(forms):
        return [Phrase(term.words, begins=True)]
    if (count := _product(forms)) > _MOST_PHRASES:
        forms = [[word] for word in term.words[:-1]] + forms[-1:]
        count = len(forms[-1])
    return [Phrase(words) for words in itertools.islice(itertools.product(*forms), count)]


def as_beginning(term: Term, vocabulary: Vocabulary) -> list[Phrase]:
    """What `in_all_forms` gives, and all that begins with what was typed."""
    phrases = in_all_forms(term, vocabulary)
    return phrases if term.quoted else [*phrases, Phrase(term.words, begins=True)]


def expression(terms: list[list[Phrase]]) -> str:
    """The FTS5 expression that asks for one phrase of each term."""
    return " AND ".join(f"({' OR '.join(phrase.expression for phrase in phrases)})" for phrases in terms)


def folded(text: str) -> str:
    """The text as the index reads it but for its case, letter for letter, so that places stay."""
    return text.translate(_YO).translate(_accents())


@cache
def _accents() -> dict[int, str]:
    """Latin letters to the same without accents."""
    bases = {code: unicodedata.normalize("NFD", chr(code))[0] for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))}
    return {code: base for code, base in bases.items() if base.isascii()}


def _with_plain_quotes(text: str) -> str:
    """The text with `"` for every quotation mark, without one at the start that closes what was never opened."""
    return _CLOSES_NOTHING.sub(r"\1 ", text).translate(_QUOTES)


def _product(forms: list[list[str]]) -> int:
    count = 1
    for each in forms:
        count *= len(each)
    return count
