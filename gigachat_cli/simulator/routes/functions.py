"""Descriptions of functions: checked, and made out of an OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from ..access import Caller
from ..admission import admitted
from ..functions import problems_of
from ..prompt import decode, invalid
from ..replies import json_reply

_METHODS = ("get", "post", "put", "patch", "delete")
_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@admitted("functions")
async def validate(request: web.Request, _caller: Caller) -> web.StreamResponse:
    """POST {base}/functions/validate: one description; the status is 200 whatever is found."""
    errors, warnings = problems_of(decode(await request.read()))
    answer: dict[str, Any] = {
        "status": 200,
        "message": "Incorrect function syntax" if errors else "Function is valid",
        "json_ai_rules_version": "1.0.5",
    }
    if errors:
        answer["errors"] = errors
    if warnings:
        answer["warnings"] = warnings
    return json_reply(request, answer)


@admitted("functions")
async def convert(request: web.Request, _caller: Caller) -> web.StreamResponse:
    """POST {base}/functions/convert: an OpenAPI document in JSON (the service reads YAML too)."""
    try:
        document = json.loads(await request.read())
    except ValueError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise invalid("not an OpenAPI document in JSON")
    return json_reply(request, {"functions": list(_functions(document))})


def _functions(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path, operations in document["paths"].items():
        for method, operation in (operations or {}).items():
            if method not in _METHODS or not isinstance(operation, dict):
                continue
            name = operation.get("operationId") or _NOT_IN_A_NAME.sub("_", f"{method}{path}").strip("_")
            yield {
                "name": name,
                "description": operation.get("description") or operation.get("summary") or "",
                "parameters": _parameters(operation, document),
                "return_parameters": _returned(operation, document),
            }


def _parameters(operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    body = _content(operation.get("requestBody"), document)
    properties, required = dict(body.get("properties", {})), list(body.get("required", []))
    for each in operation.get("parameters") or []:
        parameter = _resolved(each, document)
        name = parameter.get("name", "")
        described = {"description": parameter.get("description", "")}
        properties[name] = {**described, **_resolved(parameter.get("schema", {"type": "string"}), document)}
        if parameter.get("required") and name not in required:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required}


def _returned(operation: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    for status, answer in (operation.get("responses") or {}).items():
        if str(status).startswith("2"):
            schema = _content(answer, document)
            return {"type": "object", "properties": schema.get("properties", {})}
    return {"type": "object", "properties": {}}


def _content(holder: Any, document: dict[str, Any]) -> dict[str, Any]:
    kinds = _resolved(holder, document).get("content") or {}
    first = next(iter(kinds.values()), None) if isinstance(kinds, dict) else None
    return _resolved(first.get("schema"), document) if isinstance(first, dict) else {}


def _resolved(value: Any, document: dict[str, Any]) -> dict[str, Any]:
    if isinstance(value, dict) and isinstance(value.get("$ref"), str):
        found: Any = document
        for word in value["$ref"].removeprefix("#/").split("/"):
            found = found.get(word) if isinstance(found, dict) else None
        value = found
    return value if isinstance(value, dict) else {}
