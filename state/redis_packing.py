"""The arguments of the Redis Functions, in the order in which `commit.lua` reads them, and replies read back; pure."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from state.store import CHANGED_MAX, DAYS_MAX, LIVE_MAX, TOLD_MAX, Loaded, Wanted, Write

Argument = bytes | str | int | float
Reply = bytes | int | float | None | list["Reply"]


def load_arguments(wanted: Wanted) -> list[Argument]:
    """Return ids of states, hashes of the same ids (for erasures), then fields by ledger."""
    ids = wanted.states
    hashes = [sha256(customer_id.encode()).hexdigest() for customer_id in ids]
    args: list[Argument] = [len(ids), *ids, len(ids), *hashes, len(wanted.ledgers)]
    for customer_id, fields in wanted.ledgers.items():
        args += (customer_id, len(fields), *fields)
    return args


def loaded(wanted: Wanted, reply: Sequence[Sequence[bytes | None]]) -> Loaded:
    """Return what the reply to `load_arguments` says; nothing erased comes as an empty list."""
    states, erasures, values = reply
    ids, blobs = wanted.states, iter(values)
    erased = erasures if len(erasures) == len(ids) else [None] * len(ids)
    return Loaded(
        dict(zip(ids, states, strict=True)),
        {customer_id: dict(zip(fields, blobs)) for customer_id, fields in wanted.ledgers.items()},  # noqa: B905
        {i: int(at) if at is not None else None for i, s, at in zip(ids, states, erased, strict=True) if s is None},
    )


def fields_and_values(flat: Sequence[bytes]) -> dict[str, bytes]:
    """Return the hash that `HGETALL` lists."""
    return {field.decode(): value for field, value in zip(flat[::2], flat[1::2], strict=True)}


def commit_arguments(expected: str, new_token: str, write: Write) -> list[Argument]:
    """Return tokens, meta, step, outbox entry, the day, who changed, caps, the sizes of seven lists, then the lists."""
    puts: list[Argument] = []
    drops: list[Argument] = list(write.reborn)
    for customer_id, state in write.states.items():
        if state is None:
            drops.append(customer_id)
        else:
            puts += (customer_id, state)
    ledgers = _ledger_arguments(write.ledgers)
    due: list[Argument] = []
    for customer_id, at in write.due.items():
        due += ("+inf" if at is None else at, customer_id)
    erased: list[Argument] = [argument for pair in write.erased.items() for argument in pair]
    rewritten: list[Argument] = [argument for pair in write.rewritten.items() for argument in pair]
    said: list[Argument] = []
    for one in write.said:
        said += (f"{one.step}-{one.number}", one.customer_id, one.body)
    lists = (drops, puts, ledgers, due, erased, rewritten, said)
    head: list[Argument] = [expected, new_token, write.meta, write.step, write.outbox or b""]
    head += (*_for_pages(write), *map(len, lists))
    return [*head, *drops, *puts, *ledgers, *due, *erased, *rewritten, *said]


def _for_pages(write: Write) -> tuple[Argument, ...]:
    """Return the day's slot and counts, the ids of who changed (JSON), and how much is kept of each."""
    slot, counts = ("", b"") if write.day is None else (write.day[0] % DAYS_MAX, _day_blob(*write.day))
    changed = msgspec.json.encode(list(write.states)) if write.states else b""
    return slot, counts, changed, TOLD_MAX, LIVE_MAX, CHANGED_MAX


def _day_blob(day: int, counts: bytes) -> bytes:
    return b"[%d,%b]" % (day, counts)


def _ledger_arguments(ledgers: Mapping[str, Mapping[str, bytes | None]]) -> list[Argument]:
    args: list[Argument] = []
    for customer_id, fields in ledgers.items():
        args += (customer_id, len(fields))
        for name, value in fields.items():
            args += (name, value or b"")
    return args


def info_of(text: bytes) -> dict[str, str]:
    """Return what `INFO` says."""
    pairs = (line.partition(":") for line in text.decode().splitlines())
    return {key: value for key, _, value in pairs}
