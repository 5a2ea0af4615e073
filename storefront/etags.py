"""Answers that a client may keep and ask about again."""

import json
from hashlib import sha256
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from state.bodies import Body


def digest_of(body: Body) -> str:
    """Return what tells one content from another; when it was asked for (``as_of``) is no content."""
    content = {name: value for name, value in body.items() if name != "as_of"}
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def answer(request: Request, body: Body) -> Response:
    """Return ``body``, or 304 where the client's copy says the same. Weak: `as_of` may differ."""
    tag = f'W/"{digest_of(body)}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag.removeprefix("W/") in known or "*" in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return JSONResponse(body, headers=headers)
