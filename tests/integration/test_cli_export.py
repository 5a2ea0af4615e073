"""`tierline export`: one row a customer, in both formats, equal to what the API would answer."""

import asyncio
import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.integration.commands import tierline
from tests.integration.installation import Installation
from tests.integration.shop import a_shop
from tests.servers import KafkaServer, ValkeyServer, name_of

CUSTOMERS = 700
"""More than one slice of a scan."""


@pytest.fixture(scope="module")
def shop(kafka: KafkaServer, valkey: ValkeyServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the settings of an installation with customers in all tiers."""
    folder = tmp_path_factory.mktemp("export")
    made = Installation(name_of("export"), kafka.bootstrap, valkey.url, folder)
    made.create_topics()
    try:
        worker = made.start_worker()
        asyncio.run(filled(made))
        assert worker.terminate() == 0
    finally:
        made.stop_workers()
    return settings_of(made, folder)


async def filled(made: Installation) -> None:
    await made.produce(a_shop(4000, seed=3, customers=CUSTOMERS))
    await made.await_rest()


def settings_of(made: Installation, folder: Path) -> dict[str, str]:
    (folder / "program.yaml").touch()
    return {
        "TIERLINE_KAFKA": made.kafka,
        "TIERLINE_REDIS": made.redis_url,
        "TIERLINE_NAME": made.name,
        "TIERLINE_TOPIC_PREFIX": made.prefix,
        "TIERLINE_PARTITIONS": str(made.partitions),
        "TIERLINE_PROGRAM": str(folder / "program.yaml"),
        "TIERLINE_CLOCK": "log",
    }


def test_every_customer_is_one_row_of_both_formats(shop: dict[str, str], tmp_path: Path) -> None:
    for name in ("customers.parquet", "customers.csv"):
        done = tierline("export", str(tmp_path / name), "--json", settings=shop)
        assert (done.code, json.loads(done.out)["customers"]) == (0, CUSTOMERS), done.err
    nested = {row["customer_id"]: row for row in pq.read_table(tmp_path / "customers.parquet").to_pylist()}
    with (tmp_path / "customers.csv").open(newline="", encoding="utf-8") as file:
        flat = {row["customer_id"]: row for row in csv.DictReader(file)}
    assert len(nested) == len(flat) == CUSTOMERS
    assert {row["tier"]["name"] for row in nested.values()} > {"bronze", "silver"}
    for customer_id, row in nested.items():
        assert flat[customer_id]["tier.name"] == row["tier"]["name"]
        assert flat[customer_id]["rfm.monetary"] == row["rfm"]["monetary"]
    segments = {"model_version", "segment.rfm", "segment.cluster", "segment.persona", "budget_buyer", "power_user"}
    assert segments | {"rfm.scores.r", "rfm.scores.f", "rfm.scores.m"} <= next(iter(flat.values())).keys()


def test_a_row_is_what_the_api_answers(shop: dict[str, str], tmp_path: Path) -> None:
    tierline("export", str(tmp_path / "all.parquet"), settings=shop)
    row = pq.read_table(tmp_path / "all.parquet").to_pylist()[7]
    shown = json.loads(tierline("customer", row["customer_id"], "--json", settings=shop).out)
    assert row == {**shown, "budget_buyer": None, "power_user": None}


def test_an_unknown_format_is_a_usage_error_and_leaves_no_file(shop: dict[str, str], tmp_path: Path) -> None:
    done = tierline("export", str(tmp_path / "customers.xlsx"), settings=shop)
    assert done.code == 2
    assert "--format parquet or --format csv" in done.err
    assert list(tmp_path.iterdir()) == []


def test_an_export_that_fails_leaves_what_was_there(shop: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("before")
    done = tierline(
        "export", str(tmp_path / "customers.csv"), settings={**shop, "TIERLINE_REDIS": "redis://127.0.0.1:9"}
    )
    assert done.code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["customers.csv"]
    assert (tmp_path / "customers.csv").read_text() == "before"
