"""`python -m bench`: measure, print, and end with 1 only where an end state is wrong. No speed is ever a failure."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.adoption import adoption_in_words
from bench.expected import WrongEndError
from bench.log import REAL_ORDERS
from bench.lookalikes import lookalikes_in_words
from bench.machine import Facts
from bench.page import page
from bench.report import figures, markdown
from bench.rounds import Options, run_bench
from bench.samples import samples_in_words

QUICK_ORDERS = 20_000
CUSTOMERS = 100_000
QUICK_CUSTOMERS = 2_000


def main(arguments: Sequence[str]) -> int:
    """Return the exit code: 0, or 1 where a worker ended in a wrong state."""
    given = _parser().parse_args(arguments)
    options = Options(given.orders, given.rounds, given.partitions)
    if given.quick:
        options = Options(QUICK_ORDERS, 1, given.partitions, baseline_runs=1)
    facts = Facts.found()

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    try:
        bench = run_bench(options, say)
    except WrongEndError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    found = figures(bench, facts)
    say("measuring samples, adoption and look-alikes")
    learnt = samples_in_words() + "\n" + adoption_in_words(QUICK_CUSTOMERS if given.quick else CUSTOMERS)
    learnt += "\n" + (lookalikes_in_words(QUICK_CUSTOMERS) if given.quick else lookalikes_in_words())
    print(msgspec.json.format(msgspec.json.encode(found)).decode() if given.json else markdown(found) + "\n" + learnt)
    if given.write is not None:
        given.write.write_text(page(found, learnt), "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m bench", description="Measure Tierline beside the raw limit.")
    parser.add_argument("--orders", type=_count, default=REAL_ORDERS, help="more than a year has: other customers")
    parser.add_argument("--rounds", type=_count, default=3, help="medians are taken over so many")
    parser.add_argument("--partitions", type=_count, default=8, help="of every topic")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ORDERS:,} orders, one round: does it run?")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the page, e.g. docs/benchmarks.md")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
