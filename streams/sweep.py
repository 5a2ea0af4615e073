"""Ticks: what time alone does to customers of whom nothing arrives."""

from collections.abc import Sequence
from typing import Final

from schemas.instants import Instant
from schemas.journal import ModelAdoption, ProgramChange, Tick
from state.errors import LedgerNeeded
from streams.commit import commit
from streams.crowd import Crowd
from streams.partition import PartitionEngine
from streams.ports import StopError

EVERYONE: Final = 10_000_000
"""No partition has more customers."""
SLICE_FACTOR: Final = 4
"""So many times `customers_a_commit` are looked at in one go while a crowd gathers: some 10 ms."""
TICK_PART: Final = 4
"""A tick of a crowd takes this part of `customers_a_commit`: orders wait for it, and a first model may say three
things of each customer."""


async def sweep(engine: PartitionEngine) -> bool:
    """Advance who is due by the partition's clock, one tick at most; tell whether there was something to do.

    A tick takes at most `customers_a_commit` customers: it stops at an earlier instant, or, where more share one
    instant, takes them in slices. Raises as `ingest` does.
    """
    if engine.is_repeating:
        return False
    if engine.crowd is None:
        if await _take_model(engine):
            return True
        until_at, changed_at = reached_at(engine), engine.fold.meta.sweeps_to
        if changed_at is not None and changed_at <= until_at:
            # First all that was due before it.
            return await _tick_due(engine, changed_at - 1) or _begin_crowd(engine, changed_at)
        return await _tick_due(engine, until_at) or bool(await _take_program(engine))
    if not engine.crowd.is_gathered:
        await _gather(engine, engine.crowd)
        return True
    return bool(await tick(engine, engine.crowd.next_tick(max(engine.work.customers_a_commit // TICK_PART, 1))))


async def tick(engine: PartitionEngine, step: Tick) -> int:
    """Take exactly this tick, whoever it concerns: the journal, or a crowd, says so."""
    if step.upto is None and engine.crowd is None and not _ends_sweep(engine, step):
        due = await engine.ports.store.due(engine.partition, step.at, EVERYONE)
        return await _tick(engine, step, [customer_id for _, customer_id in due])
    if engine.crowd is None or engine.crowd.at != step.at:
        _begin_crowd(engine, step.at)
    assert engine.crowd is not None, "it was just begun"
    while not engine.crowd.is_gathered:
        await _gather(engine, engine.crowd)
    customer_ids = engine.crowd.take(step)
    if step.upto is None:
        engine.crowd = None
    return await _tick(engine, step, customer_ids)


async def adopt(engine: PartitionEngine, step: ModelAdoption) -> int:
    """Put another model in force; the sweep then scores every customer with it."""
    engine.fold.adopt(step, await engine.ports.models.load(step.version))
    engine.crowd = None
    return await commit(engine)


async def change_program(engine: PartitionEngine, step: ProgramChange) -> int:
    """Put another program in force; the sweep then brings every customer to it."""
    engine.fold.change_program(step)
    engine.crowd = None
    return await commit(engine)


def reached_at(engine: PartitionEngine) -> Instant:
    """Return the instant up to which time may run: the partition's clock, or the wall clock, less the delay.

    The wall clock counts only while every topic was just seen to hold nothing more, and then as of that look.
    """
    work, clock_at = engine.work, engine.fold.meta.clock_at
    if not work.uses_wall_clock:
        return clock_at
    looks = [engine.ports.inputs.caught_up_at(engine.partition, topic) for topic in work.topics]
    if not any(engine.heads.values()) and None not in looks:
        clock_at = max(clock_at, min(look for look in looks if look is not None))
    return clock_at - work.tick_delay_us


async def _tick(engine: PartitionEngine, step: Tick, customer_ids: Sequence[str]) -> int:
    missing = engine.customers.missing((customer_id, ()) for customer_id in customer_ids)
    if missing.states:
        engine.customers.add(await engine.ports.store.load(engine.partition, missing))
    while True:
        try:
            with engine.observed.timed("sweep"):
                engine.fold.tick(step, customer_ids)
            break
        except LedgerNeeded as needed:
            await engine.load_ledgers(needed.customer_ids)
    done = await commit(engine)
    engine.customers.evict()
    return done


async def _tick_due(engine: PartitionEngine, until_at: Instant) -> bool:
    """Take the next tick of what the store says is due until then; tell whether there is anything."""
    most = engine.work.customers_a_commit
    due = await engine.ports.store.due(engine.partition, until_at, most + 1)
    if not due:
        return False
    if len(due) <= most:
        return bool(await _tick(engine, Tick(until_at, None), [customer_id for _, customer_id in due]))
    earlier = [(at, customer_id) for at, customer_id in due if at < due[-1][0]]
    if earlier:
        return bool(await _tick(engine, Tick(earlier[-1][0], None), [customer_id for _, customer_id in earlier]))
    return _begin_crowd(engine, due[0][0])


def _begin_crowd(engine: PartitionEngine, at: Instant) -> bool:
    """From now on every commit is noted; who is in the store is gathered slice by slice, between rounds of ingest."""
    meta = engine.fold.meta
    engine.crowd = Crowd(at, meta.sweeps_to, meta.swept_upto)
    return True


async def _gather(engine: PartitionEngine, crowd: Crowd) -> None:
    limit = SLICE_FACTOR * engine.work.customers_a_commit
    found = await engine.ports.store.scan_from(engine.partition, crowd.place, limit)
    crowd.gather(found.due, found.place)


def _ends_sweep(engine: PartitionEngine, step: Tick) -> bool:
    """Tell whether customers meet a change of program or model in this tick, of which their due moments do not say."""
    changed_at = engine.fold.meta.sweeps_to
    return changed_at is not None and changed_at <= step.at


async def _take_model(engine: PartitionEngine) -> int:
    """Adopt a newer model, also while others are due; only when the sweep of the last change is done."""
    newest, meta = engine.ports.models.newest(), engine.fold.meta
    if newest <= meta.model or meta.sweeps_to is not None:
        return 0
    return await adopt(engine, ModelAdoption(newest, _changed_at(engine)))


async def _take_program(engine: PartitionEngine) -> int:
    """Put the worker's program in force where it is newer; only when the sweep of the last change is done."""
    work, meta = engine.work, engine.fold.meta
    if work.program_json == meta.program or meta.sweeps_to is not None:
        return 0
    in_force = engine.fold.programs.current.version
    if work.program_version < in_force:
        return 0
    if work.program_version == in_force:
        raise StopError(
            f"the rules file differs from the program in force, but both say version {in_force}: "
            "raise `version` in program.yaml with every change"
        )
    return await change_program(engine, ProgramChange(_changed_at(engine), work.program_json))


def _changed_at(engine: PartitionEngine) -> Instant:
    clock_at = engine.fold.meta.clock_at
    return max(clock_at, engine.ports.wall_now()) if engine.work.uses_wall_clock else clock_at
