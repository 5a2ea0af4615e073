"""Many schedules: run them, and say which seed failed first, and how."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from state.errors import StateError
from streams.ports import StreamsError
from tests.simulation.books import adoptions, violations
from tests.simulation.faults import Ablation, Faults
from tests.simulation.schedule import World

STORMY: Final = Faults(kill=0.004, zombie=0.02, rollback=0.05, empty=0.0)
"""More rollbacks and more workers at a time: what a claim that is not durable needs to show itself."""
ABLATIONS: Final = {
    "commit_compare": Faults(),
    "relay_peek": Faults(),
    "compared_trim": Faults(),
    "hold": Faults(),
    "journal": Faults(),
    "durable_claim": STORMY,
}
"""The six guards, each with the faults under which its absence shows soonest."""


@dataclass
class Totals:
    """What the schedules did; a run in which nothing was repeated or refused would show nothing."""

    schedules: int = 0
    claims: int = 0
    steps: int = 0
    repeated: int = 0
    refused: int = 0
    rebuilds: int = 0
    outputs: int = 0
    adoptions: int = 0
    claims_in_sweeps: int = 0
    """Claims that found the sweep of an adoption half done."""
    failed: dict[int, list[str]] = field(default_factory=dict)


def run_one(seed: int, ablation: Ablation | None = None, faults: Faults | None = None) -> tuple[World, list[str]]:
    """Run the schedule of ``seed``; return its world and what did not hold."""
    world = World(seed, ablation or Ablation(), faults or Faults())
    try:
        world.run()
        return world, violations(world)
    except (StreamsError, StateError, AssertionError, LookupError) as error:
        return world, [f"{type(error).__name__}: {error}"]
    finally:
        world.end()


def run_many(seeds: Iterable[int], faults: Faults | None = None) -> Totals:
    """Run every seed."""
    totals = Totals()
    for seed in seeds:
        world, found = run_one(seed, faults=faults)
        seen = world.observed
        totals.schedules += 1
        totals.claims += seen.claims
        totals.steps += seen.steps
        totals.repeated += seen.steps_repeated
        totals.refused += seen.refused_commits
        totals.rebuilds += seen.rebuilds
        totals.outputs += len(world.kafka.outputs)
        totals.adoptions += adoptions(world)
        totals.claims_in_sweeps += world.claims_in_sweeps
        if found:
            totals.failed[seed] = found
    return totals


def first_failure(guard: str, seeds: Iterable[int]) -> tuple[int, list[str]] | None:
    """Return the first seed that fails without ``guard``, and how; None where none does."""
    ablation = replace(Ablation(), **{guard: False})
    for seed in seeds:
        _, found = run_one(seed, ablation, ABLATIONS[guard])
        if found:
            return seed, found
    return None
