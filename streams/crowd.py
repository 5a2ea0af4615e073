"""More customers due at one instant than a tick may take: they go in slices, by ascending hash of their id.

Finding them goes in slices, too: nothing here, and no call of the store, looks at everybody at once.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from schemas.instants import Instant
from schemas.journal import Tick
from state.ticks import customer_hash

BUCKET_DIGITS: Final = 3
"""Customers are sorted bucket by bucket, as their turn comes: 4,096 of them."""


class Crowd:
    """Who is due by one instant, until all of them were ticked; every commit in between is noted.

    The journal says only ``(at, upto)``, so a tick must take at least those whom a replay would find. Who is taken
    without being due comes to no harm.
    """

    def __init__(self, at: Instant, sweeps_to: Instant | None = None, swept_upto: str = "") -> None:
        """While a change of program or model is swept, everybody is due by ``sweeps_to``, the instant of the change.

        Except for customers whose hash is at most ``swept_upto``: they met it.
        """
        self.at = at
        self.place = 0
        """Where the store is to be read on."""
        self.is_gathered = False
        self._sweeps_to, self._swept_upto = sweeps_to, swept_upto
        self._buckets: dict[str, list[tuple[str, str]]] = {}
        self._next_buckets: deque[str] = deque()
        self._front: deque[tuple[str, str]] = deque()
        self._joined: dict[str, tuple[Instant, str]] = {}

    def gather(self, due: Iterable[tuple[Instant | None, str]], place: int) -> None:
        """Take in a slice of all customers, with their due moments; ``place`` is where to go on, 0 at the end."""
        for due_at, customer_id in due:
            hashed = customer_hash(customer_id)
            moment = self._moment(due_at, hashed)
            if moment == self.at:
                self._buckets.setdefault(hashed[:BUCKET_DIGITS], []).append((hashed, customer_id))
            elif moment is not None and moment < self.at:
                self._joined[customer_id] = (moment, hashed)
        self.place = place
        if place == 0:
            self._next_buckets.extend(sorted(self._buckets))
            self.is_gathered = True

    def note(self, customer_id: str, due_at: Instant | None) -> None:
        """Follow a commit: who became due by then joins. Who no longer is may stay: a tick does them no harm."""
        if due_at is not None and due_at <= self.at:
            self._joined[customer_id] = (due_at, customer_hash(customer_id))
        else:
            self._joined.pop(customer_id, None)

    def next_tick(self, limit: int) -> Tick:
        """Return the tick that takes the next ``limit`` customers, or all that are left."""
        while len(self._front) <= limit and self._open_bucket():
            pass
        if len(self._front) <= limit:
            return Tick(self.at, None)
        return Tick(self.at, self._front[limit - 1][0])

    def take(self, tick: Tick) -> list[str]:
        """Return whom ``tick`` has to advance, each once, and let them go."""
        taken: dict[str, None] = {}
        while self._front or self._open_bucket():
            if tick.upto is not None and self._front[0][0] > tick.upto:
                break
            taken[self._front.popleft()[1]] = None
        joined = [
            customer_id
            for customer_id, (due_at, hashed) in self._joined.items()
            if due_at < self.at or tick.upto is None or hashed <= tick.upto
        ]
        for customer_id in joined:
            del self._joined[customer_id]
        return list(taken | dict.fromkeys(joined))

    def _moment(self, due_at: Instant | None, hashed: str) -> Instant | None:
        """Return when a customer is due: what the store says does not know of a change that they are yet to meet."""
        if self._sweeps_to is None or hashed <= self._swept_upto:
            return due_at
        return self._sweeps_to if due_at is None else min(due_at, self._sweeps_to)

    def _open_bucket(self) -> bool:
        """Put the next bucket in line; tell whether there was one."""
        if not self._next_buckets:
            return False
        self._front.extend(sorted(self._buckets.pop(self._next_buckets.popleft())))
        return True
