"""Where a page is in the feed: one place per partition, as text in an event's ``id:`` (``12.0_0.0_7.1``)."""

from collections.abc import Sequence

from state.live_entry import Place

BEGINNING: Place = (0, 0)
_END = 2**63
"""Redis has no place with a number above 64 bits and refuses to look there; no partition ever comes so far."""


def cursor_text(places: Sequence[Place]) -> str:
    """Return the cursor; a partition in which nothing was said yet is empty."""
    return "_".join("" if place == BEGINNING else f"{place[0]}.{place[1]}" for place in places)


def parse_cursor(text: str | None, partitions: int) -> list[Place] | None:
    """Return the places, None for what is no cursor of this many partitions."""
    parts = (text or "").split("_")
    if not text or len(parts) != partitions:
        return None
    try:
        return [_place(part) for part in parts]
    except ValueError:
        return None


def _place(part: str) -> Place:
    if not part:
        return BEGINNING
    step, number = part.split(".")
    if not (step.isascii() and step.isdigit() and number.isascii() and number.isdigit()) or len(part) > 30:
        raise ValueError(part)
    place = int(step), int(number)
    if max(place) >= _END:
        raise ValueError(part)
    return place
