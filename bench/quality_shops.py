"""Clusters, edges and alarms of whole shops, through the product's own code, beside batch k-means."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from operator import attrgetter
from typing import Final

import numpy as np

from bench.playing import Playing
from bench.quality_edges import edge_cells
from bench.quality_run import EMERGING, Alarm, Checkpoint, Judge, Measured, alarms_of
from bench.shops import CDNOW_SAMPLE, cdnow
from models.settings import LearningSettings
from models.trainer import Trainer
from replay.complete_journey import TIME_ZONE, load_tables, log_records
from schemas.program import Program
from schemas.record import LogRecord
from schemas.topics import ORDERS

INJECTED_ON: Final = 120
FOUND_WITHIN_DAYS: Final = 16
QUICK_DAYS: Final = 120
_HEAD: Final = """\
| seed | day | silhouette (carried) / batch | inertia / batch | Davies-Bouldin / batch | GMM | least share |
|--:|--:|--:|--:|--:|--:|--:|
"""
_EDGES_HEAD: Final = """
Worst rank error of any edge, over all adoptions:

| seed | adoptions | recency | frequency | monetary | AOV |
|--:|--:|--:|--:|--:|--:|
"""


def journey() -> tuple[Program, list[LogRecord]]:
    """Return the Complete Journey: a year of 2,469 households' baskets, and the consents before them."""
    return Program.model_validate({"time_zone": TIME_ZONE}), log_records(load_tables())


def cdnow_shop(*, quick: bool) -> tuple[Program, list[LogRecord]]:
    """Return the orders of a tenth of CDNOW's customers, or the first months of them."""
    records = cdnow(CDNOW_SAMPLE)
    return Program(), [one for one in records if not quick or _day(one) - _day(records[0]) < QUICK_DAYS]


def measured(program: Program, records: Sequence[LogRecord], seeds: Sequence[int], checkpoints: int) -> list[Measured]:
    """Return what a trainer of each seed makes of the same samples, with so many checkpoints, evenly spread."""
    settings = [LearningSettings(seed=seed) for seed in seeds]
    days = _day(records[-1]) - _day(records[0]) + 1
    at = {days * number // checkpoints - 1 for number in range(1, checkpoints + 1)}
    judges = [Judge(one, at) for one in settings]
    for begun in Playing(program, [Trainer(one) for one in settings]).days(records):
        for judge, snapshot in zip(judges, begun.snapshots, strict=True):
            if snapshot is not None:
                judge.adopt(begun.day, begun.facts, snapshot)
    return [judge.measured() for judge in judges]


def shop_in_words(name: str, seeds: Sequence[int], found: Sequence[Measured]) -> str:
    """Return a section of the page."""
    rows = [_row(seed, one) for seed, run in zip(seeds, found, strict=True) for one in run.checkpoints]
    lines = [_stability(seed, run) for seed, run in zip(seeds, found, strict=True)]
    edges = [
        f"| {seed} | {len(run.edge_errors)} | {edge_cells(run.edge_errors)} |\n"
        for seed, run in zip(seeds, found, strict=True)
    ]
    return f"## {name}\n\n{_HEAD}{''.join(rows)}\n{''.join(lines)}{_EDGES_HEAD}{''.join(edges)}"


def with_look_alikes(records: Sequence[LogRecord]) -> list[LogRecord]:
    """Return the log with forty customers more, four a day from day 120 on, who order once or twice for 20,000."""
    began_at = datetime.fromtimestamp(records[0].timestamp_ms / 1000, UTC)
    more = [_dear_order(number, began_at, again) for number in range(40) for again in range(1 + number % 2)]
    return sorted([*records, *more], key=attrgetter("timestamp_ms"))


def alarm_days(program: Program, records: Sequence[LogRecord], until: int) -> list[Alarm]:
    """Return what a trainer noticed up to a day."""
    days = takewhile(lambda begun: begun.day <= until, Playing(program, [Trainer(LearningSettings())]).days(records))
    found = [(begun.day, snapshot) for begun in days for snapshot in begun.snapshots]
    return [alarm for day, snapshot in found if snapshot is not None for alarm in alarms_of(day, snapshot)]


def group_in_words(alarms: Sequence[Alarm]) -> str:
    """Return how soon the look-alikes were found."""
    days = [alarm for alarm in alarms if alarm.measure == EMERGING and alarm.day >= INJECTED_ON]
    others = [alarm for alarm in alarms if alarm not in days]
    found = f"found after {days[0].day - INJECTED_ON} days ({days[0].customers} of them)" if days else "NOT found"
    return (
        f"Forty look-alikes put into the Complete Journey from day {INJECTED_ON} on, four a day: {found}; must: within "
        f"{FOUND_WITHIN_DAYS} days. Other alarms until then: {_alarms(others)}.\n"
    )


def _dear_order(number: int, began_at: datetime, again: int) -> LogRecord:
    at = began_at + timedelta(days=INJECTED_ON + number // 4, hours=12, minutes=number + again)
    body = (
        f'{{"type":"order.placed","customer_id":"new-{number}","occurred_at":"{at:%Y-%m-%dT%H:%M:%SZ}",'
        f'"order_id":"new-{number}-{again}","amount":"{20_000 // (1 + number % 2) + number}.00","currency":"USD"}}'
    )
    return LogRecord(ORDERS, 0, 0, int(at.timestamp() * 1000), f"new-{number}".encode(), body.encode(), ())


def _day(record: LogRecord) -> int:
    return record.timestamp_ms // 86_400_000


def _row(seed: int, one: Checkpoint) -> str:
    ratios = f"{one.silhouette:.3f} | {one.inertia:.3f} | {one.davies_bouldin:.3f}"
    return f"| {seed} | {one.day} | {ratios} | {one.gmm:.3f} ({one.batch_gmm:.3f}) | {one.least_share:.2%} |\n"


def _stability(seed: int, run: Measured) -> str:
    switched = f"{np.mean(run.switched):.2%} (worst day {max(run.switched):.2%})"
    return (
        f"- Seed {seed}: switches by the model a day {switched}, flaps per 100,000 customer-days {run.flaps:.1f}, "
        f"name flips {run.renamed}, restarts {run.restarts}; alarms: {_alarms(run.alarms)}.\n"
    )


def _alarms(alarms: Sequence[Alarm]) -> str:
    return ", ".join(_told(alarms)) or "none"


def _told(alarms: Sequence[Alarm]) -> Iterator[str]:
    for alarm in alarms:
        yield f"{alarm.measure.replace('_', ' ')} on day {alarm.day}"
