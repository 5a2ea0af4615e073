"""What customers were expected to spend at a moment of the journal beside what they then spent, worked out by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from replay.from_journal import Installation
from replay.prices import Expected, expected_at
from schemas.instants import format_instant
from tests.builders import a_record, an_erasure, an_order
from tests.journals import FakeLog, Json, Worked, worked
from tierline.console import CommandError
from tierline.console import Json as JsonValue
from tierline.prices import report_of
from tierline.value_card import words_of
from tierline.value_page import page

DAY_MS = 86_400_000
MARCH = 1_488_369_600_000  # 2017-03-01T12:00:00Z
ADOPTED_MS = MARCH + DAY_MS
CUT = (MARCH + 2 * DAY_MS) * 1000
BUYERS = 12
GONE = "c-11"


def _order(customer: int, amount: int, at_ms: int) -> Json:
    name = f"c-{customer}"
    order = an_order(f"o-{name}-{at_ms}", f"{amount}.00", format_instant(at_ms * 1000), customer_id=name)
    return {"step": "record", "record": a_record(order, at_ms)}


def _history(*, days: int = 100) -> list[Json]:
    """Twelve buy before a model, one more between it and the moment; then every second one buys again."""
    steps = [_order(number, 10 + number, MARCH) for number in range(BUYERS)]
    steps += [{"step": "model", "at": ADOPTED_MS * 1000, "model": 3}, {"step": "tick", "at": ADOPTED_MS * 1000}]
    steps.append(_order(BUYERS, 40, ADOPTED_MS + 1000))
    # Right at the moment counts as after it; right at its end does not count any more.
    steps.append(_order(0, 100, CUT // 1000))
    steps += [_order(number, 100 + number, CUT // 1000 + DAY_MS) for number in range(2, BUYERS, 2)]
    erasure = an_erasure(format_instant(CUT + 5 * DAY_MS * 1000), customer_id=GONE)
    steps.append({"step": "record", "record": a_record(erasure, CUT // 1000 + 5 * DAY_MS)})
    steps.append(_order(1, 7000, CUT // 1000 + 90 * DAY_MS))
    steps.append({"step": "tick", "at": CUT + days * DAY_MS * 1000})
    return steps


def _found(done: Worked, at: int = CUT) -> Expected:
    @asynccontextmanager
    async def open_log(_: int) -> AsyncIterator[FakeLog]:
        yield FakeLog(done)

    async def pause() -> None:
        return None

    return asyncio.run(expected_at(Installation(open_log, lambda _: 0, pause), [0], at))


def test_spend_is_that_of_the_ninety_days_and_who_is_gone_is_left_out() -> None:
    found = _found(worked({}, _history(), seed=4))
    spent = dict(zip(found.customer_ids, found.spent, strict=True))
    assert spent == {
        "c-0": 10_000,
        **{f"c-{number}": 100 * (100 + number) for number in range(2, BUYERS, 2)},
        **{f"c-{number}": 0 for number in (1, 3, 5, 7, 9, BUYERS)},
    }
    assert (found.unpriced, found.erased, found.models, found.currency) == (0, 1, {3}, "USD")
    assert all(price > 0 for price in found.prices)


def test_prices_are_those_of_the_moment_not_of_later() -> None:
    before_adoption = _found(worked({}, _history(), seed=4), at=(MARCH + 1000) * 1000)
    assert (before_adoption.prices, before_adoption.unpriced) == ([], BUYERS)
    with pytest.raises(CommandError, match=r"12 customers had ordered and 0 had a price: too little to judge"):
        report_of(before_adoption, (MARCH + 1000) * 1000)


def test_a_moment_whose_ninety_days_are_not_over_is_refused_with_the_last_one_that_would_do() -> None:
    found = _found(worked({}, _history(days=95), seed=4), at=CUT + 10 * DAY_MS * 1000)
    latest = format_instant(CUT + 5 * DAY_MS * 1000)
    with pytest.raises(CommandError, match=rf"is not known yet. Give --at {latest} or earlier"):
        report_of(found, CUT + 10 * DAY_MS * 1000)


def test_an_installation_without_a_history_says_so() -> None:
    with pytest.raises(CommandError, match="no worker has started yet"):
        report_of(Expected(), CUT)


def _report() -> dict[str, JsonValue]:
    return report_of(_found(worked({}, _history(), seed=4)), CUT)


def test_the_report_adds_up_and_says_it_in_words() -> None:
    report = _report()
    assert (report["customers"], report["erased"], report["spent"]) == (BUYERS, 1, "630.00")
    tenths = report["tenths"]
    assert isinstance(tenths, list)
    assert len(tenths) == 10
    words = " ".join(words_of(report))
    assert "12 customers had a price at 2017-03-03T12:00:00Z" in words
    assert "1 with a price were erased since" in words


def test_the_page_shows_every_tenth_and_needs_nothing_from_elsewhere() -> None:
    report = _report()
    html = page(report)
    tenths = report["tenths"]
    assert isinstance(tenths, list)
    for tenth in tenths:
        assert isinstance(tenth, dict)
        assert f'<td class="number">{tenth["mean_spent"]}</td>' in html
    assert html.count("<circle ") == 11
    assert "<script" not in html
    assert "http" not in html.replace("http://www.w3.org/2000/svg", "")
