"""What `tierline import --from-topic` does, wired: signals, the mapping, and where rejected messages go."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import cast

import msgspec
from aiokafka import AIOKafkaProducer

from replay.importing.entries import EntryReader
from replay.importing.refusal import RowError
from replay.importing.run import events_of_message
from schemas.instants import Instant, format_instant
from schemas.mapping import OrderMapping
from schemas.record import LogRecord
from schemas.topics import INPUTS, dead_letter_topic
from streams.bridge import BridgeConfig, BridgeCounts, Mapped, Refused, Translate, run_bridge
from tierline.connections import kafka_options
from tierline.console import CommandError, UsageError
from tierline.logs import configure_logs
from tierline.reaching import explained, settings_of_process
from tierline.wiring import wall_now


def bridge(topic: str, group: str, mapping: OrderMapping, rejected: Path | None) -> BridgeCounts:
    """Pass messages on until SIGTERM or SIGINT; ``UsageError`` for a mapping that only fits files."""
    _check(mapping)
    settings = settings_of_process()
    config = BridgeConfig(
        kafka=cast("Mapping[str, object]", kafka_options(settings)),
        topic=topic,
        group=group,
        outputs=[settings.topic_prefix + name for name in INPUTS],
        translate=translator(mapping, settings.topic_prefix),
        dead_letters=RejectedTopic(topic, wall_now) if rejected is None else RejectedFile(rejected),
        session_timeout_seconds=settings.session_timeout_seconds,
    )
    configure_logs(settings)
    with explained(settings):
        try:
            return asyncio.run(_until_signal(config))
        except OSError as error:
            raise CommandError(f"{error.filename or rejected}: {error.strerror or error}") from error


def translator(mapping: OrderMapping, prefix: str) -> Translate:
    """Return what maps one message."""
    reader = EntryReader(mapping)

    def translate(record: LogRecord) -> Sequence[Mapped] | Refused:
        try:
            events = events_of_message(reader, record.value)
        except RowError as error:
            return Refused(error.reason, error.detail)
        return [Mapped(prefix + event.topic, event.customer_id.encode(), event.value) for event in events]

    return translate


class RejectedTopic:
    """Refused messages go to a topic as they are, with why and from where in their headers."""

    def __init__(self, topic: str, now: Callable[[], Instant]) -> None:
        self.topic: str | None = dead_letter_topic(topic)
        self._now = now

    async def take(self, producer: AIOKafkaProducer, refused: Sequence[tuple[LogRecord, Refused]]) -> None:
        """Send them and wait until they are acknowledged."""
        sent = [
            await producer.send(
                self.topic, record.value, record.key, headers=[*record.headers, *self._why(record, why)]
            )
            for record, why in refused
        ]
        await asyncio.gather(*sent)

    def _why(self, record: LogRecord, why: Refused) -> list[tuple[str, bytes]]:
        texts = {
            "tl_reason": why.reason,
            "tl_detail": why.detail,
            "tl_topic": record.topic,
            "tl_partition": str(record.partition),
            "tl_offset": str(record.offset),
            "tl_at": format_instant(self._now()),
        }
        return [(name, text.encode("utf-8", "backslashreplace")) for name, text in texts.items()]


class RejectedFile:
    """Refused messages are appended to a file, a JSON line each."""

    topic: str | None = None

    def __init__(self, path: Path) -> None:
        self._path = path

    async def take(self, _producer: AIOKafkaProducer, refused: Sequence[tuple[LogRecord, Refused]]) -> None:
        """Write them, down to the disk."""
        with self._path.open("ab") as lines:
            lines.writelines(_line(record, why) for record, why in refused)
            lines.flush()
            os.fsync(lines.fileno())


def _line(record: LogRecord, why: Refused) -> bytes:
    shown = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "reason": why.reason,
        "detail": why.detail,
        "text": (record.value or b"").decode("utf-8", "backslashreplace"),
    }
    return msgspec.json.encode(shown) + b"\n"


async def _until_signal(config: BridgeConfig) -> BridgeCounts:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return await run_bridge(config, stopping)


def _check(mapping: OrderMapping) -> None:
    if mapping.source.format != "jsonl":
        raise UsageError("source.format: --from-topic reads JSON messages; give jsonl")
    if mapping.row != "order":
        raise UsageError("row: --from-topic cannot wait for the other lines of an order; give row: order")
    if mapping.consent != "none":
        raise UsageError(
            "consent: a bridge would say granted again after every start, also to those who withdrew meanwhile; give "
            "none, and send consents to retail.consents.v1"
        )
