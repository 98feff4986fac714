"""Search in prompts and answers: what a person types becomes a query that is always well formed."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import islice

from ..errors import UsageError
from .database import Database, storable
from .turns import SearchHit

MOST_TERMS = 32
SNIPPET_LENGTH = 160
MOST_MATCHES = 2000
"""How many places of one text are looked at for the best snippet."""

_LEFT_OUT = "…"
_QUOTES = str.maketrans("«»“”„", '"""""')
_YO = str.maketrans("ёЁ", "еЕ")

_Span = tuple[int, int]


def search(database: Database, text: str, *, session_id: str | None, limit: int) -> list[SearchHit]:
    """The turns that hold all that `text` asks for, the best first, the newest of equals first."""
    text = unicodedata.normalize("NFC", storable(text)).replace("\0", " ").strip()
    if not text:
        raise UsageError("There is nothing to search for.", hint="gigachat history search WORDS…")
    terms = _terms(text)
    with database.reading():
        found = _by_words(database, match_expression(terms), session_id, limit) if terms else []
        if found:
            words = words_pattern(terms)
            return [_hit(database, turn_id, words) for turn_id in found]
        letters = re.compile(re.escape(_folded(text)), re.IGNORECASE)
        return [_hit(database, each, letters) for each in _literally(database, text, session_id, limit)]


def match_expression(terms: list[str]) -> str:
    """The FTS5 expression that asks for all terms; each is a word, words in a row, or with `*` a beginning."""
    return " AND ".join(f'"{term.rstrip("*")}"{"*" * term.endswith("*")}' for term in terms)


def words_pattern(terms: list[str]) -> re.Pattern[str]:
    """What finds the same words in a folded text, in time that grows with the text alone.

    FTS5's own `snippet` and `highlight` take time that grows with the square of the matches.
    """
    patterns = []
    for term in terms:
        words = r"[\W_]+".join(re.escape(each) for each in re.findall(r"[^\W_]+", _folded(term)))
        patterns.append(words + ("" if term.endswith("*") else r"(?![^\W_])"))
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(patterns)})", re.IGNORECASE)


def _terms(text: str) -> list[str]:
    """The words, `"phrases"` and `begin*` of a search.

    What holds neither letter nor digit is left out: it is no word to the index, and an empty phrase would
    match nothing.
    """
    terms: list[str] = []
    for index, part in enumerate(text.translate(_QUOTES).translate(_YO).split('"')):
        terms.extend([part.strip()] if index % 2 else part.split())
    return [each for each in terms if any(letter.isalnum() for letter in each)][:MOST_TERMS]


@cache
def _accents() -> dict[int, str]:
    """Latin letters to the same without accents; each one letter for one, so that places stay."""
    bases = {code: unicodedata.normalize("NFD", chr(code))[0] for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00))}
    return {code: base for code, base in bases.items() if base.isascii()}


def _folded(text: str) -> str:
    return text.translate(_YO).translate(_accents())


def _by_words(database: Database, query: str, session_id: str | None, limit: int) -> list[int]:
    rows = database.read(
        """SELECT turns.id FROM search JOIN turns ON turns.id = search.rowid
            WHERE search MATCH ?1 AND (?2 IS NULL OR turns.session_id = ?2)
            ORDER BY rank, turns.id DESC LIMIT ?3""",
        (query, session_id, limit),
    )
    return [each[0] for each in rows]


def _literally(database: Database, text: str, session_id: str | None, limit: int) -> list[int]:
    rows = database.read(
        """SELECT id FROM searchable WHERE (instr(prompt, ?1) OR instr(answer, ?1))
            AND (?2 IS NULL OR session_id = ?2) ORDER BY id DESC LIMIT ?3""",
        (text.translate(_YO), session_id, limit),
    )
    return [each[0] for each in rows]


def _hit(database: Database, turn_id: int, pattern: re.Pattern[str]) -> SearchHit:
    row = database.read(
        """SELECT turns.number, turns.state, turns.started_at, sessions.id AS session_id, sessions.name, sessions.title,
                written_prompt AS prompt, written_answer AS answer
            FROM searchable JOIN turns ON turns.id = searchable.id JOIN sessions ON sessions.id = turns.session_id
            WHERE searchable.id = ?""",
        (turn_id,),
    )[0]
    groups = [(*_best_group(_folded(row[name]), pattern), name) for name in ("prompt", "answer")]
    _, spans, name = max(groups, key=lambda each: each[0])
    snippet, matches = _cut(row[name], spans)
    return SearchHit(
        session_id=row["session_id"],
        session_name=row["name"],
        title=row["title"],
        turn_id=turn_id,
        number=row["number"],
        state=row["state"],
        started_at=row["started_at"],
        snippet=snippet,
        matches=matches,
    )


def _best_group(folded: str, pattern: re.Pattern[str]) -> tuple[int, list[_Span]]:
    """Those matches that fit one snippet and show the most different words, the first such; and how many words."""
    spans = [each.span() for each in islice(pattern.finditer(folded), MOST_MATCHES)]
    words = [folded[start:end].casefold() for start, end in spans]
    best: tuple[int, list[_Span]] = (0, [])
    last = 0
    for first, (start, _) in enumerate(spans):
        last = max(last, first + 1)
        while last < len(spans) and spans[last][1] - start <= SNIPPET_LENGTH:
            last += 1
        different = len(set(words[first:last]))
        if different > best[0]:
            best = (different, spans[first:last])
    return best


def _cut(text: str, spans: list[_Span]) -> tuple[str, tuple[_Span, ...]]:
    """The snippet around the matches, on one line, and where they are in it."""
    around = max(0, SNIPPET_LENGTH - (spans[-1][1] - spans[0][0])) // 2 if spans else SNIPPET_LENGTH
    start = max(0, spans[0][0] - around) if spans else 0
    end = min(len(text), (spans[-1][1] if spans else 0) + around)
    snippet = _LEFT_OUT * (start > 0)
    shown: list[_Span] = []
    for match_start, match_end in [*spans, (end, end)]:
        snippet = _joined(snippet, text[start:match_start])
        begin = len(snippet)
        snippet = _joined(snippet, text[match_start:match_end])
        if len(snippet) > begin:
            shown.append((begin, len(snippet)))
        start = match_end
    return snippet.rstrip() + _LEFT_OUT * (end < len(text)), tuple(shown)


def _joined(snippet: str, text: str) -> str:
    text = re.sub(r"\s+", " ", text)
    return snippet + (text.lstrip(" ") if not snippet or snippet.endswith((" ", _LEFT_OUT)) else text)
