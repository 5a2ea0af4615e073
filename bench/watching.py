"""`python -m bench.watching`: open pages while orders flow; ends with 1 where one of them was not shown something.

"No update lost" means here: (1) once nothing is left to do, the last event of every page equals what GET answers;
(2) each commit that changed a watched customer is shown within a few seconds, itself or overtaken by a later one, as
decision 0008 lets a page coalesce; (3) everything said about a watched customer is on the page of the whole once.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.servers import served
from bench.watch import LostUpdateError, Watch, Watched, watch

QUICK = Watch(orders_per_second=500, seconds=4, pages=50, customers=400)


def main(arguments: Sequence[str]) -> int:
    """Return the exit code: 0, or 1 where an update was lost."""
    given = _parser().parse_args(arguments)
    flow = (given.rate, given.seconds, given.pages, given.customers)
    wanted = QUICK if given.quick else Watch(*flow, given.partitions, given.workers, given.within)
    try:
        watched = _run(wanted)
    except LostUpdateError as loss:
        print(f"error: {loss}", file=sys.stderr)
        return 1
    print(msgspec.json.format(msgspec.json.encode(watched)).decode() if given.json else _text(watched))
    return 0


def _run(wanted: Watch) -> Watched:
    for repetitive in ("aiokafka", "kafka"):
        logging.getLogger(repetitive).setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="tierline-watching-") as name:
        folder = Path(name)
        with served(wanted.partitions, folder) as (settings, _):
            return asyncio.run(watch(settings, wanted, folder))


def _text(watched: Watched) -> str:
    return (
        f"{watched.pages:,} pages open on one API process, {watched.orders:,} orders at"
        f" {watched.orders_per_second:,.0f}/s (asked: {watched.asked_per_second:,}/s)\n"
        f"{watched.commits:,} commits of watched customers, from commit to arrival: p50 {watched.p50_ms:.0f} ms,"
        f" p99 {watched.p99_ms:.0f} ms, longest {watched.longest_ms:.0f} ms\n"
        f"{watched.said:,} things said of them, each on the page of the whole once\n"
        f"no update lost"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m bench.watching", description="Watch customers while orders flow.")
    parser.add_argument("--rate", type=_count, default=5000, help="orders a second")
    parser.add_argument("--seconds", type=_count, default=30, help="for how long")
    parser.add_argument("--pages", type=_count, default=500, help="customers watched, a page each")
    parser.add_argument("--customers", type=_count, default=20_000, help="who order, by chance")
    parser.add_argument("--partitions", type=_count, default=8, help="of every topic")
    parser.add_argument("--workers", type=_count, default=1, help="processes that share the partitions")
    parser.add_argument("--within", type=float, default=5.0, help="seconds from commit to arrival that are no loss")
    parser.add_argument("--quick", action="store_true", help="50 pages, 2,000 orders: does it run?")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
