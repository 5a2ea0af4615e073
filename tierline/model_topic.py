"""The models topic for the command line: read its versions, and say what an operator has to say."""

from collections.abc import Mapping
from typing import cast

from aiokafka import AIOKafkaProducer
from msgspec.structs import replace

from schemas.operator_records import Freeze, encode_freeze
from schemas.snapshot import NewerModelError, Rollback, Snapshot, UnreadableModelError, encode_snapshot
from schemas.topics import MODELS
from streams import topics
from streams.model_versions import ModelVersions
from streams.topic_reader import read_topics
from tierline.connections import kafka_options
from tierline.console import CommandError, note
from tierline.settings import Settings


async def read_versions(settings: Settings) -> ModelVersions:
    """Return every version that is published; says on stderr which cannot be read. Raises CommandError, KafkaError."""
    name = _topic(settings)
    if name not in topics.topic_ids(_options(settings), [name]):
        raise CommandError(f"Topic {name} does not exist. Create it: tierline topics create")
    versions = ModelVersions()
    async for record in read_topics(_options(settings), [name], 1):
        try:
            versions.take(record.offset, record.value or b"")
        except (NewerModelError, UnreadableModelError) as error:
            note(f"model {record.offset} is left out: {error}")
    return versions


def snapshot_at(settings: Settings, versions: ModelVersions, version: int) -> Snapshot:
    """Return the snapshot of a version; ``CommandError`` if there is none."""
    if version not in versions.snapshots:
        raise CommandError(f"There is no model {version} on {_topic(settings)}; `tierline models list` shows those.")
    return versions.snapshots[version]


async def roll_back(settings: Settings, version: int, *, freezes: bool) -> tuple[int, int]:
    """Publish the snapshot of ``version`` again; return its new version, and the one that was learnt."""
    versions = await read_versions(settings)
    snapshot = snapshot_at(settings, versions, version)
    if version == versions.to_adopt():
        raise CommandError(f"Model {version} is the current one already. `tierline models freeze` keeps it.")
    learnt = snapshot.rollback.to if snapshot.rollback else version
    body = encode_snapshot(replace(snapshot, rollback=Rollback(learnt, freezes)))
    return await _publish(settings, body), learnt


async def freeze(settings: Settings) -> int:
    """Let workers adopt nothing newer than what they adopt now; return that version."""
    versions = await read_versions(settings)
    if versions.frozen_at is not None:
        note(f"Frozen already: workers adopt nothing newer than model {versions.frozen_at}.")
        return versions.frozen_at
    newest = versions.newest()
    if newest not in versions.snapshots:
        raise CommandError(f"There is no model on {_topic(settings)} yet, so nothing to freeze.")
    await _publish(settings, encode_freeze(Freeze(newest)))
    return newest


async def unfreeze(settings: Settings) -> int:
    """Let workers adopt the newest version again; return it."""
    versions = await read_versions(settings)
    if versions.frozen_at is None:
        note("Not frozen: workers adopt the newest model anyway.")
    else:
        await _publish(settings, encode_freeze(Freeze(None)))
    return versions.newest()


async def _publish(settings: Settings, body: bytes) -> int:
    """Send one record, which is there whole or not at all; return its offset."""
    producer = AIOKafkaProducer(**_options(settings), enable_idempotence=True)
    try:
        await producer.start()
        return int((await producer.send_and_wait(_topic(settings), body, partition=0)).offset)
    finally:
        await producer.stop()


def _topic(settings: Settings) -> str:
    return settings.topic_prefix + MODELS


def _options(settings: Settings) -> Mapping[str, object]:
    return cast("Mapping[str, object]", kafka_options(settings))
