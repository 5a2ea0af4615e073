"""A primary and a replica of Redis, the wire between them, and the one address that clients know.

A stopped replica would lose nothing: the kernel takes in what the primary sends, and hands it over when it goes on. So
the wire between them drops what passes, as one does that breaks, until the primary is killed and the replica promoted.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import redis

from tests.faults.proxy import Proxy, before
from tests.faults.watching import journalled_steps, steps_in_redis, until
from tests.integration.installation import Installation
from tests.servers import NewValkey
from tierline.embedded import EmbeddedValkey

BROKEN_SECONDS = 0.8


@dataclass(frozen=True, slots=True)
class Lost:
    """Steps that a failover took back, per partition."""

    acknowledged: list[int]
    journalled: list[int]
    """How far what is left stands behind the journal; negative where the journal was not so far."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Clients use `url`; one `fail_over` is all that a pair has."""

    primary: EmbeddedValkey
    replica: EmbeddedValkey
    between: Proxy
    to_primary: Proxy

    @property
    def url(self) -> str:
        """Where clients reach whoever is the primary."""
        return self.to_primary.url

    async def lose_the_primary(self, shop: Installation) -> Lost:
        """Break the wire, kill the primary 0.8 s later and promote the replica; clients reach nobody until `lead_on`.

        Later where workers were at rest: without steps that are in the journal and gone a failover shows nothing.
        """
        self.between.swallows = True
        await asyncio.sleep(BROKEN_SECONDS)
        await until(partial(self._lacks_journalled, shop), "something is published that the replica did not get", 90)
        reached = await steps_in_redis(shop, self.primary.url)
        self.primary.kill()
        self.between.lead_to(self.primary.port)
        with redis.Redis(port=self.replica.port) as client:
            client.replicaof("NO", "ONE")
        journal, left = await journalled_steps(shop), await steps_in_redis(shop, self.replica.url)
        lost = Lost(
            [had - has for had, has in zip(reached, left, strict=True)],
            [told - has for told, has in zip(journal, left, strict=True)],
        )
        assert max(lost.acknowledged) > 0, "the replica had everything"
        assert max(lost.journalled) > 0, "nothing that was lost had been published: there is nothing to repeat"
        return lost

    def lead_on(self) -> None:
        """Let clients reach the replica."""
        self.to_primary.lead_to(self.replica.port)

    async def _lacks_journalled(self, shop: Installation) -> bool:
        left = await steps_in_redis(shop, self.replica.url)
        return any(told > has for told, has in zip(await journalled_steps(shop), left, strict=True))


@asynccontextmanager
async def a_pair(new_valkey: NewValkey) -> AsyncIterator[Pair]:
    """Yield a pair whose replica has what the primary has."""
    primary = new_valkey()
    with before(primary.port) as between, before(primary.port) as to_primary:
        replica = new_valkey(options={"replicaof": f"127.0.0.1 {between.port}"})
        await until(lambda: asyncio.to_thread(_is_in_step, replica), "the replica has what the primary has")
        yield Pair(primary, replica, between, to_primary)


def _is_in_step(replica: EmbeddedValkey) -> bool:
    with redis.Redis(port=replica.port) as client:
        return bool(client.info("replication")["master_link_status"] == "up")
