"""Downloads are whole or refused, however their connection ends."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import pytest

from gigachat_cli.simulator import Simulator

from ..conftest import Program
from ..raw import closed, reset
from .stand import Play, answer, completion, cut, event_stream, head, sends, stand

PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256)) * 400
HALF = PICTURE[: len(PICTURE) // 2]
LENGTH = head("200 OK", f"Content-Length: {len(PICTURE)}", "Content-Type: image/jpeg")
CHUNKED = head("200 OK", "Transfer-Encoding: chunked", "Content-Type: image/jpeg")
TO_THE_END = head("200 OK", "Connection: close", "Content-Type: image/jpeg")
OLD = b"HTTP/1.0 200 OK\r\n\r\n"


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


WHOLE: dict[str, Play] = {
    "length": sends(LENGTH, PICTURE),
    "length, then cut": sends(LENGTH, PICTURE, end=cut),
    "longer than its length": sends(LENGTH, PICTURE, b"and more", end=closed),
    "chunked": sends(CHUNKED, chunk(HALF), chunk(PICTURE[len(HALF) :]), b"0\r\n\r\n"),
    "to the end": sends(TO_THE_END, PICTURE, end=closed),
    "to the end, HTTP/1.0": sends(OLD, PICTURE, end=closed),
}
CUT: dict[str, Play] = {
    "length, closed": sends(LENGTH, HALF, end=closed),
    "length, cut": sends(LENGTH, HALF, end=cut),
    "length, reset": sends(LENGTH, HALF, end=reset),
    "length, a byte too few": sends(LENGTH, PICTURE[:-1], end=closed),
    "length, nothing": sends(LENGTH, end=closed),
    "chunked, closed": sends(CHUNKED, chunk(HALF), end=closed),
    "chunked, cut": sends(CHUNKED, chunk(HALF), end=cut),
    "chunked, reset": sends(CHUNKED, chunk(HALF), end=reset),
    "chunked, in a chunk": sends(CHUNKED, chunk(PICTURE)[: len(HALF)], end=closed),
    "chunked, without the last": sends(CHUNKED, chunk(PICTURE), end=closed),
    "chunked, garbled": sends(CHUNKED, chunk(HALF), b"no size\r\n", end=closed),
    "to the end, cut": sends(TO_THE_END, HALF, end=cut),
    "to the end, reset": sends(TO_THE_END, HALF, end=reset),
    "to the end, HTTP/1.0, cut": sends(OLD, HALF, end=cut),
    "to the end, nothing": sends(TO_THE_END, end=cut),
    "a part": answer(HALF, f"Content-Range: bytes 0-{len(HALF) - 1}/{len(PICTURE)}", status="206 Partial Content"),
    "no content": sends(head("204 No Content")),
}
TAG = '<img src="f-1" fuse="true"/>'


def _files(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*.part"))


@pytest.mark.parametrize("play", WHOLE.values(), ids=WHOLE)
def test_a_whole_download_is_saved(gigachat: Program, simulator: Simulator, home: Path, play: Play) -> None:
    with stand(play) as there:
        result = gigachat("files", "download", "f-1", "-O", "a.jpg", environment=there.environment)
    assert (result.code, result.err) == (0, "")
    assert (home / "a.jpg").read_bytes() == PICTURE


@pytest.mark.parametrize("play", CUT.values(), ids=CUT)
def test_a_download_that_is_not_whole_is_refused(
    gigachat: Program, simulator: Simulator, home: Path, play: Play
) -> None:
    (home / "old.jpg").write_bytes(b"old")
    with stand(play) as there:
        words = ("files", "download", "f-1", "--max-retries", "0", "-O")
        fresh = gigachat(*words, "new.jpg", environment=there.environment)
        over = gigachat(*words, "old.jpg", "--force", environment=there.environment)
    assert (fresh.code, over.code) == (4, 4)
    assert not (home / "new.jpg").exists()
    assert (home / "old.jpg").read_bytes() == b"old"
    assert _files(home) == []


@pytest.mark.parametrize("name", ["length, reset", "to the end, cut"])
def test_a_download_that_broke_is_begun_anew(gigachat: Program, simulator: Simulator, home: Path, name: str) -> None:
    with stand(CUT[name], WHOLE["chunked"]) as there:
        result = gigachat("files", "download", "f-1", "-O", "a.jpg", environment=there.environment)
    assert (result.code, (home / "a.jpg").read_bytes() == PICTURE) == (0, True)


@pytest.mark.parametrize("line", ["Content-Length: 2000", "Connection: close"])
def test_a_download_to_stdout_is_not_taken_for_whole(gigachat: Program, simulator: Simulator, line: str) -> None:
    with stand(sends(head("200 OK", line), b"half" * 250, end=cut), answer(b"half" * 500)) as there:
        result = gigachat("files", "download", "f-1", "-O", "-", environment=there.environment)
    assert (result.code, result.out) == (4, "half" * 250)
    assert "broke after a part of it" in result.err


@pytest.mark.parametrize("play", CUT.values(), ids=CUT)
def test_a_picture_that_is_not_whole_is_not_saved(
    gigachat: Program, simulator: Simulator, home: Path, play: Play
) -> None:
    (home / "old.jpg").write_bytes(b"old")
    with stand(event_stream(TAG), play) as there:
        words = ("image", "a cat", "--max-retries", "0", "-O", "old.jpg", "--force")
        result = gigachat(*words, environment=there.environment)
    assert result.code == 4
    assert (home / "old.jpg").read_bytes() == b"old"
    assert _files(home) == []


def test_a_picture_of_an_answer_that_is_not_whole_is_not_saved(
    gigachat: Program, simulator: Simulator, home: Path
) -> None:
    with stand(event_stream(f"See: {TAG}"), CUT["to the end, cut"]) as there:
        words = ("ask", "draw a cat", "-o", 'function_call="auto"', "--max-retries", "0", "--json")
        result = gigachat(*words, environment=there.environment)
    assert "was not saved" in result.err
    assert TAG in json.loads(result.out)["answer"]
    assert list(home.rglob("*.jpg")) == []
    assert _files(home) == []


@pytest.mark.parametrize("name", ["length", "chunked", "to the end"])
def test_a_picture_that_is_whole_is_saved(gigachat: Program, simulator: Simulator, home: Path, name: str) -> None:
    with stand(event_stream(TAG), WHOLE[name]) as there:
        result = gigachat("image", "a cat", "-O", "a.jpg", environment=there.environment)
    assert (result.code, (home / "a.jpg").read_bytes() == PICTURE) == (0, True)


def test_bytes_are_asked_for_unpacked(gigachat: Program, simulator: Simulator, home: Path) -> None:
    with stand(WHOLE["length"]) as there:
        assert gigachat("files", "download", "f-1", "-O", "a.jpg", environment=there.environment).code == 0
    assert b"\r\naccept-encoding: identity\r\n" in there.requests[0].lower()


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_what_comes_packed_all_the_same_is_unpacked(
    gigachat: Program, simulator: Simulator, home: Path, encoding: str
) -> None:
    packer = zlib.compressobj(wbits=31 if encoding == "gzip" else 15)
    packed = packer.compress(PICTURE) + packer.flush()
    with stand(answer(packed, f"Content-Encoding: {encoding}")) as there:
        result = gigachat("files", "download", "f-1", "-O", "a.jpg", environment=there.environment)
    assert (result.code, (home / "a.jpg").read_bytes() == PICTURE) == (0, True)


TASK = {"id": "b-1", "status": "completed", "request_counts": {"total": 2}, "output_file_id": "f-1"}
ROWS = b"".join(json.dumps({"id": str(line), "result": completion()}).encode() + b"\n" for line in (1, 2))
FIRST = ROWS[: ROWS.index(b"\n") + 1]


@pytest.mark.parametrize("end", [cut, reset])
@pytest.mark.parametrize("sent", [FIRST, FIRST[:-1], ROWS[:-30]], ids=["a line", "a line without its end", "in a line"])
@pytest.mark.parametrize("lines", [("Connection: close",), (f"Content-Length: {len(ROWS)}",)], ids=["end", "length"])
def test_results_of_a_batch_that_are_not_whole_are_refused(
    gigachat: Program, simulator: Simulator, home: Path, lines: tuple[str, ...], sent: bytes, end: Play
) -> None:
    with stand(answer([TASK]), sends(head("200 OK", *lines), sent, end=end)) as there:
        words = ("batch", "fetch", "b-1", "-O", "out.jsonl", "--max-retries", "0")
        result = gigachat(*words, environment=there.environment)
    assert (result.code, result.out) == (4, "")
    assert not (home / "out.jsonl").exists()


def test_results_of_a_batch_that_are_whole_are_written(gigachat: Program, simulator: Simulator) -> None:
    with stand(answer([TASK]), sends(head("200 OK", "Connection: close"), ROWS, end=closed)) as there:
        result = gigachat("batch", "fetch", "b-1", environment=there.environment)
    assert (result.code, len(result.out.splitlines())) == (0, 2)


def test_json_that_is_whole_is_taken_however_its_connection_ends(gigachat: Program, simulator: Simulator) -> None:
    body = json.dumps(completion()).encode()
    with stand(sends(head("200 OK", "Content-Type: application/json"), body, end=cut)) as there:
        result = gigachat("ask", "--no-stream", "hi", environment=there.environment)
    assert (result.code, result.out) == (0, "Hello.\n")
