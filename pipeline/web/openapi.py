"""The OpenAPI 3.1 description of the API, made from the same values that are read and given."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

from pipeline import __version__

from .api import CHANGES, READS, ROOT, Endpoint, Problem, SessionAnswer
from .queries import ItemQuery

_REF = "#/components/schemas/{name}"
_PROBLEMS = {"400": "What was asked cannot be answered as it stands", "404": "Nothing goes by that name"}


def description(with_changes: bool) -> dict[str, Any]:
    """The whole document; changes are described where they can be made."""
    points = (*READS, *(CHANGES if with_changes else ()))
    types = list(dict.fromkeys([*(p.gives for p in points), *(p.query for p in points), Problem, SessionAnswer]))
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    known = dict(zip(types, schemas, strict=True))
    paths: dict[str, Any] = {}
    for point in points:
        paths.setdefault(ROOT + point.path, {})[point.method.lower()] = _operation(point, known, components)
    paths[f"{ROOT}/session"] = {"get": _plain("session", "Start a session for changes", known[SessionAnswer])}
    paths[f"{ROOT}/items/stream"] = {"get": _stream(components, known)}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Storyfold",
            "version": __version__,
            "description": "Stories, their copies, the journal and the feeds. Times are RFC 3339, UTC.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(point: Endpoint, known: dict[type, Any], components: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": point.name,
        "summary": point.summary,
        "parameters": [_path_parameter(name) for name in re.findall(r"\{(\w+)\}", point.path)],
        "responses": {"200": _answer("The answer", known[point.gives])},
    }
    if point.method == "GET":
        operation["parameters"] += _parameters(_schema(known[point.query], components))
    else:
        operation["requestBody"] = {"required": True, "content": _content(known[point.query])}
        operation["responses"]["403"] = _problem("A change needs the session's CSRF token or the token", known)
    for status, meaning in _PROBLEMS.items():
        operation["responses"][status] = _problem(meaning, known)
    return operation


def _stream(components: dict[str, Any], known: dict[type, Any]) -> dict[str, Any]:
    [schema], found = msgspec.json.schema_components([ItemQuery], ref_template=_REF)
    after = {"name": "after", "in": "query", "schema": {"type": "integer", "minimum": 0}}
    parameters = [p for p in _parameters(_schema(schema, found)) if p["name"] not in ("before", "limit")]
    return {
        "operationId": "items_stream",
        "summary": "The journal as it grows, one item an event (text/event-stream)",
        "parameters": [after, *parameters],
        "responses": {
            "200": {
                "description": "Events named item, each with an item as JSON",
                "content": {"text/event-stream": {"schema": {"type": "string"}}},
            },
            "400": _problem(_PROBLEMS["400"], known),
            "503": {"description": "Too many streams are open"},
        },
    }


def _schema(schema: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    name = schema["$ref"].rpartition("/")[2]
    found: dict[str, Any] = components[name]
    return found


def _parameters(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Query parameters of a query's fields: absent stands for null."""
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "schema": _without_null(field),
            **({"required": True} if name in required else {}),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _without_null(field: dict[str, Any]) -> dict[str, Any]:
    field = {key: value for key, value in field.items() if not (key == "default" and value is None)}
    options = [option for option in field.pop("anyOf", []) if option != {"type": "null"}]
    field |= options[0] if len(options) == 1 else ({"anyOf": options} if options else {})
    if None in field.get("enum", ()):
        field["enum"] = [value for value in field["enum"] if value is not None]
    return field


def _path_parameter(name: str) -> dict[str, Any]:
    kind = {"type": "integer", "minimum": 0} if name in ("feed_id", "decision_id") else {"type": "string"}
    return {"name": name, "in": "path", "required": True, "schema": kind}


def _plain(name: str, summary: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": name, "summary": summary, "responses": {"200": _answer(summary, schema)}}


def _answer(meaning: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": inspect.cleandoc(meaning), "content": _content(schema)}


def _problem(meaning: str, known: dict[type, Any]) -> dict[str, Any]:
    return {"description": meaning, "content": {"application/problem+json": {"schema": known[Problem]}}}


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
