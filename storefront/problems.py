"""Errors as RFC 9457 problem documents."""

from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from state.bodies import Body
from state.errors import StateError
from state.store import StoreUnavailableError

RETRY_AFTER_SECONDS = 2


class Problem(BaseModel):
    """An error as RFC 9457 describes it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str


class UnknownCustomerProblem(Problem):
    """404 of a customer: a newcomer's tier, so that a page can be drawn all the same."""

    customer_id: str
    tier: Body


Responses: TypeAlias = dict[int | str, dict[str, Any]]  # FastAPI's own type.
UNAVAILABLE: Final[Responses] = {
    503: {"model": Problem, "description": "Redis does not answer, or no worker has started yet"}
}
GUARDED: Final[Responses] = {
    401: {"model": Problem, "description": "No token, or one that is not accepted"},
    403: {"model": Problem, "description": "A shopper's token asks for more than its own customer"},
    **UNAVAILABLE,
}
INVALID: Final[Responses] = {422: {"model": Problem, "description": "Something in the request is not what it must be"}}
CUSTOMER_PROBLEMS: Final[Responses] = {404: {"model": UnknownCustomerProblem}, **INVALID, **GUARDED}
MEDIA_TYPE: Final = "application/problem+json"


class ProblemResponse(JSONResponse):
    """A problem document with its own media type."""

    media_type = MEDIA_TYPE


def problem(
    request: Request,
    status: HTTPStatus,
    detail: str,
    extension: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProblemResponse:
    """Return the response that says what went wrong; ``extension`` adds members of its own."""
    body = Problem(title=status.phrase, status=status, detail=detail, instance=request.url.path)
    return ProblemResponse({**body.model_dump(), **(extension or {})}, status, headers)


def handle_problems(app: FastAPI) -> None:
    """Let every error of ``app`` leave as a problem document, and its OpenAPI document say so."""
    app.openapi = partial(_described, app.openapi)  # type: ignore[method-assign]
    app.add_exception_handler(StateError, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)


def _described(openapi: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return the OpenAPI document; FastAPI gives an error the media type of the route's success."""
    document = openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                if int(status) >= HTTPStatus.BAD_REQUEST and "content" in response:
                    (content,) = response["content"].values()
                    response["content"] = {MEDIA_TYPE: content}
    return document


async def _unavailable(request: Request, error: Exception) -> Response:
    # Where the store itself is not reached, its address is nobody's business out here; the log has it.
    detail = "The state store does not answer." if isinstance(error, StoreUnavailableError) else str(error)
    return problem(
        request, HTTPStatus.SERVICE_UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
    )  # fmt: skip


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, f"{where}: {first['msg'].removeprefix('Value error, ')}")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(request, HTTPStatus(error.status_code), str(error.detail), headers=error.headers)
