"""What is made from the program agrees with the program."""

from __future__ import annotations

import subprocess
import sys

from .conftest import ROOT


def test_reference_and_completions_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"], capture_output=True, text=True
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
