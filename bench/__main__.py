"""`python -m bench`: measure, print, and end with 1 only where an end state is wrong or missing, never for a speed."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench.adoption import adoption_in_words
from bench.contending import ContenderFailedError
from bench.expected import WrongEndError
from bench.further import CUSTOMERS_MAX, QUICK, further_in_words, measure_further, sizes_up_to
from bench.lookalikes import lookalikes_in_words
from bench.machine import Facts
from bench.page import page
from bench.report import figures, markdown
from bench.rounds import Options, run_bench
from bench.samples import samples_in_words

ORDERS = 500_000
QUICK_ORDERS = 20_000
CUSTOMERS = 100_000
QUICK_CUSTOMERS = 2_000
QUICK_CONTENDER_ORDERS = 2_000


def main(arguments: Sequence[str]) -> int:
    """Return the exit code: 0, or 1 where somebody ended in a wrong state or not at all."""
    given = _parser().parse_args(arguments)
    options = Options(given.orders, given.rounds, given.partitions, contenders=given.contenders)
    if given.quick:
        cap = QUICK_CONTENDER_ORDERS
        options = Options(QUICK_ORDERS, 1, given.partitions, 1, given.contenders, contender_orders_max=cap)
    facts = Facts.found()

    def say(text: str) -> None:
        print(text, file=sys.stderr)

    try:
        bench = run_bench(options, say)
    except (WrongEndError, ContenderFailedError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    found = figures(bench, facts)
    say("measuring what a reader waits for, what more customers cost, what a second worker brings")
    further = measure_further(QUICK if given.quick else sizes_up_to(given.customers, given.orders))
    say("measuring samples and adoption")
    adopting = QUICK_CUSTOMERS if given.quick else min(CUSTOMERS, given.customers)
    learnt = samples_in_words() + "\n" + adoption_in_words(adopting)
    say("measuring look-alikes")
    learnt += "\n" + (lookalikes_in_words(QUICK_CUSTOMERS) if given.quick else lookalikes_in_words())
    if given.json:
        print(msgspec.json.format(msgspec.json.encode({"contenders": found, "further": further})).decode())
    else:
        print(markdown(found), further_in_words(further), learnt, sep="\n")
    if given.write is not None:
        given.write.write_text(page(found, further, learnt), "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m bench", description="Measure Tierline beside what else one could take.")
    parser.add_argument("--orders", type=_count, default=ORDERS, help="more than a year has: other customers")
    parser.add_argument("--rounds", type=_count, default=3, help="medians are taken over so many")
    parser.add_argument("--partitions", type=_count, default=8, help="of every topic")
    parser.add_argument("--customers", type=_count, default=CUSTOMERS_MAX, help="the most that a cost is measured at")
    parser.add_argument("--contenders", type=_path, metavar="PYTHON", help="interpreter of their environment")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ORDERS:,} orders, one round: does it run?")
    parser.add_argument("--json", action="store_true", help="print JSON for programs")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the page, e.g. docs/benchmarks.md")
    return parser


def _path(text: str) -> Path:
    # Not resolved: an environment's interpreter is a link, and what it links to has no packages.
    return Path(text).absolute()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
