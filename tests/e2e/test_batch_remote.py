"""`gigachat batch --remote`, `status`, `fetch` and `list`: the service's own batch API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gigachat_cli.simulator import Options, Simulator

from ..conftest import Program, use
from .conftest import Rules

INPUT = """{"id": "x", "prompt": "one", "temperature": 0.5}
not json
"three"
{"id": "x", "prompt": "four", "system": "Own", "model": "GigaChat-2-Max"}
"""


@pytest.fixture
def corporate(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A simulator and the account of a business that pays as it goes, which alone has the batch API."""
    with Simulator(Options(scope="GIGACHAT_API_CORP"), answer="Hello.") as running:
        use(running, home, monkeypatch)
        (home / "in.jsonl").write_text(INPUT)
        yield running


def submitted(gigachat: Program) -> str:
    result = gigachat("batch", "in.jsonl", "--remote", "-s", "Common", "--json")
    assert (result.code, result.err) == (0, "")
    task = json.loads(result.out)
    assert (task["status"], task["total"]) == ("created", 3)
    return str(task["id"])


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_items_are_handed_over_at_once_with_unique_ids(gigachat: Program, corporate: Simulator) -> None:
    submitted(gigachat)
    (request,) = corporate.calls("batches")
    assert (request.method, request.query) == ("POST", "method=chat_completions")
    assert request.headers["Content-Type"] == "application/octet-stream"
    lines = rows(request.text)
    assert [line["id"] for line in lines] == ["1", "3", "4"]
    assert lines[0]["request"] == {
        "model": "GigaChat-3-Lightning",
        "messages": [{"role": "system", "content": "Common"}, {"role": "user", "content": "one"}],
        "temperature": 0.5,
    }
    assert lines[2]["request"]["model"] == "GigaChat-2-Max"
    assert lines[2]["request"]["messages"][0]["content"] == "Own"
    assert corporate.calls("chat") == []


def test_the_results_are_joined_to_the_lines_of_the_input(gigachat: Program, corporate: Simulator, home: Path) -> None:
    batch_id = submitted(gigachat)
    result = gigachat("batch", "fetch", batch_id, "--wait", "-O", "out.jsonl")
    assert (result.code, result.out) == (6, "")
    assert result.err.startswith("gigachat: 1 of 4 items failed.")
    found = rows((home / "out.jsonl").read_text())
    assert [(row.get("id"), row["line"]) for row in found] == [("x", 1), (None, 2), (None, 3), ("x", 4)]
    assert [row.get("answer") for row in found] == ["Hello.", None, "Hello.", "Hello."]
    assert found[1]["error"]["code"] == "usage"
    assert (found[0]["complete"], found[0]["finish_reason"]) == (True, "stop")


def test_results_without_a_memory_of_the_input_are_joined_by_their_ids(
    gigachat: Program, corporate: Simulator, home: Path
) -> None:
    batch_id = submitted(gigachat)
    for file in (home / "data" / "batches").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        file.unlink()
    result = gigachat("batch", "fetch", batch_id, "--wait")
    assert result.code == 0
    assert [(row["id"], row["line"]) for row in rows(result.out)] == [("1", 1), ("3", 2), ("4", 3)]


def test_a_failed_item_is_a_row(gigachat: Program, corporate: Simulator, home: Path) -> None:
    (home / "in.jsonl").write_text('{"prompt": "a", "model": "Nobody"}\n"b"\n')
    task = json.loads(gigachat("batch", "in.jsonl", "--remote", "--json").out)
    result = gigachat("batch", "fetch", task["id"], "--wait")
    assert result.code == 6
    first, second = rows(result.out)
    assert (first["line"], first["error"]["status"]) == (1, 404)
    assert second["answer"] == "Hello."


def test_status_and_list_tell_how_far_it_is(gigachat: Program, corporate: Simulator) -> None:
    corporate.batch_polls = 3
    batch_id = submitted(gigachat)
    assert gigachat("batch", "status", batch_id).out.split("\t")[:3] == [batch_id, "in_progress", "3"]
    early = gigachat("batch", "fetch", batch_id)
    assert (early.code, early.out) == (6, "")
    assert "--wait" in early.err
    task = json.loads(gigachat("batch", "status", batch_id, "--json").out)
    assert (task["status"], task["completed"], task["failed"]) == ("completed", 3, 0)
    assert task["output_file_id"]
    (listed,) = json.loads(gigachat("batch", "list", "--json").out)
    assert listed["id"] == batch_id


def test_an_unknown_id_is_a_wrong_use(gigachat: Program, corporate: Simulator, rules_of: Rules) -> None:
    for words in (["status", "nobody"], ["fetch", "nobody"], ["fetch", "../../x"]):
        result = gigachat("batch", *words)
        assert (result.code, result.out) == (2, "")
        assert "knows no batch" in result.err
        rules_of.hold(result)


@pytest.fixture
def rules_of(corporate: Simulator) -> Rules:
    return Rules(corporate)


def test_an_account_without_the_batch_api_is_told_so(gigachat: Program, simulator: Simulator, home: Path) -> None:
    (home / "in.jsonl").write_text(INPUT)
    for words in (["in.jsonl", "--remote"], ["list"], ["status", "x"], ["fetch", "x"]):
        result = gigachat("batch", *words)
        assert (result.code, result.out) == (3, "")
        assert "pay as they go" in result.err


def test_a_batch_is_never_handed_over_twice(gigachat: Program, corporate: Simulator) -> None:
    corporate.faults.add("500", at="batches")
    assert gigachat("batch", "in.jsonl", "--remote").code == 1
    assert len(corporate.calls("batches")) == 1


def test_nothing_to_hand_over_is_a_wrong_use(gigachat: Program, corporate: Simulator) -> None:
    result = gigachat("batch", "-", "--remote", stdin="bad\n")
    assert (result.code, corporate.calls("batches")) == (2, [])
