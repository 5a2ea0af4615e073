"""Who may read what: bearer tokens (JWT), checked with one key.

A service token carries ``service`` in its ``scope`` and reads everything. Any other token is a shopper's: it reads the
customer in its ``sub``, but no scores, segments or value, and not what was held back. Without a key the API is open.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple

import jwt
from fastapi import Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException

from state.bodies import Body

SECRET_ALGORITHMS: Final = ("HS256", "HS384", "HS512")
PUBLIC_KEY_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
NO_SEGMENTS: Final[Body] = {"rfm": None, "cluster": None, "persona": None, "traits": [], "since": None}
NO_SCORES: Final[Body] = {"r": None, "f": None, "m": None}
"""Whoever has the scores has the rule segment: the rules are public."""
NO_REASONS: Final[Body] = {"rfm": None, "cluster": None, "persona": None}
NOT_FOR_SHOPPERS: Final = frozenset({"nudge.suppressed", "segment.changed"})
_JUDGEMENTS: Final = frozenset({"segment", "clv_90d"})

_bearer = HTTPBearer(auto_error=False, description="a JWT; a service token reads all, a shopper's its own `sub`")
Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
TokenInUrl = Annotated[str | None, Query(description="the token, for an EventSource, which sends no headers")]


class Reader(NamedTuple):
    """Who asks: a shopper, or (None) someone who may read everything."""

    customer_id: str | None = None

    def may_read(self, customer_id: str) -> None:
        """Return, or raise 403 for another shopper's customer."""
        if self.customer_id not in (None, customer_id):
            raise HTTPException(HTTPStatus.FORBIDDEN, "This token reads its own customer only.")

    def may_read_everything(self) -> None:
        """Return, or raise 403 for a shopper."""
        if self.customer_id is not None:
            raise HTTPException(HTTPStatus.FORBIDDEN, "This needs a service token (scope: service).")

    def shown(self, body: Body) -> Body:
        """Return a read model or explanation as this reader may see it."""
        if self.customer_id is None:
            return body
        body = {**body, "segment": NO_SEGMENTS, "clv_90d": None}
        rfm, told = body.get("rfm"), body.get("history")
        if isinstance(rfm, dict):
            body["rfm"] = {**rfm, "scores": NO_SCORES}
        if "segment_why" in body:
            body["segment_why"] = NO_REASONS
        if isinstance(told, list):
            body["history"] = [_for_shopper(one) for one in told if one["what"] not in NOT_FOR_SHOPPERS]
        return body


@dataclass(frozen=True, slots=True)
class Access:
    """The key that tokens are checked with: a secret, a public key in PEM, or None."""

    key: str | None = None

    async def __call__(self, request: Request, bearer: Bearer) -> Reader:
        """Return who asks. Raises 401."""
        return self.reader_of(None if bearer is None else bearer.credentials)

    def reader_of(self, token: str | None) -> Reader:
        """Return whose token this is. Raises 401 where it is missing, expired or forged."""
        if self.key is None:
            return Reader()
        if token is None:
            raise _unauthorized("Send a token: Authorization: Bearer ...")
        algorithms = PUBLIC_KEY_ALGORITHMS if "-----BEGIN" in self.key else SECRET_ALGORITHMS
        options: jwt.types.Options = {"require": ["exp"], "verify_aud": False}
        try:
            claims = jwt.decode(token, self.key, algorithms=list(algorithms), options=options)
        except jwt.PyJWTError as error:
            raise _unauthorized(f"The token is not accepted: {error}.") from error
        if "service" in str(claims.get("scope", "")).split():
            return Reader()
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise _unauthorized("A shopper's token names its customer in `sub`.")
        return Reader(subject)


OPEN: Final = Access()
"""Everybody reads everything."""


def _unauthorized(detail: str) -> HTTPException:
    return HTTPException(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})


def _for_shopper(told: Body) -> Body:
    body = told["body"]
    assert isinstance(body, dict), "what was said is an object"
    return {**told, "body": {name: None if name in _JUDGEMENTS else value for name, value in body.items()}}
