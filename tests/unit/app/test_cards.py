"""One customer on a terminal, with segments and what led to them."""

import csv
from pathlib import Path

import pytest

from replay.parquet import columns_of
from replay.table_file import TableFile
from state.score import model_of
from tests.unit.app.store_in_memory import StoreInMemory, a_lookup
from tests.unit.models.building import a_snapshot
from tierline.cards import print_customer, print_explanation
from tierline.console import Json
from tierline.exporting import ExportedCustomer, with_traits
from tierline.segment_card import Node, segment_reasons


def a_scored_shop() -> StoreInMemory:
    return StoreInMemory(model=model_of(17, a_snapshot()))


async def viewed(store: StoreInMemory) -> Node:
    view = (await a_lookup(store).customer("c-1")).view
    assert view is not None
    return view  # type: ignore[return-value]


async def explained(store: StoreInMemory) -> Node:
    view = (await a_lookup(store).explanation("c-1")).view
    assert view is not None
    return view  # type: ignore[return-value]


async def test_a_card_shows_scores_segments_traits_and_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    view = await viewed(a_scored_shop())
    print_customer(view)
    shown = capsys.readouterr().out
    assert "r 5" in shown
    assert "Active Bronze" in shown
    assert "version 17" in shown
    assert "traits" in shown
    assert f"{view['clv_90d']} expected" in shown


async def test_a_card_before_the_first_model_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_customer(await viewed(StoreInMemory()))
    print_explanation(await explained(StoreInMemory()))
    assert capsys.readouterr().out.count("none before the first model") == 2


async def test_an_explanation_says_what_led_to_each_segment_and_what_would_lead_elsewhere(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_explanation(await explained(a_scored_shop()))
    shown = capsys.readouterr().out
    assert "recency score 5 >= 3" in shown
    assert "tier bronze" in shown
    assert "Dormant Bronze with recency score 2" in " ".join(shown.split())
    assert "persona: - to Active Bronze" in shown


async def test_a_reason_that_is_no_longer_kept_is_said_to_be_so() -> None:
    store = a_scored_shop()
    store.forget_what_was_said()
    (table,) = segment_reasons(await explained(store))
    assert [str(cell) for cell in table.columns[2].cells] == ["told before what is kept"] * 3  # type: ignore[union-attr]


async def test_an_exported_row_has_a_column_for_each_trait(tmp_path: Path) -> None:
    store = a_scored_shop()
    customer = store.customers.state("c-1")
    assert customer is not None
    view: dict[str, object] = dict(await viewed(store))
    segment: dict[str, Json] = {**view["segment"], "traits": ["Budget Buyer", "Power User"]}  # type: ignore[dict-item]
    with TableFile(tmp_path / "all.csv", "csv", columns_of([ExportedCustomer])) as file:
        file.write([with_traits({**view, "segment": segment}, customer.standing)])
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as lines:
        (row,) = csv.DictReader(lines)
    assert row["segment.traits"] == "Budget Buyer, Power User"
    assert (row["rfm.scores.r"], row["segment.persona"], row["model_version"]) == ("5", "Active Bronze", "17")
    assert (row["budget_buyer"], row["power_user"]) == ("false", "false")
