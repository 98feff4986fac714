"""Terminals and consoles: the branches of Windows run here against a console that is made up."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
from typing import ClassVar

import pytest

from gigachat_cli import console, systems
from gigachat_cli.conversation.prompt import decoded, decoded_stdin
from gigachat_cli.errors import UsageError
from gigachat_cli.interrupts import handle

VIRTUAL_TERMINAL = 0x4


class Made:
    """A console with a mode for each handle; handles that are none have no mode."""

    modes: ClassVar[dict[int, int]] = {}
    obeys: ClassVar[bool] = True
    page: ClassVar[int] = 866

    def handle(self, number: int) -> int:
        return number

    def mode(self, handle: int) -> int | None:
        return self.modes.get(handle)

    def set_mode(self, handle: int, mode: int) -> bool:
        if mode & VIRTUAL_TERMINAL and not self.obeys:
            return False
        self.modes[handle] = mode
        return True

    def code_page(self) -> int:
        return self.page


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> type[Made]:
    monkeypatch.setattr(systems, "_name", "nt")
    monkeypatch.setattr(console, "_Console", Made)
    monkeypatch.setattr(Made, "modes", {-11: 3, -12: 3})
    monkeypatch.setattr(Made, "obeys", True)
    monkeypatch.setattr(Made, "page", 866)
    monkeypatch.setattr(console, "_found_modes", {})
    return Made


def test_a_console_obeys_escapes_while_the_program_runs(made: type[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERM", raising=False)
    console.begin()
    assert made.modes == {-11: 7, -12: 7}
    assert "TERM" not in os.environ
    console.end()
    assert made.modes == {-11: 3, -12: 3}


def test_a_console_that_obeys_already_is_left_so(made: type[Made]) -> None:
    made.modes[-11] = 7
    console.begin()
    console.end()
    assert made.modes == {-11: 7, -12: 3}


def test_a_console_that_cannot_obey_gets_plain_text(made: type[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "obeys", False)
    monkeypatch.delenv("TERM", raising=False)
    console.begin()
    assert os.environ["TERM"] == "dumb"
    console.end()
    assert made.modes == {-11: 3, -12: 3}


def test_where_nothing_is_a_console_nothing_is_set(made: type[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "modes", {})
    monkeypatch.delenv("TERM", raising=False)
    console.begin()
    assert (made.modes, "TERM" in os.environ) == ({}, False)


def test_elsewhere_no_console_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systems, "_name", "posix")
    monkeypatch.setattr(console, "_Console", None)
    console.begin()
    console.end()
    assert console.code_page() is None


def test_nul_is_no_terminal_whatever_it_says(made: type[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    class Device(io.BytesIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(made, "modes", {-11: 3})
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, io.TextIOWrapper(Device(), encoding="utf-8", errors="replace"))
    console.begin()
    assert [sys.stdin.isatty(), sys.stdout.isatty(), sys.stderr.isatty()] == [False, True, False]
    assert (sys.stderr.encoding, sys.stderr.errors) == ("utf-8", "replace")
    sys.stderr.write("still written")
    sys.stderr.flush()


@pytest.mark.parametrize(("page", "encoding"), [(866, "cp866"), (1251, "cp1251"), (932, "cp932")])
def test_what_is_piped_in_is_of_the_consoles_code_page(
    page: int, encoding: str, made: type[Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "page", page)
    text = "Привет, мир" if page != 932 else "こんにちは"
    assert decoded_stdin(text.encode(encoding)) == text
    assert decoded_stdin(text.encode()) == text  # UTF-8 is UTF-8 everywhere


@pytest.mark.parametrize("page", [65001, 0, 99999])
def test_without_a_code_page_that_is_known_it_is_no_text(
    page: int, made: type[Made], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "page", page)
    with pytest.raises(UsageError, match="stdin is not UTF-8 text") as caught:
        decoded_stdin("Привет".encode("cp1251"))
    assert "iconv" not in str(caught.value.hint)


def test_files_and_other_systems_are_utf_8_or_refused(made: type[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError):
        decoded("Привет".encode("cp866"), "notes.txt")
    monkeypatch.setattr(systems, "_name", "posix")
    with pytest.raises(UsageError) as caught:
        decoded_stdin("Привет".encode("cp866"))
    assert "iconv" in str(caught.value.hint)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_text_with_a_byte_order_mark_is_read_as_it_says(encoding: str) -> None:
    mark = "" if encoding in ("utf-16", "utf-8-sig") else "\ufeff"
    assert decoded(f"{mark}Привет".encode(encoding), "notes.txt") == "Привет"


def test_reading_a_pipe_goes_on_hearing_signals(made: type[Made]) -> None:
    read, write = os.pipe()
    os.write(write, b"one")
    assert console.read_piece(read) == b"one"
    os.close(write)
    assert console.read_piece(read) == b""
    os.close(read)
    with pytest.raises(OSError, match="descriptor"):
        console.read_piece(read)


def test_where_a_loop_hears_no_signals_the_interpreter_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, of Ctrl-Break."""

    async def wait_for_it() -> None:
        loop, came = asyncio.get_running_loop(), asyncio.Event()

        def none(*given: object) -> None:
            raise NotImplementedError

        monkeypatch.setattr(loop, "add_signal_handler", none)
        handle(loop, signal.SIGTERM, came.set)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(came.wait(), 5)

    before = signal.getsignal(signal.SIGTERM)
    try:
        asyncio.run(wait_for_it())
    finally:
        signal.signal(signal.SIGTERM, before)
