"""A contender under measurement: a process of its own, on its own core and in its own environment."""

import asyncio
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from bench.contender import CONTENDERS, Contender
from bench.contenders.light import JOB_VARIABLE, LightJob, Took, took_path
from bench.light_end import LightEnd, contenders_end, require_equal
from bench.log import BenchLog
from bench.machine import Cores, cpu_seconds, peak_memory_mib, pin
from schemas.topics import ORDERS
from tierline.connections import kafka_options
from tierline.settings import Settings

ROOT = Path(__file__).parents[1]
LOOK_EVERY_SECONDS = 0.02
TIMEOUT_SECONDS = 900.0
STOP_SECONDS = 20.0
LOG_LINES_SHOWN = 12


class Contended(msgspec.Struct, frozen=True):
    """What a contender took."""

    orders: int
    seconds: float
    cpu_seconds: float
    server_cpu_seconds: float
    """Of broker and store together."""
    peak_memory_mib: float
    outputs: int


class ContenderFailedError(Exception):
    """A contender ended early, or never finished; the text has the end of its log."""


def missing(python: Path) -> dict[str, str]:
    """Return the contenders that cannot run with this interpreter, each with why."""
    if not python.is_file():
        return dict.fromkeys((one.name for one in CONTENDERS), "its environment could not be made")
    found = {one.name: _objection(python, one) for one in CONTENDERS}
    return {name: objection for name, objection in found.items() if objection}


async def contend(
    contender: Contender,
    python: Path,
    log: BenchLog,
    expected: LightEnd,
    settings: Settings,
    cores: Cores,
    servers: Mapping[str, int],
    folder: Path,
) -> Contended:
    """Run it over the orders in its topic. Raises `WrongEndError` and `ContenderFailedError`."""
    name = f"{settings.name}-{contender.name}"
    own = folder / name
    own.mkdir()
    job = LightJob(
        kafka=settings.need_kafka(),
        redis_url=settings.need_redis(),
        orders_topic=settings.topic_prefix + ORDERS,
        changes_topic=f"{name}.changes",
        key_prefix=f"{name}:",
        group=name,
        orders=log.orders,
        folder=str(own),
    )
    await _make_topic(settings, job.changes_topic)
    before = sum(map(cpu_seconds, servers.values()))
    command = [str(python), "-m", f"bench.contenders.{contender.name}", *contender.arguments]
    took, peak = await asyncio.to_thread(_run, command, job, cores)
    used = sum(map(cpu_seconds, servers.values())) - before
    require_equal(await contenders_end(settings, job.changes_topic, job.key_prefix), expected, contender.name)
    return Contended(log.orders, took.seconds, took.cpu_seconds, used, peak, expected.outputs)


def _run(command: Sequence[str], job: LightJob, cores: Cores) -> tuple[Took, float]:
    """Return what it took and its peak memory; it has ended when this returns."""
    log_path = Path(job.folder) / "log.txt"
    environment = {**os.environ, JOB_VARIABLE: msgspec.json.encode(job).decode(), "PYTHONPATH": str(ROOT)}
    with log_path.open("wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        pin(process.pid, cores.contender)
        _finished(process, job, log_path)
        peak = peak_memory_mib(process.pid)
    finally:
        _stop(process)
    return msgspec.json.decode(took_path(job).read_bytes(), type=Took), peak


def _finished(process: "subprocess.Popen[bytes]", job: LightJob, log_path: Path) -> None:
    gives_up_at = time.monotonic() + TIMEOUT_SECONDS
    while not took_path(job).exists():
        ended = process.poll() is not None
        if ended or time.monotonic() > gives_up_at:
            tail = "\n".join(log_path.read_text("utf-8", errors="replace").splitlines()[-LOG_LINES_SHOWN:])
            what = f"ended with exit code {process.returncode}" if ended else f"took over {TIMEOUT_SECONDS:.0f} s"
            raise ContenderFailedError(f"{job.group} {what}. Its log ends with:\n{tail}")
        time.sleep(LOOK_EVERY_SECONDS)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


async def _make_topic(settings: Settings, name: str) -> None:
    admin = AIOKafkaAdminClient(**kafka_options(settings))
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, settings.partitions, settings.replication)])
    finally:
        await admin.close()


def _objection(python: Path, contender: Contender) -> str:
    """Return the last line of the error that importing its packages ends with, or nothing."""
    imports = "; ".join(f"import {package}" for package in contender.packages)
    tried = subprocess.run([str(python), "-c", imports], capture_output=True, text=True, timeout=60, check=False)
    lines = tried.stderr.strip().splitlines()
    return "" if tried.returncode == 0 else (lines[-1] if lines else f"exit code {tried.returncode}")
