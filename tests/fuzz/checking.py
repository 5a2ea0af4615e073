"""What must hold for every record, and how it is checked against the independent oracle."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from schemas.outputs import OUTPUTS
from schemas.record import LogRecord
from state.outputs import TRUNCATED_BYTES, VALUE_BYTES_MAX, Output, text_of
from tests.builders import Json
from tests.fuzz.world import World
from tests.oracle_admission import TIMESTAMP_MS_END
from tests.product import FATES, ProductFold, VersionedOracle, differences

LETTER_BYTES_MAX = VALUE_BYTES_MAX + 2 * TRUNCATED_BYTES + 4096
DETAIL_CHARACTERS_MAX = 4096
_MODELS = {model.__name__: model for models in OUTPUTS.values() for model in models}


@dataclass
class Totals:
    """What became of all records so far."""

    worlds: int = 0
    records: int = 0
    valid: int = 0
    outputs: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def check_world(seed: int, records: int, totals: Totals) -> None:
    """Fold one world with the product and with the oracle. Raises AssertionError at what does not hold."""
    world = World(seed, records)
    with logged() as lines:
        oracle, product = _both(world)
        assert differences(oracle, product, oracle.clock) == [], "the product differs from the oracle"
        without = _without_the_bad(world, product)
    fates = Counter({fate: oracle.counts[fate] for fate in FATES})
    assert sum(fates.values()) == records, f"in {records}, out {fates}"
    at = product.run.meta.clock_at
    assert without.states(at) == product.states(at), "a bad record touched its neighbours"
    for name in ("changes", "nudges", "suppressions"):
        assert getattr(without, name) == getattr(product, name), f"a bad record touched the {name}"
    assert not any(one in line for line in lines for one in world.customers[:5]), "a log line names a customer"
    totals.worlds += 1
    totals.records += records
    totals.valid += sum(one.is_valid for one in world.sent)
    totals.outputs += len(product.run.outputs)
    totals.fates += fates
    totals.reasons += Counter(str(one["reason"]) for one in oracle.dead_letters)


def _both(world: World) -> tuple[VersionedOracle, ProductFold]:
    oracle, product = VersionedOracle(world.program), ProductFold(world.program)
    for offset, sent in enumerate(world.sent):
        oracle.record(sent.topic, sent.timestamp_ms, sent.value, sent.key, offset, sent.headers)
        before = len(product.run.outputs)
        record = LogRecord(sent.topic, 0, offset, sent.timestamp_ms, sent.key, sent.value, sent.headers)
        product.take(record)
        new = product.run.outputs[before:]
        for output in new:
            check_output(output, record)
        refused = oracle.dead_letters[-1]["reason"] if _is_last(oracle.dead_letters, offset) else None
        found = text_of(new[-1].headers, "tl_reason") if new and new[-1].topic not in OUTPUTS else None
        assert found == refused, f"record {offset} {sent}: the product says {found}, the oracle {refused}"
    product.finish()
    oracle.finish()
    return oracle, product


def _is_last(letters: list[Json], offset: int) -> bool:
    return bool(letters) and letters[-1]["offset"] == offset


def _without_the_bad(world: World, product: ProductFold) -> ProductFold:
    """Fold what was not refused, each record at the moment that the log had reached by then."""
    refused, alone, clock_ms = {one["offset"] for one in product.dead_letters}, ProductFold(world.program), 0
    for offset, sent in enumerate(world.sent):
        at_ms = sent.timestamp_ms if 0 <= sent.timestamp_ms < TIMESTAMP_MS_END else clock_ms
        clock_ms = max(clock_ms, at_ms)
        if offset not in refused:
            alone.take(LogRecord(sent.topic, 0, offset, at_ms, sent.key, sent.value, sent.headers))
    alone.tick(product.run.meta.clock_at)
    return alone


def check_output(output: Output, record: LogRecord) -> None:
    """Raise AssertionError where an output is not what the contract says."""
    if output.topic in OUTPUTS:
        # tier.changed is what TierChanged describes.
        name = text_of(output.headers, "ce_type").title().replace(".", "")
        _MODELS[name].model_validate_json(output.value or b"")
        return
    ours = {name: value for name, value in output.headers[-7:] if name.startswith("tl_")}
    texts = {name: (value or b"").decode() for name, value in ours.items()}
    assert all(text.isprintable() for text in texts.values()), f"a header holds what no terminal should see: {texts}"
    assert len(texts["tl_detail"]) <= DETAIL_CHARACTERS_MAX
    assert int(texts["tl_offset"]) == record.offset
    size = len(output.key or b"") + len(output.value or b"")
    size += sum(len(name) + len(value or b"") for name, value in output.headers)
    assert size <= LETTER_BYTES_MAX, f"a dead letter of {size} bytes"
    assert (output.key, output.value) != (None, None), "the client sends no record of neither key nor value"
    kept = (output.key, output.value, tuple(output.headers[: len(record.headers)]))
    value = b"" if record.key is None and record.value is None else record.value
    is_whole = kept == (record.key, value, record.headers)
    assert is_whole or texts["tl_truncated"] == "true"


class _Lines(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[list[str]]:
    """Yield the list into which everything goes that anybody logs, at whatever level."""
    root, handler = logging.getLogger(), _Lines()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
