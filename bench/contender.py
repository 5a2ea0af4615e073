"""The contenders: what each is, how it is started, what it promises, and what was not equal."""

from collections.abc import Sequence
from dataclasses import dataclass

SLOW_ORDERS_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Contender:
    """A module of `bench.contenders`, run as a process of its own."""

    name: str
    words: str
    guarantee: str
    """With the setting that gives it."""
    unequal: str
    """What it does otherwise than the others, for or against it."""
    packages: Sequence[str]
    """What it imports; without them it is named as missing."""
    arguments: Sequence[str] = ()
    orders_max: int | None = None
    """A slow one takes a shorter log."""
    wanted: float | None = None
    """How many times as fast Tierline's whole job should be."""


FAUST_WORKER = ("worker", "--without-web", "--loglevel", "warn")
CONTENDERS: Sequence[Contender] = (
    Contender(
        name="faust_agent",
        words="plain Faust agent",
        guarantee="at least once: offsets of handled orders are committed now and then (`broker_commit_interval`, "
        "2.8 s); after a crash those in between count twice. Changes are sent without waiting for the broker.",
        unequal="One GET and one SET an order, one order at a time, as its documentation's agents are written.",
        packages=("faust", "redis"),
        arguments=FAUST_WORKER,
        orders_max=SLOW_ORDERS_MAX,
        wanted=15,
    ),
    Contender(
        name="faust_take",
        words="Faust `take(1000)` with a pipeline",
        guarantee="at least once, by the same setting; a whole batch counts twice after a crash in it.",
        unequal="MGET and a pipeline of SETs a batch.",
        packages=("faust", "redis"),
        arguments=FAUST_WORKER,
        orders_max=5 * SLOW_ORDERS_MAX,
    ),
    Contender(
        name="faststream_batch",
        words="FastStream `batch=True`",
        guarantee="at least once: `AckPolicy.ACK` commits after each batch (its default, `ACK_FIRST`, is at most "
        "once); a batch whose handler raised is acknowledged all the same, so it is lost.",
        unequal="MGET and a pipeline of SETs a batch of at most 1,000; changes are acknowledged before the offsets are "
        "committed. Validation by type (`apply_types`) is off: msgspec does it.",
        packages=("faststream.kafka", "redis"),
        wanted=2,
    ),
    Contender(
        name="quix_sink",
        words="Quix Streams with its Redis sink",
        guarantee='at least once (`processing_guarantee="at-least-once"`, its default; `"exactly-once"` would cover '
        "Kafka and its own store, and never the sink).",
        unequal="Customers live in RocksDB with a changelog topic, so it never reads Redis; Redis is a view that is "
        "written at checkpoints, up to 5 s late (`commit_interval`). Its clock also covers the last checkpoint and the "
        "closing.",
        packages=("quixstreams.sinks.community.redis",),
        wanted=3,
    ),
)
