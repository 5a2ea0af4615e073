"""The examination: what a worker needs, in the order in which it needs it."""

import asyncio
from collections.abc import Mapping
from typing import Literal, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError as AioKafkaError
from kafka.errors import KafkaError

from schemas.program_file import ProgramFileError, load_program
from schemas.topics import JOURNAL
from streams.refusal import refusal_now
from streams.topics import TopicProblem
from tierline.connections import kafka_options
from tierline.doctor.findings import Finding, ok
from tierline.doctor.redis_checks import check_redis, started_partitions
from tierline.redis_address import SettingsError
from tierline.settings import Settings
from tierline.topic_admin import topic_problems

KAFKA_TIMEOUT_SECONDS = 30.0


async def examine(settings: Settings) -> list[Finding]:
    """Return everything that was looked at; never raises for what is wrong outside."""
    findings = [_check_program(settings)]
    kafka_answers = redis_answers = False
    if _is_named(settings, "kafka", findings):
        found = await asyncio.to_thread(_check_topics, settings)
        kafka_answers = found[0].level == "ok"
        findings += found
    if _is_named(settings, "redis", findings):
        found = await check_redis(settings)
        redis_answers = found[0].level == "ok"
        findings += found
    if kafka_answers and redis_answers and not any(f.part == "topics" and f.level == "failure" for f in findings):
        findings += await _check_together(settings)
    return findings


def _check_program(settings: Settings) -> Finding:
    try:
        program = load_program(settings.program)
    except ProgramFileError as error:
        return Finding("program", "failure", str(error), "Correct the file, or name another one in TIERLINE_PROGRAM.")
    return ok("program", f"{settings.program} is valid: {program.version_id}")


def _is_named(settings: Settings, part: Literal["kafka", "redis"], findings: list[Finding]) -> bool:
    try:
        settings.need_kafka() if part == "kafka" else settings.need_redis()
        if part == "kafka":
            kafka_options(settings)
    except SettingsError as error:
        findings.append(Finding(part, "failure", str(error)))
        return False
    return True


def _check_topics(settings: Settings) -> list[Finding]:
    try:
        problems = topic_problems(settings)
    except KafkaError as error:
        refused = refusal_now(cast("Mapping[str, object]", kafka_options(settings)))
        if refused is not None:
            what, _, advice = refused.partition(". ")
            return [Finding("kafka", "failure", what, f"{advice}.")]
        text = f"Kafka at {settings.kafka} does not answer: {error}"
        return [Finding("kafka", "failure", text, "Start it, or correct TIERLINE_KAFKA and TIERLINE_KAFKA_SECURITY.")]
    answers = ok("kafka", f"Kafka at {settings.kafka} answers")
    if not problems:
        return [answers, ok("topics", f"all topics exist and are right, {settings.partitions} partitions each")]
    return [answers, *(_finding(problem) for problem in problems)]


def _finding(problem: TopicProblem) -> Finding:
    return Finding("topics", problem.level, f"{problem.topic} {problem.text}", problem.advice)


async def _check_together(settings: Settings) -> list[Finding]:
    """Say what Redis and the journal together mean: an empty Redis beside a journal has lost its states."""
    started = await started_partitions(settings)
    try:
        async with asyncio.timeout(KAFKA_TIMEOUT_SECONDS):
            journalled = await _journalled_partitions(settings)
    except (AioKafkaError, TimeoutError) as error:
        return [Finding("kafka", "failure", f"the journal cannot be read: {error}", "Look at the topics' findings.")]
    lost = sorted(journalled - set(started))
    if lost:
        text = f"Redis has no state of partitions {', '.join(map(str, lost))}, but their journal is not empty"
        advice = (
            "If TIERLINE_REDIS and TIERLINE_NAME are right, the states are lost: `tierline rebuild` makes them again."
        )
        return [Finding("redis", "failure", text, advice)]
    return [ok("redis", f"{len(started)} of {settings.partitions} partitions have been started, none lost its state")]


async def _journalled_partitions(settings: Settings) -> set[int]:
    consumer = AIOKafkaConsumer(**kafka_options(settings), enable_auto_commit=False)
    try:
        await consumer.start()
        name = settings.topic_prefix + JOURNAL
        partitions = [TopicPartition(name, p) for p in range(settings.partitions)]
        begins = await consumer.beginning_offsets(partitions)
        ends = await consumer.end_offsets(partitions)
    finally:
        await consumer.stop()
    return {partition.partition for partition in partitions if ends[partition] > begins[partition]}
