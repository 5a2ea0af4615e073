"""A page to hand on: one HTML file, no script, nothing from elsewhere, light, dark and on paper."""

from collections.abc import Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from schemas.instants import parse_instant, to_datetime
from storefront.page import FILES
from tierline.console import CommandError, Json, note


def document(title: str, heading: str, about: Sequence[str], main: str, footer: str) -> str:
    """Return the page; ``main`` is HTML, everything else text."""
    style = FILES["page.css"].read_text("utf-8") + files("tierline").joinpath("handed_on.css").read_text("utf-8")
    icon = FILES["icon.svg"].read_text("utf-8").replace("<svg ", '<svg width="40" height="40" aria-hidden="true" ')
    said = "".join(f'<p class="quiet">{escape(one)}</p>' for one in about)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"<header>{icon}<h1>{escape(heading)}</h1>{said}</header>\n<main>{main}</main>\n"
        f"<footer><p>{escape(footer)}</p></footer>\n</body>\n</html>\n"
    )


def write(path: Path, page: str) -> None:
    """Write the page, and say so; `CommandError` where that cannot be."""
    try:
        path.write_text(page, "utf-8")
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}. Name a file in a folder that can be written to.") from error
    note(f"written: {path}")


def day_of(instant: Json) -> str:
    """Return the day of an RFC 3339 instant, as it is said."""
    at = to_datetime(parse_instant(str(instant)))
    return f"{at.day} {at:%B %Y}"
