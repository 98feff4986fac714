"""The public functions of a module, described as the service's API requires."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, get_type_hints

from ..messages import SERVICE_FUNCTIONS, SERVICE_TOOLS
from .documentation import Documentation, documentation
from .hints import ArgumentError, Field, HintError, as_found, object_schema, schema_of, values_of

NO_DOCSTRING = "it has no docstring"
_TAKEN = frozenset((*SERVICE_TOOLS, *SERVICE_FUNCTIONS))
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Function:
    """A function that the model may call; `description` is the JSON that is sent to the service."""

    name: str
    call: Callable[..., Any]
    description: Mapping[str, Any]
    parameters: tuple[Field, ...]
    by_place: tuple[str, ...]

    def check(self, given: Mapping[str, Any]) -> None:
        """Raise ArgumentError unless the function accepts these arguments; no code of its file runs."""
        values = values_of(given, self.parameters, make=as_found)
        placed = [name in values for name in self.by_place]
        if placed != sorted(placed, reverse=True):
            raise ArgumentError(f"{self.by_place[placed.index(False)]} is missing")

    def bound(self, given: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
        """The positional and keyword arguments to call the function with.  Raises ArgumentError."""
        values = values_of(given, self.parameters)
        placed = []
        for name in self.by_place:
            if name in values:
                placed.append(values.pop(name))
            elif values.keys() & set(self.by_place):
                raise ArgumentError(f"{name} is missing")
            else:
                break
        return placed, values


def functions_of(module: ModuleType) -> tuple[list[Function], list[tuple[str, str]]]:
    """The functions to offer, and the names of public ones that are left out, each with the reason."""
    found, left_out = [], []
    for name, function in _public(module):
        try:
            found.append(_described(name, function))
        except (HintError, NameError, TypeError, AttributeError) as problem:
            left_out.append((name, str(problem)))
    return found, left_out


def _public(module: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    listed = getattr(module, "__all__", None)
    names = listed if listed is not None else [name for name in vars(module) if not name.startswith("_")]
    for name in names:
        function = getattr(module, name, None)
        if inspect.isfunction(function) and (listed is not None or function.__module__ == module.__name__):
            yield name, function


def _described(name: str, function: Callable[..., Any]) -> Function:
    found = documentation(inspect.getdoc(function))
    if not found.description:
        raise HintError(NO_DOCSTRING)
    if not _NAME.fullmatch(name):
        raise HintError("its name must be of latin letters, digits and _")
    if name.casefold() in _TAKEN:
        raise HintError("its name is that of a function of the service's own")
    hints = get_type_hints(function, include_extras=True)
    parameters, by_place = [], []
    for each in inspect.signature(function).parameters.values():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            raise HintError(f"it takes {each}, which has no names for the model")
        if each.name not in hints:
            raise HintError(f"its parameter {each.name} has no type hint")
        parameters.append(Field(each.name, hints[each.name], each.default is each.empty))
        if each.kind is each.POSITIONAL_ONLY:
            by_place.append(each.name)
    description = {
        "name": name,
        "description": found.description,
        "parameters": _parameters(parameters, found.parameters),
        **_examples(function, found, parameters),
        **_returned(hints.get("return", inspect.Parameter.empty), found.returns),
    }
    return Function(name, function, description, tuple(parameters), tuple(by_place))


def _parameters(fields: list[Field], said: Mapping[str, str]) -> dict[str, Any]:
    try:
        return object_schema(fields, said, ())
    except HintError as problem:
        raise HintError(f"its parameter {problem}") from None


def _examples(function: Callable[..., Any], found: Documentation, parameters: list[Field]) -> dict[str, Any]:
    """Examples of calls from the docstring; one that does not fit the signature is left out, as it would mislead the
    model.
    """
    examples = []
    for request, arguments in found.examples:
        try:
            values_of(arguments, parameters)
        except ArgumentError as problem:
            raise HintError(f"its example “{request}” does not fit: {problem}") from None
        examples.append({"request": request, "params": arguments})
    return {"few_shot_examples": examples} if examples else {}


def _returned(hint: Any, said: str) -> dict[str, Any]:
    """The schema of the result: an object as it is, anything else as the `result` of an object."""
    if hint in (inspect.Parameter.empty, None, type(None)):
        return {}
    try:
        schema = schema_of(hint)
    except HintError:
        return {}
    if schema.get("type") == "object":
        return {"return_parameters": {"properties": {}, **schema}}
    described = {**schema, **({"description": said} if said else {})}
    return {"return_parameters": {"type": "object", "properties": {"result": described}}}
