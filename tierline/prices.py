"""What `tierline value` does, wired: every journal, and the prices of a moment beside what followed."""

import asyncio

import numpy as np

from models.calibration import Calibration, calibration
from models.errors import NothingToCompareError
from replay.kafka_log import partition_count
from replay.prices import HORIZON_US, Expected, expected_at
from schemas.instants import Instant, format_instant
from schemas.money import format_minor
from state.meta import decode_meta
from tierline.connections import kafka_options
from tierline.console import CommandError, Json
from tierline.reaching import explained
from tierline.replaying import installation_of, instant_of
from tierline.settings import Settings
from tierline.wiring import repository_of


def value_report(settings: Settings, at: str | None) -> dict[str, Json]:
    """Return the report; `CommandError` says why there is none, `UsageError` what is wrong with ``at``."""
    settings.need_kafka()
    with explained(settings):
        return asyncio.run(_report(settings, instant_of("--at", at)))


async def _report(settings: Settings, at: Instant | None) -> dict[str, Json]:
    count = await partition_count(dict(kafka_options(settings)), settings.topic_prefix)
    moment = await _latest(settings) if at is None else at
    return report_of(await expected_at(installation_of(settings, count), range(count), moment), moment)


async def _latest(settings: Settings) -> Instant:
    """Return the last moment that every partition is a horizon past."""
    settings.need_redis()
    repository = repository_of(settings)
    try:
        blobs = [await repository.meta(partition) for partition in range(settings.partitions)]
    finally:
        await repository.close()
    clocks = [decode_meta(blob).clock_at for blob in blobs if blob is not None]
    if not clocks:
        raise CommandError("No worker has started yet: there is no history to look at.")
    return min(clocks) - HORIZON_US


def report_of(found: Expected, at: Instant) -> dict[str, Json]:
    """Return what was found as `tierline value --json` prints it; `CommandError` where it cannot be judged."""
    if found.ended_at is None:
        raise CommandError("The journal is empty: no worker has started yet.")
    if found.ended_at < at + HORIZON_US:
        latest = format_instant(found.ended_at - HORIZON_US)
        raise CommandError(
            f"History reaches to {format_instant(found.ended_at)}: what customers spent in the 90 days after "
            f"{format_instant(at)} is not known yet. Give --at {latest} or earlier."
        )
    prices, spent = np.array(found.prices, dtype=np.float64), np.array(found.spent, dtype=np.float64)
    try:
        judged = calibration(prices, spent)
    except NothingToCompareError as error:
        raise CommandError(
            f"At {format_instant(at)} {found.unpriced + len(prices)} customers had ordered and {len(prices)} had a "
            "price: too little to judge. Give a later --at; prices begin with the first model that a partition adopts."
        ) from error
    return _body(found, judged, at)


def _body(found: Expected, judged: Calibration, at: Instant) -> dict[str, Json]:
    return {
        "at": format_instant(at),
        "until": format_instant(at + HORIZON_US),
        "models": sorted(found.models),
        "currency": found.currency,
        "customers": len(found.prices),
        "unpriced": found.unpriced,
        "erased": found.erased,
        "expected": format_minor(sum(found.prices), found.currency),
        "spent": format_minor(sum(found.spent), found.currency),
        "level": round(judged.level, 4),
        "capture_10": round(judged.capture_10, 4),
        "capture_20": round(judged.capture_20, 4),
        "decile_error": round(judged.decile_error, 4),
        "tenths": [
            {
                "customers": tenth.customers,
                "mean_expected": format_minor(round(tenth.mean_price), found.currency),
                "mean_spent": format_minor(round(tenth.mean_spent), found.currency),
                "gained": round(tenth.gained, 4),
            }
            for tenth in judged.tenths
        ],
    }
