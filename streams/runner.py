"""One partition in the worker: claim it, work until the claim is lost, claim again while it is assigned."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from state.store import LAG_KEPT_MS, LagNote, StoreUnavailableError
from streams.bad_input import BadInputLimit
from streams.claim import claim
from streams.ingest import ingest
from streams.kafka_inputs import KafkaInputs
from streams.observed import Observed
from streams.partition import PartitionEngine, Work
from streams.ports import LogUnavailableError, LostClaimError, Ports
from streams.relay import relay
from streams.sampling import SampleTopic
from streams.state_topic import StateTopic
from streams.sweep import sweep
from streams.waiting import at_most, cancel_all

SWEEP_EVERY_SECONDS: Final = 1.0
RELAY_EVERY_SECONDS: Final = 1.0
"""Also while idle, so that a silent failover of the store is noticed."""
RELAY_PACE_SECONDS: Final = 0.025
"""A transaction costs the same for one commit as for many: while busy, a worker begins no more than 40 a second.

They are shared out to its partitions, or eight of these would make 160 and keep the broker busy with little in each.
"""
RELAY_PACE_SECONDS_MOST: Final = 0.5
"""However many partitions it has."""
STATE_EVERY_SECONDS: Final = 1.0
STATE_EVERY_SECONDS_LAGGING: Final = 60.0
LAGGING_RECORDS: Final = 500
LAG_EVERY_SECONDS: Final = 1.0
IDLE_WAIT_MS: Final = 100
CROWD_PAUSE_SECONDS: Final = 0.002
"""Between two ticks of a crowd the event loop gets some turns: it needs about six to bring a record from the broker."""
SAY_EVERY_SECONDS: Final = 30.0
"""A store that is nearly full lets a claim pass and refuses the commit behind it, several times a second."""
RETRY_SECONDS: Final = (0.2, 0.5, 1.0, 2.0)
DRAIN_SECONDS: Final = 10.0

log = logging.getLogger("tierline.worker")


@dataclass(frozen=True, slots=True)
class Beside:
    """What is published outside of exactly-once, by one producer for all partitions."""

    states: StateTopic
    samples: SampleTopic


class PartitionRunner:
    """Owns a partition from its assignment to its revocation."""

    def __init__(
        self,
        partition: int,
        work: Work,
        ports: Ports,
        inputs: KafkaInputs,
        beside: Beside,
        observed: Observed,
        limit: BadInputLimit,
        held: Callable[[], int],
    ) -> None:
        """``held`` says how many partitions the worker has."""
        self.partition = partition
        self.engine: PartitionEngine | None = None
        self.observed = observed
        self._work, self._ports, self._inputs, self._beside = work, ports, inputs, beside
        self._limit = limit
        self._held = held
        self._has_committed = asyncio.Event()
        self._said_at: dict[str, float] = {}
        self._drains = self._is_done = False

    async def run(self) -> None:
        """Work until cancelled or drained; errors that only an operator can mend come out."""
        failures = 0
        now = time.monotonic()
        self.observed.last_relay_at = self.observed.last_sweep_at = self.observed.last_sampled_at = now
        while not self._drains:
            try:
                untrimmed = self.observed.untrimmed_entries
                self.engine = await claim(self.partition, self._work, self._ports, self.observed)
                self._report_claim(self.engine, self.observed.untrimmed_entries - untrimmed)
                failures = 0
                await self._work_on(self.engine)
            except LostClaimError as error:
                log.warning("partition %d: claiming again: %s", self.partition, error)
            except (StoreUnavailableError, LogUnavailableError) as error:
                self._say_waiting(str(error), is_first=failures == 0)
            else:
                return
            self.engine = None
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1

    def drain(self) -> None:
        """Finish the round at hand, relay what it said, and end."""
        self._drains = True

    async def _work_on(self, engine: PartitionEngine) -> None:
        works = [asyncio.create_task(self._ingest(engine)), asyncio.create_task(self._relay(engine))]
        beside = [
            asyncio.create_task(self._publish_states(engine)),
            asyncio.create_task(self._beside.samples.sample_daily(engine)),
            asyncio.create_task(self._note_lag(engine)),
        ]
        try:
            await _all_or_first_failure(works, beside)
        finally:
            # Who is dirty stays so in the store, who was not sampled is so tomorrow: both may be cut short.
            await cancel_all([*works, *beside])

    async def _ingest(self, engine: PartitionEngine) -> None:
        sweeps_at = 0.0
        self._judge(engine, is_repeated=True)
        while not self._drains:
            is_repeated = engine.is_repeating
            done = await ingest(engine)
            self._judge(engine, is_repeated=is_repeated)
            now = time.monotonic()
            if now >= sweeps_at:
                swept = await sweep(engine)
                done = done or swept
                self.observed.last_sweep_at = now
                sweeps_at = now if swept else now + SWEEP_EVERY_SECONDS
            if done:
                self._has_committed.set()
                await asyncio.sleep(0 if engine.crowd is None else CROWD_PAUSE_SECONDS)
            elif not engine.is_repeating:
                await self._inputs.wait(self.partition, IDLE_WAIT_MS, self._work.records_a_round)
        self._is_done = True
        self._has_committed.set()

    async def _relay(self, engine: PartitionEngine) -> None:
        drained_at: float | None = None
        while True:
            self._has_committed.clear()
            began_at = time.monotonic()
            moved = await self.observed.worked("relay", relay(engine))
            self.observed.last_relay_at = now = time.monotonic()
            if self._drains:
                drained_at = drained_at or now
                if (self._is_done and not moved) or now - drained_at > DRAIN_SECONDS:
                    return
            elif moved:
                await asyncio.sleep(began_at + relay_pace(self._held()) - now)
            else:
                await _event_or_timeout(self._has_committed, RELAY_EVERY_SECONDS)

    async def _publish_states(self, engine: PartitionEngine) -> None:
        published_at = time.monotonic()
        while True:
            await asyncio.sleep(STATE_EVERY_SECONDS / 2)
            is_lagging = self._inputs.lag(self.partition) > LAGGING_RECORDS or engine.is_repeating
            every = STATE_EVERY_SECONDS_LAGGING if is_lagging else STATE_EVERY_SECONDS
            if time.monotonic() - published_at >= every:
                published_at = time.monotonic()
                await self.observed.worked("publish", self._beside.states.publish_all(engine))

    async def _note_lag(self, engine: PartitionEngine) -> None:
        """Say how far behind this partition is, while that is known: an old look would pass for a fresh one."""
        while True:
            at = self._inputs.fetched_at(self.partition)
            if at is not None and self._ports.wall_now() - at < LAG_KEPT_MS * 1000:
                waiting = self._inputs.lag(self.partition) + sum(map(len, engine.heads.values()))
                await self._ports.store.note_lag(self.partition, LagNote(waiting, at))
            await asyncio.sleep(LAG_EVERY_SECONDS)

    def _judge(self, engine: PartitionEngine, *, is_repeated: bool) -> None:
        note = self._limit.begin if is_repeated else self._limit.look
        note(self.partition, self.observed.records, engine.fold.meta.counters)

    def _say_waiting(self, why: str, *, is_first: bool) -> None:
        now = time.monotonic()
        if is_first and now - self._said_at.get(why, -SAY_EVERY_SECONDS) >= SAY_EVERY_SECONDS:
            self._said_at = {why: now}
            log.warning("partition %d: waiting: %s", self.partition, why)

    def _report_claim(self, engine: PartitionEngine, untrimmed: int) -> None:
        behind = engine.journal_until - engine.committed_step
        text = f", {behind} journalled steps to repeat" if behind > 0 else ""
        text += f", {untrimmed} commits in the outbox were published already" if untrimmed else ""
        if engine.fold.meta.previous_model is not None:
            text += f", in the middle of adopting model {engine.fold.meta.model}"
        log.info("partition %d: claimed at step %d%s", self.partition, engine.committed_step, text)


def relay_pace(partitions: int) -> float:
    """Return the seconds from one round of a partition's relay to the next, while its worker has so many partitions."""
    return min(RELAY_PACE_SECONDS * partitions, RELAY_PACE_SECONDS_MOST)


async def _all_or_first_failure(
    works: Collection["asyncio.Task[None]"], beside: Collection["asyncio.Task[None]"]
) -> None:
    """Return when all ``works`` have ended, raise as soon as one of them, or ``beside`` them, fails."""
    pending = set(works)
    while pending:
        done, _ = await asyncio.wait({*pending, *beside}, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
        pending -= done


async def _event_or_timeout(event: asyncio.Event, seconds: float) -> None:
    try:
        await at_most(seconds, event.wait())
    except TimeoutError:
        return
