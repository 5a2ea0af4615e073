"""Which topic's next record goes first (CONTRACTS, "Two clocks"); pure."""

from collections.abc import Mapping, Sequence

from schemas.instants import Instant
from schemas.record import LogRecord


def in_order(
    heads: Mapping[str, Sequence[LogRecord]], exhausted: frozenset[str], clock_at: Instant, limit: int
) -> list[LogRecord]:
    """Return up to ``limit`` records: smallest timestamp first, then topic name, then offset.

    ``exhausted`` are the topics known to hold nothing behind their ``heads``. None is taken once another topic's next
    record is neither here nor known not to exist. A record without a timestamp counts as ``clock_at``, which rises
    with what is taken.
    """
    waiting = dict.fromkeys(sorted(heads), 0)
    taken: list[LogRecord] = []
    while len(taken) < limit:
        at_hand = [topic for topic, position in waiting.items() if position < len(heads[topic])]
        if not at_hand or any(t not in at_hand and t not in exhausted for t in waiting):
            break
        if len(at_hand) == 1:
            # The others are known to hold nothing: all that is here may go.
            topic = at_hand[0]
            start = waiting[topic]
            taken += heads[topic][start : start + limit - len(taken)]
            break
        topic = min(at_hand, key=lambda t: (heads[t][waiting[t]].timestamp_at(clock_at), t))
        record = heads[topic][waiting[topic]]
        waiting[topic] += 1
        clock_at = max(clock_at, record.timestamp_at(clock_at))
        taken.append(record)
    return taken
