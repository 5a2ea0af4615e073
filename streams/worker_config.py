"""What a worker is told. `tierline` builds it from the settings; nothing here reads the environment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from schemas.instants import Instant
from schemas.program import Program

if TYPE_CHECKING:
    from streams.tracing import PartitionTracing


@dataclass(frozen=True, slots=True)
class WorkerConfig:
    """One worker. Topic names get ``topic_prefix``; groups, transactional ids and Redis keys begin with ``name``."""

    kafka: Mapping[str, object]
    """Client options of aiokafka and kafka-python: bootstrap_servers, security_protocol, ssl_context, sasl_*."""
    redis_url: str
    program: Program
    wall_now: Callable[[], Instant]
    name: str = "tierline"
    topic_prefix: str = ""
    partitions: int = 8
    clock: Literal["wall", "log"] = "wall"
    tick_delay_seconds: float = 60.0
    start_from: Instant | Literal["earliest"] | None = None
    """Where a first start begins; needed where an input does not begin at offset 0."""
    batch_records: int = 2000
    commit_customers: int = 500
    """More in one commit would block the store's readers."""
    cache_customers: int = 100_000
    session_timeout_seconds: float = 10.0
    heartbeat_seconds: float = 1.0
    dead_letter_limit: float = 0.9
    """Share of dead letters among the last 10,000 records that stops the worker; 0: none does."""
    metrics_port: int = 0
    new_tracing: "Callable[[int], PartitionTracing] | None" = None
    """Makes what the claim of a partition traces; None: nothing is traced."""
    start_patience_seconds: float = 30.0
    """How long a start waits for Kafka and Redis; servers often start together."""

    @property
    def bootstrap(self) -> str:
        """Where Kafka is, for messages."""
        return str(self.kafka.get("bootstrap_servers", ""))

    @property
    def group(self) -> str:
        """The workers' consumer group."""
        return f"{self.name}-worker"
