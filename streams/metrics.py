"""Prometheus metrics of a worker, read at each scrape from what the engine counts anyway."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from schemas.drift import values_of
from streams.kafka_inputs import KafkaInputs
from streams.kafka_models import KafkaModels
from streams.observed import VISIBLE_BOUNDS, Observed
from streams.runner import PartitionRunner


@dataclass(frozen=True, slots=True)
class Registered:
    """One metric: what it says and its labels."""

    text: str
    labels: tuple[str, ...] = ()


_BY_PARTITION: Final = ("partition",)
REGISTER: Final = {
    "tierline_lag_records": Registered("records not taken yet, as of the last fetch", _BY_PARTITION),
    "tierline_relay_age_seconds": Registered("seconds since the relay last ended a round", _BY_PARTITION),
    "tierline_sweep_age_seconds": Registered("seconds since the sweep last looked who is due", _BY_PARTITION),
    "tierline_sampling_age_seconds": Registered("seconds since every customer was last sampled", _BY_PARTITION),
    "tierline_outbox_entries": Registered("commits that wait for the relay", _BY_PARTITION),
    "tierline_steps": Registered("steps committed", _BY_PARTITION),
    "tierline_steps_repeated": Registered("steps repeated along the journal", _BY_PARTITION),
    "tierline_records": Registered("input records taken", _BY_PARTITION),
    "tierline_commits": Registered("commits", _BY_PARTITION),
    "tierline_refused_commits": Registered("writes refused: another worker had claimed the partition", _BY_PARTITION),
    "tierline_claims": Registered("claims", _BY_PARTITION),
    "tierline_rebuilds": Registered("rebuilds: store and journal contradicted each other, or on demand", _BY_PARTITION),
    "tierline_relayed_outputs": Registered("outputs published", _BY_PARTITION),
    "tierline_samples": Registered("customers sampled for the trainer", _BY_PARTITION),
    "tierline_stage_seconds": Registered("seconds that a stage's code ran, without waiting", ("stage",)),
    "tierline_fates": Registered("records by fate, since the partition began", ("fate",)),
    "tierline_dead_letters": Registered("dead letters by reason, since the partition began", ("reason",)),
    "tierline_customers": Registered("customers who have the tier now", ("tier",)),
    "tierline_candidates": Registered("nudge candidates: issued + suppressed", ("kind",)),
    "tierline_nudges_issued": Registered("nudges issued", ("kind",)),
    "tierline_nudges_suppressed": Registered("nudges suppressed", ("kind", "reason")),
    "tierline_model": Registered("version of the model in force, -1 before the first", _BY_PARTITION),
    "tierline_value_labels": Registered(
        "labels that the model in force learnt value in 90 days from", ("partition", "priced_by")
    ),
    "tierline_models_held_back": Registered("versions that a freeze keeps from being adopted"),
    "tierline_drift": Registered("how the newest model that was learnt differs from the one before", ("measure",)),
    "tierline_emerging_customers": Registered("customers in a group that the models of the weeks before leave out"),
    "tierline_visible_seconds": Registered("seconds from an order's `tl_sent_at` to its commit"),
}
"""Every metric there is. docs/metrics.md lists the same; a test compares both with a scrape."""

_COUNTS: Final = (
    "steps", "steps_repeated", "records", "commits", "refused_commits", "claims", "rebuilds", "relayed_outputs",
    "samples",
)  # fmt: skip


class Watched(Protocol):
    """What the collector reads."""

    runners: dict[int, PartitionRunner]
    observed: dict[int, Observed]
    inputs: KafkaInputs | None
    models: KafkaModels


class WorkerCollector:
    """A Prometheus collector over one worker's partitions."""

    def __init__(self, worker: Watched) -> None:
        self._worker = worker

    def collect(self) -> Iterator[Metric]:
        """Yield every metric of the register."""
        yield from self._gauges()
        for name in _COUNTS:
            family = _counter(f"tierline_{name}")
            for partition, observed in list(self._worker.observed.items()):
                family.add_metric([str(partition)], getattr(observed, name))
            yield family
        stages = _counter("tierline_stage_seconds")
        totals: dict[str, float] = {}
        for observed in list(self._worker.observed.values()):
            for stage, seconds in observed.stage_seconds.items():
                totals[stage] = totals.get(stage, 0.0) + seconds
        for stage, seconds in totals.items():
            stages.add_metric([stage], seconds)
        yield stages
        yield from self._outcomes()
        yield from self._models()
        yield self._visible()

    def _gauges(self) -> Iterator[Metric]:
        now, inputs = time.monotonic(), self._worker.inputs
        lag, outbox = _gauge("tierline_lag_records"), _gauge("tierline_outbox_entries")
        relay, sweep = _gauge("tierline_relay_age_seconds"), _gauge("tierline_sweep_age_seconds")
        sampling = _gauge("tierline_sampling_age_seconds")
        for partition, runner in list(self._worker.runners.items()):
            label = [str(partition)]
            lag.add_metric(label, inputs.lag(partition) if inputs is not None else 0)
            outbox.add_metric(label, runner.engine.unrelayed if runner.engine is not None else 0)
            relay.add_metric(label, now - runner.observed.last_relay_at)
            sweep.add_metric(label, now - runner.observed.last_sweep_at)
            sampling.add_metric(label, now - runner.observed.last_sampled_at)
        yield from (lag, outbox, relay, sweep, sampling)

    def _outcomes(self) -> Iterator[Metric]:
        counters: Counter[str] = Counter()
        tiers: Counter[str] = Counter()
        for runner in list(self._worker.runners.values()):
            if runner.engine is not None:
                counters.update(runner.engine.fold.meta.counters)
                tiers.update(runner.engine.fold.meta.customers_by_tier)
        fates, dead = _counter("tierline_fates"), _counter("tierline_dead_letters")
        issued = _counter("tierline_nudges_issued")
        suppressed = _counter("tierline_nudges_suppressed")
        customers = _gauge("tierline_customers")
        for tier, count in tiers.items():
            customers.add_metric([tier], count)
        candidates: Counter[str] = Counter()
        for name, count in counters.items():
            what, *rest = name.split(":")
            if what in {"applied", "duplicate", "erased"}:
                fates.add_metric([what], count)
            elif what == "dead":
                dead.add_metric(rest, count)
            elif what in {"issued", "suppressed"}:
                (issued if what == "issued" else suppressed).add_metric(rest, count)
                candidates[rest[0]] += count
        of_kinds = _counter("tierline_candidates")
        for kind, count in candidates.items():
            of_kinds.add_metric([kind], count)
        yield from (customers, fates, dead, issued, suppressed, of_kinds)

    def _models(self) -> Iterator[Metric]:
        in_force, held_back = _gauge("tierline_model"), _gauge("tierline_models_held_back")
        labels = _gauge("tierline_value_labels")
        for partition, runner in list(self._worker.runners.items()):
            if runner.engine is not None:
                meta = runner.engine.fold.meta
                in_force.add_metric([str(partition)], meta.model)
                if meta.priced_by is not None:
                    labels.add_metric([str(partition), meta.priced_by], meta.labels)
        versions = self._worker.models.versions
        held_back.add_metric([], versions.held_back())
        drift, emerging = _gauge("tierline_drift"), _gauge("tierline_emerging_customers")
        last = versions.last_drift()
        if last is not None:
            for measure, value in values_of(last).items():
                drift.add_metric([measure], value)
            emerging.add_metric([], 0 if last.emerging is None else last.emerging.customers)
        yield from (in_force, labels, held_back, drift, emerging)

    def _visible(self) -> Metric:
        """Every bound is there from the beginning: one that came later would look as if all before it were new."""
        buckets: Counter[float] = Counter()
        total = 0.0
        for observed in list(self._worker.observed.values()):
            total += observed.visible_seconds
            buckets.update(observed.visible)
        reached = accumulate(buckets[bound] for bound in VISIBLE_BOUNDS)
        names = [*map(repr, VISIBLE_BOUNDS[:-1]), "+Inf"]
        cumulated = list(zip(names, map(float, reached), strict=True))
        name = "tierline_visible_seconds"
        return HistogramMetricFamily(name, REGISTER[name].text, buckets=cumulated, sum_value=total)


def _gauge(name: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, REGISTER[name].text, labels=REGISTER[name].labels)


def _counter(name: str) -> CounterMetricFamily:
    return CounterMetricFamily(name, REGISTER[name].text, labels=REGISTER[name].labels)
