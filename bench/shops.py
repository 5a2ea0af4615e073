"""Two real histories to predict value on, as records of our contracts, and when they are cut."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import distribution
from typing import Final

from models.settings import LearningSettings
from replay.complete_journey import TIME_ZONE, load_tables, log_records
from schemas.program import Program
from schemas.record import LogRecord
from schemas.topics import ORDERS


@dataclass(frozen=True, slots=True)
class Must:
    """What has to be reached, averaged over the cuts."""

    capture_10: float
    capture_20: float
    decile_error: float


@dataclass(frozen=True, slots=True)
class Shop:
    """A history with the days at whose end it is cut, and what has to be reached there."""

    name: str
    records: Callable[[], list[LogRecord]]
    program: Program
    cuts: tuple[date, ...]
    """90 days or more before the end of the history each."""
    must: Must | None = None
    learning: LearningSettings = field(default_factory=LearningSettings)


def shops(*, quick: bool) -> list[Shop]:
    """Return the shops; where it has to be quick, one of a tenth of its customers and one cut."""
    if quick:
        return [Shop("CDNOW, a tenth of the customers", lambda: cdnow(CDNOW_SAMPLE), Program(), CDNOW_CUTS[1:2])]
    journey = Program.model_validate({"time_zone": TIME_ZONE})
    return [
        Shop("Complete Journey", lambda: log_records(load_tables()), journey, JOURNEY_CUTS, Must(0.330, 0.516, 0.06)),
        Shop("CDNOW", lambda: cdnow(CDNOW_MASTER), Program(), CDNOW_CUTS, Must(0.555, 0.712, 0.16)),
    ]


JOURNEY_CUTS: Final = (date(2017, 7, 1), date(2017, 8, 1), date(2017, 9, 1), date(2017, 10, 2))
CDNOW_CUTS: Final = (date(1997, 10, 1), date(1998, 1, 1), date(1998, 2, 15), date(1998, 4, 1))
CDNOW_MASTER: Final = "CDNOW_master.txt"
CDNOW_SAMPLE: Final = "CDNOW_sample.txt"


def cdnow(file: str) -> list[LogRecord]:
    """Return the orders of an online shop for music: everybody who came in the first quarter of 1997, until June 1998.

    From the package ``lifetimes`` (MIT), which is read and not imported. Orders without an amount are kept.
    """
    path = distribution("lifetimes").locate_file(f"lifetimes/datasets/{file}")
    lines = (line.split() for line in str(path.read_text()).splitlines())
    orders = [(one[-3], one[0], one[-1]) for one in lines if one and one[0].isdigit()]
    return list(_records(sorted(orders, key=lambda order: order[0])))


def _records(orders: Iterable[tuple[str, str, str]]) -> Iterable[LogRecord]:
    """Yield day, customer and dollars as records: a second apart, as the data has no time of day."""
    for offset, (day, customer, dollars) in enumerate(orders):
        at = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC) + timedelta(hours=8, milliseconds=offset)
        body = (
            f'{{"type":"order.placed","customer_id":"{customer}","occurred_at":"{at:%Y-%m-%dT%H:%M:%SZ}",'
            f'"order_id":"{offset}","amount":"{float(dollars):.2f}","currency":"USD"}}'
        )
        yield LogRecord(ORDERS, 0, offset, int(at.timestamp() * 1000), customer.encode(), body.encode(), ())
