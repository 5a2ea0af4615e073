"""What the benchmark of open pages calls a loss."""

import pytest

from bench.notices import Seen
from bench.open_pages import CustomerPage, Event
from bench.watch import LostUpdateError, part_of, waits_of


def a_page(*shown: tuple[int, float]) -> CustomerPage:
    page = CustomerPage(1, "w-1")
    for offset, at in shown:
        page.take(Event("customer", None, {"source": {"offset": offset}}), at)
    return page


def test_a_commit_is_shown_by_itself_or_overtaken_by_a_later_one() -> None:
    seen = [Seen("w-1", 5, 10.0), Seen("w-1", 6, 10.1), Seen("w-1", 7, 10.2)]
    waits = waits_of(seen, [a_page((5, 10.05), (7, 10.5))], 5.0)
    assert [round(wait, 2) for wait in waits] == [0.05, 0.3, 0.4]
    assert (part_of(waits, 0.5), part_of(waits, 0.99)) == (300.0, 400.0)


@pytest.mark.parametrize("page", [a_page(), a_page((5, 10.0)), a_page((5, 10.0), (6, 15.2))], ids=str)
def test_one_that_never_comes_or_comes_late_is_a_loss(page: CustomerPage) -> None:
    with pytest.raises(LostUpdateError, match=r"w-1: offset 6 was shown .* s after its commit"):
        waits_of([Seen("w-1", 6, 10.0)], [page], 5.0)


def test_where_nothing_was_noticed_nothing_was_shown_to_hold() -> None:
    with pytest.raises(LostUpdateError, match="nothing was measured"):
        waits_of([], [a_page((5, 10.0))], 5.0)
