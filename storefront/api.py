"""The HTTP API: stateless, as many processes as wanted. Customers come from Redis alone, whatever Kafka does.

`create_app` is handed everything it needs; only `tierline api` knows where it comes from.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from pydantic import BaseModel, Field
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.cors import CORSMiddleware

from schemas.program import Program
from storefront.access import OPEN, Access, Reader
from storefront.api_metrics import ApiMetrics
from storefront.etags import answer
from storefront.feed import Feed
from storefront.lookup import Lookup
from storefront.page import router as page
from storefront.population_routes import add_lookalikes, add_portraits
from storefront.ports import Populations
from storefront.problems import GUARDED, UNAVAILABLE, handle_problems
from storefront.routes import add_customers, add_streams

ALLOWED_HEADERS = ("Authorization", "If-None-Match", "Last-Event-ID")


class ProgramView(BaseModel):
    """The rules in force."""

    program_version: str = Field(description="version, a dot, and 12 hex digits of the rules' SHA-256")
    program: Program


class Health(BaseModel):
    """Whether this process can do its work."""

    status: str


def create_app(
    lookup: Lookup,
    version: str,
    on_stop: Callable[[], Awaitable[None]],
    access: Access = OPEN,
    origins: Sequence[str] = (),
    populations: Populations | None = None,
) -> FastAPI:
    """Return the application; ``on_stop`` releases what ``lookup`` holds. Pages of ``origins`` may read it (CORS).

    Without ``populations`` it has no look-alikes and no portraits (501).

    Its ``state.feed`` ends the open streams when the process is told to stop.
    """
    feed = Feed(lookup.reader, lookup.partitions)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with feed.running():
            yield
        await on_stop()

    app = FastAPI(
        title="Tierline",
        version=version,
        summary="Loyalty tiers of a shop's customers, live.",
        lifespan=lifespan,
        redoc_url=None,
    )
    app.state.feed = feed
    handle_problems(app)
    _count_requests(app, feed)
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=origins, allow_methods=["GET"], allow_headers=ALLOWED_HEADERS,
            expose_headers=["ETag"],
        )  # fmt: skip
    # The streams' paths first: an id may hold slashes, so the plain customer's path takes everything.
    add_streams(app, lookup, feed, access)
    add_lookalikes(app, lookup, populations, access)
    add_customers(app, lookup, access)
    add_portraits(app, lookup, populations, access)
    _add_program(app, lookup, access)
    _add_health(app, lookup)
    app.include_router(page)
    return app


def _count_requests(app: FastAPI, feed: Feed) -> None:
    metrics = ApiMetrics(lambda: feed.listeners)

    @app.middleware("http")
    async def count(request: Request, call_next: RequestResponseEndpoint) -> Response:
        with metrics.timed(request) as answered:
            response = await call_next(request)
            answered(response.status_code)
        return response

    @app.get("/metrics", include_in_schema=False)
    def prometheus() -> Response:
        return Response(metrics.text(), media_type=metrics.content_type)


def _add_program(app: FastAPI, lookup: Lookup, access: Access) -> None:
    @app.get("/v1/program", summary="The rules in force", response_model=ProgramView, responses=GUARDED)
    async def program(request: Request, reader: Annotated[Reader, Depends(access)]) -> Response:
        reader.may_read_everything()
        in_force = await lookup.program()
        view = ProgramView(program_version=in_force.version_id, program=in_force)
        return answer(request, jsonable_encoder(view))


def _add_health(app: FastAPI, lookup: Lookup) -> None:
    @app.get("/health/live", summary="The process runs")
    async def live() -> Health:
        return Health(status="ok")

    @app.get("/health/ready", summary="Redis answers and a worker has started", responses=UNAVAILABLE)
    async def ready() -> Health:
        await lookup.check()
        return Health(status="ok")
