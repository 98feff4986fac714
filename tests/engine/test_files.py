"""The calls about files: a body that is streamed, a peer that misbehaves, and what is remembered of uploads."""

from __future__ import annotations

import asyncio
import io
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli import paths
from gigachat_cli.engine import GigaChat
from gigachat_cli.engine.api import files
from gigachat_cli.engine.outside import FileId
from gigachat_cli.engine.uploads import Upload, Uploads, upload_once, uploaded_again
from gigachat_cli.errors import ConnectionFailedError, ServiceError, SilenceError, UsageError
from gigachat_cli.simulator import Simulator
from gigachat_cli.simulator.authority import server_context

from ..raw import Handler, RawServer, read_request, response


def source(content: bytes, *, path: Path | None = None, name: str = "a.pdf") -> Upload:
    return Upload(
        name, "text", "application/pdf", len(content), lambda: io.BytesIO(content), str(path) if path else None
    )


def untold(done: int, size: int | None) -> None:
    """Progress that nobody watches."""


def raw(handler: Handler) -> RawServer:
    return RawServer(handler, tls=server_context("good", require_client_certificate=False))


def at(server: RawServer, **named: Any) -> GigaChat:
    """A client of a server of one's own."""
    base_url = f"https://127.0.0.1:{server.port}/v1"
    return GigaChat(**{"base_url": base_url, "access_token": "made-up-token", "max_retries": 0, **named})


def answering(body: object) -> Handler:
    def handler(connection: socket.socket) -> None:
        read_request(connection)
        content = json.dumps(body).encode() if not isinstance(body, bytes) else body
        connection.sendall(response("200 OK", content, Content_Type="application/json", Connection="close"))

    return handler


class Collected:
    """A sink that keeps what it gets."""

    def __init__(self) -> None:
        self.content = b""
        self.sizes: list[int | None] = []

    def begin(self, size: int | None) -> None:
        self.content = b""
        self.sizes.append(size)

    def add(self, piece: bytes) -> None:
        self.content += piece


async def test_progress_is_told_up_to_the_whole(simulator: Simulator) -> None:
    content = b"%PDF" + bytes(1_000_000)
    told: list[tuple[int, int | None]] = []
    async with GigaChat() as giga:
        stored = await giga.upload(
            "a.pdf",
            lambda: io.BytesIO(content),
            size=len(content),
            type="application/pdf",
            progress=lambda done, size: told.append((done, size)),
        )
        sink = Collected()
        await giga.download_to(stored.id, sink)
    assert told[-1] == (len(content), len(content))
    assert told == sorted(told)
    assert len(told) > 3
    assert (sink.content, sink.sizes) == (content, [len(content)])


async def test_each_attempt_sends_the_body_from_its_beginning(simulator: Simulator) -> None:
    content = b"%PDF" + bytes(range(256)) * 4000
    simulator.faults.add("503", at="upload", times=2)
    async with GigaChat() as giga:
        await giga.upload("a.pdf", lambda: io.BytesIO(content), size=len(content), type="application/pdf")
    bodies = [request.body for request in simulator.calls("files")]
    assert len(bodies) == 3
    assert all(content in body for body in bodies)
    assert all("Content-Length" in request.headers for request in simulator.calls("files"))


async def test_a_peer_that_takes_no_more_is_given_up(simulator: Simulator) -> None:
    def handler(connection: socket.socket) -> None:
        connection.recv(1000)
        time.sleep(8)

    content = bytes(50_000_000)
    with raw(handler) as server:
        async with at(server, timeout=0.5) as giga:
            began = time.monotonic()
            with pytest.raises(SilenceError):
                await giga.upload("a", lambda: io.BytesIO(content), size=len(content), type="text/plain")
            assert time.monotonic() - began < 6


async def test_a_refusal_in_mid_upload_is_heard(simulator: Simulator) -> None:
    def handler(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(response("413 Payload Too Large", b"<html>too large</html>", Connection="close"))
        while connection.recv(1 << 20):  # as gateways do, so that the answer is not lost in a reset
            pass

    content = bytes(30_000_000)
    with raw(handler) as server:
        async with at(server) as giga:
            with pytest.raises(ServiceError, match=r"a\.pdf is too large \(HTTP 413\)"):
                await giga.upload("a.pdf", lambda: io.BytesIO(content), size=len(content), type="text/plain")


async def test_a_slow_but_steady_upload_may_take_longer_than_the_timeout(simulator: Simulator) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            time.sleep(0.15)
            return super().read(size)

    content = b"%PDF" + bytes(2_000_000)
    async with GigaChat(timeout=0.8) as giga:
        stored = await giga.upload("a.pdf", lambda: Slow(content), size=len(content), type="application/pdf")
    assert stored.bytes == len(content)


@pytest.mark.parametrize("change", [b"", b"more"])
async def test_a_content_of_another_size_is_never_stored(simulator: Simulator, change: bytes) -> None:
    content = b"%PDF" + bytes(100)
    async with GigaChat() as giga:
        with pytest.raises(UsageError, match="changed while it was sent"):
            await giga.upload(
                "a.pdf",
                lambda: io.BytesIO(content + change),
                size=len(content) if change else len(content) + 1,
                type="application/pdf",
            )
    assert simulator.files.all(simulator.credentials) == []


async def test_a_content_that_cannot_be_read_is_told_and_not_tried_again(simulator: Simulator, tmp_path: Path) -> None:
    opened = []

    def gone() -> io.BufferedReader:
        opened.append(1)
        return (tmp_path / "gone").open("rb")

    async with GigaChat() as giga:
        with pytest.raises(UsageError, match="could not be read: No such file"):
            await giga.upload("gone", gone, size=10, type="text/plain")
    assert len(opened) == 1


@pytest.mark.parametrize("body", [b"", b"[]", {}, {"id": 7}, {"id": ""}, b"<html>"])
async def test_what_is_no_file_is_a_failure_of_the_service(simulator: Simulator, body: object) -> None:
    with raw(answering(body)) as server:
        async with at(server) as giga:
            for call in (
                giga.file("x"),
                giga.files(),
                giga.upload("a", lambda: io.BytesIO(b"1"), size=1, type="text/plain"),
            ):
                with pytest.raises(ServiceError):
                    await call


async def test_odd_fields_of_a_file_are_left_out(simulator: Simulator) -> None:
    listed = {"data": [{"id": "a", "bytes": "many", "created_at": None, "filename": 3}, {"no": "id"}, 7]}
    with raw(answering(listed)) as server:
        async with at(server) as giga:
            assert await giga.files() == [files.StoredFile(FileId("a"))]


async def test_a_download_that_is_shorter_than_announced_is_none(simulator: Simulator) -> None:
    def handler(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + bytes(50))

    with raw(handler) as server:
        async with at(server) as giga:
            with pytest.raises(ConnectionFailedError):
                await giga.download_to("x", Collected())


async def test_an_id_stays_one_piece_of_the_address(simulator: Simulator) -> None:
    async with GigaChat() as giga:
        for typed in ("../../models?x=1#y", "..", "a/b", "a%2f..", ""):
            for call in (giga.file, giga.delete_file, giga.has_file, giga.batch_results):
                with pytest.raises(UsageError, match="is not the id of a file"):
                    await call(typed)
    assert simulator.requests == []


# What is remembered


async def test_tasks_at_once_upload_once(simulator: Simulator) -> None:
    simulator.faults.add("slow", at="upload", seconds=0.3)
    async with GigaChat(max_connections=4) as giga:
        ids = await asyncio.gather(*(upload_once(giga, source(b"%PDF-same"), progress=untold) for _ in range(4)))
    assert len(set(ids)) == 1
    assert len(simulator.calls("files")) == 1


async def test_a_file_is_found_by_every_id_that_it_had(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1")
    kept = Upload("a.pdf", "text", "application/pdf", 6, lambda: path.open("rb"), str(path))
    async with GigaChat() as giga:
        ids = [await upload_once(giga, kept, progress=untold)]
        for _ in range(2):
            simulator.files.forget()
            again = await uploaded_again(giga, ids[-1])
            assert again is not None
            ids.append(again)
        assert len(set(ids)) == 3
        assert [await uploaded_again(giga, each) for each in ids[:2]] == [ids[2], ids[2]]
        uploads = await Uploads.of(giga)
        assert {uploads.by_id(each) for each in ids} == {uploads.by_id(ids[2])}
        await uploads.forget(ids[2])
        assert uploads.by_id(ids[0]) is None
    assert len(simulator.files.all(simulator.credentials)) == 1


async def test_a_content_that_is_nowhere_is_not_uploaded_again(simulator: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1")
    async with GigaChat() as giga:
        from_stdin = await upload_once(giga, source(b"%PDF-0"), progress=untold)
        from_file = await upload_once(giga, source(b"%PDF-1", path=path), progress=untold)
        simulator.files.forget()
        path.write_bytes(b"%PDF-2")
        assert await uploaded_again(giga, from_stdin) is None
        assert await uploaded_again(giga, from_file) is None
        path.unlink()
        assert await uploaded_again(giga, from_file) is None
        assert await uploaded_again(giga, "never-seen") is None


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b'{"version":1,"files":{"k":{"id":"x"},"l":7}}', b'{"version":9}']
)
async def test_a_broken_list_is_an_empty_one(simulator: Simulator, content: bytes) -> None:
    paths.write_private(paths.uploads_file(), content)
    async with GigaChat() as giga:
        first = await upload_once(giga, source(b"%PDF-1"), progress=untold)
        assert await upload_once(giga, source(b"%PDF-1"), progress=untold) == first
    assert len(simulator.calls("files")) == 1
