"""What a replay would have sent beside what a ``read_committed`` reader of the output topics gets."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

import msgspec

from replay.differences import ABSENT, Difference, hashed
from replay.journal import PartitionLog
from replay.withheld import Withheld
from schemas.record import LogRecord
from schemas.topics import CHANGES, NUDGES, SUPPRESSIONS
from state.outputs import Output, text_of

COMPARED: Final = (CHANGES, NUDGES, SUPPRESSIONS)
_encoder = msgspec.msgpack.Encoder()


class Said(NamedTuple):
    """One output, remembered without its text."""

    id: str
    digest: bytes
    may_be_missing: bool = False
    """Its customer was erased later, perhaps while this still waited to be published."""


class Emitted:
    """Remembers what a run emits, per topic and customer and in order."""

    def __init__(self, withheld: Withheld) -> None:
        self._withheld = withheld
        self._said: dict[str, dict[str, list[Said]]] = {topic: defaultdict(list) for topic in COMPARED}

    def take(self, output: Output, _: LogRecord | None) -> None:
        """Remember one output; others than of the compared topics are let go."""
        if output.topic in self._said:
            said = _said(output.value, output.headers, may_be_missing=self._withheld.holds(output.key))
            self._said[output.topic][_id(output.key)].append(said)

    async def compare(self, partition: int, log: PartitionLog) -> list[Difference]:
        """Return where the topics differ, at most once a customer and topic; retention may have taken their beginning.

        Nothing may be published meanwhile: the journal must have ended before and after.
        """
        found: list[Difference] = []
        for topic in COMPARED:
            is_cut = await log.first_offset(topic) > 0
            published: dict[str, list[Said]] = defaultdict(list)
            async for record in log.read(topic):
                published[_id(record.key)].append(_said(record.value, record.headers))
            found += _differences(partition, topic, self._said[topic], published, is_cut=is_cut)
        return found


def _differences(
    partition: int,
    topic: str,
    emitted: Mapping[str, Sequence[Said]],
    published: Mapping[str, Sequence[Said]],
    *,
    is_cut: bool,
) -> Iterator[Difference]:
    for customer_id in sorted({*emitted, *published}):
        unequal = first_unequal(emitted.get(customer_id, ()), published.get(customer_id, ()), is_cut=is_cut)
        if unequal is not None:
            number, replayed, live = unequal
            yield Difference(partition, hashed(customer_id), f"{topic}, number {number}", replayed, live)


def first_unequal(
    emitted: Sequence[Said], published: Sequence[Said], *, is_cut: bool = False
) -> tuple[int, str, str] | None:
    """Return where two sequences part: the number of the published one, and what stands there in each.

    Emitted ones that may be missing are passed over, and with ``is_cut`` also those before the first published one.
    """
    position = 0
    for number, live in enumerate(published):
        may_skip = is_cut and number == 0
        while position < len(emitted) and not _is_same(emitted[position], live):
            if not may_skip and not emitted[position].may_be_missing:
                return number, *_names(emitted[position], live)
            position += 1
        if position == len(emitted):
            return number, *_names(None, live)
        position += 1
    left = [said for said in emitted[position:] if not said.may_be_missing and not (is_cut and not published)]
    return (len(published), *_names(left[0], None)) if left else None


def _is_same(emitted: Said, live: Said) -> bool:
    return emitted.id == live.id and emitted.digest == live.digest


def _names(replayed: Said | None, live: Said | None) -> tuple[str, str]:
    names = (ABSENT if replayed is None else replayed.id, ABSENT if live is None else live.id)
    if replayed is not None and live is not None and replayed.id == live.id:
        return f"{names[0]} with digest {replayed.digest.hex()}", f"with digest {live.digest.hex()}"
    return names


def _said(value: bytes | None, headers: Iterable[tuple[str, bytes | None]], *, may_be_missing: bool = False) -> Said:
    kept = list(headers)
    digest = sha256(_encoder.encode((value, kept))).digest()[:8]
    return Said(text_of(kept, "ce_id") or "without ce_id", digest, may_be_missing)


def _id(key: bytes | None) -> str:
    return (key or b"").decode(errors="replace")
