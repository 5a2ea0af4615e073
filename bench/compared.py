"""The contenders beside each other: rates, ratios, what they used, what they promise, what was not equal."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

import msgspec

from bench.contender import CONTENDERS
from bench.ratio import Ratio, ratio_of, verdict
from bench.rounds import Bench, Round

WHOLE = "tierline"
WORDS: Mapping[str, str] = {
    "consume": "consume only (`getmany`)",
    "raw": "(a) raw limit (`getmany`, decode, one packed MSET a batch)",
    **{one.name: f"({letter}) {one.words}" for letter, one in zip("bcde", CONTENDERS, strict=True)},
    "tierline_light": "(f) Tierline, light program",
    WHOLE: "(f) Tierline, the whole job",
}
COLUMNS = (
    "contender",
    "orders taken",
    "orders/s",
    "of the raw limit",
    "Tierline's whole job is so many times as fast",
    "CPU-s per 100,000 orders",
    "CPU-s of the servers",
    "peak MiB",
    "records out an order",
)
GUARANTEES: Mapping[str, str] = {
    "raw": "none: nothing is read back, no offset is kept.",
    **{one.name: one.guarantee for one in CONTENDERS},
    "tierline_light": "as below; there is no setting that weakens it.",
    WHOLE: "exactly once, in effect: state, offsets and outbox are one atomic commit, compared with the journal; "
    "outputs are transactional, a redelivered order counts once by the ledger.",
}
UNEQUAL: Mapping[str, str] = {
    "raw": "It also reads the consents and decides nothing: no state is read, no tier, no output. The clock starts "
    "before the first fetch.",
    **{one.name: one.unequal for one in CONTENDERS},
    "tierline_light": "Same worker, tiers by lifetime spend, every nudge off. It also reads the consents, and keeps "
    "ledger, journal, atomic commit and transactional outputs, which the others lack. The clock starts at the first "
    "claim, before the first fetch, and stops when the last output is published and out of the outbox.",
    WHOLE: "Windows, terms, near and at-risk nudges with guardrails on top; the clock as in the light job.",
}


class Line(msgspec.Struct, frozen=True):
    """One contender's medians."""

    name: str
    orders: int
    """How many it took."""
    orders_per_second: int
    of_raw: Ratio
    tierline_is_faster: Ratio
    """How many times as fast Tierline's whole job is."""
    cpu_seconds_per_100k_orders: float
    server_cpu_seconds_per_100k_orders: float | None
    """Broker and store together."""
    peak_memory_mib: int | None
    outputs_per_order: float


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one contender took in one round."""

    orders: int
    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float | None
    peak_memory_mib: float | None
    outputs: int

    @property
    def rate(self) -> float:
        return self.orders / self.seconds


def lines_of(bench: Bench) -> list[Line]:
    """Return a line for everyone who took part."""
    turns = [_turns(one, bench) for one in bench.rounds]
    return [_line(name, turns) for name in WORDS if name in turns[0]]


def compared_in_words(lines: Sequence[Line], missing: Mapping[str, str]) -> str:
    """Return the tables for a reader."""
    return "\n".join(
        [
            f"| {' | '.join(COLUMNS)} |",
            "|---" + "|--:" * (len(COLUMNS) - 1) + "|",
            *map(_row, lines),
            "",
            *(f"- **Missing**: {WORDS[name]}: {why}." for name, why in missing.items()),
            *_verdicts(lines),
            "",
            "| contender | guarantee, with the setting that gives it |",
            "|---|---|",
            *_cells(lines, GUARANTEES),
            "",
            "What was not equal, beside the guarantees:",
            "",
            *(f"- {WORDS[line.name]}: {UNEQUAL[line.name]}" for line in lines if line.name in UNEQUAL),
        ]
    )


def _turns(one: Round, bench: Bench) -> dict[str, _Turn]:
    orders = bench.log.orders
    found = {
        name: _Turn(orders, measured.seconds, measured.cpu_seconds, None, None, 0)
        for name, measured in (("consume", one.consume), ("raw", one.raw))
    }
    for name, took in one.contenders.items():
        found[name] = _Turn(
            took.orders, took.seconds, took.cpu_seconds, took.server_cpu_seconds, took.peak_memory_mib, took.outputs
        )
    for name, worker, expected in (("tierline_light", one.light, bench.light), (WHOLE, one.worker, bench.expected)):
        servers = sum(worker.server_cpu_seconds.values())
        found[name] = _Turn(
            orders, worker.seconds, worker.cpu_seconds, servers, worker.peak_memory_mib, expected.outputs
        )
    return found


def _line(name: str, rounds: Sequence[Mapping[str, _Turn]]) -> Line:
    turns = [turn[name] for turn in rounds]
    orders = turns[0].orders
    servers = [turn.server_cpu_seconds for turn in turns if turn.server_cpu_seconds is not None]
    peaks = [turn.peak_memory_mib for turn in turns if turn.peak_memory_mib is not None]
    return Line(
        name=name,
        orders=orders,
        orders_per_second=round(median(turn.rate for turn in turns)),
        of_raw=ratio_of([turn[name].rate / turn["raw"].rate for turn in rounds]),
        tierline_is_faster=ratio_of([turn[WHOLE].rate / turn[name].rate for turn in rounds]),
        cpu_seconds_per_100k_orders=round(median(turn.cpu_seconds for turn in turns) / orders * 1e5, 2),
        server_cpu_seconds_per_100k_orders=round(median(servers) / orders * 1e5, 2) if servers else None,
        peak_memory_mib=round(max(peaks)) if peaks else None,
        outputs_per_order=round(turns[0].outputs / orders, 3),
    )


def _row(line: Line) -> str:
    servers, peak = line.server_cpu_seconds_per_100k_orders, line.peak_memory_mib
    cells = (
        WORDS[line.name],
        f"{line.orders:,}",
        f"{line.orders_per_second:,}",
        str(line.of_raw),
        str(line.tierline_is_faster),
        f"{line.cpu_seconds_per_100k_orders:.2f}",
        "" if servers is None else f"{servers:.2f}",
        "" if peak is None else f"{peak:,}",
        f"{line.outputs_per_order:.3f}",
    )
    return "| " + " | ".join(cells) + " |"


def _verdicts(lines: Sequence[Line]) -> Iterator[str]:
    found = {line.name: line for line in lines}
    for one in CONTENDERS:
        if one.wanted is not None and one.name in found:
            faster = found[one.name].tierline_is_faster
            yield f"- Tierline, whole job / {one.words}: {faster}; {verdict(faster.median, one.wanted)}."


def _cells(lines: Sequence[Line], words: Mapping[str, str]) -> Iterator[str]:
    for line in lines:
        if line.name in words:
            yield f"| {WORDS[line.name]} | {words[line.name]} |"
