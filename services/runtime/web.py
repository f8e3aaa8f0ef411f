"""FastAPI for every service: health, metrics, problem details, plain pages."""

import html
from http import HTTPStatus
from typing import Any

import psycopg
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException as StarletteHTTPException

from schemas.errors import Rejection
from services.runtime.context import Context
from services.runtime.database import is_passing

PROBLEM = "application/problem+json"
RETRY_SECONDS = 5
"""What a caller is told to wait while the database is away."""


class Problem(HTTPException):
    """An answer in problem details (RFC 9457)."""

    def __init__(self, status: int, title: str, detail: str, **extensions: Any) -> None:
        super().__init__(status, detail)
        self.title = title
        self.extensions = extensions


def problem(status: int, title: str, detail: str, **extensions: Any) -> JSONResponse:
    """Problem details (RFC 9457); `extensions` become members of their own."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return JSONResponse(body | extensions, status, media_type=PROBLEM)


def rejected(rejection: Rejection) -> JSONResponse:
    """The problem details of a message that cannot be accepted."""
    return problem(
        rejection.status,
        "Not accepted",
        rejection.detail,
        code=rejection.code,
        pointer=rejection.pointer,
    )


def page(title: str, message: str, status: int = 200, lang: str = "en") -> HTMLResponse:
    """A plain page with one message, for links that do nothing (any more)."""
    return HTMLResponse(
        f'<!doctype html><html lang="{html.escape(lang)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
        f"<title>{html.escape(title)}</title><style>{PLAIN_STYLE}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1><p>{html.escape(message)}</p></main></body>"
        "</html>",
        status,
        headers={"Cache-Control": "no-store"},
    )


PLAIN_STYLE = (
    "body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f6f5f1;"
    "color:#22302c;font:17px/1.6 system-ui,sans-serif}main{max-width:32rem;margin:1.5rem;"
    "padding:2rem 2.25rem;background:#fff;border-radius:16px;box-shadow:0 1px 3px #0001,"
    "0 12px 40px #0000000f}h1{margin:0 0 .5rem;font-size:1.4rem;line-height:1.3}p{margin:0}"
    "@media(prefers-color-scheme:dark){body{background:#15201c;color:#e7ece9}"
    "main{background:#1e2b26}}"
)


def create_api(context: Context, title: str, description: str) -> FastAPI:
    """A service's HTTP side, without its own routes."""
    api = FastAPI(title=title, description=description, redoc_url=None)
    api.state.context = context

    # The framework's own kind as well: an unknown path, a method that a path does not have.
    @api.exception_handler(StarletteHTTPException)
    async def http_problem(request: Request, error: StarletteHTTPException) -> Response:
        del request
        title = error.title if isinstance(error, Problem) else HTTPStatus(error.status_code).phrase
        extensions = error.extensions if isinstance(error, Problem) else {}
        answer = problem(error.status_code, title, str(error.detail), **extensions)
        answer.headers.update(error.headers or {})
        return answer

    @api.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        del request
        faults = [
            {"pointer": "/" + "/".join(map(str, fault["loc"])), "detail": fault["msg"]}
            for fault in error.errors()
        ]
        return problem(422, "Invalid request", "See errors.", errors=faults)

    @api.exception_handler(Rejection)
    async def refused(request: Request, rejection: Rejection) -> Response:
        del request
        return rejected(rejection)

    @api.exception_handler(SQLAlchemyError)
    @api.exception_handler(psycopg.Error)
    async def away(request: Request, error: Exception) -> Response:
        del request
        if not is_passing(error):
            raise error
        answer = problem(503, "Not now", "The database does not answer; try again in a while.")
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
        return answer

    @api.get("/livez", include_in_schema=False)
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @api.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        ready = context.health.ready
        body = {"status": "ready" if ready else "waiting", "parts": context.health.report()}
        return JSONResponse(body, 200 if ready else 503)

    @api.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return api
