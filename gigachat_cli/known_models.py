"""The models that accounts were seen to have, and which of them answers when nobody names one.

The list of each account is kept for a day in one private file, so that neither a question nor completion has to ask
the service for it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from . import paths
from .bounded import json_value
from .errors import nearest
from .messages import Model
from .settings import Origin

CHAT_TYPES = ("chat", "")
"""Types of models to talk to; one without a type is most likely one of them."""

_FRESH_SECONDS = 24 * 3600.0
_MOST_ACCOUNTS = 16
_NAMES_TOLD = 8
_MOST_MODELS = 1000
_LONGEST_NAME = 200  # characters
_PLAIN = re.compile(r"[\w.:/-]+", re.ASCII)
_GENERATION = re.compile(r"gigachat(?:-(\d+(?:\.\d+)*))?(?:-(.+))?", re.IGNORECASE | re.ASCII)
_TIERS = ("", "lite", "lightning", "plus", "pro", "max", "ultra")


@dataclass(frozen=True, slots=True)
class KnownModels:
    """The models of one account, in the service's order; `fresh` says that they were asked for within a day."""

    models: tuple[Model, ...]
    fresh: bool

    @property
    def choice(self) -> str | None:
        """The model that answers when nobody names one; None when there is none to talk to."""
        ranked = ranked_models(self.models)
        return ranked[0] if ranked else None


def ranked_models(models: Iterable[Model]) -> list[str]:
    """The names of the models to talk to, the one for everyday use first.

    The rule, and why: `GigaChat` where the service still lists it, for there it is the vendor's own alias of the
    everyday model.  Else the newest generation, since older ones are withdrawn; in it the smallest tier, which costs
    least and which every account may use; previews last, since they change and end without notice.
    """
    names = dict.fromkeys(model.id for model in models if model.type in CHAT_TYPES and model.id)
    return sorted(names, key=_rank)


def _rank(name: str) -> tuple[bool, bool, list[int], int]:
    """What a name is sorted by: not the alias, a preview, the generation (the newest first), the tier."""
    lower = name.lower()
    plain = lower.removesuffix("-preview")
    found = _GENERATION.fullmatch(plain)
    if found is None:
        return (True, plain != lower, [1], len(_TIERS))
    # The first nine digits of each number: no version has more, and Python reads no number of any length.
    numbers = [-int(number[:9]) for number in (found[1] or "1").split(".")[:3]]
    tier = found[2] or ""
    place = _TIERS.index(tier) if tier in _TIERS else len(_TIERS)
    return (lower != "gigachat", plain != lower, [*numbers, 0, 0][:3], place)


def nearest_first(name: str, known: Sequence[str]) -> tuple[str | None, list[str]]:
    """The known name that `name` was most likely meant to be, if any is near, and all of them with that one first."""
    by_letters = {each.lower(): each for each in known}
    near = nearest(name.lower(), list(by_letters))
    meant = by_letters[near] if near else None
    return meant, sorted(known, key=lambda each: each != meant)


def advice_on(name: str, names: Sequence[str], origin: Origin | None) -> str:
    """What to do about a model that is refused: what the account has instead, and where the name came from."""
    meant, names = nearest_first(name, names)
    told = ", ".join(names[:_NAMES_TOLD])
    more = f" and {len(names) - _NAMES_TOLD} more" if len(names) > _NAMES_TOLD else ""
    parts = [f"Your account has {told}{more}." if names else "", origin.to_change("model") if origin else ""]
    if name in names:
        parts = ["The account's list has it all the same; try another of it.", *parts]
    elif meant:
        parts = [f"Did you mean {meant}?", *parts]
    return " ".join(filter(None, parts))


def account_at(account: str, base_url: str) -> str:
    """What the list of an account is kept under: the same key may see other models at another address.

    Empty for an account that is not known.
    """
    return f"{account[:16]} {base_url}" if account else ""


def keep_models(account: str, models: Iterable[Model]) -> None:
    """Keep the list of an account (`account_at`).  Raises OSError when it cannot be written."""
    accounts = _read()
    accounts.pop(account, None)
    accounts[account] = (time.time(), [(each.id, each.type) for each in models if _keepable(each)][:_MOST_MODELS])
    newest = sorted(accounts.items(), key=lambda each: each[1][0])[-_MOST_ACCOUNTS:]
    content = {"version": 1, "accounts": {name: {"at": at, "models": kept} for name, (at, kept) in newest}}
    paths.write_private(paths.models_file(), json.dumps(content).encode())


def known_models(account: str) -> KnownModels | None:
    """The list that was kept of an account; None when there is none."""
    found = _read().get(account)
    if found is None:
        return None
    at, kept = found
    age = time.time() - at
    return KnownModels(tuple(Model(name, kind) for name, kind in kept), 0 <= age < _FRESH_SECONDS)


def all_known_models() -> list[str]:
    """The chat models of all accounts, those of the one asked last first; for completion.

    Only names that a shell takes as they are: completion scripts evaluate what they are given.
    """
    newest = sorted(_read().values(), key=lambda each: each[0], reverse=True)
    names = (name for _, kept in newest for name, kind in kept if kind in CHAT_TYPES and _PLAIN.fullmatch(name))
    return list(dict.fromkeys(names))


def _keepable(model: Model) -> bool:
    return len(model.id) <= _LONGEST_NAME and model.id.isprintable() and model.type.isprintable()


def _read() -> dict[str, tuple[float, list[tuple[str, str]]]]:
    """The accounts of the file, with the time that each was asked at; a file that is broken holds none."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        kept = json_value(paths.read_private(paths.models_file()) or b"{}")
        return {
            account: (float(entry["at"]), [(str(name), str(kind)) for name, kind in entry["models"]])
            for account, entry in kept["accounts"].items()
        }
    return {}
