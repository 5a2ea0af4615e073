"""One record of a log, whether Kafka or a file brought it."""

import msgspec

Headers = tuple[tuple[str, bytes], ...]
"""A record's headers, in order; a name may repeat."""


class LogRecord(msgspec.Struct, frozen=True, gc=False):
    """A record as it stands in a partition. ``timestamp_ms`` is Kafka's, -1 when it has none."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
