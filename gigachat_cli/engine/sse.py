"""Server-sent events, without I/O: bytes in, events out.

Tolerates any split of the bytes, LF, CRLF and CR, comments, `data:` with or without a blank, several data lines an
event, and a last event without its blank line.  Work and memory are linear in the bytes fed.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from ..errors import StreamError

MAX_EVENT_BYTES = 16 * 1024 * 1024


class Event(Struct, frozen=True):
    """One event; `name` is empty when the stream gives none."""

    name: str
    data: str


class EventParser:
    """Feed it bytes as they come; it yields each event once its last line is there.

    Raises StreamError when an event is larger than 16 MiB or is not UTF-8.
    """

    def __init__(self) -> None:
        self._tail: list[bytes] = []
        self._size = 0
        self._after_cr = False
        self._started = False
        self._name = ""
        self._data: list[str] = []
        self.ended_within_line = False

    def feed(self, piece: bytes) -> Iterator[Event]:
        if self._after_cr and piece.startswith(b"\n"):
            piece = piece[1:]
            self._after_cr = False
        if not piece:
            return
        self._after_cr = piece.endswith(b"\r")
        for line in piece.splitlines(keepends=True):
            self._tail.append(line)
            self._size += len(line)
            if self._size > MAX_EVENT_BYTES:
                raise StreamError(f"An event of the stream is larger than {MAX_EVENT_BYTES // 1024 // 1024} MiB.")
            if line.endswith((b"\n", b"\r")):
                event = self._end_line()
                if event:
                    yield event

    def close(self) -> Iterator[Event]:
        """The last event, when the stream ended without the blank line after it."""
        self.ended_within_line = bool(self._tail)
        if self._tail:
            self._end_line()
        event = self._end_event()
        if event:
            yield event

    def _end_line(self) -> Event | None:
        raw = b"".join(self._tail).rstrip(b"\r\n")
        self._tail.clear()
        if not self._started:
            self._started = True
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if not raw:
            return self._end_event()
        try:
            field, _, value = raw.decode().partition(":")
        except UnicodeDecodeError:
            raise StreamError("The stream is not UTF-8.") from None
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
        elif field == "event":
            self._name = value
        else:  # a comment, an id, or a field that we have no use for
            self._size -= len(raw)
        return None

    def _end_event(self) -> Event | None:
        event = Event(self._name, "\n".join(self._data)) if self._data else None
        self._name, self._data, self._size = "", [], 0
        return event
