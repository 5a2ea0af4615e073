"""The further measurements in words: what a reader waits for, what more customers cost, what a second worker brings."""

from collections.abc import Sequence
from statistics import median

import msgspec

from bench.growth import Growth, measure_growth
from bench.latency import ORDERS_A_SECOND, Waits, measure_latency
from bench.ratio import ratio_of, verdict, verdict_at_most
from bench.two_workers import TwoWorkers, measure_two_workers

CUSTOMERS_MAX = 1_000_000
WAIT_WANTED = 3.0
GROWTH_WANTED = 1.25
SPEEDUP_WANTED = 1.7


class Sizes(msgspec.Struct, frozen=True):
    """How much is measured."""

    latency_customers: int = 10_000
    latency_seconds: int = 8
    latency_turns: int = 5
    growth_customers: tuple[int, ...] = (10_000, 100_000, CUSTOMERS_MAX)
    growth_orders: int = 50_000
    growth_turns: int = 3
    two_workers_orders: int = 100_000
    two_workers_rounds: int = 2


QUICK = Sizes(
    latency_customers=500,
    latency_seconds=2,
    latency_turns=1,
    growth_customers=(500, 2_000),
    growth_orders=2_000,
    growth_turns=1,
    two_workers_orders=5_000,
    two_workers_rounds=1,
)


class Further(msgspec.Struct, frozen=True):
    """What was measured beside the contenders; `--json` prints it."""

    waits: list[Waits]
    growth: list[Growth]
    """Turn by turn, from few customers to many."""
    two_workers: TwoWorkers


def sizes_up_to(customers: int, orders: int) -> Sizes:
    """Return what is measured with so many customers and orders at most."""
    whole = Sizes()
    smaller = tuple(count for count in whole.growth_customers if count < customers)
    return msgspec.structs.replace(
        whole,
        growth_customers=(*smaller, customers),
        two_workers_orders=min(whole.two_workers_orders, orders),
    )


def measure_further(sizes: Sizes) -> Further:
    """Measure it all."""
    return Further(
        measure_latency(sizes.latency_customers, sizes.latency_seconds, sizes.latency_turns),
        measure_growth(sizes.growth_customers, sizes.growth_orders, sizes.growth_turns),
        measure_two_workers(sizes.two_workers_orders, sizes.two_workers_rounds),
    )


def further_in_words(found: Further) -> str:
    """Return the tables for a reader."""
    return "\n".join(
        (
            "## What a reader waits for\n",
            _waits_in_words(found.waits),
            "## What more customers cost\n",
            _growth_in_words(found.growth),
            "## A second worker\n",
            _workers_in_words(found.two_workers),
        )
    )


def _waits_in_words(waits: Sequence[Waits]) -> str:
    rows = "\n".join(
        f"| {number} | {one.bare_p50:.1f} | {one.bare_p99:.1f} | {one.visible_p50:.1f} | {one.visible_p99:.1f} |"
        for number, one in enumerate(waits, start=1)
    )
    p50s, p99s = (
        ratio_of([one.visible_p50 / one.bare_p50 for one in waits]),
        ratio_of([one.visible_p99 / one.bare_p99 for one in waits]),
    )
    return (
        f"{ORDERS_A_SECOND} orders a second, evenly: from an order's sending until a bare `read_committed` consumer "
        "has it, and until Tierline's state is committed in the store (the worker's own histogram, interpolated within "
        "steps of a quarter). In turn, on the same servers, milliseconds.\n\n"
        "| turn | bare round trip: p50 | p99 | order to visible: p50 | p99 |\n|--:|--:|--:|--:|--:|\n"
        f"{rows}\n\n- Visible / bare: p50 {p50s}; p99 {p99s}; {verdict_at_most(p99s.median, WAIT_WANTED)} (p99).\n"
    )


def _growth_in_words(growth: Sequence[Growth]) -> str:
    counts = sorted({one.customers for one in growth})
    sizes = [[one for one in growth if one.customers == count] for count in counts]
    rows = "\n".join(
        f"| {turns[0].customers:,} | {_middle([one.worker for one in turns])} "
        f"| {_middle([one.servers for one in turns])} | {_middle([one.microseconds for one in turns])} "
        f"| {_middle([one.newcomer for one in turns])} | {median(one.stored_bytes for one in turns):,.0f} |"
        for turns in sizes
    )
    least, most = sizes[0], sizes[-1]
    pairs = list(zip(least, most, strict=True))
    by_clock = ratio_of([many.microseconds / few.microseconds for few, many in pairs])
    by_cpu = ratio_of([many.worker / few.worker for few, many in pairs])
    return (
        f"{least[0].orders:,} orders of random customers, each of whom ordered once before; the worker starts with "
        "nothing at hand, so it reads every customer first. With few customers one read and one write serve several "
        "orders of a batch, with many each order pays for its own. "
        f"Turns, interleaved, each size on new servers: {len(least)}; medians, and least to most in brackets.\n\n"
        "| customers | worker: CPU microseconds an order | servers | by the clock, microseconds "
        "| a first order: worker | stored bytes a customer |\n"
        f"|--:|--:|--:|--:|--:|--:|\n{rows}\n\n"
        f"- {most[0].customers:,} customers / {least[0].customers:,}, turn by turn: by the clock {by_clock}, CPU of "
        f"the worker {by_cpu}; {verdict_at_most(by_clock.median, GROWTH_WANTED)} (by the clock).\n"
    )


def _middle(found: Sequence[float]) -> str:
    return f"{median(found):.1f} ({min(found):.1f} to {max(found):.1f})"


def _workers_in_words(found: TwoWorkers) -> str:
    speedup = ratio_of(found.speedups)
    own, per_100k = (used / found.orders * 1e5 for used in (found.worker_cpu_seconds, found.busy_cpu_seconds))
    return (
        f"{found.orders:,} orders in two partitions become readable at one moment; nothing is pinned.\n\n"
        f"- One worker {found.orders / median(found.one_seconds):,.0f} orders/s, two "
        f"{found.orders / median(found.two_seconds):,.0f}: {speedup} times as fast; "
        f"{verdict(speedup.median, SPEEDUP_WANTED)}.\n"
        f"- What the machine allowed: a worker uses {own:.1f} CPU-s per 100,000 orders, with broker and store "
        f"{per_100k:.1f}; {found.cores} cores with nothing else to do would allow {found.allowed:.2f} times as fast.\n"
    )
