"""What commits have to say goes to Kafka: outputs and journal entries in one transaction, then out of the outbox."""

from typing import Final

from streams.outbox import OutboxEntry, decode_outbox
from streams.partition import PartitionEngine
from streams.ports import LostClaimError, Publication

ENTRIES_A_ROUND: Final = 500


async def relay(engine: PartitionEngine) -> int:
    """Publish what the outbox holds; return how many entries left it.

    Called about once a second on an idle partition too: a foreign token is how a silent failover of the store is
    noticed. Raises LostClaimError (also where a transaction's outcome is unknown: the next claim reads the journal).
    """
    async with engine.gate:
        peeked = await engine.ports.store.peek(engine.partition, ENTRIES_A_ROUND)
        if peeked.token != engine.token and engine.work.guards.relay_peek:
            raise LostClaimError(f"partition {engine.partition}: the store went back, or another worker claimed it")
    entries = [decode_outbox(blob) for blob in peeked.entries]
    await _publish(engine, [entry for entry in entries if entry.last_step > engine.published_step])
    async with engine.gate:
        await _trim(engine, len(entries))
    return len(entries)


def journal_at(engine: PartitionEngine) -> int:
    """Return where the next recovery must begin to read: never behind an entry that the state has not reached."""
    if engine.work.guards.hold:
        for last_step, offset in engine.tail:
            if last_step > engine.committed_step:
                return offset
    return engine.journal_end


async def _publish(engine: PartitionEngine, fresh: list[OutboxEntry]) -> None:
    if not fresh:
        return
    sending = None if engine.tracing is None else engine.tracing.sending(fresh)
    outputs = [entry.outputs for entry in fresh] if sending is None else sending.outputs
    publications = [Publication(entry.journal, said) for entry, said in zip(fresh, outputs, strict=True)]
    engine.journal_end = await engine.ports.outputs.publish(engine.partition, publications)
    if sending is not None:
        sending.sent()
    engine.published_step = fresh[-1].last_step
    engine.observed.relayed_entries += len(fresh)
    engine.observed.relayed_outputs += sum(len(entry.outputs) for entry in fresh)


async def _trim(engine: PartitionEngine, count: int) -> None:
    target = journal_at(engine)
    if not count and target == engine.stored_journal_at:
        return
    store, partition, published_step = engine.ports.store, engine.partition, engine.published_step
    await engine.write(lambda expected, new: store.trim(partition, expected, new, count, target, published_step))
    engine.stored_journal_at = target
    engine.unrelayed = max(0, engine.unrelayed - count)
    engine.tail = [known for known in engine.tail if known[0] > engine.committed_step]
