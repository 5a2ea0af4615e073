"""Topics, with the settings of this process: create, check, look up."""

from collections.abc import Mapping
from typing import cast

from streams import topics
from streams.topics import TopicProblem, TopicSpec
from tierline.connections import kafka_options
from tierline.settings import Settings


def make_topics(settings: Settings, with_inputs: bool) -> list[str]:
    """Create the missing topics and return their names; the inputs only if asked."""
    wanted = _specs(settings) if with_inputs else topics.specs(settings.topic_prefix, settings.partitions)
    return topics.create(_options(settings), wanted, settings.replication)


def topic_problems(settings: Settings) -> list[TopicProblem]:
    """Return what is wrong with the topics, inputs included."""
    return topics.problems(_options(settings), _specs(settings))


def _specs(settings: Settings) -> list[TopicSpec]:
    own = topics.specs(settings.topic_prefix, settings.partitions)
    return own + topics.input_specs(settings.topic_prefix, settings.partitions)


def _options(settings: Settings) -> Mapping[str, object]:
    return cast("Mapping[str, object]", kafka_options(settings))
