"""The topics: how they have to be, how they are made, and what is wrong with those that are there.

Every setting that matters is named, so that no broker default decides. Inputs are the retailer's: made only when asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, Protocol, cast

from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, NewTopic
from kafka.errors import TopicAlreadyExistsError

from schemas.topics import (
    ALERTS,
    CHANGES,
    CUSTOMER_STATE,
    INPUTS,
    JOURNAL,
    MODELS,
    NUDGES,
    SAMPLES,
    SUPPRESSIONS,
    dead_letter_topic,
)

FOREVER = "-1"
KEPT = {"cleanup.policy": "delete", "retention.ms": FOREVER, "retention.bytes": FOREVER}
THIRTY_DAYS_MS = str(30 * 24 * 3600 * 1000)
FORGOTTEN = {"cleanup.policy": "delete", "retention.ms": THIRTY_DAYS_MS}
SAMPLED = {**FORGOTTEN, "message.timestamp.type": "LogAppendTime"}
"""Samples of history are as old as their day: kept by that stamp, they would be gone before the trainer read them."""
BOOTSTRAP_TIMEOUT_MS = 5_000
REQUEST_TIMEOUT_MS = 15_000
_SAME_COUNT = (
    "All topics need the same count, the one in TIERLINE_PARTITIONS. Correct that variable, or make the topic "
    "anew; a new count for an installation that has state is a new TIERLINE_NAME and a rebuild."
)
_ONE_PARTITION = "Make the topic anew, with one partition."


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic as it has to be; ``name`` has the installation's prefix."""

    name: str
    partitions: int
    settings: Mapping[str, str]
    is_input: bool = False


@dataclass(frozen=True, slots=True)
class TopicProblem:
    """What is not as it should be. A worker cannot run with a ``failure``."""

    topic: str
    level: Literal["failure", "warning"]
    text: str
    advice: str


@dataclass(frozen=True, slots=True)
class FoundTopic:
    """One topic as Kafka describes it."""

    topic_id: str
    partitions: int
    settings: Mapping[str, str] = field(default_factory=dict)
    operations: frozenset[str] = frozenset()
    """What our user may do with it; empty where the broker does not say."""


KafkaOptions = Mapping[str, object]
"""What every Kafka client takes: bootstrap servers, TLS, login."""


def specs(prefix: str, partitions: int) -> list[TopicSpec]:
    """Return the topics that Tierline writes."""
    settings = {
        JOURNAL: KEPT,
        CUSTOMER_STATE: {"cleanup.policy": "compact"},
        **dict.fromkeys((NUDGES, SUPPRESSIONS, CHANGES, *map(dead_letter_topic, INPUTS)), FORGOTTEN),
    }
    own = [TopicSpec(prefix + topic, partitions, chosen) for topic, chosen in settings.items()]
    return own + learning_specs(prefix)


def learning_specs(prefix: str) -> list[TopicSpec]:
    """Return the topics of the trainer: one partition each, for there is one order of samples, versions and alerts.

    Snapshots are kept for ever: the journal names them.
    """
    settings = {SAMPLES: SAMPLED, MODELS: KEPT, ALERTS: FORGOTTEN}
    return [TopicSpec(prefix + topic, 1, chosen) for topic, chosen in settings.items()]


def input_specs(prefix: str, partitions: int) -> list[TopicSpec]:
    """Return the topics that Tierline reads.

    They are kept for ever: history carries the time stamps of its events, which a finite retention deletes at once.
    """
    return [TopicSpec(prefix + topic, partitions, KEPT, is_input=True) for topic in INPUTS]


def create(options: KafkaOptions, wanted: Iterable[TopicSpec], replication: int) -> list[str]:
    """Create those that are missing and return their names; one that exists is left as it is. Raises ``KafkaError``."""
    created = []
    with _admin(options) as admin:
        for spec in wanted:
            settings = {**spec.settings, "min.insync.replicas": "2" if replication > 2 else "1"}
            try:
                admin.create_topics([NewTopic(spec.name, spec.partitions, replication, topic_configs=settings)])
            except TopicAlreadyExistsError:
                continue
            created.append(spec.name)
    return created


def problems(options: KafkaOptions, wanted: Sequence[TopicSpec]) -> list[TopicProblem]:
    """Return what is wrong, failures first; nothing if a worker can run. Raises ``KafkaError``."""
    return judge(wanted, _find(options, [spec.name for spec in wanted], with_settings=True))


def topic_ids(options: KafkaOptions, names: Sequence[str]) -> dict[str, str]:
    """Return the id of each topic that exists: one made anew has another. Raises ``KafkaError``."""
    return {name: topic.topic_id for name, topic in _find(options, names, with_settings=False).items()}


def live_members(options: KafkaOptions, group: str) -> int:
    """Return how many members the consumer group has; one that was killed counts until its session is over."""
    with _admin(options) as admin:
        described = admin.describe_groups([group])[group]
    return len(cast("list[object]", described.get("members") or []))


def judge(wanted: Iterable[TopicSpec], found: Mapping[str, FoundTopic]) -> list[TopicProblem]:
    """Compare what there is with what there has to be."""
    verdicts: list[TopicProblem] = []
    for spec in wanted:
        topic = found.get(spec.name)
        verdicts += [_missing(spec)] if topic is None else _judge(spec, topic)
    return sorted(verdicts, key=lambda problem: problem.level)


def _find(options: KafkaOptions, names: Sequence[str], *, with_settings: bool) -> dict[str, FoundTopic]:
    with _admin(options) as admin:
        described = {str(one["name"]): one for one in admin.describe_topics(list(names)) if one["error_code"] == 0}
        settings: dict[str, dict[str, str]] = {}
        if with_settings and described:
            resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in described]
            settings = _settings(admin.describe_configs(resources, config_filter="all"))
    return {
        name: FoundTopic(
            str(one["topic_id"]),
            len(cast("list[object]", one["partitions"])),
            settings.get(name, {}),
            frozenset(cast("list[str] | None", one.get("authorized_operations")) or ()),
        )
        for name, one in described.items()
    }


class _Admin(Protocol):
    """What is needed of kafka-python's admin client, which has no types."""

    def create_topics(self, new_topics: Sequence[NewTopic]) -> object: ...

    def describe_topics(self, topics: Sequence[str]) -> list[dict[str, object]]: ...

    def describe_groups(self, group_ids: Sequence[str]) -> dict[str, dict[str, object]]: ...

    def describe_configs(self, config_resources: Sequence[ConfigResource], config_filter: str) -> object: ...


@contextmanager
def _admin(options: KafkaOptions) -> Iterator[_Admin]:
    client = KafkaAdminClient(
        **options, bootstrap_timeout_ms=BOOTSTRAP_TIMEOUT_MS, request_timeout_ms=REQUEST_TIMEOUT_MS
    )
    try:
        yield cast(_Admin, client)
    finally:
        client.close()


def _missing(spec: TopicSpec) -> TopicProblem:
    command = "tierline topics create --inputs" if spec.is_input else "tierline topics create"
    return TopicProblem(spec.name, "failure", "does not exist", f"Create it: {command}")


def _judge(spec: TopicSpec, topic: FoundTopic) -> Iterator[TopicProblem]:
    if topic.partitions != spec.partitions:
        text = f"has {topic.partitions} partitions, not {spec.partitions}"
        yield TopicProblem(
            spec.name, "failure", text, _ONE_PARTITION if spec.name.endswith((SAMPLES, MODELS, ALERTS)) else _SAME_COUNT
        )
    policy, right = topic.settings.get("cleanup.policy", ""), spec.settings["cleanup.policy"]
    if policy and policy != right:
        text = f"has cleanup.policy={policy}, not {right}: records get lost"
        yield TopicProblem(spec.name, "failure", text, _alter(spec, "cleanup.policy", right))
    yield from _judge_rights(spec, topic)
    yield from _judge_retention(spec, topic)
    yield from _judge_stamps(spec, topic)


def _judge_rights(spec: TopicSpec, topic: FoundTopic) -> Iterator[TopicProblem]:
    needed = ("READ",) if spec.is_input else ("READ", "WRITE")
    missing = [operation for operation in needed if operation not in topic.operations]
    if topic.operations and missing:
        options = " ".join(f"--operation {operation.capitalize()}" for operation in missing)
        advice = f"kafka-acls.sh --bootstrap-server ... --add --allow-principal ... {options} --topic {spec.name}"
        yield TopicProblem(spec.name, "failure", f"does not allow our user to {' and '.join(missing)}", advice)


def _judge_retention(spec: TopicSpec, topic: FoundTopic) -> Iterator[TopicProblem]:
    if spec.settings.get("retention.ms") != FOREVER:
        return
    for name in ("retention.ms", "retention.bytes"):
        value = topic.settings.get(name, FOREVER)
        if value == FOREVER:
            continue
        text = f"has {name}={value}: Kafka deletes what a rebuild or a replay may still need"
        advice = f"{_alter(spec, name, FOREVER)}, or keep a recent copy of Redis' RDB or AOF"
        yield TopicProblem(spec.name, "warning", text, advice)


def _judge_stamps(spec: TopicSpec, topic: FoundTopic) -> Iterator[TopicProblem]:
    name = "message.timestamp.type"
    wanted, found = spec.settings.get(name), topic.settings.get(name)
    if wanted is not None and found is not None and found != wanted:
        text = f"has {name}={found}: Kafka deletes what a log of former years says before the trainer has read it"
        yield TopicProblem(spec.name, "warning", text, _alter(spec, name, wanted))


def _alter(spec: TopicSpec, name: str, value: str) -> str:
    return f"kafka-configs.sh --bootstrap-server ... --alter --topic {spec.name} --add-config {name}={value}"


def _settings(described: object) -> dict[str, dict[str, str]]:
    """Flatten kafka-python's ``{"topic": {name: {setting: {"value": ...}}}}``."""
    by_topic = cast("dict[str, dict[str, dict[str, dict[str, object]]]]", described).get("topic", {})
    return {
        name: {setting: str(entry["value"]) for setting, entry in entries.items()} for name, entries in by_topic.items()
    }
