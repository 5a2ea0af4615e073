"""The store's port on dicts, with the semantics of `state/commit.lua`; it can go back, and be emptied."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from schemas.instants import Instant
from state.changes import Said
from state.store import TOLD_MAX, Dirty, LagNote, Loaded, Peeked, Scanned, Stored, Wanted, Write

NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Shard:
    """What the store holds of one partition, as of one moment; a write makes another."""

    token: str = ""
    meta: bytes | None = None
    journal_at: int = 0
    published_step: int = 0
    states: dict[str, bytes] = field(default_factory=dict)
    ledgers: dict[str, dict[str, bytes]] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    dirty: dict[str, int] = field(default_factory=dict)
    erased: dict[str, Instant] = field(default_factory=dict)
    outbox: tuple[bytes, ...] = ()
    told: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    live: tuple[Said, ...] = ()
    """All there ever were: a schedule says less than the real stream keeps."""


async def _at_once(_: str) -> None:
    return None


class FakeStore:
    """Implements `state.store.Store`. `pause` is awaited before and after each effect.

    `history` are the moments to which a rollback may return: not before the last claim, because claims are durable.
    """

    def __init__(
        self,
        pause: Callable[[str], Awaitable[None]] = _at_once,
        *,
        compares_commits: bool = True,
        compares_trims: bool = True,
        claims_are_durable: bool = True,
    ) -> None:
        self._pause = pause
        self._compares_commits = compares_commits
        self._compares_trims = compares_trims
        self._claims_are_durable = claims_are_durable
        self.shards: dict[int, Shard] = {}
        self.history: dict[int, list[Shard]] = {}
        self._lags: dict[int, LagNote] = {}

    def shard(self, partition: int) -> Shard:
        """Return what the partition holds now."""
        return self.shards.get(partition, Shard())

    def put(self, partition: int, shard: Shard, *, forgets: bool = False) -> None:
        """Make ``shard`` the present; ``forgets`` makes it the oldest moment to which a rollback may return."""
        past = [] if forgets else self.history.get(partition, [Shard()])
        self.shards[partition] = shard
        self.history[partition] = [*past, shard][-25:]

    async def claim(self, partition: int, new_token: str) -> Stored:
        """Rotate the token."""
        await self._pause("claim")
        shard = replace(self.shard(partition), token=new_token)
        self.put(partition, shard, forgets=self._claims_are_durable)
        await self._pause("claimed")
        return Stored(shard.meta, shard.journal_at, shard.published_step)

    async def token(self, partition: int) -> str:
        """Return the token in force."""
        await self._pause("token")
        return self.shard(partition).token

    async def load(self, partition: int, wanted: Wanted) -> Loaded:
        """Return what a batch needs."""
        await self._pause("load")
        shard = self.shard(partition)
        hashes = {customer_id: sha256(customer_id.encode()).hexdigest() for customer_id in wanted.states}
        return Loaded(
            {customer_id: shard.states.get(customer_id) for customer_id in wanted.states},
            {i: {f: shard.ledgers.get(i, {}).get(f) for f in fields} for i, fields in wanted.ledgers.items()},
            {i: shard.erased.get(hashes[i]) for i in wanted.states if i not in shard.states},
        )

    async def load_ledgers(self, partition: int, customer_ids: Sequence[str]) -> dict[str, dict[str, bytes]]:
        """Return every field."""
        await self._pause("ledgers")
        ledgers = self.shard(partition).ledgers
        return {customer_id: dict(ledgers.get(customer_id, {})) for customer_id in customer_ids}

    async def due(self, partition: int, until_at: Instant, limit: int) -> list[tuple[Instant, str]]:
        """Return who is due, earliest first."""
        await self._pause("due")
        found = sorted((int(at), i) for i, at in self.shard(partition).due.items() if at <= until_at)
        return found[:limit]

    async def scan_from(self, partition: int, place: int, limit: int) -> Scanned:
        """Return whoever is there now from ``place`` on, in an order that no newcomer changes."""
        await self._pause("scan")
        due = self.shard(partition).due
        ahead = sorted((spot, i) for i in due if (spot := _spot(i)) >= place)
        found = [(None if due[i] == NEVER else int(due[i]), i) for _, i in ahead[:limit]]
        return Scanned(found, ahead[limit][0] if len(ahead) > limit else 0)

    async def commit(self, partition: int, expected: str, new_token: str, write: Write) -> bool:
        """Write everything or nothing."""
        await self._pause("commit")
        shard = self.shard(partition)
        if shard.token != expected and self._compares_commits:
            return False
        self.put(partition, _written(shard, new_token, write))
        await self._pause("committed")
        return True

    async def peek(self, partition: int, limit: int) -> Peeked:
        """Return token and outbox."""
        await self._pause("peek")
        shard = self.shard(partition)
        return Peeked(shard.token, list(shard.outbox[:limit]))

    async def trim(
        self, partition: int, expected: str, new_token: str, count: int, journal_at: int, published_step: int
    ) -> bool:
        """Drop the oldest entries."""
        await self._pause("trim")
        shard = self.shard(partition)
        if shard.token != expected and self._compares_trims:
            return False
        trimmed = replace(
            shard,
            token=new_token,
            outbox=shard.outbox[count:],
            journal_at=journal_at,
            published_step=published_step,
        )
        self.put(partition, trimmed)
        await self._pause("trimmed")
        return True

    async def told(self, partition: int, customer_id: str) -> list[bytes]:
        """Return what was said about a customer."""
        return list(self.shard(partition).told.get(customer_id, ()))

    async def note_lag(self, partition: int, note: LagNote) -> None:
        """Keep the note, for ever: no schedule lasts that long."""
        self._lags[partition] = note

    async def lag(self, partition: int) -> LagNote | None:
        """Return the note."""
        return self._lags.get(partition)

    async def clear(self, partition: int, expected: str) -> bool:
        """Remove everything but the token."""
        await self._pause("clear")
        if self.shard(partition).token != expected:
            return False
        self.put(partition, Shard(token=expected))
        await self._pause("cleared")
        return True

    async def dirty(self, partition: int, limit: int) -> list[Dirty]:
        """Return the longest waiting."""
        shard = self.shard(partition)
        ordered = sorted(shard.dirty.items(), key=lambda pair: (pair[1], pair[0]))[:limit]
        return [Dirty(customer_id, step, shard.states.get(customer_id)) for customer_id, step in ordered]

    async def clean(self, partition: int, published: Sequence[Dirty]) -> None:
        """Forget those that did not change since."""
        shard = self.shard(partition)
        done = {(dirty.customer_id, dirty.step) for dirty in published}
        kept = {customer_id: step for customer_id, step in shard.dirty.items() if (customer_id, step) not in done}
        self.shards[partition] = replace(shard, dirty=kept)


def _spot(customer_id: str) -> int:
    return int.from_bytes(sha256(customer_id.encode()).digest()[-6:], "big") + 1


def _written(shard: Shard, new_token: str, write: Write) -> Shard:
    states, ledgers, due = dict(shard.states), dict(shard.ledgers), dict(shard.due)
    gone = {*write.reborn, *(i for i, state in write.states.items() if state is None)}
    for keys in (states, ledgers, due):
        for customer_id in gone & set(keys):
            del keys[customer_id]
    states |= {customer_id: state for customer_id, state in write.states.items() if state is not None}
    for customer_id, fields in write.ledgers.items():
        known = ledgers.get(customer_id, {}) | {f: v for f, v in fields.items() if v is not None}
        ledgers[customer_id] = {f: v for f, v in known.items() if fields.get(f, b"") is not None}
    due |= {customer_id: NEVER if at is None else at for customer_id, at in write.due.items()}
    outbox = [write.rewritten.get(position, blob) for position, blob in enumerate(shard.outbox)]
    return Shard(
        new_token,
        write.meta,
        shard.journal_at,
        shard.published_step,
        states,
        ledgers,
        due,
        shard.dirty | dict.fromkeys(write.states, write.step),
        shard.erased | dict(write.erased),
        (*outbox, *([] if write.outbox is None else [write.outbox])),
        _told(shard, gone, write.said),
        (*(said for said in shard.live if said.customer_id not in gone), *write.said),
    )


def _told(shard: Shard, gone: set[str], said: Sequence[Said]) -> dict[str, tuple[bytes, ...]]:
    told = {customer_id: bodies for customer_id, bodies in shard.told.items() if customer_id not in gone}
    for one in said:
        told[one.customer_id] = (*told.get(one.customer_id, ()), one.body)[-TOLD_MAX:]
    return told
