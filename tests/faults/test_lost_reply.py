"""T11: Redis carries a commit out, and the connection breaks before the worker hears of it."""

from functools import partial
from itertools import count

import pytest

from tests.faults.conftest import Happened, NewInstallation
from tests.faults.proxy import before, is_commit
from tests.faults.size import at_size
from tests.faults.watching import have_begun, settled, until
from tests.integration.shop import a_shop
from tests.servers import NewValkey

ORDERS = at_size(5_000, 30_000)
LOST_AT_LEAST = at_size(15, 80)
EVERY = 4
CARRIED_OUT = b":1\r\n"


@pytest.mark.timeout(at_size(180, 400))
async def test_a_commit_whose_reply_is_lost_is_neither_lost_nor_done_twice(
    new_installation: NewInstallation, new_valkey: NewValkey, happened: Happened
) -> None:
    server, commits = new_valkey(), count(1)
    with before(server.port) as proxy:
        proxy.watch = lambda request: is_commit(request) and next(commits) % EVERY == 0
        # Nobody dies here: one that a busy machine keeps from running for two seconds is not to lose its partition.
        shop = new_installation(redis_url=proxy.url, batch_records=50, session_timeout_seconds=30)
        for _ in range(2):
            shop.start_worker()
        await until(partial(have_begun, shop.workers), "each worker has one of the two partitions")
        await shop.produce(a_shop(ORDERS, seed=43), a_second=700)
        outputs = await settled(shop)
    carried_out = proxy.lost_replies.count(CARRIED_OUT)
    happened("replies_lost", len(proxy.lost_replies))
    happened("of_commits_carried_out", carried_out)
    assert outputs > 500
    assert carried_out >= LOST_AT_LEAST
    assert not any("claiming again" in worker.said for worker in shop.workers), "an outcome was not looked up"
