"""A crowd is gathered slice by slice while others write; its ticks together must take everyone who is due."""

from hypothesis import given
from hypothesis import strategies as st

from schemas.journal import Tick
from state.ticks import customer_hash, reach
from streams.crowd import Crowd

AT = 1000
moments = st.one_of(st.none(), st.integers(990, 1010))
dues = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), moments, max_size=40)


def _gathered(crowd: Crowd, due: dict[str, int | None]) -> Crowd:
    crowd.gather([(at, customer_id) for customer_id, at in due.items()], 0)
    return crowd


@given(dues, st.integers(1, 7), st.data())
def test_slices_and_commits_in_any_order_leave_nobody_out(
    stored: dict[str, int | None], limit: int, data: st.DataObject
) -> None:
    """A model of the store: whoever is due at a tick, by what is stored then, is taken by it."""
    crowd, order = Crowd(AT), data.draw(st.permutations(sorted(stored)))
    place = 0
    while not crowd.is_gathered:
        some = order[place : place + limit]
        place += len(some)
        crowd.gather([(stored[one], one) for one in some], 0 if place == len(order) else place)
        for customer_id, at in data.draw(dues).items():
            stored[customer_id] = at
            crowd.note(customer_id, at)
    upto: str | None = ""
    while upto is not None:
        tick = crowd.next_tick(limit)
        assert tick.at == AT
        assert tick.upto is None or tick.upto > (upto or "")
        taken = crowd.take(tick)
        assert len(taken) == len(set(taken))
        assert {one for one, at in stored.items() if at is not None and at <= reach(tick, one)} <= set(taken)
        for customer_id in taken:
            stored[customer_id] = None
        upto = tick.upto
    assert not any(at is not None and at <= AT for at in stored.values())


@given(dues, st.sampled_from(["", "4", "8", "f"]))
def test_a_change_is_met_by_everyone_who_has_not_met_it(stored: dict[str, int | None], swept_upto: str) -> None:
    """Whatever the store says of them; who met it only comes if something else is due."""
    taken = _gathered(Crowd(AT, AT, swept_upto), stored).take(Tick(AT, None))
    left = {one for one in stored if customer_hash(one) > swept_upto}
    assert set(taken) == left | {one for one, at in stored.items() if at is not None and at <= AT}


def test_who_meets_a_change_before_the_tick_is_taken_at_once() -> None:
    """A replay finds them due before the tick's instant: no hash keeps them back."""
    crowd = _gathered(Crowd(AT, AT - 1), {"late": None, "early": 5})
    assert sorted(crowd.take(Tick(AT, ""))) == ["early", "late"]


@given(st.sets(st.text(min_size=1, max_size=4), max_size=60), st.integers(1, 10))
def test_a_tick_takes_so_many_and_no_more(customer_ids: set[str], limit: int) -> None:
    crowd = _gathered(Crowd(AT), dict.fromkeys(customer_ids, AT))
    sizes = []
    while (tick := crowd.next_tick(limit)).upto is not None:
        sizes.append(len(crowd.take(tick)))
    assert sizes == [limit] * ((len(customer_ids) - 1) // limit if customer_ids else 0)
    assert len(crowd.take(tick)) == len(customer_ids) - sum(sizes)
