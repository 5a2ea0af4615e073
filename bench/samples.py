"""What a sample costs a worker, and what it costs the trainer. CPU, without servers."""

import gc
from collections.abc import Callable
from time import process_time

from bench.log import bench_log
from bench.ratio import verdict_at_most
from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.instants import DAY_MICROSECONDS
from schemas.journal import Start
from schemas.program import Program
from schemas.samples import Sample, SampleSlice, decode_slice, encode_slice
from schemas.topics import INPUTS
from state.customer import decode_state, encode_state
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta
from streams.sampling import CUSTOMERS_A_SLICE, slice_of

RUNS = 5
CUSTOMERS = LearningSettings().table_customers
SHARE_WANTED = 0.2
"""Of a core, for the trainer."""


def samples_in_words() -> str:
    """Measure, and return the figures for a reader."""
    count, at_hand, loaded = measure_worker()
    warming_up, learning, end_ms = measure_trainer()
    return (
        f"- A sample costs a worker {at_hand:.1f} CPU microseconds where the customer is at hand, {loaded:.1f} from "
        f"its stored form ({count:,} customers, once a day each).\n"
        f"- It costs the trainer {warming_up:.1f} while warming up and {learning:.1f} while learning; the end of a day "
        f"with {CUSTOMERS:,} customers takes {end_ms:.0f} ms.\n"
        f"- {_share_in_words(CUSTOMERS * learning / 1e6 + end_ms / 1000)}\n"
    )


def _share_in_words(seconds_a_day: float) -> str:
    part = seconds_a_day / (DAY_MICROSECONDS / 1e6)
    return (
        f"More customers than {CUSTOMERS:,} are not sampled, so a day of any shop takes {seconds_a_day:.1f} CPU-s "
        f"of the trainer at most, at any pace of orders: {part:.6f} of a core; {verdict_at_most(part, SHARE_WANTED)}."
    )


def measure_worker() -> tuple[int, float, float]:
    """Return how many customers were sampled, and microseconds each: at hand, and as Redis has them."""
    customers = CustomersInMemory()
    fold = Fold(PartitionMeta(), customers)
    fold.start(Start(None, dict.fromkeys(INPUTS, 0), {}, Program().canonical_json()))
    for record in bench_log(100_000, 8).of_partition(0):
        fold.apply(fold.admit(record))
    states = list(customers.states.values())
    blobs = [encode_state(state) for state in states]
    at_hand = _least(lambda: encode_slice(slice_of(fold, states)))
    loaded = _least(lambda: encode_slice(slice_of(fold, [decode_state(blob) for blob in blobs])))
    return len(states), at_hand / len(states), loaded / len(states)


def measure_trainer() -> tuple[float, float, float]:
    """Return microseconds a sample while warming up and while learning, and milliseconds a day's end."""
    trainer, bodies = Trainer(LearningSettings(warm_up_customers=CUSTOMERS)), _bodies()
    warming_up = _timed(lambda: _fold(trainer, bodies, 0)) / CUSTOMERS
    ends = _timed(lambda: _end(trainer, 1))
    learning = _timed(lambda: _fold(trainer, bodies, 1)) / CUSTOMERS
    return warming_up, learning, ends / 1000


def _bodies() -> list[bytes]:
    rows = [
        Sample(f"customer-{number}", number * 7 % 365, 1 + number % 40, number * 131 % 90_000, 365 + number % 300)
        for number in range(CUSTOMERS)
    ]
    parts = range(0, CUSTOMERS, CUSTOMERS_A_SLICE)
    return [
        encode_slice(SampleSlice(partition=0, at=0, rows=tuple(rows[part : part + CUSTOMERS_A_SLICE])))
        for part in parts
    ]


def _fold(trainer: Trainer, bodies: list[bytes], offset: int) -> None:
    for number, body in enumerate(bodies):
        trainer.take(decode_slice(body), offset * len(bodies) + number)


def _end(trainer: Trainer, day: int) -> None:
    assert trainer.take(SampleSlice(partition=0, at=day * DAY_MICROSECONDS, rows=()), 10**9) is not None


def _least(work: Callable[[], object]) -> float:
    return min(_timed(work) for _ in range(RUNS))


def _timed(work: Callable[[], object]) -> float:
    """Return its CPU time in microseconds."""
    gc.collect()
    began_at = process_time()
    work()
    return (process_time() - began_at) * 1_000_000
