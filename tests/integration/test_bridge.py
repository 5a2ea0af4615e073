"""`tierline import --from-topic` as a child process: killed in the middle, with repeated messages, then a worker."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.topics import ORDERS
from tests.integration.bridge_process import (
    MAPPING,
    ROOT,
    RUNNING,
    caught_up,
    create,
    ended,
    environment_of,
    everything,
    rejected_of,
    say_all,
    something_passed_on,
    start,
)
from tests.integration.foreign_shop import BEGIN_MS, Shop, a_shop
from tests.integration.inspection import views_of
from tests.integration.installation import Installation


@pytest.fixture(autouse=True)
def no_bridge_is_left() -> Iterator[None]:
    yield
    while RUNNING:
        with RUNNING.pop() as bridge:
            bridge.kill()


@pytest.mark.timeout(240)
async def test_kills_and_repeated_messages_leave_the_totals_right(installation: Installation) -> None:
    shop = a_shop(6_000, seed=3)
    foreign = f"{installation.name}-shop"
    create(installation, foreign, f"{foreign}.dlq")
    await say_all(installation, foreign, shop.messages)
    for _ in range(3):  # Each is killed while its first batch is on the way.
        bridge = start(installation, foreign, "one")
        await something_passed_on(installation)
        bridge.kill()
        bridge.wait()
    installation.start_worker()
    for group in ("one", "another"):  # The second group repeats every message from the beginning.
        bridge = start(installation, foreign, group)
        await caught_up(installation, foreign, f"{installation.name}-{group}")
        counts = ended(bridge)
        assert counts["mapped"] == int(str(counts["messages"])) - rejected_of(counts)
        await installation.await_rest()
        assert await totals_of(installation) == shop.totals()
    assert counts["messages"] == len(shop.messages)
    await installation.assert_books()
    await assert_rejected(installation, foreign, shop)


async def totals_of(installation: Installation) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for partition in range(installation.partitions):
        for customer_id, view in (await views_of(installation, partition)).items():
            rfm = view["rfm"]
            assert isinstance(rfm, dict)
            found[customer_id] = (rfm["monetary"], rfm["frequency"])
    return found


async def assert_rejected(installation: Installation, foreign: str, shop: Shop) -> None:
    bad = {message for message in shop.messages if b"OrderLost" in message or not message.endswith(b"}")}
    letters = await everything(installation, f"{foreign}.dlq")
    assert {value for value, _ in letters} == bad
    reasons = {headers["tl_reason"] for _, headers in letters}
    assert reasons == {"no_rule", "malformed_json"}
    assert all(headers["tl_topic"] == foreign for _, headers in letters)


async def test_a_bridge_without_its_topics_says_what_to_create(installation: Installation) -> None:
    foreign = f"{installation.name}-shop"
    bridge = start(installation, foreign, "one")
    said = (await asyncio.to_thread(bridge.communicate, timeout=60))[1]
    assert bridge.returncode == 1
    assert f"Topic {foreign}, which --from-topic names, does not exist" in said
    create(installation, foreign)
    bridge = start(installation, foreign, "one")
    said = (await asyncio.to_thread(bridge.communicate, timeout=60))[1]
    assert f"Topic {foreign}.dlq, for rejected messages, does not exist. Create it, or give --rejected FILE" in said


async def test_a_kafka_that_is_down_is_one_message(installation: Installation) -> None:
    installation.kafka = "127.0.0.1:9"
    bridge = start(installation, "shop", "one")
    out, said = await asyncio.to_thread(bridge.communicate, timeout=60)
    assert (bridge.returncode, out) == (1, "")
    assert "Kafka at 127.0.0.1:9 does not do what was asked" in said
    assert "Traceback" not in said


async def test_a_file_may_go_straight_to_kafka_with_event_time(installation: Installation) -> None:
    source, mapping = str(MAPPING.with_name("shop_events.jsonl")), str(MAPPING)
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "tierline.cli", "import", source, "--mapping", mapping, "--produce", "--json"],
        cwd=ROOT, env=environment_of(installation), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["records_sent"]) == (0, 4), done.stderr
    records = [one for number in range(installation.partitions) for one in await installation.read(ORDERS, number)]
    first = next(one for one in records if json.loads(one.value or b"")["order_id"] == "A-1")
    assert (len(records), first.timestamp_ms, first.key) == (4, BEGIN_MS, b"c-17")


async def test_rejected_messages_may_go_to_a_file(installation: Installation, tmp_path: Path) -> None:
    foreign, rejected = f"{installation.name}-shop", tmp_path / "rejected.jsonl"
    create(installation, foreign)
    await say_all(installation, foreign, [b"{}", b"\xff"])
    bridge = start(installation, foreign, "one", "--rejected", str(rejected))
    await caught_up(installation, foreign, f"{installation.name}-one")
    assert ended(bridge)["rejected"] == {"malformed_json": 1, "no_rule": 1}
    lines = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert {(line["reason"], line["text"]) for line in lines} == {("no_rule", "{}"), ("malformed_json", "\\xff")}
