"""Faults on demand: their names, the text form of the command line, and the queue that hands them out.

A fault happens once unless told otherwise, at the chat endpoint unless told otherwise::

    429:retry-after=2,times=3        503:times=always        401:at=oauth
    cut:after=2,how=reset            stall:after=1           html:status=200,at=models
    402:model=GigaChat-2-Max         413:at=upload           cut:at=content

``at=files`` is every request about files; ``upload`` and ``content`` are two of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

PLACES = (
    "chat",
    "models",
    "oauth",
    "files",
    "upload",
    "content",
    "tokens",
    "balance",
    "embeddings",
    "check",
    "filter",
    "functions",
    "batches",
)

_STATUSES = ("400", "401", "402", "403", "404", "408", "413", "422", "429", "500", "502", "503", "504")

FAULTS: Mapping[str, str] = {
    **dict.fromkeys(_STATUSES, "refuse with this status (message=TEXT, retry-after=SECONDS, model=NAME: no other)"),
    "401": "forget the access token and refuse with status 401 (message=TEXT, model=NAME, retry-after=SECONDS)",
    "429": "refuse with status 429 (retry-after=SECONDS or a date, message=TEXT, model=NAME)",
    "blacklist": "end with finish_reason blacklist (after=CHUNKS of the answer)",
    "cut": "end in mid-answer (after=CHUNKS, how=end|close|reset)",
    "empty": "status 200 with an empty body",
    "function-error": "end with finish_reason error, as after a call with invalid arguments",
    "error-object": "an error object under status 200 (shape=error|status|event, message=TEXT; streamed: after=CHUNKS)",
    "garbage": "a body that cannot be decoded (after=CHUNKS, kind=json|bytes|utf8|text)",
    "html": "a gateway's HTML page (status=502)",
    "length": "end with finish_reason length (after=CHUNKS)",
    "misfit": "an answer that does not fit the schema (form=value|text)",
    "no-done": "a stream without its [DONE]",
    "no-finish": "a stream without finish_reason",
    "no-usage": "an answer without usage",
    "redirect": "redirect to another address of this machine (to=URL, status=302)",
    "reset": "reset the connection before any answer",
    "slow": "wait before the first byte (seconds=3)",
    "stall": "fall silent in mid-answer (after=CHUNKS, seconds=… then goes on)",
}
"""Name of each fault with one line of help."""

_ONLY_CHAT = frozenset({"blacklist", "function-error", "length", "misfit", "no-done", "no-finish", "no-usage"})
_CUT_AT = frozenset({"chat", "files", "content"})

_DETAILS: Mapping[str, frozenset[str]] = {
    **{status: frozenset({"message", "model", "retry-after"}) for status in _STATUSES},
    "blacklist": frozenset({"after"}),
    "cut": frozenset({"after", "how"}),
    "error-object": frozenset({"after", "shape", "message"}),
    "garbage": frozenset({"after", "kind"}),
    "html": frozenset({"status"}),
    "length": frozenset({"after"}),
    "misfit": frozenset({"form"}),
    "redirect": frozenset({"to", "status"}),
    "slow": frozenset({"seconds"}),
    "stall": frozenset({"after", "seconds"}),
}
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "form": ("value", "text"),
    "how": ("end", "close", "reset"),
    "kind": ("json", "bytes", "utf8", "text"),
    "shape": ("error", "status", "event"),
}
_NUMBERS: Mapping[str, type[int | float]] = {"after": int, "status": int, "seconds": float}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: ``times`` None is for ever, ``skip`` requests pass before the first one.

    Raises ValueError for an unknown name, place or detail.
    """

    name: str
    at: str = "chat"
    times: int | None = 1
    skip: int = 0
    detail: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"There is no fault {self.name!r}; there are {', '.join(FAULTS)}.")
        if self.at not in PLACES:
            raise ValueError(f"The fault {self.name}: at={self.at} is none of {', '.join(PLACES)}.")
        if self.name in _ONLY_CHAT and self.at != "chat":
            raise ValueError(f"The fault {self.name} happens only at=chat.")
        if self.name == "cut" and self.at not in _CUT_AT:
            raise ValueError("The fault cut happens only at=chat and at=content.")
        if (self.times is not None and self.times < 1) or self.skip < 0:
            raise ValueError(f"The fault {self.name}: times is 1 or more, skip is 0 or more.")
        for key, value in self.detail.items():
            self._check_detail(key, value)

    def _check_detail(self, key: str, value: str) -> None:
        known = _DETAILS.get(self.name, frozenset())
        if key not in known:
            names = ", ".join(sorted({"at", "times", "skip", *known}))
            raise ValueError(f"The fault {self.name} knows no {key!r}; it takes {names}.")
        if key in _CHOICES and value not in _CHOICES[key]:
            raise ValueError(f"The fault {self.name}: {key}={value} is none of {', '.join(_CHOICES[key])}.")
        if key in _NUMBERS:
            try:
                valid = _NUMBERS[key](value) >= 0
            except ValueError:
                valid = False
            if not valid:
                raise ValueError(f"The fault {self.name}: {key}={value} is not a number of zero or more.")

    def text(self, key: str, default: str) -> str:
        """Return a detail, or the default."""
        return self.detail.get(key, default)

    def whole_number(self, key: str, default: int) -> int:
        """Return a detail as a whole number, or the default."""
        return int(self.detail.get(key, default))

    def seconds(self, default: float) -> float:
        """Return the detail ``seconds``, or the default."""
        return float(self.detail.get("seconds", default))


def parse_fault(text: str) -> Fault:
    """Read ``NAME[:key=value[,key=value…]]``.

    Raises ValueError with a sentence that lists what is known.
    """
    name, _, rest = text.strip().partition(":")
    words: dict[str, str] = {}
    for pair in filter(None, rest.split(",")):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise ValueError(f"The fault {name}: {pair!r} is not of the form key=value.")
        words[key.strip()] = value.strip()
    try:
        times = None if words.get("times") == "always" else int(words.get("times", 1))
        skip = int(words.get("skip", 0))
    except ValueError:
        raise ValueError(f"The fault {name}: times is a number or always, skip is a number.") from None
    at = words.get("at", "chat")
    detail = {key: value for key, value in words.items() if key not in {"at", "times", "skip"}}
    return Fault(name, at=at, times=times, skip=skip, detail=detail)


class Faults:
    """The faults still to happen, in the order in which they were added; safe to use from any thread."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._lock = threading.Lock()
        self._waiting: list[_Waiting] = [_Waiting(fault) for fault in faults]

    def add(self, name: str, *, at: str = "chat", times: int | None = 1, skip: int = 0, **detail: object) -> Fault:
        """Queue a fault; ``times=None`` is for ever; detail names may be written with underscores."""
        words = {key.replace("_", "-"): str(value) for key, value in detail.items()}
        fault = Fault(name, at=at, times=times, skip=skip, detail=words)
        with self._lock:
            self._waiting.append(_Waiting(fault))
        return fault

    def take(self, *places: str, model: Callable[[], str | None] | None = None) -> Fault | None:
        """Return the fault that happens to a request at one of these places, if any, and count it.

        ``model`` is called for the request's model when there is a fault for one model only.
        """
        if not self._waiting:
            return None
        with self._lock:
            for waiting in self._waiting:
                if waiting.fault.at not in places:
                    continue
                wanted = waiting.fault.detail.get("model")
                if wanted is not None and (model is None or model() != wanted):
                    continue
                if waiting.skip > 0:
                    waiting.skip -= 1
                    continue
                if waiting.times is not None:
                    waiting.times -= 1
                    if waiting.times == 0:
                        self._waiting.remove(waiting)
                return waiting.fault
        return None

    def clear(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._waiting.clear()

    @property
    def pending(self) -> tuple[Fault, ...]:
        """The faults that still wait for a request, for ever ones included."""
        with self._lock:
            return tuple(waiting.fault for waiting in self._waiting)


class _Waiting:
    __slots__ = ("fault", "skip", "times")

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.times = fault.times
        self.skip = fault.skip
