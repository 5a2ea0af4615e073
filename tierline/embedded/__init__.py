"""Apache Kafka and Valkey as child processes: how they start, become ready, stop and are killed.

The demo and the tests use these two where no real cluster is named. Neither needs root, Docker or an installed Java.
"""

from tierline.embedded.kafka import EmbeddedKafka
from tierline.embedded.process import EmbeddedError, EmbeddedServer
from tierline.embedded.valkey import EmbeddedValkey

__all__ = ["EmbeddedError", "EmbeddedKafka", "EmbeddedServer", "EmbeddedValkey"]
