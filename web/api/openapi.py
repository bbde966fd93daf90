"""The OpenAPI 3.1 document, made from what the calls declare."""

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from flask import Blueprint, Flask, Response, current_app
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema
from werkzeug.routing import Rule

from web import access
from web.api.base import OPERATION, Operation, Problems, as_json

bp = Blueprint("api_openapi", __name__, url_prefix="/api/v1")
Use: TypeAlias = tuple[type[BaseModel], JsonSchemaMode]
Schemas: TypeAlias = Mapping[Use, dict[str, Any]]
_TYPES = {"int": {"type": "integer"}, "default": {"type": "string"}, "path": {"type": "string"}}
_INTRO = """Customers, products and events in; journeys, segments and messages out.

Send a key as `Authorization: Bearer wf_...`. Every write takes an `Idempotency-Key`: the same request gets the same
answer for 48 hours. Lists take up to 5,000 items; a bad item is reported by its index, and the others are kept."""


@bp.get("/openapi.json")
@access.public("it describes the API and holds nothing of anybody")
def document() -> Response:
    """Serve the document."""
    return as_json(json.dumps(describe(current_app), ensure_ascii=False))


def describe(app: Flask) -> dict[str, Any]:
    """Return the document of an application."""
    rules = [rule for rule in app.url_map.iter_rules() if _operation(app, rule)]
    operations = [one for rule in rules if (one := _operation(app, rule))]
    schemas, components = _schemas(tuple(_models(app, rules)))
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(rules, key=lambda rule: rule.rule):
        operation = _operation(app, rule)
        assert operation is not None  # noqa: S101  narrows the type; rules without one are left out above
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            place = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
            paths.setdefault(place, {})[method.lower()] = _described(rule, method, operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Wayfare", "version": "1", "description": _INTRO, "license": {"name": "MIT"}},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({one.tag for one in operations})],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "An API key."}},
        },
    }


def _operation(app: Flask, rule: Rule) -> Operation | None:
    found: Operation | None = getattr(app.view_functions[rule.endpoint], OPERATION, None)
    return found


def _models(app: Flask, rules: list[Rule]) -> list[Use]:
    models: list[Use] = [(Problems, "serialization")]
    for operation in filter(None, (_operation(app, rule) for rule in rules)):
        models += [(model, "validation") for model in (operation.body, operation.items, operation.query) if model]
        models += [(operation.answer, "serialization")] if operation.answer else []
    return list(dict.fromkeys(models))


@lru_cache(maxsize=4)
def _schemas(models: tuple[Use, ...]) -> tuple[Schemas, dict[str, Any]]:
    found, definitions = models_json_schema(models, ref_template="#/components/schemas/{model}")
    return {use: found[use] for use in models}, definitions.get("$defs", {})


def _described(rule: Rule, method: str, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    problems = _json(schemas[(Problems, "serialization")])
    errors = {"description": "What is wrong, with every reason.", "content": problems}
    answer = schemas[(operation.answer, "serialization")] if operation.answer else {}
    good = {"description": "Done."} | ({"content": _json(answer)} if operation.status != 204 else {})
    refusals = ["400", "404", "422", *(["401", "403"] if operation.right else [])]
    refusals += ["409", "413", "415"] if method != "GET" else []
    description = operation.description + (f"\n\nNeeds the right `{operation.right}`." if operation.right else "")
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "operationId": rule.endpoint.rpartition(".")[2],
        "summary": operation.summary,
        "description": description.strip(),
        "security": [{"key": []}] if operation.right else [],
        "parameters": _parameters(rule, method, operation),
        "responses": {str(operation.status): good, **dict.fromkeys(sorted(refusals), errors)},
    }
    model = operation.body or operation.items
    if model:
        schema = schemas[(model, "validation")]
        listed = {"type": "array", "items": schema, "maxItems": 5000} if operation.items else schema
        described["requestBody"] = {"required": True, "content": _json(listed)}
    return described


def _parameters(rule: Rule, method: str, operation: Operation) -> list[dict[str, Any]]:
    converters = {name: kind or "default" for kind, name in re.findall(r"<(?:([^:<>]+):)?([^<>]+)>", rule.rule)}
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _TYPES.get(kind, _TYPES["default"])}
        for name, kind in converters.items()
    ]
    if operation.query:
        fields = operation.query.model_json_schema(ref_template="#/components/schemas/{model}")
        found += [
            {"name": name, "in": "query", "required": name in fields.get("required", []), "schema": schema}
            for name, schema in fields.get("properties", {}).items()
        ]
    if method != "GET":
        key = {"type": "string", "minLength": 1, "maxLength": 255}
        words = "Repeat a request with the same key and it is done once."
        found.append({"name": "Idempotency-Key", "in": "header", "schema": key, "description": words})
    return found


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
