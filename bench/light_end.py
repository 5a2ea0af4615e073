"""What the light job must have left: an independent fold of the orders, and a contender's end beside it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import redis

from bench.expected import Said, WrongEndError
from bench.light_program import LEVELS
from replay.run import Run
from schemas.instants import format_instant
from schemas.record import LogRecord
from schemas.topics import CHANGES, ORDERS
from state.customer import CustomerState
from streams.topic_reader import read_topics
from tierline.connections import kafka_options
from tierline.settings import Settings

KEYS_A_READ = 1000

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class LightEnd:
    """Every customer's row, and the tiers that were published about each, in order."""

    customers: Mapping[str, Row]
    tiers: Mapping[str, list[str]]

    @property
    def outputs(self) -> int:
        """How many records are published."""
        return sum(map(len, self.tiers.values()))


def light_fold(records: Iterable[LogRecord]) -> LightEnd:
    """Fold the orders among the records, with nothing that a contender uses."""
    spent: dict[str, list[Decimal]] = defaultdict(list)
    last: dict[str, str] = {}
    tiers: dict[str, list[str]] = defaultdict(list)
    for record in records:
        if record.topic != ORDERS:
            continue
        order = json.loads(record.value or b"")
        who = order["customer_id"]
        before = tier_of(sum(spent[who]))
        spent[who].append(Decimal(order["amount"]))
        after = tier_of(sum(spent[who]))
        last[who] = max(last.get(who, ""), order["occurred_at"])
        if after != before:
            tiers[who].append(after)
    return LightEnd({who: _row(amounts, last[who]) for who, amounts in spent.items()}, dict(tiers))


def tier_of(spend: Decimal | int) -> str:
    """Return the highest tier that so much spend (major units) reaches."""
    reached = [name for name, least in LEVELS.items() if spend >= least]
    return reached[-1] if reached else "bronze"


def require_equal(found: LightEnd, expected: LightEnd, name: str) -> None:
    """Raise `WrongEndError` where a state or a published tier differs."""
    if found.customers.keys() != expected.customers.keys():
        raise WrongEndError(f"{name}: {len(found.customers):,} customers, the fold has {len(expected.customers):,}")
    for who, row in expected.customers.items():
        if found.customers[who] != row:
            raise WrongEndError(f"{name}: the state of {who} is {found.customers[who]}, the fold says {row}")
    if found.tiers != expected.tiers:
        differ = [who for who, tiers in expected.tiers.items() if found.tiers.get(who) != tiers]
        said = f"other tiers than the fold for {len(differ):,} customers"
        raise WrongEndError(f"{name}: {found.outputs:,} changes, the fold has {expected.outputs:,}; {said}")


async def contenders_end(settings: Settings, changes_topic: str, key_prefix: str) -> LightEnd:
    """Return what a contender left in the store and in its topic."""
    tiers: dict[str, list[str]] = defaultdict(list)
    async for record in read_topics(kafka_options(settings), [changes_topic], settings.partitions):
        change = json.loads(record.value or b"")
        tiers[change["customer_id"]].append(change["tier"])
    return LightEnd(_stored(settings.need_redis(), key_prefix), dict(tiers))


def end_of_folds(runs: Iterable[Run], said: Said) -> LightEnd:
    """Return what Tierline's own fold of the light program says, in the light job's terms."""
    states = [customer for run in runs for customer in run.customers.states.values()]
    tiers: dict[str, list[str]] = defaultdict(list)
    for (topic, key), values in said.items():
        if topic == CHANGES:
            tiers[(key or b"").decode()] = [json.loads(value or b"")["to"] for value in values]
    return LightEnd({customer.customer_id: _row_of(customer) for customer in states}, dict(tiers))


def _row_of(customer: CustomerState) -> Row:
    last_at = customer.last_order_at
    return {
        "orders": customer.orders,
        "spend_minor": customer.spend_minor,
        "last_order_at": None if last_at is None else format_instant(last_at),
        "tier": customer.tier,
    }


def _stored(redis_url: str, key_prefix: str) -> dict[str, Row]:
    with redis.Redis.from_url(redis_url) as client:
        keys = [bytes(key) for key in client.scan_iter(match=key_prefix + "*", count=KEYS_A_READ)]
        blobs = [client.get(key) for key in keys]
    rows = zip(keys, blobs, strict=True)
    return {key.decode().removeprefix(key_prefix): json.loads(blob or b"null") for key, blob in rows}


def _row(amounts: list[Decimal], last_order_at: str) -> Row:
    spend = sum(amounts)
    return {
        "orders": len(amounts),
        "spend_minor": int(spend * 100),
        "last_order_at": last_order_at,
        "tier": tier_of(spend),
    }
