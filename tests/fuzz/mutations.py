"""Seeded, structure-aware mutations of real events: what a careless or hostile producer may put on an input topic."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from schemas.record import Headers
from schemas.topics import CONSENTS, ORDERS
from tests.builders import Json
from tests.fuzz.oddities import BYTES, DEEP, HEADERS, HUGE, INSTANTS, KEYS, NUMBERS, TEXTS, TIMESTAMPS_MS, Raw

Fields = list[tuple[object, object]]
"""The members of an object in order; one may stand twice, and a name may be raw text."""


@dataclass(frozen=True)
class Sent:
    """One record on its way, and whose event it was before it was mutated."""

    customer_id: str
    topic: str
    timestamp_ms: int
    value: bytes | None
    key: bytes | None
    headers: Headers = ()
    is_valid: bool = False


def mutated(rng: random.Random, topic: str, body: Json, timestamp_ms: int) -> Sent:
    """Return a record made from an event by one to three mutations; now and then it is still a good one."""
    customer_id = str(body["customer_id"])
    fields: Fields = list(body.items())
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        fields = rng.choice(STRUCTURAL)(rng, fields) or fields
    value = encoded(rng, fields)
    sent = Sent(customer_id, topic, timestamp_ms, value, customer_id.encode())
    if rng.random() < 0.35:
        sent = replace(sent, value=rng.choice(BYTE_LEVEL)(rng, value))
    for mutate, share in ((_other_key, 0.08), (_other_timestamp, 0.05), (_other_topic, 0.04), (_headers, 0.08)):
        if rng.random() < share:
            sent = mutate(rng, sent)
    return sent


def encoded(rng: random.Random, fields: Fields) -> bytes:
    """Return a JSON object of these members, doubled ones too, as some encoder might write it."""
    is_ascii = rng.random() < 0.7
    gap = rng.choice(("", "", "", " ", "\n\t ", "\r\n"))
    members = [f"{_written(name, is_ascii)}:{gap}{_written(value, is_ascii)}" for name, value in fields]
    return ("{" + gap + f",{gap}".join(members) + gap + "}").encode("utf-8", "surrogatepass")


def _written(value: object, is_ascii: bool) -> str:
    if isinstance(value, Raw):
        return value.text
    if isinstance(value, list):
        return "[" + ",".join(_written(one, is_ascii) for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{_written(k, is_ascii)}:{_written(v, is_ascii)}" for k, v in value.items()) + "}"
    return json.dumps(value, ensure_ascii=is_ascii)


# Mutations of the members

_MONEY = ("amount",)
_MOMENTS = ("occurred_at", "until")


def _drop(rng: random.Random, fields: Fields) -> Fields:
    gone = rng.randrange(len(fields))
    return fields[:gone] + fields[gone + 1 :]


def _double(rng: random.Random, fields: Fields) -> Fields:
    """Say one thing twice, the second time perhaps another; the last counts."""
    name, value = rng.choice(fields)
    again = value if rng.random() < 0.4 else _oddity(rng, name)
    at = rng.randrange(len(fields) + 1)
    return [*fields[:at], (name, again), *fields[at:]]


def _rename(rng: random.Random, fields: Fields) -> Fields:
    at = rng.randrange(len(fields))
    name, value = fields[at]
    text = name if isinstance(name, str) else "x"
    other: object = rng.choice(
        (text.upper(), text + " ", text[:-1], "_" + text, text + "\u200b", rng.choice(TEXTS), "__proto__")
    )
    return [*fields[:at], (other, value), *fields[at + 1 :]]


def _spoil(rng: random.Random, fields: Fields) -> Fields:
    at = rng.randrange(len(fields))
    name, _ = fields[at]
    return [*fields[:at], (name, _oddity(rng, name)), *fields[at + 1 :]]


def _add(rng: random.Random, fields: Fields) -> Fields:
    return [*fields, (rng.choice(("x", "", "data", "type ", rng.choice(TEXTS))), _oddity(rng, "x"))]


def _other_type(rng: random.Random, fields: Fields) -> Fields:
    kinds = ("order.placed", "order.cancelled", "order.refunded", "customer.erased", "customer.merged", "Order.Placed")
    kind: object = rng.choice((*kinds, "order.placed\u0000", 7, None, ["order.placed"]))
    return [(name, kind if name == "type" else value) for name, value in fields]


def _lines(rng: random.Random, fields: Fields) -> Fields:
    """Give the event lines: many, odd, or nested where no array belongs."""
    line: Json = {"sku": "s", "category": "tea", "quantity": 1, "amount": "1.00"}
    name = rng.choice([*line, "x"])
    one: object = line | {name: _oddity(rng, name)}
    lines: object = rng.choice(
        ([], [one], [line, one], [line] * rng.choice((2, 50, 400)), one, [[one]], [None], "lines")
    )
    return [*(member for member in fields if member[0] != "lines"), ("lines", lines)]


def _shuffle(rng: random.Random, fields: Fields) -> Fields:
    return rng.sample(fields, len(fields))


def _bomb(rng: random.Random, fields: Fields) -> Fields:
    name = rng.choice(("x", rng.choice(fields)[0]))
    bomb = rng.choice(HUGE if rng.random() < 0.01 else DEEP)
    return [*(member for member in fields if member[0] != name), (name, bomb)]


def _other_money(rng: random.Random, fields: Fields) -> Fields:
    """Change amount or currency where there is one."""
    currency = rng.choice(("USD", "EUR", "JPY", "KWD", "CLF", "usd", "XXX", "ZZZ"))
    name, other = rng.choice((("amount", rng.choice(NUMBERS)), ("currency", currency)))
    return [(one, other if one == name else value) for one, value in fields]


def _oddity(rng: random.Random, name: object) -> object:
    pool = rng.random()
    if (name in _MONEY and pool < 0.8) or pool < 0.2:
        return rng.choice(NUMBERS)
    if (name in _MOMENTS and pool < 0.8) or pool < 0.3:
        return rng.choice(INSTANTS)
    if pool < 0.85:
        return rng.choice(TEXTS)
    return rng.choice((None, True, False, [], {}, [[]], {"a": {}}, ["a"], 0, -1, 1.5, Raw("1e5")))


STRUCTURAL: tuple[Callable[[random.Random, Fields], Fields], ...] = (
    _drop, _double, _double, _rename, _spoil, _spoil, _spoil, _spoil, _spoil, _add, _other_type, _lines, _shuffle,
    _bomb,
    _other_money, _other_money,
)  # fmt: skip


# Mutations of the bytes


def _flip(rng: random.Random, value: bytes) -> bytes:
    flipped = bytearray(value)
    for _ in range(rng.choice((1, 1, 2, 5))):
        flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def _cut(rng: random.Random, value: bytes) -> bytes:
    return value[: rng.randrange(len(value))]


def _inserted(rng: random.Random, value: bytes) -> bytes:
    at = rng.randrange(len(value) + 1)
    return value[:at] + rng.choice(BYTES) + value[at:]


def _replaced(rng: random.Random, value: bytes) -> bytes:
    at = rng.randrange(len(value))
    return value[:at] + rng.choice(BYTES) + value[at + 1 :]


def _joined(rng: random.Random, value: bytes) -> bytes:
    return rng.choice(
        (value + value, value + b"\n" + value, b"[" + value + b"]", value + b"\x00", b"\xef\xbb\xbf" + value)
    )


def _recoded(rng: random.Random, value: bytes) -> bytes:
    return value.decode("utf-8", "replace").encode(
        rng.choice(("utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252")), "replace"
    )


def _around_the_limit(rng: random.Random, value: bytes) -> bytes:
    """Return the value with an unknown member, a byte below, at or above 256 KiB; seldom, for it is large."""
    if rng.random() > 0.02:
        return _flip(rng, value)
    size = 256 * 1024 + rng.choice((-1, 0, 1, 1000))
    head = value.rstrip()[:-1] + b',"pad":"'
    return head + b"x" * (size - len(head) - 2) + b'"}'


BYTE_LEVEL: tuple[Callable[[random.Random, bytes], bytes | None], ...] = (
    _flip, _flip, _flip, _cut, _inserted, _replaced, _joined, _recoded, _around_the_limit,
    lambda rng, value: rng.choice((None, b"", b"{}", b"null", b"[]", b'"', rng.randbytes(rng.randrange(64)))),
)  # fmt: skip


# Mutations of what is around the value


def _other_key(rng: random.Random, sent: Sent) -> Sent:
    return replace(sent, key=rng.choice(KEYS))


def _other_timestamp(rng: random.Random, sent: Sent) -> Sent:
    return replace(sent, timestamp_ms=rng.choice(TIMESTAMPS_MS))


def _other_topic(rng: random.Random, sent: Sent) -> Sent:
    return replace(sent, topic=CONSENTS if sent.topic == ORDERS else ORDERS)


def _headers(rng: random.Random, sent: Sent) -> Sent:
    return replace(sent, headers=tuple(rng.choice(HEADERS) for _ in range(rng.choice((1, 1, 2, 4)))))
