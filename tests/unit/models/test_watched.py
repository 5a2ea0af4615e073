"""Whose spend is waited for: everyone in turn, nobody twice at a time, and a day is settled whole."""

from models.watched import Watched, WatchedDays
from schemas.features import CustomerFacts, sampling_key
from tests.unit.models.building import DAY


def test_a_day_watches_so_many_at_most_each_customer_in_turn_and_settles_whole() -> None:
    facts = CustomerFacts(0, 1, 100, 0, 100, 100)
    turns = dict.fromkeys((sampling_key(str(number)) for number in range(50)), 0)
    watched = WatchedDays(10, 2)
    for day in range(200):
        for offset, key in enumerate(turns, 50 * day):
            watched.put(Watched(key, facts, day * DAY + 5, offset))
        settled = watched.settle((day + 1) * DAY)
        assert len(settled) == (10 if day >= 1 else 0)
        assert all(one.at == (day - 1) * DAY + 5 for one in settled)
        for one in settled:
            turns[one.key] += 1
    assert 15 < min(turns.values()) <= max(turns.values()) < 65


def test_nobody_is_watched_twice_at_a_time() -> None:
    facts, watched, last = CustomerFacts(0, 1, 100, 0, 100, 100), WatchedDays(10, 28), dict[int, int]()
    for day in range(100):
        for name in "abcdefgh":
            watched.put(Watched(sampling_key(name), facts, day * DAY, day))
        for one in watched.settle((day + 1) * DAY):
            assert one.at >= last.get(one.key, one.at - 28 * DAY) + 28 * DAY
            last[one.key] = one.at
    assert len(last) == 8
