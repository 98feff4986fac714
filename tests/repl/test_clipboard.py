"""What goes to a clipboard, byte for byte."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

import pytest

from gigachat_cli import systems
from gigachat_cli.errors import OutputError
from gigachat_cli.repl.clipboard import MAX_OSC_BYTES, copy_by_program, osc52

in_a_shell = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")


def test_osc_52_is_these_bytes() -> None:
    assert (
        osc52("Привет\x1b]0;x\x07") == "\x1b]52;c;" + base64.b64encode("Привет\x1b]0;x\x07".encode()).decode() + "\x07"
    )


def test_osc_52_is_at_most_what_a_terminal_takes() -> None:
    assert len(osc52("x" * MAX_OSC_BYTES)) == 100_000
    with pytest.raises(OutputError):
        osc52("я" * MAX_OSC_BYTES)


@in_a_shell
def test_program_of_the_system_is_used_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not copy_by_program("nowhere")
    program = tmp_path / "wl-copy"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/copied\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    assert copy_by_program("текст")
    assert (tmp_path / "copied").read_text() == "текст"
    monkeypatch.setenv("SSH_CONNECTION", "far away")
    assert not copy_by_program("there")
    program.write_text("#!/bin/sh\nexit 1\n")
    monkeypatch.delenv("SSH_CONNECTION")
    assert not copy_by_program("refused")


@in_a_shell
def test_tmux_takes_the_text_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "tmux"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\ncat > {tmp_path}/copied\n')
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("TMUX", "/tmp/tmux-0/default,1,0")
    monkeypatch.setenv("SSH_CONNECTION", "far away")
    assert copy_by_program("text")
    assert (tmp_path / "arguments").read_text() == "load-buffer -w -\n"
    assert (tmp_path / "copied").read_text() == "text"


@in_a_shell
def test_the_clipboard_of_windows_gets_utf_16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "clip"
    program.write_text(f"#!/bin/sh\ncat > {tmp_path}/copied\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(systems, "_name", "nt")
    assert copy_by_program("Привет, 👋")
    assert (tmp_path / "copied").read_bytes() == "Привет, 👋".encode("utf-16-le")


@in_a_shell
def test_the_clipboard_of_macos_gets_utf_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "pbcopy"
    program.write_text(f"#!/bin/sh\necho $LC_CTYPE > {tmp_path}/locale\ncat > {tmp_path}/copied\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert copy_by_program("Привет, 👋")
    assert (tmp_path / "copied").read_text() == "Привет, 👋"
    assert (tmp_path / "locale").read_text() == "UTF-8\n"
