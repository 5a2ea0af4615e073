"""More customers due at one instant than a tick may take: they go in slices, by ascending hash of their id."""

from collections.abc import Iterable

from schemas.instants import Instant
from schemas.journal import Tick
from state.ticks import customer_hash


class Crowd:
    """Who is due by one instant, until all of them were ticked; every commit in between is noted.

    The journal says only ``(at, upto)``, so a tick must take exactly those whom a replay would find.
    """

    def __init__(self, at: Instant, customer_ids: Iterable[str]) -> None:
        self.at = at
        self._queue = sorted(((customer_hash(customer_id), customer_id) for customer_id in customer_ids), reverse=True)
        self._joined: dict[str, tuple[Instant, str]] = {}

    def note(self, customer_id: str, due_at: Instant | None) -> None:
        """Follow a commit: who became due by then joins. Who no longer is may stay: a tick does them no harm."""
        if due_at is not None and due_at <= self.at:
            self._joined[customer_id] = (due_at, customer_hash(customer_id))
        else:
            self._joined.pop(customer_id, None)

    def next_tick(self, limit: int) -> Tick:
        """Return the tick that takes the next ``limit`` customers, or all that are left."""
        if len(self._queue) <= limit:
            return Tick(self.at, None)
        return Tick(self.at, self._queue[-limit][0])

    def take(self, tick: Tick) -> list[str]:
        """Return whom ``tick`` has to advance, and let them go."""
        taken = []
        while self._queue and (tick.upto is None or self._queue[-1][0] <= tick.upto):
            taken.append(self._queue.pop()[1])
        joined = [
            customer_id
            for customer_id, (due_at, hashed) in self._joined.items()
            if due_at < self.at or tick.upto is None or hashed <= tick.upto
        ]
        for customer_id in joined:
            del self._joined[customer_id]
        return taken + joined
