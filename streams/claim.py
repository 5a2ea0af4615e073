"""Taking a partition: fence whoever had it, then learn from store and journal where it stands."""

import logging
from collections.abc import Mapping

from schemas.journal import JournalEntry, Start, decode_entry
from state.fold import Fold
from state.meta import PartitionMeta, decode_meta
from state.score import Model
from state.store import Stored
from streams import ingest
from streams.customers import CustomersAtHand
from streams.observed import Observed
from streams.outbox import decode_outbox
from streams.partition import PartitionEngine, Work
from streams.ports import JournalTail, LostClaimError, Ports, StopError
from streams.repeat import Repeat

log = logging.getLogger("tierline.claim")

EVERYTHING = 1_000_000
"""More than an outbox ever holds."""


async def claim(
    partition: int, work: Work, ports: Ports, observed: Observed, *, rebuild: bool = False
) -> PartitionEngine:
    """Return the claimed partition, ready for `ingest`, `sweep` and `relay`.

    The token fences older owners of the store, the producer's start those of Kafka; only then is the journal read.
    ``rebuild`` removes the state first and takes it from the inputs again, along the journal. Raises StopError where
    store and journal do not belong together, else as the ports do.
    """
    observed.claims += 1
    token = ports.new_token()
    stored = await ports.store.claim(partition, token)
    for warning in stored.warnings:
        log.warning("partition %d: %s", partition, warning)
    await ports.outputs.start(partition)
    if rebuild or stored.is_clearing:
        stored, rebuild = await _cleared(partition, token, ports, observed), True
    tail = await ports.outputs.read_journal(partition, stored.journal_at)
    entries = [(offset, decode_entry(value)) for offset, value in tail.entries]
    unrelayed = await _unrelayed(partition, token, stored, tail, entries, ports, observed)
    if unrelayed is None:
        observed.contradictions += 1
        stored, rebuild = await _cleared(partition, token, ports, observed), True
        tail = await ports.outputs.read_journal(partition, 0)
        entries, unrelayed = [(offset, decode_entry(value)) for offset, value in tail.entries], 0
    meta = PartitionMeta(partition=partition) if stored.meta is None else decode_meta(stored.meta)
    if stored.meta is None and entries and not rebuild:
        raise StopError(
            f"Redis holds nothing of partition {partition}, but the journal does: Redis was emptied, or TIERLINE_REDIS "
            "names another one. Restore its data, or run `tierline rebuild`"
        )
    models = {version: await ports.models.load(version) for version in meta.models_in_force}
    engine = _engine(partition, work, ports, observed, token, stored, meta, models, tail, entries)
    engine.unrelayed = unrelayed
    await _begin(engine)
    return engine


def _engine(
    partition: int,
    work: Work,
    ports: Ports,
    observed: Observed,
    token: str,
    stored: Stored,
    meta: PartitionMeta,
    models: Mapping[int, Model],
    tail: JournalTail,
    entries: list[tuple[int, JournalEntry]],
) -> PartitionEngine:
    customers = CustomersAtHand(work.cached_customers_max)
    until = entries[-1][1].next_step - 1 if entries else stored.published_step
    repeated = [entry for _, entry in entries] if work.guards.journal else []
    return PartitionEngine(
        partition=partition,
        work=work,
        ports=ports,
        fold=Fold(meta, customers, work.partition_of, models=models),
        customers=customers,
        token=token,
        repeat=Repeat(repeated, meta.step),
        journal_until=until,
        published_step=until,
        journal_end=tail.end,
        stored_journal_at=stored.journal_at,
        tail=[(entry.next_step - 1, offset) for offset, entry in entries],
        gate=ports.new_gate(),
        committed_step=meta.step,
        observed=observed,
        tracing=None if ports.new_tracing is None else ports.new_tracing(partition),
    )


async def _begin(engine: PartitionEngine) -> None:
    """Seek to where the state is; a partition that never began takes its first step."""
    inputs, meta = engine.ports.inputs, engine.fold.meta
    ids = await inputs.topic_ids()
    if meta.step or engine.is_repeating:
        _compare_topic_ids(engine, ids)
        ingest.seek(engine)
        return
    offsets = await inputs.first_offsets(engine.partition)
    at = engine.ports.wall_now() if engine.work.uses_wall_clock else None
    await ingest.start(engine, Start(at, offsets, ids, engine.work.program_json))


def _compare_topic_ids(engine: PartitionEngine, found: dict[str, str]) -> None:
    for topic, known in engine.fold.meta.topic_ids.items():
        if topic in found and found[topic] != known:
            raise StopError(
                f"topic {topic} was deleted and created again (id {found[topic]}, not {known}): its offsets mean other "
                "records now. Restore the topic, or start a new installation with another TIERLINE_NAME"
            )


async def _cleared(partition: int, token: str, ports: Ports, observed: Observed) -> Stored:
    observed.rebuilds += 1
    if not await ports.store.clear(partition, token):
        raise LostClaimError(f"partition {partition} was claimed by another worker")
    return Stored(None)


async def _unrelayed(
    partition: int,
    token: str,
    stored: Stored,
    tail: JournalTail,
    entries: list[tuple[int, JournalEntry]],
    ports: Ports,
    observed: Observed,
) -> int | None:
    """Return how many entries wait in the outbox; None where they contradict the journal.

    They do when the store comes from another history than the one that was published (a failover forth and back).
    """
    peeked = await ports.store.peek(partition, EVERYTHING)
    if peeked.token != token:
        raise LostClaimError(f"partition {partition} was claimed by another worker")
    published = {entry.first_step: value for (_, entry), (_, value) in zip(entries, tail.entries, strict=True)}
    until = entries[-1][1].next_step - 1 if entries else stored.published_step
    reached = until
    for blob in peeked.entries:
        entry = decode_outbox(blob)
        if entry.first_step <= until:
            if published.get(entry.first_step) != entry.journal:
                return None
            observed.untrimmed_entries += 1
        elif entry.first_step != reached + 1:
            raise StopError(
                f"the journal of partition {partition} ends at step {until}, but Redis' outbox goes on at "
                f"{entry.first_step}: the journal topic lost records, or TIERLINE_KAFKA names another cluster"
            )
        else:
            reached = entry.last_step
    return len(peeked.entries)
