"""Every metric is registered, documented and served; nothing else is."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest

from schemas.drift import Drift, Emerging
from schemas.operator_records import Freeze, encode_freeze
from schemas.snapshot import encode_snapshot
from state.meta import PartitionMeta
from storefront.api_metrics import ApiMetrics
from streams.metrics import REGISTER, Watched, WorkerCollector
from streams.model_versions import ModelVersions
from streams.observed import VISIBLE_BOUNDS, Observed
from tests.unit.models.building import a_snapshot

COUNTERS = {
    "applied": 90, "duplicate": 5, "erased": 1, "dead:malformed_json": 4, "issued:tier_near": 7,
    "issued:tier_upgraded": 2, "suppressed:tier_near:holdout": 3, "suppressed:tier_near:cap": 1,
    "tier_changes:order": 2, "retracted:tier_near:reached": 1,
}  # fmt: skip


@pytest.fixture
def scrape() -> str:
    """What Prometheus reads from a worker to which everything has happened."""
    observed = Observed(stage_seconds={"step": 1.5})
    observed._note_visible(0.004)
    meta = PartitionMeta(
        counters=COUNTERS, customers_by_tier={"silver": 12}, model=0, priced_by="poisson", labels=5_100
    )
    versions = ModelVersions()
    drifted = replace(a_snapshot(), drift=Drift(share_shift=0.25, emerging=Emerging(40, 0.1, (0, 0, 0, 0, 0))))
    for offset, body in enumerate([*[encode_snapshot(drifted)] * 3, encode_freeze(Freeze(0))]):
        versions.take(offset, body)
    engine = SimpleNamespace(unrelayed=3, fold=SimpleNamespace(meta=meta))
    worker = SimpleNamespace(
        runners={4: SimpleNamespace(engine=engine, observed=observed)},
        observed={4: observed},
        inputs=SimpleNamespace(lag=lambda partition: 17),
    )
    worker.models = SimpleNamespace(versions=versions)
    registry = CollectorRegistry()
    registry.register(WorkerCollector(cast("Watched", worker)))
    return generate_latest(registry).decode()


def test_what_is_served_is_what_is_registered(scrape: str) -> None:
    served = set(re.findall(r"^# TYPE (\S+) ", scrape, re.MULTILINE))
    assert {name.removesuffix("_total") for name in served} == set(REGISTER)


def test_labels_are_the_registered_ones(scrape: str) -> None:
    found: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(\w+)(?:\{(.*)\})? ", scrape, re.MULTILINE):
        base = re.sub(r"_(total|bucket|count|sum|created)$", "", name)
        found.setdefault(base, set()).update(set(re.findall(r'(\w+)="', labels)) - {"le"})
    assert found == {name: set(registered.labels) for name, registered in REGISTER.items()}


def test_the_register_is_documented_to_the_letter() -> None:
    rows = re.findall(r"^\| `(tierline_\w+)` \| (.*?) \| (.*) \|$", Path("docs/metrics.md").read_text(), re.MULTILINE)
    documented = {name: (tuple(re.findall(r"`(\w+)`", labels)), text) for name, labels, text in rows}
    of_api = {name: labels for name, (labels, _) in documented.items() if name.startswith("tierline_api_")}
    assert {n: d for n, d in documented.items() if n not in of_api} == {
        name: (registered.labels, registered.text) for name, registered in REGISTER.items()
    }
    served = re.findall(r"^# TYPE (\S+) ", ApiMetrics(lambda: 0).text().decode(), re.MULTILINE)
    assert {name.removesuffix("_total") for name in served if not name.endswith("_created")} == set(of_api)


def test_a_later_order_raises_only_the_bounds_at_and_above_it() -> None:
    observed = [Observed(), Observed()]
    worker = SimpleNamespace(observed=dict(enumerate(observed)))
    seen = []
    for one, seconds in ((0, 0.004), (1, 0.1)):
        observed[one]._note_visible(seconds)
        visible = WorkerCollector(cast("Watched", worker))._visible()
        seen.append(
            {float(one.labels["le"]): one.value for one in visible.samples if one.name.endswith("_bucket")}
        )
    assert set(seen[0]) == set(seen[1]) == set(VISIBLE_BOUNDS)
    assert {bound for bound in seen[0] if seen[0][bound]} == {bound for bound in VISIBLE_BOUNDS if bound >= 0.004}
    assert {seen[1][bound] - seen[0][bound] for bound in VISIBLE_BOUNDS if bound < 0.1} == {0}
    assert {seen[1][bound] - seen[0][bound] for bound in VISIBLE_BOUNDS if bound >= 0.1} == {1}


def test_counters_of_the_state_are_served(scrape: str) -> None:
    assert 'tierline_candidates_total{kind="tier_near"} 11.0' in scrape
    assert 'tierline_nudges_issued_total{kind="tier_near"} 7.0' in scrape
    assert 'tierline_nudges_suppressed_total{kind="tier_near",reason="cap"} 1.0' in scrape
    assert 'tierline_customers{tier="silver"} 12.0' in scrape
    assert 'tierline_dead_letters_total{reason="malformed_json"} 4.0' in scrape


def test_models_are_served(scrape: str) -> None:
    assert 'tierline_model{partition="4"} 0.0' in scrape
    assert 'tierline_value_labels{partition="4",priced_by="poisson"} 5100.0' in scrape
    assert "tierline_models_held_back 2.0" in scrape
    assert 'tierline_drift{measure="share_shift"} 0.25' in scrape
    assert "tierline_emerging_customers 40.0" in scrape


def test_the_source_names_no_metric_that_is_not_registered() -> None:
    named: set[str] = set()
    for folder in ("streams", "state", "tierline"):
        for path in Path(folder).rglob("*.py"):
            named |= set(re.findall(r'_(?:gauge|counter)\("(tierline_\w+)"', path.read_text()))
            assert "prometheus_client import Counter" not in path.read_text(), f"{path} has metrics beside the register"
    assert named <= set(REGISTER)
