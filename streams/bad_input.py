"""A limit on dead letters: where nearly every record is bad, a producer or the program is; going on helps nobody."""

from collections import Counter, deque
from collections.abc import Mapping
from typing import Final

from streams.ports import StopError

AMONG_RECORDS: Final = 10_000
"""So many records are looked at, over all partitions of a worker, before it judges."""
_DEAD: Final = "dead:"


class BadInputLimit:
    """Stops a worker when so large a share of the last 10,000 records are dead letters; a share of 0 never does."""

    def __init__(self, share_max: float, among_records: int = AMONG_RECORDS) -> None:
        self._share_max = share_max
        self._among_records = among_records
        self._seen: dict[int, tuple[int, Counter[str]]] = {}
        self._rounds: deque[tuple[int, Counter[str]]] = deque()
        self._records = 0

    def begin(self, partition: int, records: int, counters: Mapping[str, int]) -> None:
        """Note where a partition stands; what it repeats along the journal was judged before."""
        self._seen[partition] = (records, _dead(counters))

    def look(self, partition: int, records: int, counters: Mapping[str, int]) -> None:
        """Note what became of the records since the last look. Raises StopError."""
        if not self._share_max:
            return
        seen, dead_before = self._seen[partition]
        dead = _dead(counters)
        self._seen[partition] = (records, dead)
        self._rounds.append((records - seen, dead - dead_before))
        self._records += records - seen
        while self._records - self._rounds[0][0] >= self._among_records:
            self._records -= self._rounds.popleft()[0]
        if self._records >= self._among_records:
            self._judge()

    def _judge(self) -> None:
        reasons: Counter[str] = Counter()
        for _, dead in self._rounds:
            reasons += dead
        if reasons.total() < self._share_max * self._records:
            return
        (most, count), *_ = reasons.most_common(1)
        raise StopError(
            f"{reasons.total():,} of the last {self._records:,} records are dead letters, {count:,} of them {most}: a "
            "producer or the program is wrong. `tierline dlq list` shows them; mend it and start again, or set "
            "TIERLINE_DEAD_LETTER_LIMIT=0 to go on all the same"
        )


def _dead(counters: Mapping[str, int]) -> Counter[str]:
    return Counter({name[len(_DEAD) :]: count for name, count in counters.items() if name.startswith(_DEAD)})
