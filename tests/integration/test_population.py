"""Look-alikes and portraits over real servers: workers sample, a trainer learns, the API compares; erased is gone."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import pytest

from schemas.instants import format_instant
from schemas.topics import CONSENTS
from state.customer import decode_state
from state.redis_repository import RedisRepository
from storefront.lookalikes_body import LookalikesView
from storefront.portraits_body import PortraitsView
from tests import builders
from tests.integration.commands import tierline
from tests.integration.installation import Installation, as_bytes
from tests.integration.shop import Record, a_shop
from tests.integration.test_trainer import SETTINGS, all_sampled, assert_published_is_the_fold
from tests.integration.trainer_process import a_trainer
from tierline.demo.children import Child
from tierline.embedded.process import free_port

Json: TypeAlias = Any


class Api:
    """`tierline api` over an installation."""

    def __init__(self, installation: Installation, **settings: str) -> None:
        self.url, mine = f"http://127.0.0.1:{(port := free_port())}/v1", os.environ
        environment = {name: value for name, value in mine.items() if not name.startswith("TIERLINE_")}
        told = {**installation.settings, "TIERLINE_CLOCK": "log", "TIERLINE_API_PORT": str(port), **settings}
        self._child = Child.start("api", ["api"], environment | told, installation.folder)

    async def get(self, path: str) -> tuple[int, Json]:
        return await asyncio.to_thread(self._get, path)

    async def once(self, path: str, wanted: int, within_seconds: float = 40) -> Json:
        gives_up_at = time.monotonic() + within_seconds
        while (found := await self.get(path))[0] != wanted:
            assert self._child.process.poll() is None, self._child.log_tail()
            assert time.monotonic() < gives_up_at, f"{found}: {self._child.log_tail()}"
            await asyncio.sleep(0.1)
        return found[1]

    def stop(self) -> int:
        self._child.process.terminate()
        return self._child.process.wait(20)

    def _get(self, path: str) -> tuple[int, Json]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)
        except urllib.error.URLError:
            return 0, None


@contextmanager
def an_api(installation: Installation, **settings: str) -> Iterator[Api]:
    api = Api(installation, **settings)
    try:
        yield api
    finally:
        code = api.stop()
    assert code == 0


@pytest.mark.timeout(180)
async def test_the_nearest_customers_are_found_and_an_erased_one_never_is(installation: Installation) -> None:
    installation.start_worker()
    with an_api(installation) as api:
        shop = a_shop(6_000, seed=6, customers=300)
        await installation.produce(shop[:2_000])
        await installation.await_rest()
        missing = await api.once("/customers/c-1/lookalikes", 503)
        assert "model" in missing["detail"] or "samples" in missing["detail"], missing
        a_trainer(installation, SETTINGS)
        await installation.produce(shop[2_000:], a_second=1000)
        await installation.await_rest()
        await api.once("/customers/c-1/lookalikes", 200)
        await all_sampled(installation)
        await assert_published_is_the_fold(installation)
        await installation.await_adoption(60)
        await _settled(api)
        body = (await api.get("/customers/c-1/lookalikes?n=5"))[1]
        LookalikesView.model_validate(body)
        assert body["compared_with"]["customers"] > 250
        scores = [one["score"] for one in body["lookalikes"]]
        assert len(scores) == 5
        assert sorted(scores, reverse=True) == scores
        assert scores[0] > 0.6, "of 300 customers alike somebody is near"
        gone = body["lookalikes"][0]["customer_id"]
        assert await _state(installation, body["lookalikes"][1]["customer_id"])

        settings = {**installation.settings, "TIERLINE_CLOCK": "log"}
        printed = await asyncio.to_thread(tierline, "lookalikes", "c-1", "-n", "5", "--json", settings=settings)
        assert printed.code == 0, printed.err
        assert json.loads(printed.out)["lookalikes"] == body["lookalikes"]
        card = await asyncio.to_thread(tierline, "lookalikes", "c-1", settings=settings)
        assert (card.code, gone in card.out) == (0, True), card.err

        view = PortraitsView.model_validate((await api.get("/portraits"))[1])
        assert sum(one.customers for one in view.rfm) == view.sampled.customers == body["compared_with"]["customers"]
        report = installation.folder / "portraits.html"
        told = ("portraits", "--orders", "--json", "--html", str(report))
        described = await asyncio.to_thread(tierline, *told, settings=settings)
        assert described.code == 0, described.err
        groups = json.loads(described.out)
        assert [group["words"] for group in groups["rfm"]] == [one.words for one in view.rfm]
        assert sum(group["habits"]["orders"] for group in groups["rfm"]) == len({_order(one) for one in shop} - {None})
        assert all(one.name in report.read_text("utf-8") for one in view.cluster)

        last_ms = max(at_ms for _, _, at_ms, _ in shop)  # No time passes, so nobody else moves.
        key, value = as_bytes(builders.an_erasure(format_instant(last_ms * 1000), customer_id=gone))
        await installation.produce([(CONSENTS, key, last_ms, value)])
        await installation.await_rest()
        assert await _state(installation, gone) is None
        told = (await api.get("/customers/c-1/lookalikes?n=5"))[1]["lookalikes"]
        assert gone not in json.dumps(told)
        assert told[:4] == body["lookalikes"][1:], "the others stay"
        assert (await api.get(f"/customers/{gone}/lookalikes"))[0] == 404


async def test_a_command_says_what_is_missing_before_the_first_model(installation: Installation) -> None:
    installation.start_worker()
    await installation.produce(a_shop(20, seed=5, customers=3))
    await installation.await_rest()
    unknown = await asyncio.to_thread(tierline, "lookalikes", "nobody", settings=installation.settings)
    assert (unknown.code, "No event of customer nobody" in unknown.err) == (1, True)
    early = await asyncio.to_thread(tierline, "lookalikes", "c-1", settings=installation.settings)
    assert (early.code, "No model has been published yet" in early.err) == (1, True), early.err


async def _settled(api: Api) -> None:
    """Wait until the last sweep is in: the same answer for two seconds."""
    before, since = None, time.monotonic()
    while time.monotonic() - since < 2:
        found = (await api.get("/customers/c-1/lookalikes"))[1]
        if found != before:
            before, since = found, time.monotonic()
        await asyncio.sleep(0.2)


def _order(record: Record) -> tuple[str, str] | None:
    event = json.loads(record[3])
    return (event["customer_id"], event["order_id"]) if event["type"] == "order.placed" else None


async def _state(installation: Installation, customer_id: str) -> object:
    repository = RedisRepository(installation.redis_url, installation.name)
    try:
        found = [await repository.state(partition, customer_id) for partition in range(installation.partitions)]
    finally:
        await repository.close()
    return next((decode_state(blob) for blob in found if blob is not None), None)
