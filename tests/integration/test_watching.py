"""Fifty pages open on one API process while orders flow: none is left without an update (`make watching` in small)."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from bench.watch import Watch, watch
from tests.servers import KafkaServer, ValkeyServer
from tierline.demo.servers import GROCERY_PROGRAM
from tierline.settings import Settings

FEW = Watch(orders_per_second=800, seconds=4, pages=50, customers=300, partitions=3, within_seconds=8.0)


@pytest.mark.timeout(240)
async def test_no_update_of_a_watched_customer_is_lost(
    kafka: KafkaServer, valkey: ValkeyServer, tmp_path: Path
) -> None:
    found = {"kafka": kafka.bootstrap, "redis": SecretStr(valkey.url), "program": GROCERY_PROGRAM, "clock": "log"}
    watched = await watch(Settings().model_copy(update=found), FEW, tmp_path)
    assert (watched.orders, watched.reopened) == (3200, 0)
    assert watched.commits > 100
    assert watched.said > 0
