"""What the lines of an input mean, read through the same door as the command reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from gigachat_cli.batch import source as source_module
from gigachat_cli.batch.items import Item, Reading, Template, read_items
from gigachat_cli.batch.source import BatchInput, lines_of
from gigachat_cli.errors import UsageError


async def read(tmp_path: Path, content: str | bytes, format: str = "jsonl", **reading: object) -> list[Item]:
    file = tmp_path / "input"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    template = reading.get("template")
    how = Reading(
        template=Template(str(template)) if template else None,
        system=str(reading["system"]) if "system" in reading else None,
    )
    source = BatchInput(file)
    try:
        return [item async for item in read_items(source, format, how)]
    finally:
        source.close()


def prompts(items: list[Item]) -> list[tuple[int, str | None]]:
    return [(item.line, item.messages[-1].content if item.messages else None) for item in items]


async def test_a_line_is_a_prompt_or_an_object(tmp_path: Path) -> None:
    items = await read(
        tmp_path,
        '\ufeff"one"\r\n\n{"id": 7, "prompt": "two", "model": "GigaChat-2-Max", "temperature": 0.1, "other": 1}\n'
        '{"id": "c", "messages": [{"role": "user", "content": "three"}], "options": {"new_field": [1]}}',
        system="Be brief",
    )
    assert prompts(items) == [(1, "one"), (3, "two"), (4, "three")]
    assert [item.id for item in items] == [None, 7, "c"]
    assert [item.model for item in items] == [None, "GigaChat-2-Max", None]
    assert [dict(item.fields) for item in items] == [{}, {"temperature": 0.1}, {"new_field": [1]}]
    assert {item.messages[0].content for item in items} == {"Be brief"}


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"17",
        b"[]",
        b"null",
        b'""',
        b"{}",
        b'{"prompt": 1}',
        b'{"prompt": "a", "messages": []}',
        b'{"messages": "a"}',
        b'{"messages": []}',
        b'{"messages": [{"role": "nobody", "content": "a"}]}',
        b'{"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]}',
        b'{"prompt": "a", "id": []}',
        b'{"prompt": "a", "model": 3}',
        b'{"prompt": "a", "system": 3}',
        b'{"prompt": "a", "options": []}',
        b'{"prompt": "a", "options": {"messages": []}}',
        b'{"prompt": "a", "temperature": NaN}',
        b"\xff\xfe",
        b'"unended',
        b"[" * 100_000,
    ],
)
async def test_a_bad_line_is_an_item_with_its_problem_and_loses_no_other(tmp_path: Path, line: bytes) -> None:
    items = await read(tmp_path, b'"before"\n' + line + b'\n"after"\n')
    assert prompts([items[0], items[2]]) == [(1, "before"), (3, "after")]
    assert items[1].line == 2
    assert "Line 2" in str(items[1].problem)
    assert items[0].problem is items[2].problem is None


async def test_a_bad_line_keeps_its_id(tmp_path: Path) -> None:
    (item,) = await read(tmp_path, '{"id": "x", "prompt": 1}')
    assert (item.id, item.problem is not None) == ("x", True)


async def test_a_line_without_end_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_module, "LONGEST_LINE", 100_000)
    items = await read(tmp_path, '"a"\n"' + "x" * 300_000 + '"\n"b"\n')
    assert prompts(items) == [(1, "a"), (2, None), (3, "b")]


async def test_checksums_do_not_depend_on_how_the_input_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "input"
    file.write_bytes(b"\n".join(b"%d" % number * (number % 40) for number in range(500)))

    async def lines(piece: int) -> list[tuple[object, ...]]:
        monkeypatch.setattr(source_module, "_PIECE", piece)
        source = BatchInput(file)
        try:
            return [tuple(line) async for line in lines_of(source)]
        finally:
            source.close()

    assert await lines(1) == await lines(7) == await lines(1 << 16)


async def test_a_table_gives_prompts_options_and_ids(tmp_path: Path) -> None:
    items = await read(
        tmp_path, 'id,prompt,temperature,model\n1,"a, ""b""\nc",0.2,\n2,d,,GigaChat-2-Pro\n', format="csv"
    )
    assert prompts(items) == [(2, 'a, "b"\nc'), (4, "d")]
    assert [(item.id, item.model, dict(item.fields)) for item in items] == [
        ("1", None, {"temperature": 0.2}),
        ("2", "GigaChat-2-Pro", {}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_a_template_fills_columns(tmp_path: Path, delimiter: str) -> None:
    content = f"text{delimiter}lang\nПривет{delimiter}English\n{{x}}{delimiter}French\n"
    items = await read(tmp_path, content, format="csv", template="To {lang} {{now}}: {text}")
    assert prompts(items) == [(2, "To English {now}: Привет"), (3, "To French {now}: {x}")]


async def test_a_template_fills_fields_of_objects_and_prompts(tmp_path: Path) -> None:
    items = await read(tmp_path, '{"text": "a", "n": 2}\n{"n": 1}\n"b"\n', template="Say {text}")
    assert prompts(items) == [(1, "Say a"), (2, None), (3, "Say b")]
    assert "text" in str(items[1].problem)


async def test_a_column_that_the_template_uses_is_no_option(tmp_path: Path) -> None:
    (item,) = await read(tmp_path, "model,id\nT-34,1\n", format="csv", template="Describe the {model}")
    assert (item.model, item.messages[0].content) == (None, "Describe the T-34")


@pytest.mark.parametrize("template", ["no field", "{", "a } b", "{}"])
def test_a_template_must_name_fields_and_have_no_lone_brace(template: str) -> None:
    with pytest.raises(UsageError):
        Template(template)


async def test_an_unended_quote_costs_one_record(tmp_path: Path) -> None:
    items = await read(tmp_path, 'prompt\na\n"b\nc\n"d ""x"""\ne,f\n\xff\ng\n'.encode("latin-1"), format="csv")
    assert [(item.line, item.problem is None) for item in items] == [
        (2, True),
        (3, False),
        (4, True),
        (5, True),
        (6, False),
        (7, False),
        (8, True),
    ]
    assert items[3].messages[0].content == 'd "x"'


@pytest.mark.parametrize("content", ["", "question\na\n", "prompt,prompt\na,b\n", "\xff\n"])
async def test_a_table_needs_a_header_with_the_wanted_columns(tmp_path: Path, content: str) -> None:
    if not content:
        assert await read(tmp_path, content, format="csv") == []
        return
    with pytest.raises(UsageError):
        await read(tmp_path, content.encode("latin-1"), format="csv")


async def test_lines_of_text_are_prompts(tmp_path: Path) -> None:
    assert prompts(await read(tmp_path, 'say "hi"\n\n{x}\n', format="text")) == [(1, 'say "hi"'), (3, "{x}")]
