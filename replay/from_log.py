"""`tierline replay --log FILE`: a log file folded by the rules, its results as files."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from replay.log_file import LogFileError, numbered_lines, parse_record
from replay.run import run_log
from replay.summary import Summary
from replay.write import OutputFiles
from schemas import topics
from schemas.instants import Instant
from schemas.program import Program
from schemas.record import LogRecord

NOT_CONSUMED = (topics.ENGAGEMENT, *map(topics.dead_letter_topic, (*topics.INPUTS, topics.ENGAGEMENT)))
"""Topics of the contracts that a log may hold and this version does not read, besides ``loyalty.*``."""


def replay_log(log: Path, folder: Path, program: Program, until_at: Instant | None = None) -> Summary:
    """Fold the log and write its files into ``folder``; return the numbers.

    Raises ``LogFileError``, which names the line, and ``OSError``. All records are held in memory, outputs are not.
    """
    skipped: Counter[str] = Counter()
    with OutputFiles(folder) as files:
        run = run_log(inputs_of(log, skipped), program, until_at, sink=files.take)
        ended_at = max(run.meta.clock_at, until_at or 0)
        files.take_states(run.read_models(ended_at).values())
    summary = Summary(skipped=dict(sorted(skipped.items()))).add_run(run, ended_at)
    return summary.add_written(files.written)


def inputs_of(log: Path, skipped: Counter[str]) -> Iterator[LogRecord]:
    """Yield the records that a worker would consume and count the others of the contracts' topics by topic."""
    next_offsets: dict[str, int] = {}
    for number, line in numbered_lines(log):
        try:
            record = parse_record(line, next_offsets)
            if record.topic in topics.INPUTS:
                yield record
            else:
                skipped[_known(record.topic)] += 1
        except LogFileError as error:
            raise LogFileError(f"{log}, line {number}: {error}") from error


def _known(topic: str) -> str:
    if topic in NOT_CONSUMED or topic.startswith("loyalty."):
        return topic
    raise LogFileError(f"unknown topic {topic!r}; a replay reads {' and '.join(topics.INPUTS)}")
