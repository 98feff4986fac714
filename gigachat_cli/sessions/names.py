"""How sessions are called: ids that can be typed and sorted, names that people give, titles made of first words."""

from __future__ import annotations

import re
import unicodedata

from ..errors import UsageError

ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no letter that could be taken for a digit
ID_LENGTH = 7
LAST = "last"
"""What stands for the session that was written last, wherever a session is named."""
NAME_LENGTH = 64
TITLE_LENGTH = 60

_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}


def check_name(name: str) -> str:
    """The name as it is stored.  Raises UsageError when it cannot be a session's name."""
    name = typed_name(name)
    rules = f"Use letters, digits, '-', '_' and '.', at most {NAME_LENGTH} characters."
    if not name:
        raise UsageError("A session's name is empty.", hint=rules)
    if len(name) > NAME_LENGTH:
        raise UsageError(f"A session's name is too long ({len(name)} characters).", hint=rules)
    if not name[0].isalnum() or not all(each.isalnum() or each in "-_." for each in name):
        raise UsageError(f"{name!r} cannot be a session's name.", hint=f"{rules} It begins with a letter or digit.")
    if means_last(name):
        raise UsageError(f"{name!r} cannot be a session's name: it stands for the one that was written last.")
    if looks_like_id(name):
        raise UsageError(f"{name!r} cannot be a session's name: it looks like a session's id.")
    return name


def title_of(text: str) -> str:
    """A title from the first words of `text`: one line, cut at a word, "…" where something was left out."""
    start = text[: 20 * TITLE_LENGTH]
    words = "".join(each if each.isprintable() else " " for each in start).split()
    title = " ".join(words)
    if len(title) <= TITLE_LENGTH:
        return title
    cut = title.rfind(" ", TITLE_LENGTH // 2, TITLE_LENGTH)
    return title[: cut if cut > 0 else TITLE_LENGTH - 1].rstrip(" ,;:.!?-–—") + "…"


def parse_age(text: str) -> float:
    """Seconds of an age like 12h, 30d or 2w.  Raises UsageError when it is none."""
    found = re.fullmatch(r"\s*([0-9]{1,6})\s*([hdw])\s*", text, re.IGNORECASE)
    if not found:
        raise UsageError(f"{text!r} is not an age.", hint="Give hours, days or weeks: 12h, 30d, 2w.")
    return float(int(found[1]) * _UNITS[found[2].lower()])


def id_of(seconds: int) -> str:
    """The id of a session that began at that Unix second; later seconds sort after earlier ones."""
    digits = []
    for _ in range(ID_LENGTH):
        seconds, digit = divmod(seconds, len(ID_ALPHABET))
        digits.append(ID_ALPHABET[digit])
    return "".join(reversed(digits))


def id_after(session_id: str) -> str:
    """The id that follows."""
    seconds = 0
    for each in session_id:
        seconds = seconds * len(ID_ALPHABET) + ID_ALPHABET.index(each)
    return id_of(seconds + 1)


def typed_name(text: str) -> str:
    """A name as a person may have typed it, in the form in which names are kept."""
    return unicodedata.normalize("NFC", text.strip())


def typed_id(text: str) -> str:
    """An id or its beginning as a person may have typed it, with what looks like a digit taken for one."""
    return text.strip().lower().translate(str.maketrans("oil", "011"))


def means_last(text: str) -> bool:
    return typed_name(text).lower() == LAST


def looks_like_id(text: str) -> bool:
    typed = typed_id(text)
    return len(typed) == ID_LENGTH and typed[0].isdigit() and all(each in ID_ALPHABET for each in typed)
