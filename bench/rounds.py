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
from bench.expected import Expected, check, fold
from bench.in_process import InProcess, measure_in_process
from bench.log import BenchLog, bench_log
from bench.machine import Cores, pin
from bench.servers import produce, served
from bench.worker import WorkerMeasured, measure_worker
from schemas.topics import INPUTS
from tierline.reaching import program_of
from tierline.settings import Settings
from tierline.topic_admin import make_topics
from tierline.wiring import repository_of

ROOT = Path(__file__).parents[1]
IN_FLIGHT_MAX = 10_000
BASELINES: Sequence[Kind] = ("consume", "raw")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    orders: int
    rounds: int
    partitions: int
    baseline_runs: int = 3
    """How often a round runs each baseline; they are short, so one run says little."""


@dataclass(frozen=True, slots=True)
class Round:
    """Every contender once."""

    consume: Measured
    raw: Measured
    worker: WorkerMeasured


@dataclass(frozen=True, slots=True)
class Bench:
    """What a run found."""

    log: BenchLog
    expected: Expected
    rounds: Sequence[Round]
    in_process: InProcess
    options: Options


def run_bench(options: Options, say: Callable[[str], None]) -> Bench:
    """Measure; raises `WrongEndError` where a worker's end state is not the fold's."""
    for repetitive in ("aiokafka", "kafka"):
        logging.getLogger(repetitive).setLevel(logging.CRITICAL)
    cores = Cores.found()
    pin(0, cores.servers)
    say(f"preparing {options.orders:,} orders and their fold")
    log = bench_log(options.orders, options.partitions)
    with (
        tempfile.TemporaryDirectory(prefix="tierline-bench-") as folder,
        served(options.partitions, Path(folder)) as servers,
    ):
        settings, pids = servers
        expected = fold(log, settings)
        in_process = measure_in_process(log, program_of(settings))
        rounds = []
        for number in range(1, options.rounds + 1):
            rounds.append(asyncio.run(_round(log, expected, options, settings, pids, cores, Path(folder))))
            worker = rounds[-1].worker
            say(f"round {number} of {options.rounds}: end state right; the worker took {worker.seconds:.1f} s")
    pin(0, cores.contender | cores.servers)
    return Bench(log, expected, rounds, in_process, options)


async def _round(
    log: BenchLog,
    expected: Expected,
    options: Options,
    settings: Settings,
    pids: Mapping[str, int],
    cores: Cores,
    folder: Path,
) -> Round:
    name = f"bench-{secrets.token_hex(3)}"
    settings = settings.model_copy(update={"name": name, "topic_prefix": f"{name}."})
    await asyncio.to_thread(make_topics, settings, with_inputs=True)
    await produce(log.records, settings)
    repository = repository_of(settings)
    try:
        # The broker gets warm on the new topics.
        await asyncio.to_thread(_baseline, "consume", log, settings, cores)
        runs = [
            [await asyncio.to_thread(_baseline, kind, log, settings, cores) for kind in BASELINES]
            for _ in range(options.baseline_runs)
        ]
        consume, raw = (_middle(measured) for measured in zip(*runs, strict=True))
        worker = await measure_worker(settings, len(log.records), cores, pids, folder)
        await check(expected, settings, repository)
    finally:
        await repository.close()
    return Round(consume, raw, worker)


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
