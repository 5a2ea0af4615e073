"""What a run says: medians, ratios with their spread, and where an order's microseconds go."""

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

from bench.compared import Line, compared_in_words, lines_of
from bench.in_process import InProcess
from bench.machine import Facts
from bench.ratio import Ratio, ratio, verdict, verdict_at_most
from bench.rounds import Bench, Round

STAGES: Mapping[str, str] = {
    "fetch": "poll",
    "decode": "decode",
    "load": "read",
    "step": "step",
    "sweep": "sweep",
    "encode": "encode",
    "commit": "commit",
    "relay": "relay",
    "publish": "publish read models",
    "sample": "send samples",
}
"""The worker's stages in the order of the flow, and what the report calls them."""
REST = "Kafka clients, event loop"
RAW_SHARE_WANTED = 0.6
TIERLINE_SHARE_WANTED = 0.35
LEARNT_WANTED = 20.0


class Figures(msgspec.Struct, frozen=True):
    """Everything that was measured, as numbers; `--json` prints it."""

    log: str
    orders: int
    customers: int
    partitions: int
    rounds: int
    machine: Facts
    published: int
    """Records of all output topics, equal to the fold's."""
    contenders: list[Line]
    missing: dict[str, str]
    server_cpu_seconds_per_100k_orders: dict[str, float]
    raw_of_consume: Ratio
    tierline_of_raw: Ratio
    microseconds_per_order_by_stage: dict[str, float]
    in_process: InProcess
    worker_peak_memory_mib: float
    stored_bytes_per_customer: float


def figures(bench: Bench, facts: Facts) -> Figures:
    """Return the medians of all rounds."""
    rounds, orders = bench.rounds, bench.log.orders
    worker_cpu_seconds = median(one.worker.cpu_seconds for one in rounds)
    servers = {name: median(one.worker.server_cpu_seconds[name] for one in rounds) for name in ("kafka", "valkey")}
    return Figures(
        log=bench.log.source,
        orders=orders,
        customers=bench.log.customers,
        partitions=bench.options.partitions,
        rounds=len(rounds),
        machine=facts,
        published=bench.expected.outputs,
        contenders=lines_of(bench),
        missing=dict(bench.missing),
        server_cpu_seconds_per_100k_orders={name: round(used / orders * 1e5, 3) for name, used in servers.items()},
        raw_of_consume=ratio([one.consume.seconds for one in rounds], [one.raw.seconds for one in rounds]),
        tierline_of_raw=ratio([one.raw.seconds for one in rounds], [one.worker.seconds for one in rounds]),
        microseconds_per_order_by_stage=_by_stage(rounds, orders, worker_cpu_seconds),
        in_process=bench.in_process,
        worker_peak_memory_mib=round(max(one.worker.peak_memory_mib for one in rounds)),
        stored_bytes_per_customer=round(median(one.worker.stored_bytes for one in rounds) / bench.log.customers),
    )


def markdown(found: Figures) -> str:
    """Return the figures for a reader: what was compared with what, and by how much they differ."""
    servers = ", ".join(f"{name} {used:.2f}" for name, used in found.server_cpu_seconds_per_100k_orders.items())
    ledger = found.orders / found.customers
    lines = [
        _circumstances(found),
        "",
        compared_in_words(found.contenders, found.missing),
        "",
        "Further:",
        "",
        _share("Raw limit / consume only", found.raw_of_consume, RAW_SHARE_WANTED),
        _share("Tierline, whole job / raw limit", found.tierline_of_raw, TIERLINE_SHARE_WANTED),
        f"- CPU-s of the servers per 100,000 orders while Tierline ran: {servers}.",
        _in_process(found.in_process),
        f"- Peak memory of the worker: {found.worker_peak_memory_mib:,.0f} MiB.",
        f"- Valkey: {found.stored_bytes_per_customer:,.0f} bytes a customer with a ledger of {ledger:.0f} orders.",
        "",
        "| stage of the worker | microseconds an order |",
        "|---|--:|",
        *(f"| {stage} | {spent:.2f} |" for stage, spent in found.microseconds_per_order_by_stage.items()),
    ]
    return "\n".join(lines) + "\n"


def _circumstances(found: Figures) -> str:
    machine = found.machine
    cores = "the contender on one, broker and store on the other" if machine.are_apart else "shared by everything"
    return (
        f"{found.log}: {found.orders:,} orders of {found.customers:,} customers in {found.partitions} partitions. "
        f"Rounds, interleaved: {found.rounds}; medians, and least to most in brackets. "
        f"Cores: {machine.cores} ({cores}). {machine.python}, {machine.system}. "
        f"{_busy(machine)}\n\n"
        "In every round every end state equalled an independent fold of the log. Of the worker: states, ledgers, due "
        f"moments, and the {found.published:,} records that a `read_committed` reader sees, by customer and in order; "
        "of the contenders: every customer's row and the tiers published about each, in order."
    )


def _busy(machine: Facts) -> str:
    words = f"Load of the machine when the run began: {machine.load:.1f}"
    busy = "others were at work, so every time by the clock is too long, and CPU-s say more than orders/s"
    return f"{words}; {busy}." if machine.load > 1 else f"{words}."


def _share(what: str, found: Ratio, wanted: float) -> str:
    return f"- {what}: {found}; {verdict(found.median, wanted)}."


def _in_process(found: InProcess) -> str:
    learnt = found.step_with_model - found.step
    return (
        f"- In process, without servers, CPU microseconds a record: decode {found.decode}, step {found.step}; "
        f"without the short cut for quiet orders {found.step_without_short_cut}; with a model in force, scoring every "
        f"order, {found.step_with_model}, of which value in 90 days is "
        f"{found.step_with_model - found.step_without_value:.2f}. So what is learnt costs an order {learnt:.2f}; "
        f"{verdict_at_most(learnt, LEARNT_WANTED)}. "
        f"Scoring everybody at an adoption: {found.adoption_a_customer} a customer."
    )


def _by_stage(rounds: Sequence[Round], orders: int, whole_cpu_seconds: float) -> dict[str, float]:
    """Return microseconds an order; what no stage claims is the rest."""
    found = {
        words: round(median(one.worker.stage_seconds.get(stage, 0.0) for one in rounds) / orders * 1e6, 2)
        for stage, words in STAGES.items()
    }
    rest = whole_cpu_seconds / orders * 1e6 - sum(found.values())
    return {**found, REST: round(max(0.0, rest), 2)}
