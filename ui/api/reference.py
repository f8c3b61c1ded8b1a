"""The interface describes itself: `/api/openapi.json` for programs, `/api/docs` for people; nothing is fetched."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse

from ui.templating import page

SPEC = Path(__file__).parents[1] / "openapi.json"

Node = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, or a property of a body; `depth` is how deep it lies."""

    name: str
    kind: str
    required: bool
    description: str
    depth: int = 0
    where: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing the interface does, as the page shows it."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Field, ...]
    body: str  # an example of the request's body as JSON; empty where there is none
    fields: tuple[Field, ...]  # what the body may hold
    result: tuple[Field, ...]  # what a good reply holds
    statuses: tuple[tuple[str, str], ...]  # status and meaning of each reply

    def curl(self, base: str) -> str:
        """Return the command that does it, for a server at `base` (without the last slash)."""
        usual = "POST" if self.body else "GET"
        parts = ["curl", "-s", *(() if self.method == usual else ("-X", self.method)), base + self.path]
        if self.body:
            body = json.dumps(json.loads(self.body), ensure_ascii=False)
            parts += ["-H", "Content-Type: application/json", "-d", body]
        return shlex.join(parts)


def add_routes(app: FastAPI) -> None:
    """Add `/api/openapi.json` and `/api/docs`."""
    router = APIRouter()

    @router.get("/api/openapi.json")
    async def specification() -> FileResponse:
        """OpenAPI 3.1; its server is relative, so that it holds under any prefix."""
        return FileResponse(SPEC, media_type="application/json")

    @router.get("/api/docs")
    def docs(request: Request) -> Response:
        """Return the same for people, with a form to try each operation."""
        base = str(request.base_url).rstrip("/")
        tags = {tag: [each for each in operations() if each.tag == tag] for tag in _tags()}
        return page("api.html", request, root="../", base=base, tags=tags)

    app.include_router(router)


@cache
def operations() -> tuple[Operation, ...]:
    """Return all operations, in the order of the specification."""
    spec = json.loads(SPEC.read_text(encoding="utf-8"))
    whole = _resolved(spec["paths"], spec)
    return tuple(_operation(method, path, said) for path, methods in whole.items() for method, said in methods.items())


def _tags() -> list[str]:
    return list(dict.fromkeys(each.tag for each in operations()))


def _resolved(node: Any, spec: Node) -> Any:
    """Return the node with what it refers to in place of each reference."""
    if isinstance(node, list):
        return [_resolved(each, spec) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target: Any = spec
        for key in node["$ref"].removeprefix("#/").split("/"):
            target = target[key]
        return {**_resolved(target, spec), **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: _resolved(value, spec) for key, value in node.items()}


def _operation(method: str, path: str, said: Node) -> Operation:
    asked = said.get("requestBody", {}).get("content", {}).get("application/json", {})
    good = next(reply for status, reply in said["responses"].items() if status.startswith("2"))
    content = good.get("content", {})
    return Operation(
        id=said["operationId"],
        tag=said["tags"][0],
        method=method.upper(),
        path=path,
        summary=said["summary"],
        description=said.get("description", ""),
        parameters=tuple(_parameter(each) for each in said.get("parameters", ())),
        body=json.dumps(asked["example"], ensure_ascii=False, indent=2) if asked else "",
        fields=tuple(_fields(asked.get("schema", {}))),
        result=tuple(_fields(content.get("application/json", {}).get("schema", {}))),
        statuses=tuple((status, reply["description"]) for status, reply in said["responses"].items()),
    )


def _parameter(said: Node) -> Field:
    kind = _kind(said["schema"])
    return Field(said["name"], kind, said.get("required", False), said.get("description", ""), where=said["in"])


def _fields(schema: Node, depth: int = 0) -> Iterator[Field]:
    """Yield the properties of an object, or of what an array holds, the inner ones behind their outer one."""
    for part in (*schema.get("allOf", ()), schema):
        for name, inner in part.get("properties", {}).items():
            required = name in part.get("required", ())
            yield Field(name, _kind(inner), required, inner.get("description", ""), depth)
            yield from _fields(inner.get("items", inner), depth + 1)


def _kind(schema: Node) -> str:
    """Return the type in words; a set of values as these."""
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    if "enum" in schema:
        return " | ".join("null" if value is None else str(value) for value in schema["enum"])
    kind = schema.get("type", "object")
    if kind == "array":
        return f"{_kind(schema['items'])}[]"
    return kind if isinstance(kind, str) else " | ".join(kind)
