"""JSON Schema, as much of it as structured answers need: a value that fits, and whether a value fits."""

from __future__ import annotations

import json
import re
from typing import Any

_DEEPEST = 8
_SHALLOW = 4
_ITEMS = 2
_STRINGS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "time": "12:00:00Z",
    "email": "simulated@example.com",
    "uri": "https://simulator.example/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_BRACE = re.compile(r"[{\[]")
_BRACES_TRIED = 20


def example(schema: Any, root: Any = None, *, name: str = "value", depth: int = 0) -> Any:
    """Return a value that fits the schema; the same for the same schema. ``root`` holds what ``$ref`` points to."""
    root = schema if root is None else root
    schema = _resolved(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for choice in ("anyOf", "oneOf"):
        if schema.get(choice):
            options = sorted(schema[choice], key=lambda option: _resolved(option, root).get("type") == "null")
            return example(options[-1 if depth > _DEEPEST else 0], root, name=name, depth=depth + 1)
    match _type_of(schema):
        case "object":
            return _object(schema, root, depth)
        case "array":
            return _array(schema, root, name, depth)
        case "integer":
            return _number(schema, 3)
        case "number":
            return _number(schema, 1.5)
        case "boolean":
            return True
        case "null":
            return None
    return _string(schema, name)


def fits(value: Any, schema: Any, root: Any = None) -> bool:
    """Say whether a value fits the schema."""
    root = schema if root is None else root
    if isinstance(schema, bool):
        return schema
    schema = _resolved(schema, root)
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if not all(fits(value, part, root) for part in schema.get("allOf", ())):
        return False
    for choice in ("anyOf", "oneOf"):
        if choice in schema and not any(fits(value, option, root) for option in schema[choice]):
            return False
    if "type" in schema and not _has_type(value, schema["type"]):
        return False
    if isinstance(value, dict):
        return _object_fits(value, schema, root)
    if isinstance(value, list):
        within = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value))
        return within and all(fits(item, schema.get("items", True), root) for item in value)
    if isinstance(value, str):
        within = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
        return within and ("pattern" not in schema or re.search(schema["pattern"], value) is not None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return bool(
            schema.get("minimum", value) <= value <= schema.get("maximum", value)
            and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
            and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        )
    return True


def misfit(schema: Any) -> Any:
    """Return a value that does not fit the schema; None when everything fits."""
    for value in ({"misfit": True}, "misfit", [None], {}):
        if not fits(value, schema):
            return value
    return None


def quoted_value(text: str, schema: Any) -> Any:
    """Return the first JSON value inside a text that fits the schema, or None."""
    for number, brace in enumerate(_BRACE.finditer(text)):
        if number == _BRACES_TRIED:
            break
        try:
            value, _ = json.JSONDecoder().raw_decode(text, brace.start())
        except ValueError:
            continue
        if fits(value, schema):
            return value
    return None


def _resolved(schema: Any, root: Any) -> dict[str, Any]:
    """Follow references and merge ``allOf`` into one schema."""
    for _ in range(_DEEPEST):
        if not isinstance(schema, dict) or not isinstance(schema.get("$ref"), str):
            break
        found: Any = root
        for word in schema["$ref"].removeprefix("#").strip("/").split("/"):
            key = word.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, dict) and key else found
        schema = found
    if not isinstance(schema, dict):
        return {}
    merged = dict(schema)
    for part in schema.get("allOf", ()):
        inner = _resolved(part, root)
        properties = {**inner.get("properties", {}), **merged.get("properties", {})}
        required = [*merged.get("required", ()), *inner.get("required", ())]
        merged = {**inner, **merged, **({"properties": properties} if properties else {})}
        if required:
            merged["required"] = required
    return merged


def _type_of(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind is None:
        kind = "object" if "properties" in schema else "array" if "items" in schema else "string"
    return str(kind)


def _object(schema: dict[str, Any], root: Any, depth: int) -> dict[str, Any]:
    required = schema.get("required", ())
    return {
        name: example(inner, root, name=name, depth=depth + 1)
        for name, inner in schema.get("properties", {}).items()
        if name in required or depth < _SHALLOW
    } | {name: "value" for name in required if name not in schema.get("properties", {})}


def _array(schema: dict[str, Any], root: Any, name: str, depth: int) -> list[Any]:
    wanted = _ITEMS if depth < _SHALLOW else 0
    count = min(max(wanted, schema.get("minItems", 0)), schema.get("maxItems", wanted + schema.get("minItems", 0)))
    return [example(schema.get("items", {}), root, name=name, depth=depth + 1) for _ in range(count)]


def _number(schema: dict[str, Any], usual: float) -> float:
    whole = isinstance(usual, int)
    value = usual
    step = schema.get("multipleOf", 1 if whole else 0.5)
    if "minimum" in schema:
        value = max(value, schema["minimum"])
    if "exclusiveMinimum" in schema and value <= schema["exclusiveMinimum"]:
        value = schema["exclusiveMinimum"] + step
    if "maximum" in schema:
        value = min(value, schema["maximum"])
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        value = schema["exclusiveMaximum"] - step
    if "multipleOf" in schema:
        value = -(-value // step) * step
    return int(value) if whole else value


def _string(schema: dict[str, Any], name: str) -> str:
    text = _STRINGS.get(str(schema.get("format", "")), f"simulated {name}")
    if "pattern" in schema:
        tries = (text, name, "a", "A", "1", "abc", "ABC", "123", "2026-01-31", "12:00", "+70000000000", "a1")
        text = next((each for each in tries if re.search(str(schema["pattern"]), each)), text)
    text += "x" * (int(schema.get("minLength", 0)) - len(text))
    longest: int = schema.get("maxLength", len(text))
    return text[:longest]


def _has_type(value: Any, kinds: Any) -> bool:
    for kind in kinds if isinstance(kinds, list) else [kinds]:
        if isinstance(value, bool) and kind != "boolean":
            continue
        if isinstance(value, _TYPES.get(kind, (object,))):
            return True
        if kind == "integer" and isinstance(value, float) and value.is_integer():
            return True
    return False


def _object_fits(value: dict[str, Any], schema: dict[str, Any], root: Any) -> bool:
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    return all(name in value for name in schema.get("required", ())) and all(
        fits(inner, properties.get(name, others), root) for name, inner in value.items()
    )
