"""The process that checks JSON Schemas and answers: one that can be stopped, whatever a schema makes of an answer.

It is run as a file, and imports nothing of ours.  It tells a line when it is ready; then a line of JSON comes in, and a
line goes out.  `{"definition", "seconds"}` is answered by what is wrong with a schema, `{"invalid"}` or `{"missing"}`,
or by `{}`; with a `"value"` as well by `{"problems"}`, pairs of a place and what is wrong there, or by `{"deep"}`.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Hashable, Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.validators import extend, validator_for
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

_PROBLEMS_TOLD = 5
_LONGEST_PROBLEM = 160  # characters


def main() -> None:
    """Answer until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # ends it even within one long match of a pattern
    validators: dict[str, Any] = {}
    _tell({})  # the imports, which no check is to be blamed for, are done
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if sys.platform != "win32":  # whoever asks stops it in time, unless he is gone
            signal.setitimer(signal.ITIMER_REAL, request["seconds"] + 1)
        try:
            answer = _answer(request, validators)
        except RecursionError:
            answer = {"deep": True}
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_REAL, 0)
        _tell(answer)


def _tell(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _answer(request: Mapping[str, Any], validators: dict[str, Any]) -> dict[str, Any]:
    definition = request["definition"]
    if definition not in validators:
        schema = json.loads(definition)
        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
        except SchemaError as problem:
            return {"invalid": _told(problem)}
        missing = _missing_reference(schema)
        if missing is not None:
            return {"missing": missing}
        validators.clear()
        ours = extend(kind, {"uniqueItems": _unique_items})
        validators[definition] = ours(schema, registry=Registry(), format_checker=kind.FORMAT_CHECKER)
    if "value" not in request:
        return {}
    errors = validators[definition].iter_errors(json.loads(request["value"]))
    return {"problems": [_told(each) for each, _ in zip(errors, range(_PROBLEMS_TOLD), strict=False)]}


def _told(problem: Any) -> tuple[str, str]:
    message = problem.message  # often the value first, and at the end what is wrong with it
    if len(message) > _LONGEST_PROBLEM:
        message = f"{message[: _LONGEST_PROBLEM // 2]} … {message[-_LONGEST_PROBLEM // 2 :]}"
    return problem.json_path[: 2 * _LONGEST_PROBLEM], message


def _unique_items(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """As the library's own, which compares each with each."""
    if wanted and validator.is_type(instance, "array") and len({_key(each) for each in instance}) < len(instance):
        yield ValidationError(f"{instance!r} has non-unique elements")


def _key(value: Any) -> Hashable:
    """The same for values that are equal in JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, dict):
        return "object", frozenset((name, _key(each)) for name, each in value.items())
    if isinstance(value, list):
        return "array", tuple(_key(each) for each in value)
    return type(value) if isinstance(value, bool) or value is None else None, value


def _missing_reference(schema: Any) -> str | None:
    """A reference that leads nowhere: told before anything is sent, not when an answer meets it."""
    resource: Any = Resource.from_contents(schema, default_specification=DRAFT202012)
    resolver = Registry().resolver_with_root(resource)
    for reference in _references(schema):
        try:
            resolver.lookup(reference)
        except Unresolvable:
            return reference
    return None


def _references(value: Any) -> Iterator[str]:
    todo = [value]
    while todo:
        each = todo.pop()
        if isinstance(each, dict):
            reference = each.get("$ref")
            if isinstance(reference, str):
                yield reference
            todo.extend(inner for key, inner in each.items() if key not in ("enum", "const", "default", "examples"))
        elif isinstance(each, list):
            todo.extend(each)


if __name__ == "__main__":
    main()
