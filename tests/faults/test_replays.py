"""T12: after kills, a replay from Kafka alone and others by the rules say what the workers said.

By the rules: one process over a log file, and installations of other partition, worker and batch counts, which were
never killed. All of them take the log in one order, because its stamps rise and all of it is there before they begin.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
import yaml

from replay.log_file import write_log
from schemas.instants import format_instant
from schemas.record import LogRecord
from schemas.topics import ORDERS
from tests import builders
from tests.faults.conftest import Happened, NewInstallation
from tests.faults.kills import Kills
from tests.faults.proxy import before
from tests.faults.size import at_size
from tests.faults.watching import settled
from tests.integration.commands import Done, tierline
from tests.integration.installation import Installation, as_bytes
from tests.integration.moments import transactions_of
from tests.integration.shop import Record, a_shop
from tests.servers import NewValkey

ORDERS_SENT = at_size(5_000, 12_000)
KILLS = at_size(3, 8)
REDIS_SECONDS = 0.05
"""How late each reply is while workers are killed, lest they are done before."""
PROGRAM_FILE = Path("examples/grocery.yaml")
PROGRAM = yaml.safe_load(PROGRAM_FILE.read_text("utf-8"))
OTHERS = ((1, 1, 500), (4, 2, 7), (6, 3, 3), (2, 2, 2000))[: at_size(2, 4)]
"""Partitions, workers, records a round."""
FILES = ("states", "changes", "nudges", "suppressions")
Told = dict[str, dict[str, list[dict[str, object]]]]
"""By file and customer."""


@pytest.mark.timeout(at_size(300, 900))
async def test_after_kills_every_replay_says_what_was_said(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened, tmp_path: Path
) -> None:
    log, server = _rising_log(), new_valkey()
    shop = new_installation(redis_url=server.url, partitions=3, batch_records=50, program=PROGRAM)
    kills = await _worked_through_kills(shop, log, server.port)
    await _replay("--against-live", "--against-topics", settings=shop.settings)
    server.stop()
    alone = await _replayed_without_redis(shop, tmp_path)
    write_log(tmp_path / "log.jsonl", (LogRecord(t, 0, 0, at_ms, key, value, ()) for t, key, at_ms, value in log))
    by_rules = ("--log", str(tmp_path / "log.jsonl"), "--program", str(PROGRAM_FILE), "--out", str(tmp_path / "rules"))
    await _replay(*by_rules, settings={})
    _assert_same(_told(tmp_path / "rules"), alone, "one process")
    for partitions, workers, batch in OTHERS:
        other = new_installation(partitions=partitions, batch_records=batch, program=PROGRAM)
        name = f"{partitions} partitions, {workers} workers, {batch} records a round"
        await _worked(other, log, workers)
        out = ("--out", str(tmp_path / name), "--against-live", "--against-topics")
        await _replay(*out, settings=other.settings)
        _assert_same(_told(tmp_path / name), alone, name)
    transactions, gaps = await kills.report(happened)
    nudges = sum(map(len, alone["nudges"].values()))
    happened("replays_by_the_rules", 1 + len(OTHERS))
    happened("nudges", nudges)
    assert nudges > 100
    assert transactions + gaps >= 1, "no kill came inside of a transaction or behind one"


def _rising_log() -> list[Record]:
    """Return a shop's records by their stamps; the last ones, at one instant, end time in every partition."""
    log = sorted(a_shop(ORDERS_SENT, seed=97, customers=ORDERS_SENT // 8, late=0.1), key=lambda record: record[2])
    end_ms = log[-1][2] + 60_000
    for number in range(60):
        when = format_instant(end_ms * 1000)
        key, value = as_bytes(builders.an_order(f"last-{number}", "1.00", when, customer_id=f"last-{number}"))
        log.append((ORDERS, key, end_ms, value))
    return log


async def _worked_through_kills(shop: Installation, log: list[Record], redis_port: int) -> Kills:
    with before(redis_port) as proxy:
        proxy.delay = lambda: REDIS_SECONDS
        shop.options["redis_url"] = proxy.url
        await shop.produce(log)
        for _ in range(2):
            shop.start_worker()
        async with transactions_of(shop) as is_one_open:
            kills = Kills(shop, Random(97), is_one_open)
            for number in range(KILLS):
                await shop.await_steps(len(log) * (number + 1) // (KILLS + 3))
                await (kills.kill_behind_commit() if number % 2 else kills.kill_in_transaction())
        taken = sum(sum(meta.offsets.values()) for meta in await shop.metas())
        assert taken < len(log), "records ended before the kills did"
        await settled(shop)
    return kills


async def _worked(shop: Installation, log: list[Record], workers: int) -> None:
    await shop.produce(log)
    for _ in range(workers):
        shop.start_worker()
    await settled(shop)


async def _replayed_without_redis(shop: Installation, folder: Path) -> Told:
    """Replay along the journal in processes that know of no Redis, or of one that is not there."""
    nowhere = shop.settings | {"TIERLINE_REDIS": "redis://127.0.0.1:9/0"}
    nameless = {name: value for name, value in shop.settings.items() if name != "TIERLINE_REDIS"}
    for name, settings in (("nowhere", nowhere), ("nameless", nameless)):
        await _replay("--against-topics", "--out", str(folder / name), settings=settings)
    for name in FILES:
        one, other = (folder / which / f"{name}.jsonl" for which in ("nowhere", "nameless"))
        assert one.read_bytes() == other.read_bytes()
    return _told(folder / "nameless")


async def _replay(*arguments: str, settings: Mapping[str, str]) -> Done:
    """Run it; a comparison that finds a difference exits with 1."""
    done = await asyncio.to_thread(tierline, "replay", *arguments, settings=settings)
    assert done.code == 0, done.err
    return done


def _told(folder: Path) -> Told:
    """Return what a replay wrote, without the partitions and offsets that the records had."""
    told: Told = {name: defaultdict(list) for name in FILES}
    for name in FILES:
        for line in (folder / f"{name}.jsonl").read_text("utf-8").splitlines():
            body = json.loads(line)
            body.pop("source", None)
            told[name][body["customer_id"]].append(body)
    return told


def _assert_same(found: Told, expected: Told, who: str) -> None:
    for name in FILES:
        ids = found[name].keys() | expected[name].keys()
        differing = sorted(one for one in ids if found[name].get(one) != expected[name].get(one))
        first = [(found[name].get(one), expected[name].get(one)) for one in differing[:1]]
        assert not differing, f"{who}: {name} of {len(differing)} customers, {first}"
