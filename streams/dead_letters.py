"""Dead letters: what nobody could accept, where it came from and why; and sending it again after a fix."""

import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import msgspec

from schemas.instants import Instant, parse_instant
from schemas.record import LogRecord
from schemas.topics import INPUTS, dead_letter_topic
from streams.ports import StreamsError
from streams.topic_reader import read_one, read_topics

_OURS = "tl_"


class DeadLetterError(StreamsError):
    """A dead letter that was asked for is not there, or is none.

    Operator action: take an id from `tierline dlq list`.
    """


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter. ``topic`` is the input topic's own name; ``record`` lies on its dead letter topic."""

    record: LogRecord
    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    at: Instant
    is_truncated: bool

    @property
    def id(self) -> str:
        """How it is named on the command line: input topic, and partition and offset on the dead letter topic."""
        return f"{self.topic}:{self.record.partition}:{self.record.offset}"

    def value_as_text(self) -> str | None:
        """Return the value as text, or as ``base64:...`` where it is not UTF-8."""
        value = self.record.value
        if value is None:
            return None
        try:
            return value.decode()
        except UnicodeDecodeError:
            return "base64:" + base64.b64encode(value).decode()


async def dead_letters(options: Mapping[str, object], prefix: str, partitions: int) -> AsyncIterator[DeadLetter]:
    """Yield all dead letters, by input topic, partition and offset. Raises ``KafkaError``."""
    names = [prefix + dead_letter_topic(topic) for topic in INPUTS]
    async for record in read_topics(options, names, partitions):
        yield _dead_letter(record)


async def find_dead_letter(options: Mapping[str, object], prefix: str, letter_id: str) -> DeadLetter:
    """Return the dead letter of that id; ``DeadLetterError`` if there is none."""
    topic, _, rest = letter_id.partition(":")
    partition, _, offset = rest.partition(":")
    if topic not in INPUTS or not partition.isdigit() or not offset.isdigit():
        raise DeadLetterError(f"{letter_id} is no dead letter's id, as {INPUTS[0]}:3:17; `tierline dlq list` has them")
    record = await read_one(options, prefix + dead_letter_topic(topic), int(partition), int(offset))
    if record is None:
        raise DeadLetterError(f"dead letter {letter_id} is not there (any more); `tierline dlq list` shows what is")
    return _dead_letter(record)


async def original(options: Mapping[str, object], prefix: str, letter: DeadLetter) -> LogRecord:
    """Return the record as it first arrived, for sending it again: of a truncated one, read again from its topic.

    Its headers are without those that tell why it was here.
    """
    if not letter.is_truncated:
        return _without_ours(letter.record)
    record = await read_one(options, prefix + letter.topic, letter.partition, letter.offset)
    if record is None:
        raise DeadLetterError(
            f"dead letter {letter.id} was truncated, and Kafka no longer has its original "
            f"({letter.topic}, partition {letter.partition}, offset {letter.offset})"
        )
    return _without_ours(record)


def _without_ours(record: LogRecord) -> LogRecord:
    kept = tuple((name, value) for name, value in record.headers if not name.startswith(_OURS))
    return msgspec.structs.replace(record, headers=kept)


def _dead_letter(record: LogRecord) -> DeadLetter:
    headers = {
        name: value.decode("utf-8", "replace")
        for name, value in record.headers
        if value is not None and name.startswith(_OURS)
    }
    try:
        return DeadLetter(
            record,
            topic=headers["tl_topic"],
            partition=int(headers["tl_partition"]),
            offset=int(headers["tl_offset"]),
            reason=headers["tl_reason"],
            detail=headers["tl_detail"],
            at=parse_instant(headers["tl_at"]),
            is_truncated="tl_truncated" in headers,
        )
    except (KeyError, ValueError) as error:
        raise DeadLetterError(
            f"{record.topic}, partition {record.partition}, offset {record.offset} is no dead letter of Tierline: "
            f"{error} is missing or wrong"
        ) from error
