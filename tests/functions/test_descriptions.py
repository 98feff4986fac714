"""Functions of a module as the service is sent them, and the arguments that they get."""

from __future__ import annotations

import datetime
import types
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gigachat_cli.functions.describing import Function, functions_of
from gigachat_cli.functions.documentation import documentation
from gigachat_cli.functions.hints import ArgumentError, HintError, schema_of, value_of


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Size(Enum):
    SMALL = 1
    LARGE = 2


@dataclass
class Place:
    """Where it is.

    Attributes:
        name: of the town
    """

    name: str
    near: list[str] = field(default_factory=list)


class Film(TypedDict):
    title: str
    year: NotRequired[int]


@dataclass
class Knot:
    inner: Knot | None = None


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("hint", "schema"),
    [
        (str, TEXT),
        (int, {"type": "integer"}),
        (float, {"type": "number"}),
        (bool, {"type": "boolean"}),
        (None | str, TEXT),
        (int | float, {"type": "number"}),
        (int | str, TEXT),
        (list[str] | str | None, TEXT),
        (datetime.date | datetime.datetime, TEXT),
        (list, {"type": "array", "items": TEXT}),
        (list[Any], {"type": "array", "items": TEXT}),
        (tuple[int, int], {"type": "array", "items": {"type": "integer"}}),
        (list[str], {"type": "array", "items": TEXT}),
        (set[int], {"type": "array", "items": {"type": "integer"}}),
        (tuple[str, ...], {"type": "array", "items": TEXT}),
        (dict, {"type": "object", "properties": {}}),
        (dict[str, Any], {"type": "object", "properties": {}}),
        (dict[str, int], {"type": "object", "properties": {}, "additionalProperties": {"type": "integer"}}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Literal["a", None], {"type": "string", "enum": ["a"]}),
        (Literal[1, 2], {"type": "integer", "description": "One of 1, 2."}),
        (Annotated[Literal[1, 2] | None, "how many"], {"type": "integer", "description": "how many One of 1, 2."}),
        (Size, {"type": "integer", "description": "One of 1, 2."}),
        (Color, {"type": "string", "enum": ["red", "blue"]}),
        (Annotated[int, "how many"], {"type": "integer", "description": "how many"}),
        (datetime.date, {"type": "string", "format": "date"}),
        (Path, TEXT),
        (Film, {"type": "object", "properties": {"title": TEXT, "year": {"type": "integer"}}, "required": ["title"]}),
        (
            Place,
            {
                "type": "object",
                "properties": {
                    "name": {"type": "string", "description": "of the town"},
                    "near": {"type": "array", "items": TEXT},
                },
                "required": ["name"],
                "description": "Where it is.",
            },
        ),
    ],
)
def test_a_hint_has_its_schema(hint: Any, schema: dict[str, Any]) -> None:
    assert schema_of(hint) == schema


@pytest.mark.parametrize(
    "hint",
    [
        *(complex, bytes, Knot, list[complex], type, Any, object, None, type(None), dict[str, int | bool]),
        *(int | bool, Place | Film, Literal[1, "b"], list[int] | int, tuple[int, str], list[int | bool], Literal[None]),
    ],
)
def test_a_hint_without_a_schema_is_named(hint: Any) -> None:
    with pytest.raises(HintError):
        schema_of(hint)


@pytest.mark.parametrize(
    ("found", "hint", "value"),
    [
        (3, float, 3.0),
        (3.0, int, 3),
        (None, int | None, None),
        ("red", Color, Color.RED),
        (["a"], set[str], {"a"}),
        ([1, "a"], tuple[int, str], (1, "a")),
        ({"name": "Пермь"}, Place, Place("Пермь")),
        ({"title": "x", "year": 3}, Film, {"title": "x", "year": 3}),
        ("2026-01-31", datetime.date, datetime.date(2026, 1, 31)),
        ("a/b", Path, Path("a/b")),
        (1, int | str, 1),
        ("1", int | str, "1"),
        ({"a": [1]}, dict[str, list[float]], {"a": [1.0]}),
    ],
)
def test_an_argument_becomes_what_the_hint_says(found: Any, hint: Any, value: Any) -> None:
    made = value_of(found, hint, "x")
    assert (made, type(made)) == (value, type(value))


@pytest.mark.parametrize(
    ("found", "hint", "sentence"),
    [
        ("3", int, 'x must be a whole number, not "3"'),
        (True, int, "x must be a whole number, not true"),
        (1, bool, "x must be true or false, not 1"),
        (3, str, "x must be a text, not 3"),
        ("green", Color, 'x must be one of "red", "blue", not "green"'),
        (True, Literal[1], "x must be one of 1, not true"),
        ([1, "a"], list[int], 'x[1] must be a whole number, not "a"'),
        ({"near": []}, Place, "x.name is missing"),
        ({"name": "a", "size": 1}, Place, "x.size is unknown; there are name, near"),
        ({"name": 1}, Place, "x.name must be a text, not 1"),
        ("soon", datetime.date, 'x must be a date as ISO 8601 writes it, not "soon"'),
        ([], dict[str, int], "x must be an object, not []"),
        ([1], tuple[int, str], "x must have 2 items, not 1"),
        (None, str, "x must be a text, not null"),
    ],
)
def test_an_argument_that_does_not_fit_is_told_with_its_place(found: Any, hint: Any, sentence: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        value_of(found, hint, "x")
    assert str(caught.value) == sentence


GOOGLE = """Tell the weather.

    Of one day,
    in one town.

    Args:
        city: the town,
            or a village
        days (int): how many

    Returns:
        what it is like

    Examples:
        How is it in Perm? -> {"city": "Perm"}
        no example
    Raises:
        ValueError: never
    """
NUMPY = """Tell the weather.

    Of one day,
    in one town.

    Parameters
    ----------
    city : str
        the town,
        or a village
    days
        how many

    Returns
    -------
    str
        what it is like
    """
SPHINX = """Tell the weather.

    Of one day,
    in one town.

    :param city: the town,
        or a village
    :param int days: how many
    :returns: what it is like
    :raises ValueError: never
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_three_styles_of_docstrings_are_understood(text: str) -> None:
    found = documentation(text)
    assert found.description == "Tell the weather.\n\nOf one day, in one town."
    assert found.parameters == {"city": "the town, or a village", "days": "how many"}
    assert found.returns.endswith("what it is like")
    if text is GOOGLE:
        assert found.examples == [("How is it in Perm?", {"city": "Perm"})]


@given(st.text(st.sampled_from(":\n -aA1@{}>`(argspm"), max_size=80))
def test_no_docstring_is_too_odd(text: str) -> None:
    documentation(text)
    documentation(f"Args:\n    {text}")


def module(source: str) -> types.ModuleType:
    made = types.ModuleType("made")
    exec(source, made.__dict__)
    return made


def the_function(source: str) -> Function:
    (found,), left_out = functions_of(module(source))
    assert left_out == []
    return found


def test_a_parameter_with_a_default_is_not_required() -> None:
    found = the_function('def f(a: int, b: str = "x", *, c: bool) -> None:\n    "Do it."')
    assert found.description["parameters"]["required"] == ["a", "c"]
    assert "return_parameters" not in found.description
    assert the_function('def f(a: int = 1) -> int:\n    "Do it."').description == {
        "name": "f",
        "description": "Do it.",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}},
        "return_parameters": {"type": "object", "properties": {"result": {"type": "integer"}}},
    }


def test_positional_parameters_are_given_by_place() -> None:
    found = the_function('def f(a: int, b: int = 2, /, c: int = 3) -> int:\n    "Do it."')
    assert found.bound({"a": 1, "c": 4}) == ([1], {"c": 4})
    assert found.bound({"b": 5, "a": 1}) == ([1, 5], {})


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(a: int) -> int: return 1", "it has no docstring"),
        ('def f(a) -> int:\n    "Do it."', "its parameter a has no type hint"),
        ('def f(*a: int) -> int:\n    "Do it."', "it takes *a"),
        ('def f(a: complex) -> int:\n    "Do it."', "its parameter a: the type complex cannot be described"),
        ('def f(a: object) -> int:\n    "Do it."', "its parameter a: it may be anything, and the service wants a type"),
        ('def f(a: int | bool) -> int:\n    "Do it."', "its parameter a: it may be of several types"),
        *(
            (f'def {name}(a: int) -> int:\n    "Do it."', "its name is that of a function of the service's own")
            for name in ("text2image", "web_search", "image_generate", "get_file_content", "Text2Model3D")
        ),
        ('def f(a: "Missing") -> int:\n    "Do it."', "name 'Missing' is not defined"),
        ('def привет() -> int:\n    "Do it."', "latin letters"),
        (
            'def f(a: int) -> int:\n    """Do it.\n\n    Examples:\n        x -> {"b": 1}\n    """',
            "does not fit: b is unknown",
        ),
    ],
)
def test_a_function_that_cannot_be_offered_is_left_out_with_a_reason(source: str, reason: str) -> None:
    found, ((_, said),) = functions_of(module(source))
    assert found == []
    assert reason in said


def test_private_and_imported_functions_are_not_offered_unless_listed() -> None:
    source = 'from shutil import copy\ndef _f() -> None:\n    "Do it."\nclass C: pass\nx = 1\n'
    assert functions_of(module(source)) == ([], [])
    (found,), _ = functions_of(module(source + '__all__ = ["_f"]'))
    assert found.name == "_f"
