"""Structured answers below the command line: the notation, what fits, and how often is asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigachat_cli.conversation import Conversation, Question
from gigachat_cli.conversation.schema import Misfit, Schema, read_schema
from gigachat_cli.conversation.schema_notation import schema_from
from gigachat_cli.engine import GigaChat
from gigachat_cli.errors import QuotaError, SchemaMisfitError, UsageError
from gigachat_cli.messages import Usage, answer_of
from gigachat_cli.simulator import Simulator

from .asking import Model, asked

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
FITTING = '{"name": "Ада", "age": 36}'
TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}


def listed(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


TEXTS = listed(TEXT)


def of(required: str = "", /, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": required.split() if required else list(properties),
        "additionalProperties": False,
    }


# The notation


@pytest.mark.parametrize(
    ("notation", "schema"),
    [
        ("name", of(name=TEXT)),
        ("name, age int, tags [str]", of(name=TEXT, age=WHOLE, tags=TEXTS)),
        ("a str, b integer, c float, d bool", of(a=TEXT, b=WHOLE, c=NUMBER, d={"type": "boolean"})),
        ("name, nick?, born? int", of("name", name=TEXT, nick=TEXT, born=WHOLE)),
        ("имя, город_1, e-mail", of(**{"имя": TEXT, "город_1": TEXT, "e-mail": TEXT})),
        ("tags [], matrix [[float]]", of(tags=TEXTS, matrix=listed(listed(NUMBER)))),
        ("place {city, zip? int}", of(place=of("city", city=TEXT, zip=WHOLE))),
        ("people [{name, age int}]", of(people=listed(of(name=TEXT, age=WHOLE)))),
        ("[{name}]", listed(of(name=TEXT))),
        ("{name,age int}", of(name=TEXT, age=WHOLE)),
        (" a ,\n b int ", of(a=TEXT, b=WHOLE)),
    ],
)
def test_a_notation_stands_for_its_schema(notation: str, schema: dict[str, Any]) -> None:
    assert schema_from(notation) == schema
    assert Schema(schema).definition == schema


@pytest.mark.parametrize(
    ("notation", "said"),
    [
        ("name,", "its end"),
        (", name", "','"),
        ("name: str", "':'"),
        ("age int int", "'int'"),
        ("age number?", "'?'"),
        ("tags [str", "its end"),
        ("tags str]", "']'"),
        ("a {b", "its end"),
        ("a {}", "'}'"),
        ("5 int", "'5'"),
        ("age itn", "no type itn"),
        ("a, b, a", "names a twice"),
        ("a " + "[" * 50, "too deeply"),
        ("a " + "{a " * 2000, "too deeply"),
    ],
)
def test_what_is_no_notation_is_refused_with_the_place(notation: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        schema_from(notation)
    assert said in refused.value.message
    assert refused.value.hint


@given(st.text(st.sampled_from('ab ,[]{}?"int5:\\й'), max_size=30))
def test_any_text_is_a_schema_or_a_usage_error(text: str) -> None:
    try:
        Schema(schema_from(text))
    except UsageError:
        pass


# Where a schema comes from


def test_a_schema_is_read_from_json_a_file_or_the_notation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "person.json").write_text("\ufeff" + json.dumps(PERSON), encoding="utf-8")
    (tmp_path / "person").write_text(json.dumps(PERSON), encoding="utf-8")
    for given_ in (
        json.dumps(PERSON),
        f"\n {json.dumps(PERSON)}",
        "person.json",
        str(tmp_path / "person.json"),
        "person",
    ):
        assert read_schema(given_).definition == PERSON
    assert read_schema("name, age int").definition["required"] == ["name", "age"]
    assert read_schema("{name}").definition == of(name=TEXT)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ("", "empty"),
        ("nowhere.json", "nowhere.json could not be read"),
        ("no/such/file", "could not be read"),
        ("folder.json", "could not be read"),
        ("bytes.json", "not UTF-8"),
        ("broken.json", "not JSON"),
        ("list.json", "no JSON object"),
        ('{"type": "object"', "not JSON"),
        ('{"type": "strin"}', "The schema is not valid: $.type: 'strin'"),
        ('{"type": "string", "pattern": "("}', "not a 'regex'"),
        ('{"properties": []}', "$.properties"),
        ('{"$ref": "http://127.0.0.1:9/x.json"}', "http://127.0.0.1:9/x.json, which is not in it"),
        ('{"$ref": "file:///etc/hostname"}', "which is not in it"),
        ('{"properties": {"a": {"$ref": "#/$defs/nowhere"}}}', "#/$defs/nowhere"),
    ],
)
def test_what_is_no_schema_is_a_usage_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given_: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "bytes.json").write_bytes(b'{"a": "\xff"}')
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(UsageError) as refused:
        read_schema(given_)
    assert said in refused.value.message


def test_strict_is_asked_for_where_the_service_takes_it() -> None:
    assert Schema(PERSON).response_format == {"type": "json_schema", "schema": PERSON, "strict": True}
    assert Schema({"type": "array"}).response_format["strict"] is True
    assert Schema({"type": "object"}).response_format["strict"] is False
    with pytest.raises(UsageError):
        Schema(PERSON).fields({"response_format": {"type": "text"}})


# What fits


@pytest.mark.parametrize(
    ("text", "json_text"),
    [
        (FITTING, FITTING),
        (f"\n{FITTING}\n", f"\n{FITTING}\n"),
        (f"```json\n{FITTING}\n```", f"{FITTING}\n"),
        (f"Here it is:\n\n~~~\n{FITTING}\n~~~\nDone.", f"{FITTING}\n"),
        (f"```sh\nls\n```\n````\n{FITTING}\n````", f"{FITTING}\n"),
        ('{"name": "\\ud83d\\ude00", "age": 1e2}', '{"name": "\\ud83d\\ude00", "age": 1e2}'),
    ],
)
def test_json_is_taken_as_it_was_written(text: str, json_text: str) -> None:
    found, value = Schema(PERSON).read(text)
    assert found == json_text
    assert value == json.loads(json_text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it is empty"),
        ("Ада, 36", "it is not JSON"),
        (f"{FITTING} {FITTING}", "it is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"name": "x", "age": NaN}', "NaN is no number"),
        ('{"name": "x", "age": 1e999}', "1e999 is no number"),
        ('{"name": "x", "age": "36"}', "$.age: '36' is not of type 'integer'"),
        ('{"name": "x", "age": -1}', "$.age: -1 is less than the minimum of 0"),
        ('{"name": 5}', "$.name: 5 is not of type 'string'; 'age' is a required property"),
        ('{"name": "x", "age": 1, "more": 2}', "'more' was unexpected"),
        ("null", "None is not of type 'object'"),
        (f"```\n{FITTING}", "it is not JSON"),
    ],
)
def test_what_does_not_fit_says_where(text: str, said: str) -> None:
    with pytest.raises(Misfit) as misfit:
        Schema(PERSON).read(text)
    assert said in str(misfit.value)
    assert len(str(misfit.value)) < 1200


def test_every_draft_with_its_own_words_and_formats() -> None:
    newest = Schema({"type": "array", "prefixItems": [{"type": "integer"}], "items": False})
    older = Schema({"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "integer"}]})
    for schema in (newest, older):
        assert schema.read("[1]")[1] == [1]
        with pytest.raises(Misfit):
            schema.read('["1"]')
    with pytest.raises(Misfit, match="is not a 'date'"):
        Schema({"type": "string", "format": "date"}).read('"tomorrow"')


def test_references_within_the_schema_are_followed() -> None:
    tree = {
        "$defs": {
            "node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}, "additionalProperties": False}
        },
        "$ref": "#/$defs/node",
    }
    assert Schema(tree).read('{"next": {"next": {}}}')[1]
    with pytest.raises(Misfit, match=r"\$\.next"):
        Schema(tree).read('{"next": {"other": 1}}')
    with pytest.raises(Misfit, match="nested too deeply"):
        Schema({"$ref": "#"}).read("1")


# A question whose answer has to fit


async def test_an_answer_that_fits_is_asked_for_once() -> None:
    model = Model(f"```json\n{FITTING}\n```")
    found = await asked(Schema(PERSON), model)
    assert json.loads(found.text) == {"name": "Ада", "age": 36}
    assert model.heard == [()]


async def test_the_model_is_told_what_is_wrong_and_asked_again() -> None:
    model = Model("{}", '{"name": "x"}', FITTING)
    found = await asked(Schema(PERSON), model)
    assert json.loads(found.text)["age"] == 36
    assert found.usage == Usage(3, 6, 9)
    last = model.heard[-1]
    assert [(each.role, each.content[:15]) for each in last] == [
        ("assistant", "{}"),
        ("user", "Your answer doe"),
        ("assistant", '{"name": "x"}'),
        ("user", "Your answer doe"),
    ]
    assert "'age' is a required property" in last[-1].content
    assert "'name' is a required property" in last[1].content


@pytest.mark.parametrize("retries", [0, 1, 2])
async def test_an_answer_that_never_fits_is_asked_for_so_often_and_no_more(retries: int) -> None:
    model = Model("no", "no", "still no", FITTING)
    with pytest.raises(SchemaMisfitError) as failed:
        await asked(Schema(PERSON), model, retries=retries)
    assert len(model.heard) == retries + 1
    assert failed.value.answer == ["no", "no", "still no"][retries]
    assert "it is not JSON" in failed.value.message
    assert failed.value.exit_code == 6


async def test_an_answer_that_met_its_limit_is_not_asked_for_again() -> None:
    model = Model(FITTING[:10], FITTING, finish_reason="length")
    with pytest.raises(SchemaMisfitError) as failed:
        await asked(Schema(PERSON), model)
    assert len(model.heard) == 1
    assert "max_tokens" in (failed.value.next_step or "") or "--max-tokens" in (failed.value.hint or "")


async def test_what_the_client_raises_goes_through() -> None:
    with pytest.raises(QuotaError):
        await asked(Schema(PERSON), Model(QuotaError("enough")))


async def test_the_schema_and_what_did_not_fit_are_sent(simulator: Simulator) -> None:
    simulator.misfits = 1
    schema = Schema(PERSON)
    async with GigaChat() as giga:
        chunks = Conversation(named_model=None).ask(giga, Question("Who?", schema=schema, stream=False))
        found = await answer_of(chunks)
    assert set(json.loads(found.text)) == {"name", "age"}
    first, second = simulator.calls("chat")
    sent: Any = second.json
    assert [each["role"] for each in sent["messages"]] == ["user", "assistant", "user"]
    assert sent["response_format"]["schema"] == PERSON
    assert first.json["messages"] == sent["messages"][:1]
