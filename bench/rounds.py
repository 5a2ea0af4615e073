"""The measuring: servers on their cores, rounds in which every contender reads its own copy of the same log."""

import asyncio
import logging
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import msgspec

from bench.baseline import Job, Kind, Measured
from bench.contending import Contended
from bench.expected import Expected, check, fold
from bench.field import Field, prepare_field, run_field
from bench.in_process import InProcess, measure_in_process
from bench.light_end import end_of_folds, light_fold, require_equal
from bench.light_program import write_light_program
from bench.log import REAL_ORDERS, BenchLog, bench_log
from bench.machine import Cores, pin
from bench.servers import produce, served
from bench.worker import WorkerMeasured, measure_worker
from schemas.topics import INPUTS
from tierline.reaching import program_of
from tierline.settings import Settings
from tierline.topic_admin import make_topics
from tierline.wiring import repository_of

ROOT = Path(__file__).parents[1]
BASELINES: Sequence[Kind] = ("consume", "raw")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    orders: int
    rounds: int
    partitions: int
    baseline_runs: int = 3
    """How often a round runs each baseline; they are short, so one run says little."""
    contenders: Path | None = None
    """The interpreter of the contenders' environment; None: without them."""
    contender_orders_max: int | None = None
    """Also a cap for those that would take the whole log."""


@dataclass(frozen=True, slots=True)
class Round:
    """Every contender once."""

    consume: Measured
    raw: Measured
    worker: WorkerMeasured
    light: WorkerMeasured
    """The worker with the light program."""
    contenders: Mapping[str, Contended]
    """By name; those that are missing are not among them."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run found."""

    log: BenchLog
    expected: Expected
    light: Expected
    rounds: Sequence[Round]
    in_process: InProcess
    options: Options
    missing: Mapping[str, str]
    """The contenders that could not be measured, and why."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What every round starts from."""

    options: Options
    log: BenchLog
    expected: Expected
    light: Expected
    settings: Settings
    light_settings: Settings
    servers: Mapping[str, int]
    cores: Cores
    folder: Path
    field: Field


def run_bench(options: Options, say: Callable[[str], None]) -> Bench:
    """Measure; raises `WrongEndError` where an end state is not the fold's."""
    for repetitive in ("aiokafka", "kafka"):
        logging.getLogger(repetitive).setLevel(logging.CRITICAL)
    cores = Cores.found()
    pin(0, cores.servers)
    say(f"preparing {options.orders:,} orders and their folds")
    log = bench_log(options.orders, options.partitions)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tierline-bench-") as name,
            served(options.partitions, Path(name)) as servers,
        ):
            prepared = _prepared(options, log, *servers, cores, Path(name))
            year = log if options.orders <= REAL_ORDERS else bench_log(REAL_ORDERS, options.partitions)
            in_process = measure_in_process(year, program_of(prepared.settings))
            rounds = []
            for number in range(1, options.rounds + 1):
                rounds.append(asyncio.run(_round(prepared)))
                took = rounds[-1].worker.seconds
                say(f"round {number} of {options.rounds}: end states right; the worker took {took:.1f} s")
    finally:
        pin(0, cores.contender | cores.servers)
    absent = prepared.field.absent
    return Bench(log, prepared.expected, prepared.light, rounds, in_process, options, absent)


def _prepared(
    options: Options, log: BenchLog, settings: Settings, servers: Mapping[str, int], cores: Cores, folder: Path
) -> Prepared:
    light_settings = settings.model_copy(update={"program": write_light_program(folder)})
    light, by_hand = fold(log, light_settings), light_fold(log.records)
    require_equal(end_of_folds(light.runs, light.said), by_hand, "Tierline's fold of the light program")
    field = prepare_field(options.contenders, options.contender_orders_max, log, by_hand, settings)
    return Prepared(
        options, log, fold(log, settings), light, settings, light_settings, servers, cores, folder, field
    )


async def _round(prepared: Prepared) -> Round:
    settings, log = _named(prepared.settings), prepared.log
    await asyncio.to_thread(make_topics, settings, with_inputs=True)
    await produce(log.records, settings)
    # The broker gets warm on the new topics.
    await asyncio.to_thread(_baseline, "consume", log, settings, prepared.cores)
    runs = [
        [await asyncio.to_thread(_baseline, kind, log, settings, prepared.cores) for kind in BASELINES]
        for _ in range(prepared.options.baseline_runs)
    ]
    consume, raw = (_middle(measured) for measured in zip(*runs, strict=True))
    worker = await _worker(prepared, settings, prepared.expected)
    contended = await run_field(prepared.field, settings.name, prepared.cores, prepared.servers, prepared.folder)
    lightly = _named(prepared.light_settings)
    await asyncio.to_thread(make_topics, lightly, with_inputs=True)
    await produce(log.records, lightly)
    return Round(consume, raw, worker, await _worker(prepared, lightly, prepared.light), contended)


async def _worker(prepared: Prepared, settings: Settings, expected: Expected) -> WorkerMeasured:
    records = len(prepared.log.records)
    measured = await measure_worker(settings, records, prepared.cores, prepared.servers, prepared.folder)
    repository = repository_of(settings)
    try:
        await check(expected, settings, repository)
    finally:
        await repository.close()
    return measured


def _named(settings: Settings) -> Settings:
    name = f"bench-{secrets.token_hex(3)}"
    return settings.model_copy(update={"name": name, "topic_prefix": f"{name}."})


def _middle(measured: Sequence[Measured]) -> Measured:
    """Return the run whose time is the (lower) median."""
    return sorted(measured, key=attrgetter("seconds"))[(len(measured) - 1) // 2]


def _baseline(kind: Kind, log: BenchLog, settings: Settings, cores: Cores) -> Measured:
    """Run one baseline on the contender's core."""
    topics = [settings.topic_prefix + topic for topic in INPUTS]
    job = Job(kind, settings.need_kafka(), settings.need_redis(), topics, settings.partitions, len(log.records))
    command = [sys.executable, "-m", "bench.baseline", msgspec.json.encode(job).decode()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
    pin(process.pid, cores.contender)
    answer, _ = process.communicate(timeout=600)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, ["bench.baseline", kind])
    return msgspec.json.decode(answer, type=Measured)
