"""What a partition knows of itself: where it is in its inputs, its clock, its programs, its counters."""

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.instants import DAY_MICROSECONDS, Instant
from schemas.journal import Tick
from schemas.value import PricedBy
from state.errors import NewerStateError, UnreadableStateError
from state.in_force import NO_MODELS, Models, Programs
from state.rules import rules_of
from state.score import Model
from state.ticks import reaches_everyone

META_FORMAT: Final = 2
"""1: a change of program or model was written into every due moment at once, and format stood nowhere."""


class PartitionMeta(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A partition after `step` steps. All of it goes into each commit."""

    format: int = 1
    partition: int = 0
    step: int = 0
    """How many steps were taken since the start."""
    offsets: dict[str, int] = msgspec.field(default_factory=dict)
    """The next offset to take, per input topic."""
    topic_ids: dict[str, str] = msgspec.field(default_factory=dict)
    clock_at: Instant = 0
    """The latest record timestamp processed."""
    started_at: Instant | None = None
    """The wall clock at the first start; None on a log that has none."""
    program: str = ""
    """The canonical JSON of the program in force."""
    previous_program: str | None = None
    """The one before, until every customer has been moved."""
    program_changed_at: Instant = 0
    model: int = -1
    """The version of the model in force, -1 before the first."""
    previous_model: int | None = None
    """The one before, until every customer has been scored with the one in force."""
    model_adopted_at: Instant = 0
    priced_by: PricedBy | None = None
    """What prices in the model in force; None: nothing, or an older Tierline adopted it."""
    labels: int = 0
    """How many labels the model in force had learnt value from."""
    swept_upto: str = ""
    """Customers whose hash is at most this met the change of program or model that is being swept."""
    journal_at: int = 0
    """The journal offset from which a claim has to read."""
    published_step: int = 0
    """The last step whose outputs are known to be published."""
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    customers_by_tier: dict[str, int] = msgspec.field(default_factory=dict)
    """How many customers have each tier now, by name; a tier that nobody has is left out."""
    moves: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """How many tier changes there were, by the tier before and the one after."""

    customers_by_segment: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """The same by segment, for each scheme (rfm, cluster, persona); who has none is not counted."""
    segment_moves: dict[str, dict[str, dict[str, int]]] = msgspec.field(default_factory=dict)
    """How many changes from one segment to another there were, for each scheme."""

    @property
    def sweeps_to(self) -> Instant | None:
        """The instant as of which customers are still moved to another program or model, None where everyone was.

        No further one is taken until then.
        """
        if self.previous_program is not None:
            return self.program_changed_at
        return None if self.previous_model is None else self.model_adopted_at

    @property
    def is_sweeping(self) -> bool:
        """Tell whether time, by the clock of the log, has reached a change that not everyone has met."""
        return self.sweeps_to is not None and self.sweeps_to <= self.clock_at

    @property
    def models_in_force(self) -> tuple[int, ...]:
        """The versions whose snapshots are needed to go on."""
        return tuple(version for version in (self.model, self.previous_model) if version is not None and version >= 0)

    def programs(self, models: Mapping[int, Model] | None = None) -> Programs:
        """Return the rules and models to decide with.

        Whoever only looks gives no ``models``: it shows the scores as they are. KeyError where one in force is missing.
        """
        previous = None if self.previous_program is None else rules_of(self.previous_program)
        return Programs(
            rules_of(self.program),
            previous,
            self.program_changed_at,
            self.started_at,
            NO_MODELS if models is None else self._models(models),
        )

    def count(self, what: str) -> None:
        """Count one more of it."""
        self.counters[what] = self.counters.get(what, 0) + 1

    def note_adopted(self, model: Model, at: Instant) -> None:
        """Note that another model is in force from ``at`` on, and what prices in it."""
        self.previous_model, self.model, self.model_adopted_at = self.model, model.version, at
        value = model.snapshot.value
        self.priced_by, self.labels = (None, 0) if value is None else (value.priced_by, value.labels)

    def note_swept(self, tick: Tick) -> bool:
        """Note whom the tick brought to the change that is being swept; tell whether that was everyone left."""
        changed_at = self.sweeps_to
        if changed_at is None or tick.at < changed_at:
            return False
        if not reaches_everyone(tick, changed_at):
            self.swept_upto = tick.upto or ""
            return False
        self.previous_program, self.previous_model, self.swept_upto = None, None, ""
        return True

    def note_newcomer(self, tier: str) -> None:
        """Count one more customer."""
        _recount(self.customers_by_tier, None, tier)

    def note_gone(self, tier: str) -> None:
        """Count one customer less."""
        _recount(self.customers_by_tier, tier, None)

    def note_move(self, before: str, after: str) -> None:
        """Count a change of tier."""
        _recount(self.customers_by_tier, before, after)
        _note_way(self.moves, before, after)

    def note_segment_move(self, scheme: str, before: str | None, after: str | None) -> None:
        """Count a change of segment; None is nowhere."""
        _recount(self.customers_by_segment.setdefault(scheme, {}), before, after)
        if before is not None and after is not None:
            _note_way(self.segment_moves.setdefault(scheme, {}), before, after)

    def _models(self, models: Mapping[int, Model]) -> Models:
        current = None if self.model < 0 else models[self.model]
        if self.previous_model is None:
            return Models(current)
        previous = None if self.previous_model < 0 else models[self.previous_model]
        return Models(current, previous, self.model_adopted_at)


def _recount(counts: dict[str, int], before: str | None, after: str | None) -> None:
    """Count a customer out of ``before`` and into ``after``; None is nowhere.

    A worker that lost its claim may read a customer of another time than its counts, before its commit is refused.
    """
    if before is not None:
        left = counts.pop(before, 0) - 1
        if left:
            counts[before] = left
    if after is not None:
        counts[after] = counts.get(after, 0) + 1


def _note_way(moves: dict[str, dict[str, int]], before: str, after: str) -> None:
    onward = moves.setdefault(before, {})
    onward[after] = onward.get(after, 0) + 1


class DayCounts(msgspec.Struct, omit_defaults=True):
    """How many customers each tier and each segment had at the end of a day; what nobody has is left out."""

    tiers: dict[str, int]
    segments: dict[str, dict[str, int]] = msgspec.field(default_factory=dict)
    """By scheme; empty before the first model."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(PartitionMeta)
_day_decoder = msgspec.json.Decoder(tuple[int, DayCounts])
_old_day_decoder = msgspec.json.Decoder(tuple[int, dict[str, int]])


def encode_meta(meta: PartitionMeta) -> bytes:
    """Return the stored form (JSON), in today's format."""
    meta.format = META_FORMAT
    return _encoder.encode(meta)


def encode_day(meta: PartitionMeta) -> tuple[int, bytes]:
    """Return the day of the partition's clock (since 1970, UTC) and the customers by tier and segment now (JSON)."""
    counts = DayCounts(meta.customers_by_tier, {s: counts for s, counts in meta.customers_by_segment.items() if counts})
    return meta.clock_at // DAY_MICROSECONDS, _encoder.encode(counts)


def decode_day(blob: bytes) -> tuple[int, DayCounts]:
    """Return a stored ``[day, counts]``; before there were segments, the counts were those of the tiers alone."""
    try:
        return _day_decoder.decode(blob)
    except msgspec.ValidationError:
        day, tiers = _old_day_decoder.decode(blob)
        return day, DayCounts(tiers)


def decode_meta(blob: bytes) -> PartitionMeta:
    """Return the stored meta. Raises `NewerStateError` or `UnreadableStateError`."""
    try:
        meta = _decoder.decode(blob)
    except msgspec.DecodeError as error:
        raise UnreadableStateError(f"a partition's meta cannot be read: {error}") from error
    if meta.format > META_FORMAT:
        raise NewerStateError(f"a partition's meta has format {meta.format}; this Tierline reads up to {META_FORMAT}")
    return meta
