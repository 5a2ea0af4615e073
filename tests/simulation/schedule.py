"""One schedule: workers driven await by await, faults in between, then calm, then the books are compared."""

from dataclasses import dataclass, field
from random import Random

from schemas.instants import Instant
from schemas.topics import INPUTS
from state.score import model_of
from state.store import StoreUnavailableError
from streams.observed import Observed
from streams.partition import Guards, Work
from streams.ports import LostClaimError
from tests.simulation.fake_kafka import FakeKafka
from tests.simulation.fake_store import NEVER, FakeStore, Shard
from tests.simulation.faults import Ablation, Faults
from tests.simulation.pauses import Pause
from tests.simulation.worker import Worker
from tests.simulation.workload import BEGIN_AT, HOUR_US, PARTITION, a_log, a_program
from tests.snapshots import random_snapshot

WORKERS_MAX = 3
KAFKA_AWAITS = frozenset(
    (
        "publish",
        "published",
        "read journal",
        "start producer",
        "producer started",
        "fetch",
        "wait",
        "topic ids",
        "load model",
    )
)
CALM_AWAITS_MAX = 6000
CALM_FOR_US = 15 * 24 * HOUR_US


@dataclass
class World:
    """Everything that outlives a worker, and the seed's dice."""

    seed: int
    ablation: Ablation
    faults: Faults
    random: Random = field(init=False)
    kafka: FakeKafka = field(default_factory=FakeKafka)
    wall_at: Instant = BEGIN_AT
    is_calm: bool = False
    operator_rebuilds: bool = False
    observed: Observed = field(default_factory=Observed)
    claims_in_sweeps: int = 0

    def __post_init__(self) -> None:
        guards = self.ablation
        self.random = Random(self.seed)
        self.log = a_log(self.random)
        self._arrived = 0
        self._late = self.log[-self.random.randrange(1, 4) :]
        """They arrive when time stands still already: the last commits are no ticks."""
        self.unknown_chance = self.faults.unknown
        self.store = FakeStore(
            self.pause,
            compares_commits=guards.commit_compare,
            compares_trims=guards.compared_trim,
            claims_are_durable=guards.durable_claim,
        )
        self.work = self._work(version=1)
        self.workers: list[Worker] = []
        self._left_behind: Shard | None = None
        self._running: Worker | None = None
        self._sticks = self.random.choice((0.0, 0.8, 0.95))

    async def pause(self, where: str) -> None:
        """Stop at an await of a port, before or after its effect; now and then it ends with an unknown outcome."""
        await Pause()
        if self.random.random() < self.unknown_chance:
            raise (LostClaimError if where in KAFKA_AWAITS else StoreUnavailableError)(where)

    def new_token(self) -> str:
        """Return a token that was never used."""
        return f"{self.random.getrandbits(60):015x}"

    def run(self) -> None:
        """Stir, then let everything come to rest."""
        changes_program_at = self.random.randrange(600) if self.random.random() < 0.3 else None
        publishes = self.random.choice((0.0, 0.01, 0.05))
        awaits = self.random.randrange(150, 600)
        for moment in range(awaits):
            if moment == changes_program_at:
                self.work = self._work(version=2)
            if self.random.random() < publishes:
                self._publish_model()
            self._let_time_pass()
            self._maybe_fail()
            if not self.workers:
                self.workers.append(Worker(self))
            self._chosen().run()
        self._calm_down()

    def end(self) -> None:
        """Nobody goes on: a worker that has not begun would else be warned of as never awaited."""
        for worker in self.workers:
            worker.kill()

    def _publish_model(self) -> None:
        version = max(self.kafka.models, default=-1) + self.random.choice((1, 2))
        self.kafka.models[version] = model_of(version, random_snapshot(self.random))

    def _work(self, version: int) -> Work:
        program, guards = a_program(version), self.ablation
        return Work(
            program.canonical_json(),
            program.version,
            records_a_round=self.random.randrange(1, 6),
            customers_a_commit=self.random.randrange(1, 4),
            cached_customers_max=self.random.randrange(4),
            guards=Guards(guards.relay_peek, guards.hold, guards.journal),
        )

    def _chosen(self) -> Worker:
        """Return who goes on; in many schedules the others stand still for long (SIGSTOP, a slow disk)."""
        if self._running not in self.workers or self.random.random() >= self._sticks:
            self._running = self.random.choice(self.workers)
        assert self._running is not None
        return self._running

    def _let_time_pass(self) -> None:
        if self.random.random() < 0.25:
            self.wall_at += self.random.randrange(4 * HOUR_US)
        self._deliver()

    def _deliver(self) -> None:
        while self._arrived < len(self.log) - len(self._late) and self.log[self._arrived][0] <= self.wall_at:
            record = self.log[self._arrived][1]
            self.kafka.inputs[record.topic].append(record)
            self._arrived += 1

    def _maybe_fail(self) -> None:
        chance, faults = self.random.random(), self.faults
        if self.workers and chance < faults.kill:
            self.workers.pop(self.random.randrange(len(self.workers))).kill()
        chance -= faults.kill
        if 0 <= chance < faults.zombie and len(self.workers) < WORKERS_MAX:
            self.workers.append(Worker(self))
        chance -= faults.zombie
        if 0 <= chance < faults.rollback and self.store.history.get(PARTITION):
            self._left_behind = self.store.shard(PARTITION)
            self._running = self.random.choice(self.workers) if self.workers else None
            self.store.put(PARTITION, self.random.choice(self.store.history[PARTITION]), forgets=True)
        chance -= faults.rollback
        if 0 <= chance < faults.failback and self._left_behind is not None:
            self.store.put(PARTITION, self._left_behind, forgets=True)
        chance -= faults.failback
        if 0 <= chance < faults.empty:
            self.store.put(PARTITION, Shard(), forgets=True)

    def _calm_down(self) -> None:
        """No more faults: the youngest worker, or a new one, finishes; the others are gone."""
        self.is_calm, self.unknown_chance = True, 0.0
        keep = self.workers[-1:] if self.random.random() < 0.5 else []
        for worker in self.workers:
            if worker not in keep:
                worker.kill()
        self.workers = keep or [Worker(self)]
        self.workers[0].inputs.is_calm = True
        self.wall_at = max(self.wall_at, self.log[-1][0]) + CALM_FOR_US
        self._deliver()
        self._come_to_rest()
        self._late = []
        self._deliver()
        self._come_to_rest()
        if self.random.random() < self.faults.rollback_at_rest:
            self.store.put(PARTITION, self.random.choice(self.store.history[PARTITION]), forgets=True)
            self._come_to_rest()

    def _come_to_rest(self) -> None:
        rests = 0
        for _ in range(CALM_AWAITS_MAX):
            self.workers[0].run()
            rests = rests + 1 if self._is_at_rest() else 0
            if rests > 60:
                return
        raise AssertionError("the work does not come to an end")

    def _is_at_rest(self) -> bool:
        engine, shard = self.workers[0].engine, self.store.shard(PARTITION)
        if engine is None or engine.is_repeating or shard.outbox:
            return False
        offsets, reached_at = engine.fold.meta.offsets, self.wall_at - self.work.tick_delay_us
        if any(offsets.get(topic) != len(self.kafka.inputs[topic]) for topic in INPUTS):
            return False
        changed_at = engine.fold.meta.sweeps_to
        moments = (NEVER if changed_at is None else changed_at, *shard.due.values())
        return not any(at <= reached_at for at in moments)
