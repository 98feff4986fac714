"""Whatever the service says comes in through one door: no field of any answer brings a secret of ours, or a control."""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest

from gigachat_cli import masking
from gigachat_cli.engine.api import ai_check, balance, batches, chat, chat_v2, files, functions, models
from gigachat_cli.engine.outside import (
    FileId,
    Headers,
    Identifier,
    Label,
    Word,
    typed_file_id,
    understood,
)
from gigachat_cli.engine.refusals import login_refusal, refusal
from gigachat_cli.engine.sse import Event
from gigachat_cli.engine.wire import Request, Response
from gigachat_cli.errors import GigaChatError, TooLargeError, UsageError
from gigachat_cli.render.problems import problem_object

SECRET = "MDE5YWJjZGUtMTExMS0yMjIyLTMzMzMtNDQ0NDQ0NDQ0NDQ0OjAxOWFiY2RlLTU1NTUtNjY2Ni03Nzc3LTg4ODg4ODg4ODg4OA=="
REQUEST = Request("POST", "https://x/v1", "the request")
HOSTILE = {
    "raw": SECRET,
    "within a word": f"GigaChat-{SECRET.rstrip('=')}",
    "percent-encoded": quote(SECRET, safe=""),
    "in base64": b64encode(f"x{SECRET}".encode()).decode(),
    "with a control": f"{SECRET[:20]}\x1b[31m{SECRET[20:]}",
    "over lines": f"{SECRET[:50]}\n{SECRET[50:]}",
    "with a zero-width blank": f"{SECRET[:3]}\u200b{SECRET[3:]}",
    "controls alone": "a\x1b]0;title\x07\x9b2J\u202eb",
}
V1_WHOLE = {
    "choices": [
        {
            "message": {
                "role": "assistant",
                "content": "Hi",
                "functions_state_id": "77d3fb14-457a-46ba-937e-8d856156d003",
                "function_call": {"name": "weather", "arguments": {"place": "Moscow"}},
            },
            "index": 0,
            "finish_reason": "function_call",
        }
    ],
    "created": 1,
    "model": "GigaChat:2.0",
    "object": "chat.completion",
    "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
}
PROGRESS = {
    "choices": [{"delta": {"role": "function_in_progress", "content": "drawing", "name": "text2image"}, "index": 0}]
}
V2 = {
    "model": "GigaChat-2",
    "finish_reason": "stop",
    "tools_state_id": "abc-1",
    "messages": [
        {
            "role": "assistant",
            "tools_state_id": "abc-2",
            "content": [
                {"files": [{"id": "0199e20f-1", "target": "image", "mime": "image/png"}]},
                {"tool_execution": {"name": "web_search", "status": "in_progress", "seconds_left": 3}},
                {"function_call": {"name": "weather", "arguments": {}}},
                {"inline_data": {"sources": {"1": {"url": "https://example.com/a", "title": "Example"}}}},
            ],
        }
    ],
}
STORED = {
    "id": "0199e20f-1",
    "filename": "cat.jpg",
    "bytes": 3,
    "created_at": 1,
    "purpose": "general",
    "object": "file",
}
TASK = {
    "id": "batch-1",
    "method": "chat_completions",
    "request_counts": {"total": 1, "completed": 1, "failed": 0},
    "status": "completed",
    "output_file_id": "0199e20f-1",
    "created_at": 1,
}


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def event(document: Any, name: str = "") -> Event:
    return Event(name, json.dumps(document))


def refused(document: Any) -> GigaChatError:
    return refusal(REQUEST, Response(422, {}, encoded(document)))


WAYS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "models": (
        {"data": [{"id": "GigaChat-2", "object": "model", "owned_by": "salutedevices", "type": "chat"}]},
        lambda found: models.parse_models(encoded(found)),
    ),
    "balance": ({"balance": [{"usage": "GigaChat", "value": 5}]}, lambda found: balance.parse_balance(encoded(found))),
    "verdict": (
        {"category": "ai", "characters": 3, "tokens": 2, "ai_intervals": [[0, 2]]},
        lambda found: ai_check.parse_verdict(encoded(found)),
    ),
    "validation": (
        {
            "status": 200,
            "message": "Function is valid",
            "errors": [{"schema_location": "parameters", "description": "is missing"}],
            "warnings": [{"schema_location": "return", "description": "is missing"}],
        },
        lambda found: functions.parse_validation(encoded(found)),
    ),
    "file": (STORED, lambda found: understood(encoded(found), files.StoredFile)),
    "batch": (TASK, lambda found: understood(encoded(found), batches._Tasks)),
    "result of a batch": (
        {"id": "1", "result": V1_WHOLE},
        lambda found: list(batches.parse_results(encoded(found))),
    ),
    "failure in a batch": (
        {"id": "1", "error": {"message": "no such model", "code": 404}},
        lambda found: list(batches.parse_results(encoded(found))),
    ),
    "answer": (V1_WHOLE, lambda found: chat.parse_whole(REQUEST, encoded(found), request_id=None)),
    "progress": (PROGRESS, lambda found: chat.parse_event(REQUEST, event(found), request_id=None)),
    "answer of v2": (V2, lambda found: chat_v2.parse_whole(REQUEST, encoded(found), request_id=None)),
    "event of v2": (V2, lambda found: chat_v2.parse_event(REQUEST, event(found, chat_v2.DONE), request_id=None)),
    "error in a stream": (
        {"error": {"message": "it failed", "code": 500, "type": "x"}},
        lambda found: chat.parse_event(REQUEST, event(found), request_id=None),
    ),
    "error object": (
        {"message": "it failed", "status": 500},
        lambda found: chat.parse_whole(REQUEST, encoded(found), request_id=None),
    ),
    "refusal": ({"status": 422, "message": "Invalid params"}, refused),
    "unknown tool": ({"status": 422, "message": "Tool web_search is unavailable"}, refused),
    "login": (
        {"code": 7, "message": "scope from db not fully includes consumed scope"},
        lambda found: login_refusal(REQUEST, Response(400, {}, encoded(found)), scope="S", doubt=""),
    ),
    "code of a login": (
        {"code": "seven", "message": "no"},
        lambda found: login_refusal(REQUEST, Response(400, {}, encoded(found)), scope="S", doubt=""),
    ),
    "headers": ({"x-request-id": "abc-1", "retry-after": "soon"}, lambda found: Headers(found)),
    "request id": (
        {"x-request-id": "abc-1"},
        lambda found: refusal(REQUEST, Response(500, Headers(found), b"")),
    ),
}
ANSWERS_OWN = {"content", "text", "reasoning_content", "arguments"}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    masking._all_known.cache_clear()
    masking._from_outside.cache_clear()
    monkeypatch.setattr(masking, "_known", {SECRET})


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a document has a text that is not the answer's own."""
    if isinstance(document, str):
        yield at
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, each in items:
        progress = document is PROGRESS["choices"][0]["delta"]
        if key not in ANSWERS_OWN or progress or (key == "content" and isinstance(each, list)):
            yield from places(each, (*at, key))


def with_text(document: Any, at: tuple[Any, ...], text: str) -> Any:
    if not at:
        return text
    items = document.items() if isinstance(document, dict) else enumerate(document)
    changed = {key: with_text(each, at[1:], text) if key == at[0] else each for key, each in items}
    return changed if isinstance(document, dict) else list(changed.values())


def told(found: Any) -> str:
    """All that can be shown of a value or an error."""
    if isinstance(found, GigaChatError):
        return (
            json.dumps(problem_object(found), ensure_ascii=False) + f"{found.message} {found.hint} {found.request_id}"
        )
    if isinstance(found, list | tuple):
        return " ".join(map(told, found))
    return str(found)


CASES = [(way, at) for way, (document, _) in WAYS.items() for at in places(document)]


@pytest.mark.parametrize(("way", "at"), CASES, ids=[f"{way}: {'.'.join(map(str, at))}" for way, at in CASES])
def test_no_field_brings_a_secret_or_a_control(way: str, at: tuple[Any, ...]) -> None:
    document, parse = WAYS[way]
    for text in HOSTILE.values():
        try:
            shown = told(parse(with_text(document, at, text)))
        except GigaChatError as problem:
            shown = told(problem)
        plain = re.sub(r"\\[nt]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|[^A-Za-z0-9]", "", shown)
        assert SECRET[:24] not in plain
        assert SECRET[40:70] not in plain
        assert b64encode(SECRET.encode()).decode()[4:40] not in plain
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", shown)
        assert "\\x1b" not in shown
        assert "\\u202e" not in shown
        assert "\\x9b" not in shown


def test_the_answers_own_text_stays_exact() -> None:
    text = f"a\x1b[31m{SECRET}\x00\u202e"
    whole = with_text(V1_WHOLE, ("choices", 0, "message", "content"), text)
    whole = with_text(whole, ("choices", 0, "message", "function_call", "arguments", "place"), text)
    chunk = chat.parse_whole(REQUEST, encoded(whole), request_id=None)
    assert chunk.text == text
    assert chunk.function_call is not None
    assert chunk.function_call.arguments == {"place": text}
    parts = {"messages": [{"role": "assistant", "content": [{"text": text}, text]}]}
    assert chat_v2.parse_whole(REQUEST, encoded(parts), request_id=None).text == text * 2


@pytest.mark.parametrize(
    "found",
    [
        "",
        ".",
        "..",
        "a/b",
        "../etc/passwd",
        "a\\b",
        "a?b",
        "a#b",
        "a%2fb",
        "%2e%2e",
        "a b",
        "a\nb",
        "a" * 256,
        "ф",
        ".a",
    ],
)
def test_the_id_of_a_file_is_one_segment_of_a_path(found: str) -> None:
    assert not FileId.of(found)
    with pytest.raises(UsageError, match="is not the id of a file"):
        typed_file_id(found)
    with pytest.raises(UsageError):
        files._place(found)


def test_identifiers_are_checked_by_their_form() -> None:
    for good in ("0199e20f-058c-70c0-9850-6400dd41a853", "GigaChat-2-Max:2.0.28.2", "a", "req_1/2", "c2VjcmV0=="):
        assert Identifier.of(good) == good
    for bad in ("", "a b", "***", "-a", "a\n", "a" * 300, "a;b", "<b>", None, 5):
        assert not Identifier.of(bad)
    assert (Word.of("in_progress"), Word.of("погода"), Word.of("_private")) == ("in_progress", "погода", "_private")
    assert [Word.of(bad) for bad in ("", "5", "a b", "a" * 65, "***", None)] == [""] * 6
    assert (Label.of("a\nb"), Label.of(None), len(Label.of("x" * 900))) == ("a b", "", 300)


def test_a_very_long_text_that_is_no_answer_is_cut_and_costs_little() -> None:
    for begin in (0, 16_000, 16_384 - len(SECRET) // 2, 16_370):
        for filling in ("é", "%41", "x", "\u200b"):
            text = (filling * 1_000_000)[:begin] + SECRET + filling * 1_000_000
            began = time.process_time()
            found = understood(json.dumps({"id": "a", "filename": text}, ensure_ascii=False), files.StoredFile)
            said = refused({"message": text}).message
            assert time.process_time() - began < 0.5
            assert found is not None
            for shown in (found.filename, said):
                assert 0 < len(shown) <= 1000
                assert SECRET[:8] not in shown


def test_a_deep_answer_is_none() -> None:
    assert understood('{"a":' * 5000 + "1" + "}" * 5000, dict) is None


@pytest.mark.parametrize("kind", [dict, batches.BatchTask])
@pytest.mark.parametrize("value", ["{}", "[]", '{"id":"a"}', "1"])
def test_a_reply_of_too_many_values_is_not_read(kind: type, value: str) -> None:
    content = f'{{"data":[{",".join([value] * 6_000_000)}]}}'
    began = time.process_time()
    for each in (content, content.encode()):
        with pytest.raises(TooLargeError, match="too large"):
            understood(each, kind)
    assert time.process_time() - began < 0.5


def test_vectors_of_many_texts_are_read() -> None:
    content = json.dumps({"data": [{"embedding": [0.1] * 1024} for _ in range(1000)]})
    assert len((understood(content, dict[str, Any]) or {})["data"]) == 1000
