"""What pages are told of a partition as it happens, and where in the partition that stands."""

from typing import NamedTuple, TypeAlias

Place: TypeAlias = tuple[int, int]
"""Where in a partition something stands: step, and which one of that step. (0, 0) is before everything."""


class LiveEntry(NamedTuple):
    """An output about a customer, or who changed (then ``body`` is None)."""

    partition: int
    place: Place
    customer_ids: tuple[str, ...]
    body: bytes | None
