"""Prometheus' alerts and Grafana's dashboard name metrics and commands that there are."""

import json
import re
from pathlib import Path

import pytest
import yaml

from storefront.api_metrics import ApiMetrics
from streams.metrics import REGISTER
from tierline.cli import app

CHECKOUT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text("utf-8"))
PROMETHEUS = yaml.safe_load((CHECKOUT / "deploy/prometheus.yml").read_text("utf-8"))
RULES = {
    rule["alert"]: rule
    for group in yaml.safe_load((CHECKOUT / "deploy/alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
}
PROVISIONING = CHECKOUT / "deploy/grafana/provisioning"
[SOURCE] = yaml.safe_load((PROVISIONING / "datasources/prometheus.yml").read_text("utf-8"))["datasources"]
DASHBOARD = json.loads((CHECKOUT / "deploy/grafana/dashboards/tierline.json").read_text("utf-8"))
PANELS = DASHBOARD["panels"]
ALERT_EXPRESSIONS = [rule["expr"] for rule in RULES.values()]
EXPRESSIONS = ALERT_EXPRESSIONS + [target["expr"] for panel in PANELS for target in panel["targets"]]
COUNTERS = {
    "tierline_steps", "tierline_steps_repeated", "tierline_records", "tierline_commits", "tierline_refused_commits",
    "tierline_claims", "tierline_rebuilds", "tierline_relayed_outputs", "tierline_samples", "tierline_stage_seconds",
    "tierline_fates", "tierline_dead_letters", "tierline_candidates", "tierline_nudges_issued",
    "tierline_nudges_suppressed",
}  # fmt: skip
HISTOGRAMS = {"tierline_visible_seconds"}
OF_PROMETHEUS = {"up", "ALERTS"}
MOVED = ("tierline_dead_letters", "tierline_fates", "tierline_nudges", "tierline_candidates")

rules = pytest.mark.parametrize("name", sorted(RULES))


def _served() -> set[str]:
    """Every name that a query can find."""
    api = re.findall(r"^# TYPE (\S+) (\w+)", ApiMetrics(lambda: 0).text().decode(), re.MULTILINE)
    names = {name for name, kind in api if kind != "histogram"}
    whole = HISTOGRAMS | {name for name, kind in api if kind == "histogram"}
    names |= {f"{name}_{end}" for name in whole for end in ("bucket", "count", "sum")}
    names |= {f"{name}_total" if name in COUNTERS else name for name in REGISTER if name not in HISTOGRAMS}
    return names | OF_PROMETHEUS


def _without_strings(expression: str) -> str:
    return re.sub(r'"[^"]*"', '""', expression)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_of_a_query_is_served(expression: str) -> None:
    named = set(re.findall(r"\b(?:tierline_\w+|up|ALERTS)\b", _without_strings(expression)))
    assert named
    assert named <= _served()


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_label_of_a_query_is_one_of_its_metrics(expression: str) -> None:
    labels: set[str] = set()
    for names in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression):
        labels |= {name.strip() for name in names.split(",")}
    labels |= set(re.findall(r"(\w+)=~?\"", expression))
    known = {label for registered in REGISTER.values() for label in registered.labels}
    assert labels <= known | {"le", "job", "alertstate", "status", "route"}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_query_is_balanced_and_rates_are_of_counters(expression: str) -> None:
    bare = _without_strings(expression)
    for opening, closing in ("()", "[]", "{}"):
        assert bare.count(opening) == bare.count(closing)
    for name in re.findall(r"\b(?:rate|increase)\((\w+)", bare):
        assert name.endswith(("_total", "_bucket"))
        # They move from worker to worker: a rate would take the move for a restart, and count everything again.
        assert not name.startswith(MOVED)


@rules
def test_an_alert_says_what_happened_and_what_to_do(name: str) -> None:
    rule = RULES[name]
    assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert set(rule["annotations"]) == {"summary", "what_to_do"}
    commands = {
        re.sub(r"_$", "", info.name or info.callback.__name__) for info in app.registered_commands if info.callback
    }
    commands |= {
        str(info.name or (info.typer_instance and info.typer_instance.info.name)) for info in app.registered_groups
    }
    told = re.findall(r"`tierline (\w+)", rule["annotations"]["what_to_do"])
    assert told
    assert set(told) <= commands


@rules
def test_an_alert_waits_for_minutes_not_for_ever(name: str) -> None:
    assert re.fullmatch(r"[0-9]{1,2}m", RULES[name]["for"])
    for number, unit in re.findall(r"[\[ ](\d+)([smhd])\b", _without_strings(RULES[name]["expr"])):
        seconds = int(number) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[unit]
        assert 60 <= seconds <= 3600, "four scrapes at least, an hour at most"


@pytest.mark.parametrize(
    "metric",
    ["relay_age", "sweep_age", "sampling_age", "lag", "steps_repeated", "refused_commits", "dead_letters", "up{"],
)
def test_what_the_operator_has_to_know_has_an_alert(metric: str) -> None:
    assert any(metric in expression for expression in ALERT_EXPRESSIONS)


def test_every_alert_is_in_the_platform_teams_page() -> None:
    page = (CHECKOUT / "docs/deployment.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(Tierline\w+)` \|", page, re.MULTILINE)) == set(RULES)


def test_prometheus_scrapes_the_services_on_their_ports() -> None:
    jobs = {job["job_name"]: job["dns_sd_configs"][0] for job in PROMETHEUS["scrape_configs"]}
    for job, config in jobs.items():
        [service] = config["names"]
        assert job == f"tierline-{service}"
        assert service in COMPOSE["services"]
    assert jobs["tierline-worker"]["port"] == COMPOSE["services"]["worker"]["environment"]["TIERLINE_METRICS_PORT"]
    assert f":{jobs['tierline-api']['port']}" in COMPOSE["services"]["api"]["ports"][0]
    assert set(re.findall(r'job="([^"]+)"', " ".join(EXPRESSIONS))) == set(jobs)


def test_prometheus_reads_the_files_that_are_mounted() -> None:
    mounted = [volume.split(":")[:2] for volume in COMPOSE["services"]["prometheus"]["volumes"]]
    assert ["./deploy/alerts.yml", "/etc/prometheus/alerts.yml"] in mounted
    assert PROMETHEUS["rule_files"] == ["alerts.yml"]


def test_grafana_finds_its_source_and_its_dashboard() -> None:
    assert SOURCE["url"] == "http://prometheus:9090"
    [provider] = yaml.safe_load((PROVISIONING / "dashboards/tierline.yml").read_text("utf-8"))["providers"]
    mounts = COMPOSE["services"]["grafana"]["volumes"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in mounts


def test_panels_have_an_id_a_title_a_source_and_a_place_of_their_own() -> None:
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(source == {"type": "prometheus", "uid": SOURCE["uid"]} for source in sources)
