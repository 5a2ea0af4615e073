"""docker-compose.yml beside the Compose specification and our own command line.

The specification's JSON schema is not in this repository: the keys that we use are listed here by hand, each with the
form that the specification gives it, and any other key fails the test until someone has looked it up.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import pytest
import yaml
from typer.main import get_command

from tierline.cli import app
from tierline.settings import load_settings

CHECKOUT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text("utf-8"))
SERVICES: Mapping[str, Mapping[str, object]] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if str(service["image"]).startswith("tierline:")}

DURATION = r"(\d+h)?(\d+m)?(\d+s)?"
SIZE = r"\d+[bkmg]"
TEXTS = list
FORMS: Mapping[str, object] = {
    "build": r"\.", "image": r"\S+:\S+", "restart": r"no|always|on-failure(:\d+)?|unless-stopped", "init": bool,
    "cap_drop": TEXTS, "security_opt": TEXTS, "mem_limit": SIZE, "stop_grace_period": DURATION, "command": TEXTS,
    "environment": dict, "volumes": TEXTS, "ports": TEXTS, "depends_on": (dict, list), "healthcheck": dict,
}  # fmt: skip
HEALTH_FORMS = {"test": TEXTS, "interval": DURATION, "timeout": DURATION, "retries": int, "start_period": DURATION}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}

services = pytest.mark.parametrize("name", sorted(SERVICES))


def _misfits(values: Mapping[str, object], forms: Mapping[str, object]) -> Iterator[str]:
    for key, value in values.items():
        form = forms.get(key)
        if isinstance(form, str):
            fits = isinstance(value, str) and bool(re.fullmatch(form, value))
        else:
            fits = form is not None and isinstance(value, cast("type", form))
        if fits and isinstance(value, list):
            fits = all(isinstance(item, str) for item in value)
        if not fits:
            yield f"{key}: {value!r}"


def _list(name: str, key: str) -> list[str]:
    return cast("list[str]", SERVICES[name].get(key, []))


def _environment(name: str) -> dict[str, object]:
    return cast("dict[str, object]", SERVICES[name].get("environment", {}))


def test_the_top_level_is_of_the_specification() -> None:
    assert {key for key in COMPOSE if not key.startswith("x-")} == {"name", "services", "volumes"}
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", COMPOSE["name"])
    assert set(SERVICES) == {"kafka", "redis", "topics", "worker", "trainer", "api", "prometheus", "grafana"}


@services
def test_every_key_is_of_the_specification(name: str) -> None:
    assert list(_misfits(SERVICES[name], FORMS)) == []
    health = cast("dict[str, object]", SERVICES[name].get("healthcheck", {}))
    assert list(_misfits(health, HEALTH_FORMS)) == []
    assert not health or cast("list[str]", health["test"])[0] in {"CMD", "CMD-SHELL", "NONE"}
    assert all(isinstance(value, str | int) for value in _environment(name).values()), "true and yes need quotes"


@services
def test_every_image_is_pinned_to_a_full_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", str(SERVICES[name]["image"]))


def test_our_image_carries_our_version() -> None:
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert {SERVICES[name]["image"] for name in OURS} == {f"tierline:{version}"}


@services
def test_no_port_is_open_to_other_machines(name: str) -> None:
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in _list(name, "ports"))


@services
def test_no_secret_is_written_down(name: str) -> None:
    for variable, value in _environment(name).items():
        if re.search("PASSWORD|SECRET|TOKEN|_KEY$", variable):
            assert re.match(r"\$\{[A-Z_]+(:-|:\?)", str(value)), f"{variable} has its value in the file"
    assert not re.search(r"://[^/\s]*:[^/\s]*@", yaml.dump(SERVICES[name]))


@services
def test_what_a_service_waits_for_exists_and_can_come_about(name: str) -> None:
    waited = SERVICES[name].get("depends_on", {})
    for other, how in cast("dict[str, dict[str, str]]", waited if isinstance(waited, dict) else {}).items():
        assert how["condition"] in CONDITIONS
        assert how["condition"] != "service_healthy" or "healthcheck" in SERVICES[other]
        assert how["condition"] != "service_completed_successfully" or SERVICES[other]["restart"] == "on-failure"
    assert set(cast("list[str]", waited)) <= set(SERVICES)


@services
def test_what_is_mounted_exists_and_ours_cannot_be_written(name: str) -> None:
    for volume in _list(name, "volumes"):
        source, target, *mode = volume.split(":")
        assert target.startswith("/")
        if source.startswith("."):
            assert (CHECKOUT / source).exists()
            assert mode == ["ro"]
        else:
            assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_services_are_commands_with_known_settings(name: str) -> None:
    ours = {variable: str(value) for variable, value in _environment(name).items()}
    assert load_settings(ours).log_format == "json"
    command = get_command(app)
    arguments = _list(name, "command")
    with command.make_context("tierline", list(arguments), resilient_parsing=True) as context:
        first, found, rest = command.resolve_command(context, list(arguments))  # type: ignore[attr-defined]
        assert first == arguments[0]
        while rest and hasattr(found, "resolve_command"):
            _, found, rest = found.resolve_command(context, rest)
        options = {option for parameter in found.params for option in parameter.opts}
        assert set(rest) <= options


def test_processes_have_the_time_that_their_drain_takes() -> None:
    assert [SERVICES[name].get("stop_grace_period") for name in ("worker", "trainer", "api")] == ["45s", "30s", "15s"]
    worker = (CHECKOUT / "streams/worker.py").read_text("utf-8")
    assert "asyncio.wait({self._running}, timeout=30)" in worker
    assert all(SERVICES[name]["init"] for name in OURS)


def test_redis_refuses_writes_before_the_kernel_kills_it_and_never_evicts() -> None:
    told = " ".join(_list("redis", "command"))
    assert "--appendonly yes" in told
    assert "--maxmemory-policy noeviction" in told
    [maxmemory] = re.findall(r"--maxmemory (\d+)mb", told)
    assert int(maxmemory) * 1.3 < 2048
    assert SERVICES["redis"]["mem_limit"] == "2g"


def test_grafana_knows_nobody_without_a_password_and_warns_of_the_default() -> None:
    environment = _environment("grafana")
    assert environment["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert environment["GF_SECURITY_ADMIN_PASSWORD"] == "${GRAFANA_PASSWORD:-change-me-now}"
    assert "WARNING: without GRAFANA_PASSWORD" in (CHECKOUT / "docker-compose.yml").read_text("utf-8")
