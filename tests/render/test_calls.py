"""The rows in which a call is shown before it runs."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from gigachat_cli.calls import FunctionCall
from gigachat_cli.render.calls import call_rows
from gigachat_cli.text import visible

WIDTH = 60
TEXT = st.text(st.sampled_from('ab \u0301日é\n\u202e"\\') | st.characters(), max_size=300)


@given(st.dictionaries(st.sampled_from("abcdefgh"), TEXT, min_size=1))
def test_rows_hold_the_whole_call_and_fit(arguments: dict[str, str]) -> None:
    rows, hidden = call_rows(FunctionCall("f", arguments), width=WIDTH, most=None)
    assert hidden == 0
    assert all(cell_len(row) <= WIDTH and row.isprintable() for row in rows)
    texts = [f"{name}={visible(json.dumps(value, ensure_ascii=False))}" for name, value in arguments.items()]
    if len(rows) == 1:
        assert rows == [f"The model calls f({', '.join(texts)})"]
    else:
        assert "".join(row[4:] if row.startswith("    ") else row[2:] for row in rows[1:-1]) == ",".join([*texts, ""])


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), TEXT, min_size=1), st.integers(4, 20))
def test_rows_keep_to_their_number_and_count_what_they_hide(arguments: dict[str, str], most: int) -> None:
    whole, _ = call_rows(FunctionCall("f", arguments), width=WIDTH, most=None)
    rows, hidden = call_rows(FunctionCall("f", arguments), width=WIDTH, most=most)
    assert len(rows) <= most
    assert (hidden == 0) == (rows == whole)
    shown = sum(
        len((row[4:] if row.startswith("    ") else row[2:]).removesuffix("…"))
        for row in rows[1:-1]
        if not row.startswith("  … and ")
    )
    everything = sum(len(row[4:] if row.startswith("    ") else row[2:]) for row in whole[1:-1])
    if len(whole) > 1:
        assert shown + hidden == everything


@given(st.text(st.sampled_from("abc de日é"), max_size=300))
def test_no_row_begins_or_ends_with_a_blank(text: str) -> None:
    words = "".join(f"{word}xy " for word in text.split())  # of two letters at least
    rows, _ = call_rows(FunctionCall("f", {"a": words}), width=WIDTH, most=None)
    for row in rows[1:]:
        inner = row[4:] if row.startswith("    ") else row[2:]
        assert inner == inner.strip(" ")


@pytest.mark.parametrize("most", [15, None])
def test_a_megabyte_is_shown_in_a_moment(most: int | None) -> None:
    start = time.perf_counter()
    rows, hidden = call_rows(FunctionCall("f", {"a": "é " * 300_000}), width=WIDTH, most=most)
    assert time.perf_counter() - start < 5
    assert (hidden > 0) == (most is not None)
    assert len(rows) > 10
