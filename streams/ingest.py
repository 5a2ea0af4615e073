"""One round of a partition: records in the order of the rules, step by step, committed.

Behind the journal (after a kill, or when Redis forgot something) the order is not ours to choose: the journal says it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from schemas.journal import ModelAdoption, ProgramChange, Records, Start, Step, Tick
from schemas.record import LogRecord
from state.admission import Admitted, fields_wanted
from state.errors import LedgerNeeded
from state.merge import in_order
from state.outputs import DeadLetter
from streams import sweep
from streams.commit import commit
from streams.partition import OUTBOX_ENTRIES_MAX, PartitionEngine

WAIT_MS: Final = 100


async def ingest(engine: PartitionEngine) -> int:
    """Take what is at hand, or what the journal says; return the number of steps committed.

    Raises LostClaimError, StoreUnavailableError and LogUnavailableError (claim again), StopError.
    """
    if engine.is_repeating:
        return await _repeat(engine)
    if engine.unrelayed >= OUTBOX_ENTRIES_MAX:
        return 0
    if engine.tracing is not None:
        engine.tracing.fetching()
    records = await engine.observed.worked("fetch", _next_records(engine))
    return await step_all(engine, records)


async def step_all(engine: PartitionEngine, records: Sequence[LogRecord]) -> int:
    """Step each record and commit, at most `customers_a_commit` customers at a time."""
    if not records:
        return 0
    observed, most, done = engine.observed, engine.work.customers_a_commit, 0
    if engine.tracing is not None:
        engine.tracing.taken()
    with observed.timed("decode"):
        admitted = [engine.fold.admit(record) for record in records]
    await observed.worked("load", _prefetch(engine, admitted))
    waiting = deque(admitted)
    while waiting:
        await observed.worked("step", _step_until(engine, waiting, most))
        done += await commit(engine)
    engine.customers.evict()
    observed.records += len(records)
    observed.saw(records, engine.ports.wall_now)
    return done


async def _step_until(engine: PartitionEngine, waiting: deque[Admitted | DeadLetter], most: int) -> None:
    """Step until so many customers changed, or all records are taken."""
    apply, changed = _apply_of(engine), engine.customers.changed
    while waiting and len(changed) < most:
        one = waiting.popleft()
        try:
            apply(one)
        except LedgerNeeded as needed:
            await engine.load_ledgers(needed.customer_ids)
            apply(one)


def _apply_of(engine: PartitionEngine) -> Callable[[Admitted | DeadLetter], None]:
    """Return the fold's `apply`; where tracing is on, one that tells it what each record led to."""
    fold, tracing = engine.fold, engine.tracing
    if tracing is None:
        return fold.apply

    def apply(one: Admitted | DeadLetter) -> None:
        began_at, said_before = tracing.now_ns(), len(fold.unsent)
        fold.apply(one)
        tracing.stepped(one.record, fold.unsent[said_before:], began_at)

    return apply


async def _prefetch(engine: PartitionEngine, admitted: Sequence[Admitted | DeadLetter]) -> None:
    missing = engine.customers.missing(
        (one.event.customer_id, fields_wanted(one.event)) for one in admitted if not isinstance(one, DeadLetter)
    )
    if missing.states or missing.ledgers:
        engine.customers.add(await engine.ports.store.load(engine.partition, missing))


async def _repeat(engine: PartitionEngine) -> int:
    steps = engine.repeat.take(engine.work.records_a_round)
    if not isinstance(steps[0], Records):
        return await _repeat_other(engine, steps[0])
    records: list[LogRecord] = []
    for run in steps:
        assert isinstance(run, Records)
        while len(engine.heads.get(run.topic, ())) < run.count:
            if not await _fetch(engine, run.topic, run.count):
                await engine.ports.inputs.wait(engine.partition, WAIT_MS, run.count)
        heads = engine.heads[run.topic]
        records += heads[: run.count]
        del heads[: run.count]
    return await step_all(engine, records)


async def _repeat_other(engine: PartitionEngine, step: Step) -> int:
    if isinstance(step, Tick):
        return await sweep.tick(engine, step)
    if isinstance(step, Start):
        return await start(engine, step)
    if isinstance(step, ProgramChange):
        return await sweep.change_program(engine, step)
    assert isinstance(step, ModelAdoption)
    return await sweep.adopt(engine, step)


async def start(engine: PartitionEngine, step: Start) -> int:
    """Take the first step of a partition and let its inputs begin where that says."""
    engine.fold.start(step)
    done = await commit(engine)
    seek(engine)
    return done


def seek(engine: PartitionEngine) -> None:
    """Let every topic go on at the offset that the state has reached."""
    topics, offsets = engine.work.topics, engine.fold.meta.offsets
    engine.heads = {topic: [] for topic in topics}
    engine.reading = engine.ports.inputs.begin(engine.partition, {topic: offsets.get(topic, 0) for topic in topics})


async def _fetch(engine: PartitionEngine, topic: str, limit: int) -> int:
    heads = engine.heads[topic]
    if len(heads) >= limit:
        return 0
    fetched = await engine.ports.inputs.fetch(engine.partition, topic, limit - len(heads), engine.reading)
    heads += fetched
    return len(fetched)


async def _next_records(engine: PartitionEngine) -> Sequence[LogRecord]:
    """Return what may be taken now, in the order of the rules."""
    topics, limit, inputs = engine.work.topics, engine.work.records_a_round, engine.ports.inputs
    for topic in topics:
        await _fetch(engine, topic, limit)
    exhausted = frozenset(t for t in topics if inputs.caught_up_at(engine.partition, t) is not None)
    return _taken(engine, in_order(engine.heads, exhausted, engine.fold.meta.clock_at, limit))


def _taken(engine: PartitionEngine, records: Sequence[LogRecord]) -> Sequence[LogRecord]:
    counts: dict[str, int] = {}
    for record in records:
        counts[record.topic] = counts.get(record.topic, 0) + 1
    for topic, count in counts.items():
        del engine.heads[topic][:count]
    return records
