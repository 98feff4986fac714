from __future__ import annotations

import json
import random
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gigachat_cli.engine import sse
from gigachat_cli.engine.sse import Event, EventParser
from gigachat_cli.errors import StreamError

from .samples import STREAMS


def parsed(pieces: Iterable[bytes]) -> list[Event]:
    parser = EventParser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + list(parser.close())


def split_at(stream: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = [0, *sorted(cuts), len(stream)]
    return [stream[begin:end] for begin, end in pairwise(places)]


def by_the_book(stream: bytes) -> list[Event]:
    """A second reading of the stream, all at once and written after the specification's own words."""
    text = stream.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    events = []
    for block in text.split("\n\n"):
        fields = [line.partition(":") for line in block.split("\n") if line]
        data = [value.removeprefix(" ") for name, _, value in fields if name == "data"]
        names = [value.removeprefix(" ") for name, _, value in fields if name == "event"]
        if data:
            events.append(Event(names[-1] if names else "", "\n".join(data)))
    return events


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_the_same_at_every_split(name: str) -> None:
    stream = STREAMS[name]
    whole = parsed([stream])
    assert whole == by_the_book(stream)
    assert len(whole) >= 2
    for cut in range(len(stream) + 1):
        assert parsed([stream[:cut], stream[cut:]]) == whole, f"cut at {cut}"
    assert parsed([stream[at : at + 1] for at in range(len(stream))]) == whole


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("line_end", [b"\r\n", b"\r"])
def test_a_stream_is_the_same_with_other_line_ends_at_random_splits(name: str, line_end: bytes) -> None:
    stream = STREAMS[name].replace(b"\n", line_end)
    whole = by_the_book(STREAMS[name])
    chance = random.Random(20261124)
    for _ in range(200):
        cuts = [chance.randrange(len(stream) + 1) for _ in range(chance.randrange(1, 12))]
        assert parsed(split_at(stream, cuts)) == whole, cuts


def test_recorded_data_is_json_up_to_the_end_mark() -> None:
    for name, stream in STREAMS.items():
        for event in parsed([stream]):
            assert event.data == "[DONE]" or json.loads(event.data), name


_VALUES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
_LINES = st.one_of(
    _VALUES.map(lambda value: f"data: {value}"),
    _VALUES.map(lambda value: f"data:{value}"),
    st.just("data"),
    _VALUES.map(lambda value: f"event: {value}"),
    _VALUES.map(lambda value: f": {value}"),
    st.sampled_from(["id: 7", "retry: 100", "", "", ""]),
)


@st.composite
def _streams(draw: st.DrawFn) -> bytes:
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    text = "".join(line + end for line in draw(st.lists(_LINES, max_size=20)))
    if draw(st.booleans()):
        text = text.removesuffix(end)
    return (draw(st.sampled_from(["", "\ufeff"])) + text).encode()


@settings(deadline=None, max_examples=300)
@given(_streams(), st.lists(st.integers(0, 400), max_size=8))
@example(b"data: a\r\ndata: b\r\n\r\n", [8, 9, 17])
@example(b"\xef\xbb\xbfdata: a", [1, 2])
@example(b"\xef\xbb\xbf\r\ndata: a\r", [3, 4])
def test_any_stream_is_read_as_the_specification_says_at_any_split(stream: bytes, cuts: list[int]) -> None:
    events = parsed(split_at(stream, [min(cut, len(stream)) for cut in cuts]))
    assert events == by_the_book(stream)


def test_an_event_comes_with_its_blank_line_and_not_later() -> None:
    parser = EventParser()
    assert list(parser.feed(b"data: one\n")) == []
    assert list(parser.feed(b"\ndata: two\r\n\r")) == [Event("", "one"), Event("", "two")]
    assert list(parser.feed(b"\n")) == []
    assert list(parser.close()) == []


def test_an_end_within_a_line_is_known() -> None:
    for stream, within in ((b"data: on", True), (b"data: one\n", False), (b"data: one\n\n", False)):
        parser = EventParser()
        list(parser.feed(stream))
        list(parser.close())
        assert parser.ended_within_line is within


def test_an_event_may_have_16_mib_and_no_more() -> None:
    mebibyte = b"x" * 1024 * 1024
    assert len(parsed([b"data: ", *[mebibyte] * 15, b"\n\n"])[0].data) == 15 * 1024 * 1024
    with pytest.raises(StreamError, match="16 MiB"):
        parsed([b"data: ", *[mebibyte] * 17])


def test_many_lines_of_one_event_meet_the_same_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    with pytest.raises(StreamError):
        parsed([b"data: 0123456789\n"] * 100)


def test_comments_that_keep_a_connection_alive_never_meet_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 1000)
    assert parsed([*[b": still there, still there\n\n"] * 1000, b"data: a\n\n"]) == [Event("", "a")]
    assert parsed([*[b": " + b"x" * 400 + b"\n"] * 100, b"data: a\n\n"]) == [Event("", "a")]


class _CountedBytes(bytes):
    """Bytes that count how many of them are looked at."""

    seen = 0

    def splitlines(self, keepends: bool = False) -> list[bytes]:
        _CountedBytes.seen += len(self)
        return super().splitlines(keepends)


def test_a_long_line_in_small_pieces_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    joined = 0
    end_line = EventParser._end_line

    def counted(parser: EventParser) -> Event | None:
        nonlocal joined
        joined += sum(map(len, parser._tail))
        return end_line(parser)

    monkeypatch.setattr(EventParser, "_end_line", counted)
    _CountedBytes.seen = 0
    pieces = [_CountedBytes(b"data: "), *[_CountedBytes(b"x" * 10)] * 20_000, _CountedBytes(b"\n\n")]
    assert len(parsed(pieces)[0].data) == 200_000
    assert _CountedBytes.seen == sum(map(len, pieces))
    assert joined == sum(map(len, pieces))


@pytest.mark.parametrize("line", [b"data: \xff\xfe\n", b"\xd0\n", b": \xc3(\n"])
def test_bytes_that_are_not_utf8_are_refused(line: bytes) -> None:
    with pytest.raises(StreamError, match="UTF-8"):
        parsed([line])


def test_a_character_that_is_split_between_pieces_is_whole() -> None:
    stream = "data: кот 🐈\n\n".encode()
    assert parsed([stream[at : at + 1] for at in range(len(stream))]) == [Event("", "кот 🐈")]
