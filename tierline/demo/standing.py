"""Where the installation stands: read from Redis alone, while the workers work and at the end."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from schemas.instants import Instant
from state.customer import CustomerState, decode_state
from state.meta import PartitionMeta, decode_meta
from state.redis_repository import RedisRepository
from state.store import Wanted

SLICE = 500


@dataclass(frozen=True, slots=True)
class Standing:
    """All partitions together, as of one look; a partition nobody started has no meta."""

    metas: list[PartitionMeta]
    counters: Counter[str]
    taken: int
    """Records of the input topics that are committed."""
    clock_at: Instant

    @property
    def steps(self) -> int:
        """How many steps all partitions took."""
        return sum(meta.step for meta in self.metas)

    @property
    def adoptions_by_partition(self) -> list[int]:
        """How many models each partition adopted."""
        return [meta.counters.get("adoptions", 0) for meta in self.metas]

    @property
    def customers_by_segment(self) -> Counter[str]:
        """How many customers have each rule segment, as counted."""
        return sum((Counter(meta.customers_by_segment.get("rfm", {})) for meta in self.metas), Counter())

    def has_adopted(self, version: int) -> bool:
        """Say whether this model is in force everywhere, and everyone was scored with it."""
        return all(meta.model == version and meta.sweeps_to is None for meta in self.metas)

    @property
    def customers_by_tier(self) -> Counter[str]:
        """How many customers have each tier, as counted."""
        return sum((Counter(meta.customers_by_tier) for meta in self.metas), Counter())


async def look(repository: RedisRepository, partitions: int) -> Standing:
    """Return what the last commit of each partition says."""
    blobs = await asyncio.gather(*(repository.meta(partition) for partition in range(partitions)))
    metas = [decode_meta(blob) for blob in blobs if blob is not None]
    counters: Counter[str] = Counter()
    for meta in metas:
        counters.update(meta.counters)
    taken = sum(sum(meta.offsets.values()) for meta in metas)
    return Standing(metas, counters, taken, max((meta.clock_at for meta in metas), default=0))


async def is_settled(repository: RedisRepository, standing: Standing) -> bool:
    """Say whether nothing is left to do: nothing due by each partition's clock, nothing waiting to be published."""
    for meta in standing.metas:
        if meta.is_sweeping or await repository.due(meta.partition, meta.clock_at, 1):
            return False
        if (await repository.peek(meta.partition, 1)).entries:
            return False
    return True


@dataclass(slots=True)
class Census:
    """All stored customers, added up: what the states say, beside what the counters say."""

    customers: int = 0
    orders: int = 0
    spend_minor: int = 0
    candidates: int = 0
    tier_changes: int = 0
    segment_changes: int = 0
    by_tier: Counter[str] = field(default_factory=Counter)
    by_segment: Counter[str] = field(default_factory=Counter)

    def add(self, customer: CustomerState) -> None:
        """Count one customer."""
        self.customers += 1
        self.orders += customer.orders
        self.spend_minor += customer.spend_minor
        self.candidates += sum(customer.candidates.values())
        self.tier_changes += customer.tier_changes
        self.segment_changes += customer.segment_changes
        self.by_tier[customer.tier] += 1
        if customer.standing is not None:
            self.by_segment[customer.standing.rfm] += 1


async def take_census(repository: RedisRepository, partitions: int) -> Census:
    """Read every stored customer."""
    census = Census()
    for partition in range(partitions):
        after = 0
        while customer_ids := await repository.customers(partition, after, SLICE):
            after += len(customer_ids)
            loaded = await repository.load(partition, Wanted(states=customer_ids))
            for blob in loaded.states.values():
                if blob is not None:
                    census.add(decode_state(blob))
    return census
