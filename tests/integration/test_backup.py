"""A copy of Redis, put back: what happened since is repeated along the journal, and nothing is said twice."""

import shutil
from pathlib import Path

import pytest
import redis

from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.servers import KafkaServer, NewValkey
from tierline.embedded import EmbeddedValkey

SAVED_AT, ALL = 1_000, 2_000


@pytest.fixture
def installation(kafka: KafkaServer, unique_name: str, tmp_path: Path) -> Installation:
    made = Installation(unique_name, kafka.bootstrap, "redis://127.0.0.1:1/0", tmp_path)
    made.create_topics()
    return made


def saved(valkey: EmbeddedValkey, folder: Path) -> Path:
    """Copy the server's data as an operator does, while it serves."""
    with redis.Redis(port=valkey.port) as client:
        client.save()
    return Path(shutil.copy(valkey.folder / "dump.rdb", folder / "dump.rdb"))


def started_from(copy: Path, new_valkey: NewValkey) -> EmbeddedValkey:
    """Return a server that began with the copy. With `appendonly yes` from the start it would not look at it."""
    valkey = new_valkey(options={"dir": f'"{copy.parent}"', "appendonly": "no"})
    with redis.Redis(port=valkey.port) as client:
        client.config_set("appendonly", "yes")
    return valkey


@pytest.mark.timeout(180)
async def test_an_older_copy_of_redis_is_brought_up_to_date(
    installation: Installation, new_valkey: NewValkey, tmp_path: Path
) -> None:
    valkey = new_valkey()
    installation.redis_url = valkey.url
    copies = tmp_path / "copies"
    copies.mkdir()
    worker, orders = installation.start_worker(), list(a_shop(ALL, seed=11, customers=150))
    try:
        await installation.produce(orders[:SAVED_AT])
        await installation.await_rest()
        copy, steps_saved = saved(valkey, copies), [meta.step for meta in await installation.metas()]
        await installation.produce(orders[SAVED_AT:])
        await installation.await_rest()
        assert worker.terminate() == 0
        steps = [meta.step for meta in await installation.metas()]
        assert all(before < after for before, after in zip(steps_saved, steps, strict=True))
        said = await installation.assert_books()
        valkey.kill()

        installation.redis_url = started_from(copy, new_valkey).url
        assert [meta.step for meta in await installation.metas()] == steps_saved, "the copy is older"
        installation.start_worker()
        await installation.await_rest()
        assert [meta.step for meta in await installation.metas()] == steps
        assert await installation.assert_books() == said
    finally:
        installation.stop_workers()
