"""Laws of the fold: what comes again, in another order, in other batches or in many slices of time changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from replay.run import Run
from schemas.journal import ProgramChange, Start, Tick, compress
from schemas.topics import INPUTS, ORDERS
from state.customer import CustomerState
from state.fold import Fold
from state.memory import CustomersInMemory
from state.meta import PartitionMeta
from state.outputs import Output
from tests.builders import Json, a_cancellation, a_consent, a_record, a_refund, a_reinstatement, an_order
from tests.histories import BEGIN_AT, LAW, folded, histories, log_records, money, programs
from tests.oracle_rules import DAY_US
from tests.product import program_of
from tests.scenario import with_rules

US = ("c-1", "c-2", "c-3")


# What comes again


@LAW
@given(programs(), histories("c-1"), st.data())
def test_a_redelivered_suffix_changes_nothing(program: Json, records: list[Json], data: st.DataObject) -> None:
    orders_and_consents = [one for one in records if type_of(one) != "tier.assigned"]
    start = data.draw(st.integers(0, len(orders_and_consents)))
    again = [one | {"timestamp": records[-1]["timestamp"]} for one in orders_and_consents[start:]]
    assert_nothing_changes(folded(program, records), again)


def test_a_redelivery_after_the_end_of_a_chain_changes_nothing() -> None:
    """The decision that forgets an upgrade's chain forgets the days with it, not the one after."""
    program = with_rules({"window": {"lifetime": True}})
    at_ms = [BEGIN_AT // 1000] * 4 + [(BEGIN_AT + 100 * DAY_US) // 1000]
    records = [a_record(an_order(f"o-{number}", "1.00"), at) for number, at in enumerate(at_ms)]
    run = folded(program, [a_record(a_consent(), at_ms[0]), *records])
    assert states(run)["c-1"].rank == 1, "there was a chain"
    assert states(run)["c-1"].chain is None, "and it is over"
    assert_nothing_changes(run, [a_record(a_consent(), at_ms[-1])])


@LAW
@given(programs(), histories("c-1"), st.data())
def test_a_repeated_id_changes_nothing_whatever_its_body_says(
    program: Json, records: list[Json], data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from([one for one in records if one["topic"] == ORDERS] or records[:1]))
    value = one["value"]
    assert isinstance(value, dict)
    cents = data.draw(st.integers(0, 12_000))
    other = value | {"amount": money(cents), "coupon": "NEW"} if "amount" in value else value
    assert_nothing_changes(folded(program, records), [one | {"timestamp": records[-1]["timestamp"], "value": other}])


@LAW
@given(programs(), histories("c-1"), st.data())
def test_a_redelivery_later_leaves_what_time_alone_would(
    program: Json, records: list[Json], data: st.DataObject
) -> None:
    later_ms = int(str(records[-1]["timestamp"])) + data.draw(st.integers(0, 500)) * DAY_US // 1000
    again = [one | {"timestamp": later_ms} for one in records if one["topic"] == ORDERS]
    redelivered, alone = folded(program, [*records, *again]), folded(program, records)
    for run in (redelivered, alone):
        run.take_step(Tick(later_ms * 1000))
    assert said(redelivered.outputs) == said(alone.outputs)
    assert views(redelivered, later_ms * 1000) == views(alone, later_ms * 1000)


def assert_nothing_changes(run: Run, again: list[Json]) -> None:
    before, spoken = states(run), len(run.outputs)
    for record in log_records(again):
        run.take_record(record)
    assert states(run) == before
    assert run.outputs[spoken:] == []


# In another order


@LAW
@given(programs(), histories("c-1"), st.data())
def test_arrival_in_any_order_gives_the_same_totals(program: Json, records: list[Json], data: st.DataObject) -> None:
    last_ms = int(str(records[-1]["timestamp"]))
    shuffled = data.draw(st.permutations(records))
    runs = [
        folded(program, [one | {"timestamp": last_ms + place} for place, one in enumerate(order)])
        for order in (records, shuffled)
    ]
    assert totals(runs[0]) == totals(runs[1])


TOTALS = (
    *("orders", "spend_minor", "excess_minor", "window_minor", "window_orders"),
    *("first_order_at", "last_order_at", "first_order_day", "last_order_day"),
)


def totals(run: Run) -> list[object]:
    return [[getattr(one, name) for name in TOTALS] for one in run.customers.states.values()]


@settings(LAW, max_examples=20)
@given(programs(), st.lists(st.tuples(st.integers(0, 12_000), st.integers(1, 3)), min_size=100, max_size=100))
def test_buying_and_refunding_a_hundred_times_ends_at_zero(program: Json, bought: list[tuple[int, int]]) -> None:
    records = [record for number, (cents, parts) in enumerate(bought) for record in a_purchase(number, cents, parts)]
    customer = folded(program, records).customers.states["c-1"]
    assert (customer.spend_minor, customer.orders, customer.excess_minor) == (0, 0, 0)
    assert (customer.window_minor, customer.window_orders) == (0, 0)
    assert (customer.first_order_at, customer.last_order_at) == (None, None)
    buckets = [customer.older, *customer.days]
    assert (sum(one.spend_minor for one in buckets), sum(one.orders for one in buckets)) == (0, 0)


def a_purchase(number: int, cents: int, parts: int) -> list[Json]:
    """Return an order and its refund in parts; one of amount 0 counts, unless it is cancelled."""
    at_ms, order_id = BEGIN_AT // 1000 + number * 60_000, f"o-{number}"
    shares = [cents // parts] * (parts - 1) + [cents - cents // parts * (parts - 1)]
    refunds = [a_refund(f"r-{number}-{part}", order_id, money(share)) for part, share in enumerate(shares)]
    back = refunds if cents else [a_cancellation(order_id)]
    return [a_record(value, at_ms) for value in (an_order(order_id, money(cents)), *back)]


@LAW
@given(programs(), st.integers(0, 12_000), st.integers(1, 20))
def test_cancelled_and_reinstated_counts_once(program: Json, cents: int, times: int) -> None:
    values = [an_order("o-1", money(cents))]
    for second in range(times):
        values.append(a_cancellation("o-1", f"2017-03-01T12:{second:02d}:00Z"))
        values.append(a_reinstatement("o-1", f"2017-03-01T12:{second:02d}:30Z"))
    run = folded(program, [a_record(value, BEGIN_AT // 1000 + 3_600_000) for value in values])
    customer = run.customers.states["c-1"]
    assert (customer.orders, customer.spend_minor, customer.window_minor) == (1, cents, cents)


@LAW
@given(
    st.sampled_from([("USD", 2), ("JPY", 0), ("KWD", 3)]),
    st.lists(st.integers(0, 10**12), min_size=1, max_size=30),
)
def test_amounts_add_up_exactly(currency: tuple[str, int], minors: list[int]) -> None:
    name, digits = currency
    paid = [Decimal(minor).scaleb(-digits) for minor in minors]
    records = [
        a_record(an_order(f"o-{number}", f"{amount:f}", currency=name), BEGIN_AT // 1000)
        for number, amount in enumerate(paid)
    ]
    view = folded(with_rules(currency=name), records).read_models(BEGIN_AT)["c-1"]
    rfm = view["rfm"]
    assert isinstance(rfm, dict)
    assert rfm["monetary"] == f"{sum(paid):.{digits}f}"


# In other batches and slices


@LAW
@given(programs(), histories(*US), st.lists(st.booleans(), min_size=30, max_size=30))
def test_commits_may_be_cut_anywhere(program: Json, records: list[Json], cuts: list[bool]) -> None:
    whole, cut = batches(program, records, [False] * 30), batches(program, records, cuts)
    assert whole == cut


def batches(program: Json, records: list[Json], cuts: list[bool]) -> tuple[object, ...]:
    """Return what all commits together write and say, cut where ``cuts`` says."""
    fold = Fold(PartitionMeta(), CustomersInMemory())
    fold.start(Start(None, dict.fromkeys(INPUTS, 0), {}, program_of(program).canonical_json()))
    taken = []
    for record, ends in zip(log_records(records), cuts, strict=False):
        fold.apply(fold.admit(record))
        taken += [fold.take_changes()] if ends else []
    taken.append(fold.take_changes())
    stored: dict[str, CustomerState | None] = {}
    ledger: dict[tuple[str, str], object] = {}
    due: dict[str, int | None] = {}
    for changes in taken:
        stored |= changes.states
        ledger |= {(one, name): entry for one, fields in changes.ledger.items() for name, entry in fields.items()}
        due |= changes.due
    steps = compress(1, (step for changes in taken for step in changes.steps)).steps
    outputs = [output for changes in taken for output in changes.outputs]
    return stored, ledger, due, steps, outputs, taken[-1].meta, [c.first_step for c in taken][:1]


@LAW
@given(programs(), histories(*US), st.lists(st.tuples(st.integers(0, 800), st.sampled_from("048cf")), max_size=8))
def test_time_may_be_cut_anywhere(program: Json, records: list[Json], slices: list[tuple[int, str]]) -> None:
    at_once, sliced = folded(program, records), folded(program, records)
    last_at = int(str(records[-1]["timestamp"])) * 1000
    for hours, digit in sorted(slices):
        moment = last_at + hours * DAY_US // 2
        for upto in (digit * 16, None):
            sliced.take_step(Tick(moment, upto))
    end = Tick(last_at + 500 * DAY_US)
    for run in (at_once, sliced):
        run.take_step(end)
    assert by_key(sliced.outputs) == by_key(at_once.outputs)
    assert sliced.customers.states == at_once.customers.states


@LAW
@given(programs(), histories(*US), st.integers(0, 500))
def test_every_candidate_is_issued_or_suppressed(program: Json, records: list[Json], days: int) -> None:
    run = folded(program, records)
    last_at = int(str(records[-1]["timestamp"])) * 1000
    run.take_step(Tick(last_at + days * DAY_US))
    run.take_step(ProgramChange(last_at + days * DAY_US, program_of(program | {"version": 2}).canonical_json()))
    run.take_step(Tick(last_at + (days + 40) * DAY_US))
    asked = sum(sum(one.candidates.values()) for one in run.customers.states.values())
    counted: Counter[str] = Counter()
    for name, count in run.meta.counters.items():
        counted[name.split(":")[0]] += count
    assert asked == counted["issued"] + counted["suppressed"]


# Helpers


def type_of(record: Json) -> str:
    value = record["value"]
    return str(value["type"]) if isinstance(value, dict) else ""


def states(run: Run) -> dict[str, CustomerState]:
    return {one: replace(state, now_at=0, source=None) for one, state in run.customers.states.items()}


def views(run: Run, as_of: int) -> dict[str, object]:
    return {one: view | {"source": None} for one, view in run.read_models(as_of).items()}


def said(outputs: Iterable[Output]) -> list[tuple[str, bytes | None]]:
    return [(output.topic, output.value) for output in outputs]


def by_key(outputs: Iterable[Output]) -> Mapping[bytes | None, list[Output]]:
    grouped: dict[bytes | None, list[Output]] = {}
    for output in outputs:
        grouped.setdefault(output.key, []).append(output)
    return grouped
