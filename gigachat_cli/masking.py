"""Our own secrets, kept out of every text that is shown or kept, in whatever form the text has them.

Whoever holds a key, a token or a password says so once (`keep_secret`); from then on no text that passes `masked`
shows it: raw, percent-encoded, in Base64 at any place, in hexadecimal digits, escaped as JSON or HTML do, or with
controls, zero-width characters and line breaks inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from .text import mended, one_line, safe

MASK = "***"

_SHORTEST = 4  # characters; blotting out anything shorter would only spoil the sentence
_SHORTEST_ENCODED = 6
_LONG = 16  # a secret of so many characters stands out, with blanks in it as well
_WINDOW = 16  # a part of a secret that is twice as long is found too
_SHORT = 256  # characters of a text that may well come again
_MOST_READ = 65536  # characters of a text for one line
_MOST_KEPT = 16384  # characters of a text from outside that is no answer
_MOST_SPELT = 512  # characters at such a text's end in which a secret may begin that the cut has hidden

_known: set[str] = set()
_ESCAPE = re.compile(
    r"%(?:25)*([0-9a-f]{2})|\\+u([0-9a-f]{4})|\\+x([0-9a-f]{2})|\\+([\\/\"'bfnrt])"
    r"|&#([0-9]{1,7});|&#x([0-9a-f]{1,6});|&(amp|lt|gt|quot|apos|sol|plus|equals|colon|hyphen|lowbar);",
    re.IGNORECASE,
)
_NOT_PLAIN = re.compile(r"[^!-$'-\[\]-~]")  # blanks, controls, other scripts, and what begins an escape
_CONTROL_LETTERS = dict(zip("bfnrt", "\b\f\n\r\t", strict=True))
_NAMED = {
    "amp": "&",
    "lt": "<",
    "gt": ">",
    "quot": '"',
    "apos": "'",
    "sol": "/",
    "plus": "+",
    "equals": "=",
    "colon": ":",
    "hyphen": "-",
    "lowbar": "_",
}
_URL_SAFE = str.maketrans("-_", "+/")  # the two alphabets of Base64 as one
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}


def keep_secret(*secrets: str | None) -> None:
    """Say what must not be shown from here on; what is too short to be told from a word is passed over."""
    _known.update(each for each in secrets if each and len(each) >= _SHORTEST)


def from_outside(text: str) -> str:
    """A text of the service that is no answer: of whole characters, without controls, and without our secrets.

    Of a very long one, which no reader needs, the beginning.
    """
    if len(text) <= _SHORT:
        return _from_outside(text, len(_known))
    if len(text) <= _MOST_KEPT:
        return masked(safe(mended(text)))
    return f"{masked(safe(mended(text[:_MOST_KEPT])))[:-_MOST_SPELT]}…"


def words(text: str, secrets: Iterable[str] = ()) -> str:
    """What somebody else says, as one clean line of at most 300 characters without secrets."""
    return one_line(redact(safe(text[:_MOST_READ]), secrets))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without our secrets and those given, and without whatever looks like a key or an access token."""
    text = masked(text, secrets)
    text = re.sub(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=._~-]{8,}", r"\1 ***", text)
    text = re.sub(r"(://[^/\s:@]*):[^/\s@]+@", r"\1:***@", text)
    return re.sub(r"[A-Za-z0-9_-]{60,}(?:\.[A-Za-z0-9_-]+)*={0,2}", MASK, text)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without our secrets, and without those given."""
    if len(text) < _SHORTEST:
        return text
    given = [each for each in secrets if len(each) >= _SHORTEST]
    wanted = _all_known(len(_known)) if not given else frozenset(_known.union(given))
    if not wanted:
        return text
    return _masked_again(text, wanted) if len(text) <= _SHORT else _masked(text, wanted)


@lru_cache(512)
def _from_outside(text: str, count: int) -> str:
    """A short text, cleaned once: an id or a model comes with each chunk of an answer, and is always the same."""
    return masked(safe(mended(text)))


@lru_cache(1)
def _all_known(count: int) -> frozenset[str]:
    """The secrets of the process, which only ever become more, made ready once for many short texts."""
    return frozenset(_known)


def _masked(text: str, secrets: frozenset[str]) -> str:
    forms = _Forms.of(secrets)
    if not _NOT_PLAIN.search(text):
        if forms.are_not_in(text.lower().translate(_URL_SAFE)):
            return text  # as most ids are: one look, since each reply brings new ones
    elif forms.are_in_neither(*_quick_letters(text)):
        return text
    spans: list[tuple[int, int]] = []
    for needles, windows, with_blanks in ((forms.short, {}, True), (forms.long, forms.windows, False)):
        letters, ends = _letters(text, blanks=with_blanks)
        spans += [
            (ends[start][0], ends[end - 1][1]) if ends else (start, end)
            for start, end in _found(letters, needles, windows)
        ]
    if not spans:
        return text
    parts, at = [], 0
    for start, end in _merged(spans):
        parts += [text[at:start], MASK]
        at = end
    return "".join([*parts, text[at:]])


_masked_again = lru_cache(512)(_masked)


class _Forms:
    """The secrets as they can stand in a text that was brought to plain letters (`_letters`)."""

    def __init__(self, secrets: frozenset[str]) -> None:
        found = {each for secret in secrets for each in _forms(secret)}
        # By the letters that are left of it: a part of it is looked for only where there are so many.
        plain = {each: _letters(each, blanks=False)[0] for each in found}
        self.short = sorted({_letters(each, blanks=True)[0] for each in found if len(plain[each]) < _LONG} - {""})
        self.long = sorted({letters for letters in plain.values() if len(letters) >= _LONG})
        self.windows = {
            form[at : at + _WINDOW]: (form, at)
            for form in self.long
            for at in range(0, len(form) - _WINDOW + 1, _WINDOW)
        }

    def are_not_in(self, letters: str) -> bool:
        """Whether a text of plain letters alone holds none of them, and no part of a long one."""
        if any(needle in letters for needle in self.short):
            return False
        if len(letters) > _SHORT:
            return not any(window in letters for window in self.windows)
        parts = {letters[at : at + _WINDOW] for at in range(len(letters) - _WINDOW + 1)}
        return self.windows.keys().isdisjoint(parts)

    def are_in_neither(self, letters: str, with_blanks: str) -> bool:
        """As `are_not_in`, where blanks count for the short ones."""
        return not any(each in with_blanks for each in self.short) and not any(each in letters for each in self.windows)

    @staticmethod
    @lru_cache(4)
    def of(secrets: frozenset[str]) -> _Forms:
        return _Forms(secrets)


def _forms(secret: str) -> Iterator[str]:
    from base64 import b64encode
    from urllib.parse import quote_plus

    content = secret.encode("utf-8", "surrogateescape")
    yield secret.rstrip("=") or secret
    yield content.decode("latin-1")  # as percent signs spell it
    yield quote_plus(content)
    if len(content) * 2 >= _SHORTEST_ENCODED:
        yield content.hex()
    for before in range(3):  # what stands before it shifts its Base64
        encoded = b64encode(bytes(before) + content).decode().rstrip("=")
        whole = (
            len(encoded) if (before + len(content)) % 3 == 0 else len(encoded) - 1
        )  # the last depends on what follows
        for certain in (encoded[(0, 2, 3)[before] : whole], encoded[(0, 2, 3)[before] :]):  # and where nothing follows
            if len(certain) >= _SHORTEST_ENCODED:
                yield certain


def _quick_letters(text: str) -> tuple[str, str]:
    """The text in plain letters without blanks and with them, as `_letters` has it, and no places."""
    spelt = _ESCAPE.sub(_meant, text) if any(sign in text for sign in "%\\&") else text
    with_blanks = spelt.lower().translate(_SEEN).translate(_URL_SAFE)
    return with_blanks.translate(_NO_BLANKS), with_blanks


class _Seen(dict[int, int | None]):
    """What becomes of each character in `str.translate`: those that are not seen go, blanks and tabs stay."""

    def __missing__(self, code: int) -> int | None:
        letter = chr(code)
        self[code] = code if letter in " \t" or not _is_unseen(letter) else None
        return self[code]


_SEEN = _Seen()
_NO_BLANKS = {ord(" "): None, ord("\t"): None}


def _letters(text: str, *, blanks: bool) -> tuple[str, list[tuple[int, int]]]:
    """The text in plain letters, small, without what is not seen, and where each stood; no places mean the same ones.

    Blanks between words stay with `blanks`.
    """
    lowered = text.lower()
    if (
        lowered.isascii()
        and lowered.isprintable()
        and not any(sign in lowered for sign in "%\\&")
        and (blanks or " " not in lowered)
    ):
        return lowered.translate(_URL_SAFE), []
    letters: list[str] = []
    ends: list[tuple[int, int]] = []

    def add(letter: str, start: int, end: int) -> None:
        if (letter in " \t" and blanks) or not _is_unseen(letter):
            for each in letter.lower():
                letters.append(each)
                ends.append((start, end))

    at = 0
    while at < len(text):
        escape = _ESCAPE.match(text, at) if text[at] in "%\\&" else None
        end = escape.end() if escape else at + 1
        add(_meant(escape) if escape else text[at], at, end)
        at = end
    return "".join(letters).translate(_URL_SAFE), ends


def _meant(escape: re.Match[str]) -> str:
    for base, number in ((16, escape[1]), (16, escape[2]), (16, escape[3]), (10, escape[5]), (16, escape[6])):
        if number:
            return chr(min(int(number, base), 0x10FFFF))
    if escape[7]:
        return _NAMED[escape[7].lower()]
    return _CONTROL_LETTERS.get(escape[4].lower(), escape[4])


def _is_unseen(letter: str) -> bool:
    if letter.isascii():
        return not " " < letter < "\x7f"
    import unicodedata  # most texts are in plain letters, or have no secret to look for

    return letter in _UNSEEN or unicodedata.category(letter)[0] in "CZ"


def _found(letters: str, needles: Iterable[str], windows: dict[str, tuple[str, int]]) -> Iterator[tuple[int, int]]:
    for needle in needles:
        at = letters.find(needle)
        while at >= 0:
            end = at + len(needle)
            while letters[end : end + 1] == "=":  # the padding of Base64
                end += 1
            yield at, end
            at = letters.find(needle, at + 1)
    at = 0
    while windows and at + _WINDOW <= len(letters):
        hit = windows.get(letters[at : at + _WINDOW])
        if hit is None:
            at += 1
            continue
        form, place = hit
        start, end, before, after = at, at + _WINDOW, place, place + _WINDOW
        while start and before and letters[start - 1] == form[before - 1]:
            start, before = start - 1, before - 1
        while end < len(letters) and after < len(form) and letters[end] == form[after]:
            end, after = end + 1, after + 1
        yield start, end
        at = end


def _merged(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    spans.sort()
    start, end = spans[0]
    for each in spans[1:]:
        if each[0] > end:
            yield start, end
            start, end = each
        else:
            end = max(end, each[1])
    yield start, end
