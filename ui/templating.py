"""What needs no Gradio: pages, and files, from templates that escape whatever they are given."""

from __future__ import annotations

from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ui.wording import words_for

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def written(name: str, **values: object) -> str:
    """Return what a template makes of values; every text among them is escaped, for HTML and XML alike."""
    return _TEMPLATES.get_template(name).render(**values)


def page(name: str, request: Request, *, root: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a page of the product; every text among the values that its template shows is escaped.

    `?lang=en` in the request's address makes it English; `root` is the way up to the product's own address, e.g. `../`.
    """
    words = words_for(request.query_params.get("lang"))
    lang = "" if words.language == "zh-CN" else f"lang={words.language}"
    return HTMLResponse(written(name, words=words, root=root, lang=lang, **values), status)
