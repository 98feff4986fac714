"""Authorization keys: what people paste, and what it means.

A key is Base64 of `client_id:client_secret`, two UUIDs (vendor documentation, "Авторизация").  Only the service
refuses a key; what its form suggests is a hint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass, field

from .errors import UsageError
from .masking import keep_secret
from .text import without_paste_marks

_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PAIR = re.compile(rf"({_UUID})[:\s,;]+({_UUID})")
_LONG_WORD = re.compile(r"[A-Za-z0-9+/=._:-]{24,}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{98,}={0,2}")  # of a pair
_TOKEN_LENGTH = 60  # what is shorter may be any name
_ACCESS_TOKEN_LENGTH = 500  # an access token has about 1200 characters, a key 100


@dataclass(frozen=True, slots=True)
class AuthorizationKey:
    """A key, ready for `Authorization: Basic`.

    `doubt` is what its form suggests to be wrong with it, or empty.  `fingerprint` names the key without being a
    secret: its content is 244 random bits, so a hash of it gives nothing away.
    """

    basic: str = field(repr=False)
    doubt: str = ""

    def __post_init__(self) -> None:
        keep_secret(self.basic, *plain_pair(self.basic))

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(b"gigachat authorization key\0" + self.basic.encode()).hexdigest()[:32]

    @property
    def masked(self) -> str:
        """Enough to tell two keys apart, of no use to anyone else."""
        return f"…{self.fingerprint[:8]}"


def parse_key(pasted: str) -> AuthorizationKey:
    """The key that was meant: a ready one, or client id and secret; quotes, blanks and a leading scheme are dropped.

    Raises ValueError when nothing is left.
    """
    pair = _PAIR.fullmatch(_unwrapped(pasted))
    if pair:
        return AuthorizationKey(base64.b64encode(f"{pair[1]}:{pair[2]}".encode()).decode())
    key = cleaned(pasted)
    if not key:
        raise ValueError("the key is empty")
    if ":" in key:  # which is no character of Base64: an id and a secret of another form
        key = base64.b64encode(key.encode()).decode()
    return AuthorizationKey(key, _doubt(key))


def plain_pair(basic: str) -> tuple[str, ...]:
    """What a key is the Base64 of: client id and secret together, and the secret alone; nothing for another text."""
    try:
        plain = base64.b64decode(basic, validate=True).decode()
    except (binascii.Error, ValueError):
        return ()
    secret = plain.partition(":")[2]
    return (plain, secret) if secret else (plain,)


def cleaned(pasted: str) -> str:
    """A key or an access token without what came along when it was copied."""
    return re.sub(r"[\s\"'\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]+", "", _unwrapped(pasted))


def keys_in(text: str) -> list[str]:
    """The parts of a text that look like a key, a pair of id and secret, or an access token."""
    found = [each[0] for each in _PAIR.finditer(text)]
    for each in _LONG_WORD.findall(text):
        word = each.strip("-.:")
        with suppress(binascii.Error, ValueError):
            if ":" in base64.b64decode(word, validate=True).decode("ascii"):
                found.append(word)
                continue
        kinds = (str.isupper, str.islower, str.isdigit)
        mixed = "/" not in word and all(any(map(kind, word)) for kind in kinds)
        if len(word) >= _TOKEN_LENGTH and (mixed or word.startswith("eyJ")):
            found.append(word)
    return found


def check_keyless(text: str) -> None:
    """Raises UsageError for a text that is to be sent to a model and holds an authorization key."""
    pairs = [each for each in (*keys_in(text), *_BASE64.findall(text)) if _PAIR.fullmatch(_plain(each))]
    if pairs:
        keep_secret(*pairs)
        raise UsageError(
            "The text holds an authorization key, which is for the login server alone, and no model's business.",
            hint="Take it out. 'gigachat auth login' is where a key goes.",
        )


def _plain(word: str) -> str:
    with suppress(binascii.Error, ValueError):
        return base64.b64decode(word, validate=True).decode("ascii")
    return word


def ids_in(text: str) -> list[str]:
    """The parts of a text that can be a client id or a client secret."""
    return re.findall(_UUID, text)


def account_of_key(fingerprint: str, *, scope: str, auth_url: str) -> str:
    """The name of the account of a key; its access token is cached under it.

    Like the other names of accounts it is the same in all processes, and no secret.
    """
    return _hash(fingerprint, scope, auth_url)


def account_of_user(user: str, *, base_url: str) -> str:
    """The name of the account of a user with a password."""
    return _hash("user", user, base_url)


def account_of_token(access_token: str) -> str:
    """The name of the account of an access token that was given."""
    return hashlib.sha256(cleaned(access_token).encode()).hexdigest()[:16]


def account_of_certificate(cert_file: str) -> str:
    """The name of the account of a client certificate."""
    return hashlib.sha256(cert_file.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _unwrapped(pasted: str) -> str:
    text = without_paste_marks(pasted).strip(" \t\r\n\"'`«»“”\u200b\ufeff")
    return re.sub(r"^(?:authorization\s*:\s*)?(?:basic|bearer)\s+", "", text, flags=re.IGNORECASE).strip()


def _doubt(key: str) -> str:
    if len(key) > _ACCESS_TOKEN_LENGTH:
        return "It looks like an access token; the authorization key is much shorter (about 100 characters)."
    if re.fullmatch(_UUID, key):
        return "It looks like a client id or a client secret alone; the authorization key, or both, are needed."
    try:
        plain = base64.b64decode(key, validate=True).decode()
    except (binascii.Error, ValueError):
        return "It is not Base64, so it may be clipped; copy the whole authorization key."
    if not re.fullmatch(rf"{_UUID}:{_UUID}", plain):
        return "It does not hold a client id and a client secret; copy the authorization key of the account."
    return ""
