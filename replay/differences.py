"""Where a replay and what is live are not the same."""

from collections.abc import Iterator
from hashlib import sha256

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """One thing that is not equal. Ids are hashed; values are as they are stored."""

    partition: int
    customer: str | None
    """16 hex digits of the id's SHA-256; None where the partition itself differs."""
    field: str
    replayed: str
    live: str

    def as_json(self) -> dict[str, int | str | None]:
        """Return the fields."""
        return msgspec.structs.asdict(self)

    def __str__(self) -> str:
        who = "the partition itself" if self.customer is None else f"customer {self.customer}"
        return f"partition {self.partition}, {who}, {self.field}: replayed {self.replayed}, live {self.live}"


ABSENT = "absent"


def hashed(customer_id: str) -> str:
    """Return what a log or a report may show of an id."""
    return sha256(customer_id.encode()).hexdigest()[:16]


def unequal_fields(
    name: str, replayed: msgspec.Struct | None, live: msgspec.Struct | None
) -> Iterator[tuple[str, str, str]]:
    """Yield ``(field, replayed, live)`` for each field in which two structs differ."""
    if replayed is None or live is None or type(replayed) is not type(live):
        if replayed is not live:
            yield name, shown(replayed), shown(live)
        return
    for field in replayed.__struct_fields__:
        one, other = getattr(replayed, field), getattr(live, field)
        if one != other:
            yield f"{name}.{field}", shown(one), shown(other)


def shown(value: object) -> str:
    """Return a value as JSON, None as absent."""
    return ABSENT if value is None else msgspec.json.encode(value).decode()
