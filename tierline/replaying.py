"""What `tierline replay` does, wired: a log file, or Kafka's journal beside Redis and the output topics."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from replay.differences import Difference
from replay.from_journal import Against, Installation, JournalReport, replay_journal
from replay.from_log import replay_log
from replay.kafka_log import KafkaLog, partition_count
from replay.log_file import LogFileError
from replay.summary import Summary
from replay.write import OutputFiles
from schemas.instants import Instant, parse_instant
from tierline.connections import kafka_options
from tierline.console import CommandError, Json, UsageError, err, note
from tierline.reaching import explained, program_of, settings_of_process
from tierline.settings import Settings
from tierline.wiring import partition_of, repository_of

PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Outcome:
    """What a replay found."""

    summary: Summary
    differences: Sequence[Difference] = field(default=())
    compared: bool = False

    def as_json(self, shown_max: int) -> dict[str, Json]:
        """Return the numbers and, where something was compared, the first differences."""
        found: dict[str, Json] = dict(self.summary.as_json())
        if self.compared:
            found["differences"] = len(self.differences)
            found["first_differences"] = [one.as_json() for one in self.differences[:shown_max]]
        return found


def replay_file(log: Path, folder: Path, program_file: Path | None, until: str | None) -> Outcome:
    """Fold a log file; `UsageError` says what is wrong with it, the program or the instant."""
    until_at = instant_of("--until", until)
    settings = settings_of_process()
    program = program_of(settings if program_file is None else settings.model_copy(update={"program": program_file}))
    try:
        with err.status("replaying"):
            return Outcome(replay_log(log, folder, program, until_at))
    except LogFileError as error:
        raise UsageError(str(error)) from error
    except OSError as error:
        raise CommandError(f"{error.filename or log}: {error.strerror or error}") from error


def replay_kafka(folder: Path | None, partitions: str | None, *, live: bool, topics: bool) -> Outcome:
    """Follow the journal of those partitions; `CommandError` says why it cannot be followed."""
    settings = settings_of_process()
    settings.need_kafka()
    if live:
        settings.need_redis()
    with explained(settings), tempfile.TemporaryDirectory() as unwanted:
        try:
            report = asyncio.run(_replay(settings, folder or Path(unwanted), partitions, live=live, topics=topics))
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror or error}") from error
    return Outcome(report.summary, report.differences, compared=live or topics)


async def _replay(settings: Settings, folder: Path, wanted: str | None, *, live: bool, topics: bool) -> JournalReport:
    count = await partition_count(dict(kafka_options(settings)), settings.topic_prefix)
    partitions = range(count) if wanted is None else partitions_in(wanted, count)
    installation = installation_of(settings, count)
    async with AsyncExitStack() as stack:
        files = stack.enter_context(OutputFiles(folder))
        against = await stack.enter_async_context(_against(settings, live=live, topics=topics))
        return await replay_journal(installation, partitions, files, against, note)


def installation_of(settings: Settings, partitions: int) -> Installation:
    """Return the topics of the installation that the settings name, as a replay reads them."""
    options = dict(kafka_options(settings))
    return Installation(
        open_log=lambda partition: KafkaLog(options, partition, settings.topic_prefix),
        partition_of=lambda key: partition_of(key, partitions),
        pause=lambda: asyncio.sleep(PAUSE_SECONDS),
    )


@asynccontextmanager
async def _against(settings: Settings, *, live: bool, topics: bool) -> AsyncIterator[Against]:
    if not live:
        yield Against(topics=topics)
        return
    repository = repository_of(settings)
    try:
        yield Against(repository, topics)
    finally:
        await repository.close()


def partitions_in(text: str, count: int) -> list[int]:
    """Return the partitions that ``0,2,5-7`` names, ascending; `UsageError` for others than 0 to ``count`` - 1."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise UsageError(f"--partitions {text}: {part.strip()!r} is neither a number nor a range such as 5-7")
        found.update(range(int(first), int(last or first) + 1))
    beyond = [partition for partition in sorted(found) if partition >= count]
    if beyond or not found:
        raise UsageError(f"--partitions {text}: the topics have partitions 0 to {count - 1}")
    return sorted(found)


def instant_of(option: str, text: str | None) -> Instant | None:
    """Return the instant that the option gives; `UsageError` says what would be right."""
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise UsageError(f"{option} {text}: give RFC 3339 with an offset, e.g. 2018-01-01T00:00:00Z") from error
