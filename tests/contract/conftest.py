"""Every kind of store: the fake of the simulation, one real server and a cluster; and a commit that must be taken."""

import secrets
from collections.abc import AsyncIterator

import pytest

from state.redis_repository import RedisRepository
from state.store import Store, Write
from tests.servers import ValkeyServer
from tests.simulation.fake_store import FakeStore

P = 3


@pytest.fixture(params=["fake", "real", "cluster"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.param == "fake":
        yield FakeStore()
        return
    servers: ValkeyServer = request.getfixturevalue("valkey" if request.param == "real" else "valkey_cluster")
    repository = RedisRepository(servers.url, f"test-{secrets.token_hex(6)}")
    yield repository
    await repository.close()


async def written(store: Store, write: Write, token: str = "t1", new: str = "t2") -> None:
    assert await store.commit(P, token, new, write)
