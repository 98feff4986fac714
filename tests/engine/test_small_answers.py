"""Answers of the small endpoints: read in every form that is known, and refused in every other."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gigachat_cli.engine.api.ai_check import Verdict, parse_verdict
from gigachat_cli.engine.api.balance import Package, parse_balance
from gigachat_cli.engine.api.embeddings import parse_embeddings
from gigachat_cli.engine.api.filter_check import FilterVerdict, parse_filter_verdict
from gigachat_cli.engine.api.functions import parse_validation
from gigachat_cli.engine.api.tokens import TokenCount, parse_counts
from gigachat_cli.engine.outside import Label, Word
from gigachat_cli.errors import ServiceError


def embedding(number: float, **more: Any) -> dict[str, Any]:
    return {"object": "embedding", "embedding": [number], **more}


def test_vectors_are_put_in_the_order_of_their_index() -> None:
    shuffled = {"data": [embedding(2, index=2), embedding(0, index=0), embedding(1, index=1)]}
    assert [each.vector for each in parse_embeddings(json.dumps(shuffled).encode(), count=3)] == [[0], [1], [2]]
    plain = {"data": [embedding(0), embedding(1, usage={"prompt_tokens": 9})]}
    found = parse_embeddings(json.dumps(plain).encode(), count=2)
    assert [(each.vector, each.tokens) for each in found] == [([0], 0), ([1], 9)]


@pytest.mark.parametrize("indexes", [[0], [0, 0], [0, 2], [0, 1, 2]])
def test_a_vector_too_few_or_too_many_is_no_answer(indexes: list[int]) -> None:
    content = json.dumps({"data": [embedding(0, index=index) for index in indexes]}).encode()
    with pytest.raises(ServiceError):
        parse_embeddings(content, count=2)


def test_documented_forms_are_read() -> None:
    assert parse_counts(b'[{"object":"tokens","tokens":2,"characters":10}]') == [TokenCount(2, 10)]
    assert parse_balance(b'{"balance":[{"usage":"GigaChat","value":900000}]}') == [Package(Label("GigaChat"), 900000)]
    verdict = b'{"category":"mixed","characters":9,"tokens":3,"ai_intervals":[[0,4],[6,9]]}'
    assert parse_verdict(verdict) == Verdict("mixed", 9, 3, ((0, 4), (6, 9)))
    assert parse_verdict(b'{"category":"human"}') == Verdict("human", 0, 0, ())
    filtered = b'{"is_profane":true,"usage":{"filter_tokens":5},"category":"new"}'
    assert parse_filter_verdict(filtered) == FilterVerdict(True, 5)
    assert parse_filter_verdict(b'{"is_profane":false,"usage":null}') == FilterVerdict(False)
    assert parse_validation(b'{"status":200,"message":"Function is valid"}').valid
    wrong = b'{"message":"Function is valid","errors":[{"description":"odd","schema_location":"name"}]}'
    assert not parse_validation(wrong).valid
    assert parse_validation(wrong).errors == (("name", "odd"),)


@pytest.mark.parametrize("content", [b"", b"[", b"{}", b"[1]", b'"x"', b"[[[[" * 100_000, b'{"balance":[{}]}', b"\xff"])
@pytest.mark.parametrize(
    "parse",
    [
        parse_counts,
        parse_balance,
        parse_verdict,
        parse_filter_verdict,
        parse_validation,
        lambda content: parse_embeddings(content, count=1),
    ],
    ids=["tokens", "balance", "check", "filter", "validation", "embeddings"],
)
def test_anything_else_is_a_failure_of_the_service(parse: Callable[[bytes], object], content: bytes) -> None:
    with pytest.raises(ServiceError):
        parse(content)


@pytest.mark.parametrize(
    ("parse", "content", "named"),
    [
        (parse_balance, b'{"balance":[{"usage":"a","value":1},{"usage":"b"}]}', "$.balance[1]"),
        (parse_balance, b'{"balance":[{"usage":"a","value":"1"}]}', "$.balance[0].value"),
        (parse_counts, b'[{"tokens":-1,"characters":2}]', "$[0].tokens"),
        (parse_counts, b'[{"tokens":1,"characters":%s}]' % (b"9" * 30), "$[0].characters"),
        (parse_verdict, b'{"category":"ai","ai_intervals":[[0]]}', "$.ai_intervals[0]"),
        (parse_filter_verdict, b'{"is_profane":"no"}', "$.is_profane"),
    ],
)
def test_an_odd_field_is_named(parse: Callable[[bytes], object], content: bytes, named: str) -> None:
    with pytest.raises(ServiceError) as caught:
        parse(content)
    assert f"{named}`)." in caught.value.message


def test_what_is_null_or_missing_has_its_default_and_the_unknown_is_ignored() -> None:
    assert parse_verdict(b'{"category":"ai","characters":null,"ai_intervals":null,"new":[1]}') == Verdict(
        Word("ai"), 0, 0, ()
    )
    assert parse_validation(b'{"message":"Function is valid","errors":null,"warnings":[{}]}').warnings == (("", ""),)
