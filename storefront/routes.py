"""The routes of customers and of the overview, plain and as event streams."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, FastAPI, Header, Path, Request, Response
from fastapi.responses import JSONResponse
from pydantic import AfterValidator
from starlette.convertors import Convertor, register_url_convertor

from schemas.read_model import CustomerView
from storefront.access import Access, Bearer, Reader, TokenInUrl
from storefront.etags import answer
from storefront.explanation_body import Explanation
from storefront.feed import Feed
from storefront.lookup import Found, Lookup, NotStartedError
from storefront.overview import history, overview
from storefront.overview_body import Overview
from storefront.pages import EventStream, customer_events, overview_events
from storefront.problems import CUSTOMER_PROBLEMS, GUARDED, INVALID, problem


def _printable(customer_id: str) -> str:
    if not customer_id.isprintable():
        raise ValueError("must be printable characters")
    return customer_id


class _Anything(Convertor[str]):
    """A part of the path that may hold slashes, and line breaks too: who asks with one is told that it is no id."""

    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("anything", _Anything())
CustomerId = Annotated[
    str, Path(min_length=1, max_length=128, description="the id in the events"), AfterValidator(_printable)
]
LastEventId = Annotated[str | None, Header(description="where an interrupted stream goes on")]


def add_streams(app: FastAPI, lookup: Lookup, feed: Feed, access: Access) -> None:
    """Add the event streams, and the overview."""

    def streaming(bearer: Bearer, access_token: TokenInUrl = None) -> Reader:
        return access.reader_of(access_token if bearer is None else bearer.credentials)

    @app.get(
        "/v1/customers/{customer_id:anything}/events",
        summary="One customer's read model, now and whenever it changes (server-sent events)",
        response_class=EventStream,
        responses=CUSTOMER_PROBLEMS,
    )
    async def customer_stream(
        request: Request,
        customer_id: CustomerId,
        reader: Annotated[Reader, Depends(streaming)],
        last_event_id: LastEventId = None,
    ) -> Response:
        reader.may_read(customer_id)
        found = await lookup.customer(customer_id)
        if found.view is None:
            return unknown(request, customer_id, found)
        events = customer_events(lookup, feed, customer_id, last_event_id, reader.shown)
        return EventStream.of(events)

    @app.get(
        "/v1/overview/events",
        summary="The overview and everything said, as it happens (server-sent events)",
        response_class=EventStream,
        responses={**INVALID, **GUARDED},
    )
    async def overview_stream(
        reader: Annotated[Reader, Depends(streaming)], last_event_id: LastEventId = None
    ) -> Response:
        reader.may_read_everything()
        await lookup.check()
        return EventStream.of(overview_events(lookup, feed, last_event_id))

    @app.get("/v1/overview", summary="The program at a glance", response_model=Overview, responses=GUARDED)
    async def overview_now(reader: Annotated[Reader, Depends(access)]) -> Response:
        reader.may_read_everything()
        look = await feed.look()
        if not look.metas:
            raise NotStartedError("No partition has been started yet. Start a worker: tierline worker")
        days = [await lookup.reader.days(meta.partition) for meta in look.metas]
        body = {**overview(look, feed.orders_per_second), "history": history(look.metas, days)}
        return JSONResponse(body, headers={"Cache-Control": "no-store"})


def add_customers(app: FastAPI, lookup: Lookup, access: Access) -> None:
    """Add one customer and the explanation of one."""

    @app.get(
        "/v1/customers/{customer_id:anything}/explain",
        summary="Why one customer is where they are: criteria, orders, what was said",
        response_model=Explanation,
        responses=CUSTOMER_PROBLEMS,
    )
    async def explain(
        request: Request, customer_id: CustomerId, reader: Annotated[Reader, Depends(access)]
    ) -> Response:
        reader.may_read(customer_id)
        found = await lookup.explanation(customer_id)
        if found.view is None:
            return unknown(request, customer_id, found)
        return JSONResponse(reader.shown(found.view), headers={"Cache-Control": "no-store"})

    @app.get(
        "/v1/customers/{customer_id:anything}",
        summary="One customer's tier, progress and features, as of now",
        response_model=CustomerView,
        responses=CUSTOMER_PROBLEMS,
    )
    async def customer(
        request: Request, customer_id: CustomerId, reader: Annotated[Reader, Depends(access)]
    ) -> Response:
        reader.may_read(customer_id)
        found = await lookup.customer(customer_id)
        if found.view is None:
            return unknown(request, customer_id, found)
        return answer(request, reader.shown(found.view))


def unknown(request: Request, customer_id: str, found: Found) -> Response:
    """Return 404 with a newcomer's tier."""
    newcomer = {"customer_id": customer_id, "tier": found.newcomer}
    return problem(request, HTTPStatus.NOT_FOUND, "No event of this customer has arrived yet.", newcomer)
