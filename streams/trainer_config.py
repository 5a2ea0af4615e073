"""What a trainer is told. `tierline` builds it from the settings; nothing here reads the environment."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.settings import LearningSettings


@dataclass(frozen=True, slots=True)
class TrainerConfig:
    """One trainer. Topic names get ``topic_prefix``; its group and transactional id are ``<name>-trainer``."""

    kafka: Mapping[str, object]
    """Client options of aiokafka and kafka-python: bootstrap_servers, security_protocol, ssl_context, sasl_*."""
    learning: LearningSettings
    name: str = "tierline"
    topic_prefix: str = ""
    session_timeout_seconds: float = 10.0
    heartbeat_seconds: float = 1.0
    start_patience_seconds: float = 30.0
    """How long a start waits for Kafka; servers often start together."""

    @property
    def bootstrap(self) -> str:
        """Where Kafka is, for messages."""
        return str(self.kafka.get("bootstrap_servers", ""))

    @property
    def group(self) -> str:
        """The trainers' consumer group, and the transactional id by which one fences another."""
        return f"{self.name}-trainer"
