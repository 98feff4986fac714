"""A schema cannot hold the program up: each check has an end, and can be stopped before it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gigachat_cli.conversation import schema_checker
from gigachat_cli.conversation.schema import Misfit, Schema
from gigachat_cli.errors import SchemaCheckError, UsageError

from .asking import Model, asked

ENDLESS = {"type": "string", "pattern": "^(a+)+$"}
HOSTILE = json.dumps("a" * 40 + "!")
OBJECTS = [{"number": number, "name": f"n{number}"} for number in range(4000)]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Checks that are given up soon; what runs at the end is ended."""
    schema_checker.check("{}")  # it is there
    monkeypatch.setattr(schema_checker, "SECONDS", 0.5)
    yield
    schema_checker._checker.stop()


def test_many_objects_are_unique_in_no_time() -> None:
    schema = Schema({"type": "array", "uniqueItems": True})
    text = json.dumps(OBJECTS)
    began = time.monotonic()
    assert schema.read(text)[1] == OBJECTS
    with pytest.raises(Misfit, match="non-unique"):
        schema.read(json.dumps([*OBJECTS, OBJECTS[7]]))
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ("[1, 1.0]", False),
        ("[1, true]", True),
        ('[0, false, null, ""]', True),
        ("[true, true]", False),
        ("[null, null]", False),
        ('[{"a": 1, "b": 2}, {"b": 2.0, "a": 1}]', False),
        ('[{"a": [1]}, {"a": [true]}]', True),
        ("[[1, 2], [2, 1]]", True),
        ('["1", 1]', True),
        ("[[], {}]", True),
    ],
)
def test_what_is_unique_is_as_json_schema_says(items: str, unique: bool) -> None:
    schema = Schema({"uniqueItems": True})
    if unique:
        schema.read(items)
    else:
        with pytest.raises(Misfit):
            schema.read(items)


def test_a_pattern_without_end_is_given_up(quick: None) -> None:
    schema = Schema(ENDLESS)
    began = time.monotonic()
    with pytest.raises(SchemaCheckError, match="took more than") as failed:
        schema.read(HOSTILE)
    assert time.monotonic() - began < 3
    assert failed.value.answer == HOSTILE
    assert (failed.value.exit_code, failed.value.code) == (6, "schema_check")
    assert schema.read('"aaa"')[1] == "aaa"  # the next check is as good as any


def test_a_schema_that_takes_for_ever_itself_is_a_wrong_use(quick: None) -> None:
    began = time.monotonic()
    with pytest.raises(UsageError, match="took more than"):
        Schema({"allOf": [{"type": "string", "maxLength": 5}] * 100_000})
    assert time.monotonic() - began < 5


async def test_an_answer_that_cannot_be_checked_is_told_and_not_asked_again(quick: None) -> None:
    model = Model(HOSTILE, HOSTILE)
    with pytest.raises(SchemaCheckError):
        await asked(Schema(ENDLESS), model)
    assert len(model.heard) == 1


async def test_a_check_is_stopped_at_once_with_all_that_wait_for_it() -> None:
    schema = Schema(ENDLESS)
    checks = [asyncio.create_task(schema.read_beside(HOSTILE)) for _ in range(3)]
    await asyncio.sleep(0.2)
    process = schema_checker._checker._process
    assert process is not None
    began = time.monotonic()
    for each in checks:
        each.cancel()
    assert all(
        isinstance(each, asyncio.CancelledError) for each in await asyncio.gather(*checks, return_exceptions=True)
    )
    assert time.monotonic() - began < 0.5
    assert process.poll() is not None


def test_a_check_whose_process_is_gone_is_told_once(quick: None) -> None:
    schema = Schema(ENDLESS)
    process = schema_checker._checker._process
    assert process is not None
    process.kill()
    process.wait()
    assert schema.read('"a"')[1] == "a"


def test_the_process_knows_no_key_and_loads_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIGACHAT_CREDENTIALS", "the-key")
    schema_checker._checker.stop()
    Schema({})
    process = schema_checker._checker._process
    assert process is not None
    environment = Path(f"/proc/{process.pid}/environ")
    if environment.exists():
        assert b"the-key" not in environment.read_bytes()
    source = (Path(schema_checker.__file__).parent / "schema_worker.py").read_text()
    assert "gigachat_cli" not in source
    schema_checker._checker.stop()
