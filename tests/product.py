"""The product's fold behind the oracle's interface, and how the two differ over one log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import EllipsisType

from replay.log_file import parse_record
from replay.run import Run, run_log
from schemas.journal import ModelAdoption, ProgramChange, Start, Tick
from schemas.program import Program
from schemas.record import LogRecord
from schemas.snapshot import decode_snapshot
from schemas.topics import CHANGES, INPUTS, NUDGES, SUPPRESSIONS
from state.outputs import Output, text_of
from state.score import Model, model_of
from tests.folding import Fold, fold_log, fold_steps
from tests.oracle import Oracle

Json = dict[str, object]
FATES = ("applied", "duplicate", "dead", "erased")


def program_of(program: Mapping[str, object]) -> Program:
    """Return the product's program of a rules file's content."""
    return Program.model_validate(program)


def model_from(version: int, snapshot: Mapping[str, object]) -> Model:
    """Return the product's model of a published snapshot."""
    return model_of(version, decode_snapshot(json.dumps(snapshot).encode()))


class ProductFold:
    """A run with the oracle's interface."""

    def __init__(self, program: Mapping[str, object], *, started_at: int | None = None, run: Run | None = None) -> None:
        self.run = run or Run()
        self.changes: list[Json] = []
        self.nudges: list[Json] = []
        self.suppressions: list[Json] = []
        self.dead_letters: list[Json] = []
        self._taken = 0
        if run is None:
            start = Start(started_at, dict.fromkeys(INPUTS, 0), {}, program_of(program).canonical_json())
            self.run.take_step(start)
        self._collect()

    def record(
        self,
        topic: str,
        timestamp_ms: int,
        value: bytes | None,
        key: bytes | EllipsisType | None = ...,
        offset: int = 0,
    ) -> None:
        keyed = _customer_key(value) if isinstance(key, EllipsisType) else key
        self.take(LogRecord(topic, 0, offset, timestamp_ms, keyed, value, ()))

    def take(self, record: LogRecord) -> None:
        self.run.take_record(record)
        self._collect()

    def tick(self, at: int, upto: str | None = None) -> None:
        self.run.take_step(Tick(at, upto))
        self._collect()

    def change_program(self, at: int, program: Mapping[str, object], program_version: str) -> None:
        self.run.take_step(ProgramChange(at, program_of(program).canonical_json()))
        self.tick(at)

    def adopt(self, at: int, version: int, snapshot: Mapping[str, object]) -> None:
        self.run.adopt(ModelAdoption(version, at), model_from(version, snapshot))
        self._collect()

    def finish(self, until: int | None = None) -> None:
        self.tick(max(self.run.meta.clock_at, until or 0))

    @property
    def counts(self) -> Counter[str]:
        """How many records met each fate so far."""
        fates: Counter[str] = Counter()
        for name, count in self.run.meta.counters.items():
            fates[name.split(":")[0]] += count
        return Counter({fate: fates[fate] for fate in FATES if fates[fate]})

    def states(self, as_of: int) -> dict[str, Json]:
        # The oracle knows no topic in `source`.
        return {one: body | {"source": _place(body["source"])} for one, body in self.run.read_models(as_of).items()}

    def _collect(self) -> None:
        outputs = self.run.outputs[self._taken :]
        self._taken = len(self.run.outputs)
        by_topic = {CHANGES: self.changes, NUDGES: self.nudges, SUPPRESSIONS: self.suppressions}
        for output in outputs:
            if output.topic in by_topic:
                by_topic[output.topic].append(json.loads(output.value or b""))
            else:
                self.dead_letters.append(_dead_letter(output))


class VersionedOracle(Oracle):
    """The oracle, with the product's names for versions of the program."""

    def __init__(self, program: Json, started_at: int | None = None) -> None:
        super().__init__(program, program_of(program).version_id, started_at=started_at)

    def change_program(self, at: int, program: Mapping[str, object], program_version: str) -> None:
        super().change_program(at, program, program_of(program).version_id)


def differences_of_log(program: Json, records: Sequence[Json], until: int | None = None) -> list[str]:
    """Return how the product's fold of a log file differs from the oracle's; empty when they are equal."""
    oracle = VersionedOracle(program)
    fold_log(oracle, records, until)
    offsets: dict[str, int] = {}
    lines = [parse_record(json.dumps(record, ensure_ascii=False).encode(), offsets) for record in records]
    run = run_log(lines, program_of(program), until, drops_erased=False)
    return differences(oracle, ProductFold(program, run=run), max(oracle.clock, until or 0))


def differences_of_steps(program: Json, steps: Sequence[Json], started_at: int | None = None) -> list[str]:
    """Return how the two differ over records, ticks and changes of program."""
    oracle, product = VersionedOracle(program, started_at), ProductFold(program, started_at=started_at)
    last_at = max((int(str(step["at"])) for step in steps if "at" in step), default=0)
    seen = []
    for fold in (oracle, product):
        seen.append(fold_steps(fold, steps))
        fold.finish(last_at)
    on_the_way = _compare("on the way", *seen)
    return on_the_way + differences(oracle, product, max(oracle.clock, last_at))


def differences(oracle: Fold, product: Fold, as_of: int) -> list[str]:
    """Return each thing in which the folds differ, outputs per customer and in order."""
    found: list[str] = []
    for name in ("changes", "nudges", "suppressions"):
        found += _compare(name, _by_customer(getattr(oracle, name)), _by_customer(getattr(product, name)))
    letters = [{name: one[name] for name in ("topic", "offset", "reason")} for one in oracle.dead_letters]
    found += _compare("dead_letters", {"": letters}, {"": product.dead_letters})
    found += _compare("counts", dict(oracle.counts), dict(product.counts))
    found += _compare("states", oracle.states(as_of), product.states(as_of))
    return found


def shrunk(records: Sequence[Json], differs: Callable[[list[Json]], bool]) -> list[Json]:
    """Return as few of the records as still differ: none of them can be dropped."""
    kept, size = list(records), max(1, len(records) // 2)
    while True:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + size :]
            if fewer and differs(fewer):
                kept = fewer
            else:
                start += size
        if size == 1:
            return kept
        size //= 2


def _by_customer(bodies: Iterable[Mapping[str, object]]) -> dict[str, object]:
    grouped: dict[str, object] = {}
    for body in bodies:
        rows = grouped.setdefault(str(body["customer_id"]), [])
        assert isinstance(rows, list)
        rows.append(dict(body))
    return grouped


def _compare(where: str, oracle: object, product: object) -> list[str]:
    """Walk both and name every leaf that differs."""
    if isinstance(oracle, dict) and isinstance(product, dict):
        names = [*oracle, *(name for name in product if name not in oracle)]
        return [
            line
            for name in names
            for line in _compare(f"{where}.{name}", oracle.get(name, "absent"), product.get(name, "absent"))
        ]
    if isinstance(oracle, list) and isinstance(product, list) and len(oracle) == len(product):
        pairs = enumerate(zip(oracle, product, strict=True))
        return [line for index, (one, other) in pairs for line in _compare(f"{where}[{index}]", one, other)]
    if type(oracle) is type(product) and oracle == product:
        return []
    return [f"{where}\n    oracle:  {_short(oracle)}\n    product: {_short(product)}"]


def _short(value: object) -> str:
    if isinstance(value, list):
        shown = [_named(one) if isinstance(one, dict) else one for one in value]
        return json.dumps(shown, ensure_ascii=False)
    return json.dumps(value, ensure_ascii=False)


def _named(body: Json) -> str:
    kept = [str(body[name]) for name in ("type", "kind", "reason", "at", "from", "to") if name in body]
    return " ".join(kept) if kept else json.dumps(body, ensure_ascii=False)


def _place(source: object) -> object:
    return {name: source[name] for name in source if name != "topic"} if isinstance(source, dict) else source


def _dead_letter(output: Output) -> Json:
    topic, offset, reason = (text_of(output.headers, f"tl_{name}") for name in ("topic", "offset", "reason"))
    return {"topic": topic, "offset": int(offset), "reason": reason}


def _customer_key(value: bytes | None) -> bytes | None:
    line = b'{"topic":"","value":%b}' % json.dumps(None if value is None else value.decode()).encode()
    return parse_record(line).key
