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
        """Records and dead letters of each round that had any records."""
        self._records = 0
        self._reasons: Counter[str] = Counter()
        """The sum of the rounds."""

    def begin(self, partition: int, records: int, counters: Mapping[str, int]) -> None:
        """Note where a partition stands; what it repeats along the journal was judged before."""
        self._seen[partition] = (records, _dead(counters))

    def look(self, partition: int, records: int, counters: Mapping[str, int]) -> None:
        """Note what became of the records since the last look. Raises StopError."""
        seen, dead_before = self._seen[partition]
        if not self._share_max or records == seen:
            return
        dead = _dead(counters)
        self._seen[partition] = (records, dead)
        self._add(records - seen, dead - dead_before)
        while self._records - self._rounds[0][0] >= self._among_records:
            self._forget_oldest()
        if self._records >= self._among_records:
            self._judge()

    def _add(self, records: int, dead: Counter[str]) -> None:
        self._rounds.append((records, dead))
        self._records += records
        self._reasons.update(dead)

    def _forget_oldest(self) -> None:
        records, dead = self._rounds.popleft()
        self._records -= records
        self._reasons.subtract(dead)

    def _judge(self) -> None:
        total = self._reasons.total()
        if total < self._share_max * self._records:
            return
        (most, count), *_ = self._reasons.most_common(1)
        raise StopError(
            f"{total:,} of the last {self._records:,} records are dead letters, {count:,} of them {most}: a "
            "producer or the program is wrong. `tierline dlq list` shows them; mend it and start again, or set "
            "TIERLINE_DEAD_LETTER_LIMIT=0 to go on all the same"
        )


def _dead(counters: Mapping[str, int]) -> Counter[str]:
    return Counter({name[len(_DEAD) :]: count for name, count in counters.items() if name.startswith(_DEAD)})
