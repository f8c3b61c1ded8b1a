"""Errors as HTTP: every failure is `{"error": {"code", "message"}}` with a Chinese message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from index.errors import YijuError

BUSY = "现在提问的人太多，请稍后再试。"

GENERIC = {
    404: ("not_found", "没有这个地址。"),
    405: ("method_not_allowed", "这个地址不接受这种请求方法。"),
}


class Busy(YijuError):
    """More questions are waiting than the answer queue takes."""


class Unwritten(YijuError):
    """What must be noted in the audit log cannot be."""


class AnswerFailed(YijuError):
    """Answering failed for a reason that belongs in the log only."""


class TooMany(YijuError):
    """One key or address asks more than it may, and may come back in some seconds."""

    def __init__(self, message: str, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(message)


class ApiError(Exception):
    """A caller's mistake, or a state, that the API answers with.

    Attributes:
        status: HTTP status.
        code: for programs; ASCII, stable.
        message: for people; Chinese.
        retry_after: when to come back, in seconds; None if that would not help.
    """

    def __init__(self, status: int, code: str, message: str, *, retry_after: int | None = None) -> None:
        self.status, self.code, self.message = status, code, message
        self.retry_after = 5 if retry_after is None and status == 503 else retry_after
        super().__init__(message)


_PLACE = re.compile(
    r"(?:\b[A-Za-z]:|(?<![A-Za-z0-9]))[/\\](?:[^/\\，。；：、「」（）]+[/\\])+|\w+://[^\s，。；：、」）]+"
)
"""The folders of a path, whose parts may hold spaces, or an address."""


def without_places(message: str) -> str:
    """Return a message that tells what is wrong and with which file, but not where on this machine or network it is."""
    return _PLACE.sub(lambda found: "服务器" if "://" in found[0] else "", message)


def as_api_error(error: Exception) -> ApiError:
    """Return what the API says about an error of answering; a bug stays vague on purpose."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, TooMany):
        return ApiError(429, "too_many", str(error), retry_after=error.seconds)
    if isinstance(error, Busy):
        return ApiError(503, "busy", str(error))
    if isinstance(error, YijuError) and not isinstance(error, AnswerFailed):
        return ApiError(503, "unavailable", without_places(str(error)))
    if isinstance(error, ValueError) and not isinstance(error, UnicodeError):
        return ApiError(422, "invalid_question", str(error))
    return ApiError(500, "internal_error", "服务出了错，已记入日志，请稍后再试。")


@contextmanager
def answering() -> Iterator[None]:
    """Raise what goes wrong in answering as what the API says about it.

    Raises:
        ApiError: in place of every `ValueError` and `YijuError`.
    """
    try:
        yield
    except (ValueError, YijuError) as error:
        raise as_api_error(error) from error


def error_body(error: ApiError) -> dict[str, dict[str, str]]:
    """Return the contract's form of an error."""
    return {"error": {"code": error.code, "message": error.message}}


def error_response(error: ApiError, *, chat: bool = False) -> JSONResponse:
    """Return the contract's form of an error, as a response; with `chat` also in the one that Gradio's page shows."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else None
    shown = {"detail": error.message} if chat else {}
    return JSONResponse({**error_body(error), **shown}, error.status, headers)


def install(app: FastAPI) -> None:
    """Make `app` answer every error in the contract's form; what is unexpected `AccessLog` answers and logs."""
    app.add_exception_handler(HTTPException, _on_http)
    for kind in (ApiError, YijuError):
        app.add_exception_handler(kind, _on_error)


async def _on_error(request: Request, error: Exception) -> JSONResponse:
    return error_response(as_api_error(error))


async def _on_http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    code, message = GENERIC.get(error.status_code, ("bad_request", "请求无法处理。"))
    response = error_response(ApiError(error.status_code, code, message))
    response.headers.update(error.headers or {})
    return response


def invalid(message: str) -> ApiError:
    """Return the error for a request that cannot be understood."""
    return ApiError(422, "invalid_request", message)
