"""What is made from the program agrees with the program."""

from __future__ import annotations

import re
import subprocess
import sys

from .conftest import ROOT


def test_reference_and_completions_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "reference.py"), "--check"], capture_output=True, text=True
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stderr


def test_each_promise_on_the_page_on_security_has_its_code_and_its_test() -> None:
    rows = [line.split("|")[1:4] for line in (ROOT / "docs" / "security.md").read_text().splitlines() if "`" in line]
    promises = [(where, test) for _, where, test in (row for row in rows if len(row) == 3)]
    assert len(promises) > 20
    for where, test in promises:
        for path in re.findall("`([^`]+)`", where):
            assert (ROOT / "gigachat_cli" / path).exists(), path
        for named in re.findall("`([^`]+)`", test):
            file, _, name = named.partition("::")
            assert f"def {name}" in (ROOT / "tests" / file).read_text(), named
