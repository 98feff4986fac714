"""Functions of the client: what a description must be, and which calls a question asks for.

A line ``call NAME {"a": 1}`` or ``вызови NAME {"a": 1}`` in the last user message asks for a call; several
lines are several rounds. A question that holds the name of a function in plain words asks for it too, with
arguments made up from its schema.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .schemas import example

BUILT_IN = frozenset({"text2image", "text2model3d", "get_file_content"})
"""Functions of the service itself, which are listed by name alone."""

TOOLS = ("web_search", "url_content_extraction", "code_interpreter", "image_generate", "model_3d_generate")
"""The service's own tools, of API v2."""

_NAME = re.compile(r"[A-Za-z_.-][A-Za-z0-9_.-]*")
_ASKED = re.compile(r"^[ \t]*(?:call|вызови)[ \t]+([\w.-]+)[ \t]*(\{.*)?$", re.MULTILINE | re.IGNORECASE)
_SHORTEST_SPOKEN = 3
_TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})
_ROOT = "(root)"


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call that the model makes, or that history holds; ``arguments`` None: no valid object came out."""

    name: str
    arguments: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class FunctionResult:
    """What a function returned, as the JSON text that it was sent as; the name may be missing."""

    name: str | None
    content: str


def calls_asked_for(question: str, functions: Mapping[str, Any]) -> list[FunctionCall]:
    """Return the calls that a question asks for, one a round, of the listed functions only."""
    asked = [FunctionCall(line[1], _arguments(line[2])) for line in _ASKED.finditer(question) if line[1] in functions]
    if asked:
        return asked
    for name, description in functions.items():
        spoken = re.escape(name).replace("_", "[_ ]")
        if len(name) >= _SHORTEST_SPOKEN and re.search(rf"(?<!\w){spoken}(?!\w)", question, re.IGNORECASE):
            return [FunctionCall(name, made_up_arguments(description))]
    return []


def made_up_arguments(description: Any) -> dict[str, Any]:
    """Return arguments that fit a function's description."""
    parameters = description.get("parameters") if isinstance(description, dict) else None
    made_up = example(parameters) if isinstance(parameters, dict) else {}
    return made_up if isinstance(made_up, dict) else {}


def is_name(name: object) -> bool:
    """Say whether a function may have this name."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def is_taken(name: str) -> bool:
    """Say whether a function of the client may not have this name, because one of the service has it."""
    return name in BUILT_IN or name in TOOLS


def unsupported(schema: Any, place: str = "") -> Iterator[str]:
    """Yield what the service does not take of JSON Schema in parameters: a sentence each, with the place in it.

    The words about missing properties are the service's; the others are not known.
    """
    if not isinstance(schema, dict):
        return
    for word in ("anyOf", "oneOf", "allOf", "$ref"):
        if word in schema:
            yield f"Field '{place}{word}' is not supported"
    if place and not schema.keys() & {"type", "anyOf", "oneOf", "allOf", "$ref"}:
        yield f"Field '{place}type' is missing"
    if schema.get("type") == "object" and not isinstance(schema.get("properties"), dict):
        yield f"Field '{place}properties' is missing"
    choices = schema.get("enum")
    if isinstance(choices, list) and not all(isinstance(each, str) for each in choices):
        yield f"Field '{place}enum' must hold strings"
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        yield from unsupported(inner, f"{place}properties.{name}.")
    for word in ("items", "additionalProperties"):
        yield from unsupported(schema.get(word), f"{place}{word}.")


def problems_of(function: Any) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return the errors and the warnings in a function's description, each with its place in the schema."""
    if not isinstance(function, dict):
        return [_problem("function must be an object", _ROOT)], []
    errors, warnings = [], []
    if not function.get("name"):
        errors.append(_problem("name is required", _ROOT))
    elif not is_name(function["name"]):
        errors.append(_problem("name may have latin letters, digits (not first), '_', '-' and '.'", "name"))
    elif "parameters" in function and is_taken(function["name"]):
        errors.append(_problem(f"name {function['name']} is that of a built-in function", "name"))
    if not function.get("description"):
        warnings.append(_problem("description is missing", _ROOT))
    if "parameters" not in function:
        errors.append(_problem("parameters is required", _ROOT))
    else:
        errors += _schema_problems(function["parameters"], "parameters")
        errors += [_problem(said, "parameters") for said in unsupported(function["parameters"])]
        if isinstance(function["parameters"], dict) and function["parameters"].get("type", "object") != "object":
            errors.append(_problem("type must be object", "parameters"))
    for field in ("few_shot_examples", "return_parameters"):
        if field not in function:
            warnings.append(_problem(f"{field} are missing", _ROOT))
    if "return_parameters" in function:
        errors += _schema_problems(function["return_parameters"], "return_parameters")
    examples = function.get("few_shot_examples", [])
    for number, each in enumerate(examples if isinstance(examples, list) else [None]):
        if not isinstance(each, dict) or not isinstance(each.get("params"), dict) or "request" not in each:
            errors.append(_problem("request and params are required", f"few_shot_examples.{number}"))
    return errors, warnings


def _arguments(text: str | None) -> dict[str, Any] | None:
    try:
        value = json.loads(text or "{}")
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _schema_problems(schema: Any, place: str) -> list[dict[str, str]]:
    if not isinstance(schema, dict):
        return [_problem("must be an object", place)]
    errors = []
    kinds = schema.get("type", "object")
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if kind not in _TYPES:
            errors.append(_problem(f"unknown type {kind}", place))
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        return [*errors, _problem("properties must be an object", place)]
    for name in schema.get("required", ()):
        if name not in properties:
            errors.append(_problem(f"required property {name} is not described", f"{place}.required"))
    for name, inner in properties.items():
        errors += _schema_problems(inner, f"{place}.properties.{name}")
    if "items" in schema:
        errors += _schema_problems(schema["items"], f"{place}.items")
    return errors


def _problem(description: str, schema_location: str) -> dict[str, str]:
    return {"description": description, "schema_location": schema_location}
