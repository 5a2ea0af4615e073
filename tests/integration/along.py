"""Along a journal: what the outputs must have been."""

from collections.abc import Mapping, Sequence

from schemas.journal import ModelAdoption, Records, Start, Step, Tick
from schemas.record import LogRecord
from state.fold import Fold
from state.memory import CustomersInMemory
from state.outputs import Output
from state.score import Model


def first_difference(published: Sequence[object], expected: Sequence[object]) -> object:
    """Return where two lists begin to differ, and what they hold there."""
    at = next((at for at, (one, other) in enumerate(zip(published, expected, strict=False)) if one != other), None)
    return None if at is None else (at, published[at], expected[at])


def replayed(
    fold: Fold,
    customers: CustomersInMemory,
    steps: Sequence[Step],
    inputs: dict[str, dict[int, LogRecord]],
    models: Mapping[int, Model],
) -> list[Output]:
    """Fold the inputs along a journal; return the outputs."""
    outputs: list[Output] = []
    for step in steps:
        if isinstance(step, Records):
            for _ in range(step.count):
                fold.apply(fold.admit(inputs[step.topic][fold.meta.offsets.get(step.topic, 0)]))
        elif isinstance(step, Tick):
            fold.tick(step, list(customers))
        elif isinstance(step, Start):
            fold.start(step)
        elif isinstance(step, ModelAdoption):
            fold.adopt(step, models[step.version])
        else:
            fold.change_program(step)
        outputs += fold.take_changes().outputs
    return outputs


def identity(record: LogRecord) -> tuple[object, ...]:
    """Return what must not stand twice in a topic."""
    return tuple(value for name, value in record.headers if name in {"ce_id", "ce_type", "tl_topic", "tl_offset"})
