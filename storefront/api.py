"""The HTTP API: stateless, as many processes as wanted, each reading Redis alone.

`create_app` is handed everything it needs; only `tierline api` knows where it comes from.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, Field
from starlette.middleware.base import RequestResponseEndpoint

from schemas.program import Program
from schemas.read_model import CustomerView
from storefront.api_metrics import ApiMetrics
from storefront.lookup import Lookup
from storefront.page import router as page
from storefront.problems import Problem, UnknownCustomerProblem, handle_problems, problem


def _printable(customer_id: str) -> str:
    if not customer_id.isprintable():
        raise ValueError("must be printable characters")
    return customer_id


CustomerId = Annotated[
    str, Path(min_length=1, max_length=128, description="the id in the events"), AfterValidator(_printable)
]
Responses = dict[int | str, dict[str, Any]]  # FastAPI's own type.
UNAVAILABLE: Responses = {503: {"model": Problem, "description": "Redis does not answer, or no worker has started yet"}}

CUSTOMER_PROBLEMS: Responses = {404: {"model": UnknownCustomerProblem}, 422: {"model": Problem}, **UNAVAILABLE}


class ProgramView(BaseModel):
    """The rules in force."""

    program_version: str = Field(description="version, a dot, and 12 hex digits of the rules' SHA-256")
    program: Program


class Health(BaseModel):
    """Whether this process can do its work."""

    status: str


def create_app(lookup: Lookup, version: str, on_stop: Callable[[], Awaitable[None]]) -> FastAPI:
    """Return the application; ``on_stop`` releases what ``lookup`` holds."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await on_stop()

    app = FastAPI(
        title="Tierline",
        version=version,
        summary="Loyalty tiers of a shop's customers, live.",
        lifespan=lifespan,
        redoc_url=None,
    )
    handle_problems(app)
    _count_requests(app)
    _add_customers(app, lookup)
    _add_health(app, lookup)
    app.include_router(page)
    return app


def _count_requests(app: FastAPI) -> None:
    metrics = ApiMetrics()

    @app.middleware("http")
    async def count(request: Request, call_next: RequestResponseEndpoint) -> Response:
        with metrics.timed(request) as answered:
            response = await call_next(request)
            answered(response.status_code)
        return response

    @app.get("/metrics", include_in_schema=False)
    def prometheus() -> Response:
        return Response(metrics.text(), media_type=metrics.content_type)


def _add_customers(app: FastAPI, lookup: Lookup) -> None:
    @app.get(
        "/v1/customers/{customer_id:path}",
        summary="One customer's tier, progress and features, as of now",
        response_model=CustomerView,
        responses=CUSTOMER_PROBLEMS,
    )
    async def customer(request: Request, customer_id: CustomerId) -> Response:
        found = await lookup.customer(customer_id)
        if found.view is None:
            newcomer = {"customer_id": customer_id, "tier": found.newcomer}
            return problem(request, HTTPStatus.NOT_FOUND, "No event of this customer has arrived yet.", newcomer)
        return JSONResponse(found.view, headers={"Cache-Control": "no-store"})

    @app.get("/v1/program", summary="The rules in force", responses=UNAVAILABLE)
    async def program() -> ProgramView:
        in_force = await lookup.program()
        return ProgramView(program_version=in_force.version_id, program=in_force)


def _add_health(app: FastAPI, lookup: Lookup) -> None:
    @app.get("/health/live", summary="The process runs")
    async def live() -> Health:
        return Health(status="ok")

    @app.get("/health/ready", summary="Redis answers and a worker has started", responses=UNAVAILABLE)
    async def ready() -> Health:
        await lookup.check()
        return Health(status="ok")
