"""One commit: everything since the last one into the store, or nothing."""

from collections.abc import Mapping

from schemas.journal import compress
from schemas.journal import encode_entry as encode_journal
from state.changes import Changes
from state.customer import encode_state
from state.ledger import encode_entry
from state.meta import encode_day, encode_meta
from state.store import Write
from streams.outbox import OutboxEntry, decode_outbox, encode_outbox
from streams.partition import OUTBOX_ENTRIES_MAX, PartitionEngine
from streams.ports import LostClaimError


async def commit(engine: PartitionEngine) -> int:
    """Write what the fold did since the last commit; return how many steps that was.

    Raises LostClaimError where the partition belongs to someone else; nothing was written then.
    """
    async with engine.gate:
        emits = engine.fold.meta.step > engine.journal_until
        rewritten = await _forget(engine) if engine.customers.erased and emits else {}
        changes = engine.fold.take_changes()
        engine.customers.committed()
        if not changes.steps:
            return 0
        with engine.observed.timed("encode"):
            write = _write(engine, changes, rewritten, emits=emits)
        tracing = engine.tracing
        began_at = 0 if tracing is None else tracing.now_ns()
        writing = engine.write(lambda expected, new: engine.ports.store.commit(engine.partition, expected, new, write))
        await engine.observed.worked("commit", writing)
        if tracing is not None:
            tracing.committed(began_at, emits=emits)
    return _follow(engine, changes, write)


def _write(engine: PartitionEngine, changes: Changes, rewritten: Mapping[int, bytes], *, emits: bool) -> Write:
    states = {i: None if state is None else encode_state(state) for i, state in changes.states.items()}
    return Write(
        meta=encode_meta(changes.meta),
        step=changes.meta.step,
        states=states,
        ledgers={i: {f: encode_entry(e) for f, e in fields.items()} for i, fields in changes.ledger.items()},
        due={i: at for i, at in changes.due.items() if at is not None or engine.customers.state(i) is not None},
        reborn=changes.reborn,
        erased=changes.erased,
        outbox=_outbox_entry(engine, changes) if emits else None,
        rewritten=rewritten,
        said=changes.said,
        day=encode_day(changes.meta),
    )


def _outbox_entry(engine: PartitionEngine, changes: Changes) -> bytes:
    journal = encode_journal(compress(changes.first_step, changes.steps, changes.meta.offsets))
    traces = {} if engine.tracing is None else engine.tracing.contexts(changes.outputs)
    return encode_outbox(OutboxEntry(changes.first_step, changes.meta.step, journal, changes.outputs, traces))


async def _forget(engine: PartitionEngine) -> dict[int, bytes]:
    """Return the outbox's entries, by position, that said something about customers erased just now, without it."""
    peeked = await engine.ports.store.peek(engine.partition, 2 * OUTBOX_ENTRIES_MAX)
    if peeked.token != engine.token:
        raise LostClaimError(f"partition {engine.partition} was claimed by another worker")
    gone = {customer_id.encode() for customer_id in engine.customers.erased}
    rewritten = {}
    for position, blob in enumerate(peeked.entries):
        entry, withdrawn = decode_outbox(blob).split(gone)
        for output in withdrawn:
            engine.fold.note_withdrawn(output)
        if withdrawn:
            rewritten[position] = encode_outbox(entry)
    return rewritten


def _follow(engine: PartitionEngine, changes: Changes, write: Write) -> int:
    """Note what was written; return how many steps that was."""
    engine.committed_step = write.step
    engine.unrelayed += write.outbox is not None
    observed = engine.observed
    observed.commits += 1
    steps = write.step - changes.first_step + 1
    observed.steps += steps
    if write.outbox is None:
        observed.steps_repeated += steps
    if engine.crowd is not None:
        for customer_id, due_at in changes.due.items():
            engine.crowd.note(customer_id, due_at)
    return steps
