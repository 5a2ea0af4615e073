"""The contenders of a run together: their logs, made once, and each of them in a round."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.contender import CONTENDERS, Contender
from bench.contending import Contended, contend, missing
from bench.light_end import LightEnd, light_fold
from bench.log import BenchLog, bench_log
from bench.machine import Cores
from bench.servers import produce
from tierline.settings import Settings
from tierline.topic_admin import make_topics


@dataclass(frozen=True, slots=True)
class Entry:
    """A contender, the orders that it takes, and what it must leave."""

    contender: Contender
    log: BenchLog
    expected: LightEnd
    settings: Settings
    """With the prefix of the topic that has its orders."""


@dataclass(frozen=True, slots=True)
class Field:
    """Who takes part, and who cannot."""

    python: Path
    entries: Sequence[Entry]
    absent: Mapping[str, str]


def prepare_field(
    python: Path | None, orders_max: int | None, whole: BenchLog, expected: LightEnd, settings: Settings
) -> Field:
    """Put every log that a contender takes into Kafka, shorter ones for slow contenders; call it outside of a loop."""
    if python is None:
        return Field(Path(), (), dict.fromkeys((one.name for one in CONTENDERS), "not asked for"))
    absent = missing(python)
    present = [one for one in CONTENDERS if one.name not in absent]
    sizes = {one.name: orders_of(one, whole.orders, orders_max) for one in present}
    logs = {orders: _loaded(orders, whole, expected, settings) for orders in sorted(set(sizes.values()))}
    return Field(python, [Entry(one, *logs[sizes[one.name]]) for one in present], absent)


def orders_of(contender: Contender, whole: int, orders_max: int | None) -> int:
    """Return how many orders it takes: all, where nothing caps them."""
    return min(cap for cap in (whole, contender.orders_max, orders_max) if cap is not None)


async def run_field(
    field: Field, round_name: str, cores: Cores, servers: Mapping[str, int], folder: Path
) -> dict[str, Contended]:
    """Return what each took, one after the other. Raises `WrongEndError` and `ContenderFailedError`."""
    found = {}
    for entry in field.entries:
        settings = entry.settings.model_copy(update={"name": round_name})
        one = entry.contender
        found[one.name] = await contend(
            one, field.python, entry.log, entry.expected, settings, cores, servers, folder
        )
    return found


def _loaded(
    orders: int, whole: BenchLog, expected: LightEnd, settings: Settings
) -> tuple[BenchLog, LightEnd, Settings]:
    log = whole if orders == whole.orders else bench_log(orders, settings.partitions)
    end = expected if log is whole else light_fold(log.records)
    own = settings.model_copy(update={"topic_prefix": f"log-{secrets.token_hex(3)}."})
    make_topics(own, with_inputs=True)
    asyncio.run(produce(log.records, own))
    return log, end, own
