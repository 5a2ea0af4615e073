"""A worker of a schedule: the real engine over fakes of the ports, driven from one await to the next."""

from collections.abc import Coroutine
from typing import TYPE_CHECKING

from state.store import StoreUnavailableError
from streams.claim import claim
from streams.ingest import ingest
from streams.partition import PartitionEngine
from streams.ports import LostClaimError, Ports, StopError
from streams.relay import relay
from streams.sweep import sweep
from tests.simulation.fake_kafka import FakeInputs, FakeModels, FakeOutputs
from tests.simulation.pauses import Gate, Pause
from tests.simulation.workload import PARTITION

if TYPE_CHECKING:
    from tests.simulation.schedule import World


class Worker:
    """A process: a claim, then ingest and relay side by side, then a claim again when it is lost."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.inputs = FakeInputs(world.kafka, world.pause, world.random, lambda: world.wall_at)
        self.inputs.is_calm = world.is_calm
        outputs = FakeOutputs(world.kafka, world.pause)
        models = FakeModels(world.kafka, world.pause, world.random)
        self._ports = Ports(world.store, self.inputs, outputs, models, Gate, world.new_token, lambda: world.wall_at)
        self.engine: PartitionEngine | None = None
        self._tasks: list[Coroutine[None, None, None]] = [self._claim()]

    def run(self) -> None:
        """Go on to the next await, in one of the tasks."""
        task = self._world.random.choice(self._tasks)
        try:
            task.send(None)
        except StopIteration:
            self._tasks.remove(task)
        except (LostClaimError, StoreUnavailableError):
            self._claim_again()
        except StopError as stop:
            if "Redis holds nothing" not in str(stop):
                raise
            self._world.operator_rebuilds = True
            self._claim_again()

    def kill(self) -> None:
        """End the process wherever it is."""
        for task in self._tasks:
            task.close()
        self._tasks = []

    def _claim_again(self) -> None:
        self.kill()
        self.engine = None
        self._tasks = [self._claim()]

    async def _claim(self) -> None:
        world = self._world
        rebuild, world.operator_rebuilds = world.operator_rebuilds, False
        self.engine = await claim(PARTITION, world.work, self._ports, world.observed, rebuild=rebuild)
        world.claims_in_sweeps += self.engine.fold.meta.previous_model is not None
        self._tasks += [self._ingest(self.engine), self._relay(self.engine)]

    async def _ingest(self, engine: PartitionEngine) -> None:
        while True:
            await Pause()
            if self._world.random.random() < 0.3:
                await sweep(engine)
            else:
                await ingest(engine)

    async def _relay(self, engine: PartitionEngine) -> None:
        while True:
            await Pause()
            await relay(engine)
