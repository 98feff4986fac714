"""The manual: a page for every command, which groff takes without a warning."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from .conftest import ROOT
from .e2e.test_help import PAGES

FILES = sorted(ROOT.glob("man/*"))


def test_every_command_has_a_page() -> None:
    assert [file.name for file in FILES] == sorted(f"{page.path.replace(' ', '-')}.1" for page in PAGES)


def test_groff_warns_of_nothing_and_every_word_of_the_help_is_there() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    for page in PAGES:
        file = ROOT / "man" / f"{page.path.replace(' ', '-')}.1"
        done = subprocess.run(
            [groff, "-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=200n", str(file)], capture_output=True, text=True
        )
        assert done.stderr == ""
        shown = " ".join(done.stdout.split())
        for section in page.sections:
            assert section.title.upper() in shown
            for row in section.rows:
                assert row.name in shown
                assert row.text in shown
        for example in page.examples:
            assert example in shown
