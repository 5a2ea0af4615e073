"""The page at `/` and its files: plain HTML, CSS and ES modules, sent as they lie. Nothing comes from elsewhere."""

from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FILES = {path.name: path for path in STATIC.iterdir() if path.suffix in MEDIA_TYPES}
"""The files that may be had, by name; a request never becomes a path."""

router = APIRouter(include_in_schema=False)


@router.get("/")
def page() -> FileResponse:
    """Return the page."""
    return _sent("index.html")


@router.get("/static/{name}")
def static(name: str) -> FileResponse:
    """Return one of the page's files; 404 for any other name."""
    if name not in FILES:
        raise HTTPException(404, "The page has no such file.")
    return _sent(name)


def _sent(name: str) -> FileResponse:
    path = FILES[name]
    return FileResponse(path, media_type=MEDIA_TYPES[path.suffix], headers=HEADERS)
