"""Laws of decoding: both paths give one verdict, and the fast one alone takes every well-formed event."""

import json
from datetime import UTC, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from schemas import events
from schemas.decoding import Event, RejectedError, decode, judge
from schemas.finishing import finish
from schemas.instants import format_instant, from_datetime
from schemas.money import format_minor
from schemas.topics import CONSENTS, ORDERS
from schemas.wire_structs import struct_of

Body = dict[str, object]
LETTERS = "aZ09 -_.é漢💶"

instants = st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: format_instant(from_datetime(moment))
)
ids = st.text(LETTERS, min_size=1, max_size=128)
amounts = st.integers(0, 10**9).map(lambda minor: format_minor(minor, "USD")) | st.integers(0, 10**6)
currencies = st.sampled_from(["USD", "EUR", "KWD"])
labels = st.none() | st.text(LETTERS, min_size=1, max_size=20)
common = {"customer_id": ids, "occurred_at": instants}
lines = st.none() | st.lists(
    st.fixed_dictionaries(
        {"sku": st.text(LETTERS, min_size=1, max_size=8)},
        optional={"category": labels, "quantity": st.integers(0, 9), "amount": st.none() | amounts},
    ),
    max_size=3,
)
bodies: dict[str, dict[str, st.SearchStrategy[Body]]] = {
    ORDERS: {
        "order.placed": st.fixed_dictionaries(
            {**common, "order_id": ids, "amount": amounts, "currency": currencies},
            optional={"channel": labels, "region": labels, "coupon": labels, "nudge_id": labels, "lines": lines},
        ),
        "order.cancelled": st.fixed_dictionaries({**common, "order_id": ids}, optional={"reason": labels}),
        "order.reinstated": st.fixed_dictionaries({**common, "order_id": ids}, optional={"reason": labels}),
        "order.refunded": st.fixed_dictionaries(
            {**common, "order_id": ids, "refund_id": ids, "amount": amounts, "currency": currencies}
        ),
        "order.returned": st.fixed_dictionaries(
            {**common, "order_id": ids, "return_id": ids}, optional={"reason": labels, "lines": lines}
        ),
    },
    CONSENTS: {
        "consent.changed": st.fixed_dictionaries({**common, "granted": st.booleans()}, optional={"channel": labels}),
        "profile.updated": st.fixed_dictionaries(
            dict(common), optional={"time_zone": st.sampled_from([None, "UTC", "Asia/Tokyo"]), "country": labels}
        ),
        "tier.assigned": st.fixed_dictionaries(
            {**common, "tier": st.just("gold"), "until": instants, "reason": st.text(LETTERS, max_size=20)}
        ),
        "customer.erased": st.fixed_dictionaries(dict(common)),
    },
}
typed = st.sampled_from([(topic, kind) for topic, kinds in bodies.items() for kind in kinds])
events_of_all_kinds = typed.flatmap(
    lambda pair: bodies[pair[0]][pair[1]].map(lambda body: (pair[0], {"type": pair[1], **body}))
)
odd_texts = [
    "", "a\u0000b", "é" * 128, "x" * 129, "12.50", "-1", "1.234", "NaN", "sNaN", "Infinity", "1_000", "+7", "1.",
    "2026-01-31T12:00:00Z", "2026-01-31T12:00:00", "2026-01-31 12:00:00.1234567+05:30", "2026-02-30T12:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9999999-12:00", "usd", "XXX", "JPY", "Mars/Base",
]  # fmt: skip
odd_numbers = [0, -1, 1, 5, 10**13, 10**15, 10**18, 10**30, 1.0, 0.1, 12.5, -0.0, 1e22, 1e300]
oddities: st.SearchStrategy[object] = st.sampled_from([None, True, False, [], {}, *odd_texts, *odd_numbers])


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, bytes]:
    """Return one event's JSON in which something may be missing, odd, unknown, doubled or cut."""
    topic, body = draw(events_of_all_kinds)
    fields = list(body.items())
    for _ in range(draw(st.integers(0, 2))):
        position = draw(st.integers(0, len(fields) - 1))
        name = fields[position][0]
        match draw(st.sampled_from(["replace", "remove", "double", "add", "rename"])):
            case "replace":
                fields[position] = (name, draw(oddities))
            case "remove" if len(fields) > 1:
                del fields[position]
            case "double":
                fields.append((name, draw(oddities)))
            case "rename":
                fields[position] = (name + "_", fields[position][1])
            case _:
                fields.append(("unknown", draw(oddities)))
    fields = draw(st.permutations(fields))
    text = "{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in fields) + "}"
    value = text.encode()
    return topic, value[: draw(st.sampled_from([len(value)] * 9 + [len(value) // 2]))]


def verdict_of(topic: str, value: bytes, *, slowly: bool) -> Event | tuple[str, str]:
    try:
        return finish(judge(topic, value)) if slowly else decode(topic, value)
    except RejectedError as rejected:
        # The words may differ where both paths refuse; the reason may not.
        return "rejected", rejected.reason


@given(mutated())
def test_the_fast_path_and_pydantic_give_the_same_verdict_and_equal_values(record: tuple[str, bytes]) -> None:
    topic, value = record
    assert verdict_of(topic, value, slowly=False) == verdict_of(topic, value, slowly=True)


@given(events_of_all_kinds)
def test_every_well_formed_event_is_accepted_by_the_fast_path_alone(record: tuple[str, Body]) -> None:
    topic, body = record
    value = json.dumps(body).encode()
    structs = tuple(struct_of(model) for model in events.MODELS[topic])
    matching = next(struct for struct in structs if struct.__struct_config__.tag == body["type"])
    finish(msgspec.json.decode(value, type=matching))
    event = decode(topic, value)
    assert (event.type, event.customer_id) == (body["type"], body["customer_id"])
