"""The routes about many customers: who is like one of them, and what each segment is like. For service tokens only."""

from asyncio import to_thread
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Query, Request, Response
from starlette.exceptions import HTTPException

from models.population import Population
from schemas.program import Program
from state.bodies import Body
from state.errors import StateError
from state.segments import segment_rules_of
from storefront.access import Access, Reader
from storefront.etags import answer
from storefront.lookalikes import lookalikes
from storefront.lookalikes_body import LookalikesView
from storefront.lookup import Lookup
from storefront.portraits import groups_of, portraits
from storefront.portraits_body import PortraitsView
from storefront.ports import Populations
from storefront.problems import CUSTOMER_PROBLEMS, GUARDED, Problem, Responses
from storefront.routes import CustomerId, unknown

MOST_LOOKALIKES: Final = 50
NOT_FOLLOWED: Final[Responses] = {
    501: {"model": Problem, "description": "This process does not read samples: it was started without TIERLINE_KAFKA"}
}


class PopulationUnknownError(StateError):
    """Who is sampled is not known yet.

    Reaction: ask again in a moment; the text says what is missing.
    """


def add_lookalikes(app: FastAPI, lookup: Lookup, populations: Populations | None, access: Access) -> None:
    """Add the customers most like one; before the plain customer's path, which takes everything."""

    @app.get(
        "/v1/customers/{customer_id:anything}/lookalikes",
        summary="The customers most like one customer, and what they share",
        response_model=LookalikesView,
        responses={**CUSTOMER_PROBLEMS, **NOT_FOLLOWED},
    )
    async def most_alike(
        request: Request,
        customer_id: CustomerId,
        reader: Annotated[Reader, Depends(access)],
        n: Annotated[int, Query(ge=1, le=MOST_LOOKALIKES, description="how many")] = 3,
    ) -> Response:
        reader.may_read_everything()
        (asked,) = await lookup.members([customer_id])
        if asked is None:
            return unknown(request, customer_id, await lookup.customer(customer_id))
        followed, population = known(populations)
        return answer(request, await lookalikes(lookup, followed, population, customer_id, asked, n))


def add_portraits(app: FastAPI, lookup: Lookup, populations: Populations | None, access: Access) -> None:
    """Add the portraits of every segment; they are made once for each population."""
    made: list[tuple[Population, Program, Body]] = []

    @app.get(
        "/v1/portraits",
        summary="Every segment and cluster in numbers and plain words, and the campaign that fits",
        response_model=PortraitsView,
        responses={**GUARDED, **NOT_FOLLOWED},
    )
    async def described(request: Request, reader: Annotated[Reader, Depends(access)]) -> Response:
        reader.may_read_everything()
        _, population = known(populations)
        program = await lookup.program()
        if not made or made[0][:2] != (population, program):
            groups = await to_thread(groups_of, population, segment_rules_of(program.segments))
            body = await to_thread(portraits, population, groups, program.currency)
            made[:] = [(population, program, body)]
        return answer(request, made[0][2])


def known(populations: Populations | None) -> tuple[Populations, Population]:
    """Return who is sampled. Raises `PopulationUnknownError` before that is known, 501 where it never will be."""
    if populations is None:
        raise HTTPException(501, "This API does not read samples. Start it with TIERLINE_KAFKA, as the worker.")
    population = populations.population
    if population is None:
        raise PopulationUnknownError(populations.missing)
    return populations, population
