"""Settings: bounded, described, and never silently ignored."""

from pathlib import Path
from urllib.parse import quote

import pytest

from tierline.redis_address import SettingsError
from tierline.settings import STARS, Settings, load_settings, shown


def test_defaults_need_nothing() -> None:
    settings = load_settings({"PATH": "/bin"})
    assert (settings.name, settings.partitions, settings.clock, settings.tick_delay) == ("tierline", 8, "wall", 60.0)


def test_ticks_follow_a_log_clock_at_once() -> None:
    assert load_settings({"TIERLINE_CLOCK": "log"}).tick_delay == 0.0


def test_an_unknown_variable_stops_the_start_and_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"TIERLINE_KAFKKA is not a setting.* Did you mean TIERLINE_KAFKA?"):
        load_settings({"TIERLINE_KAFKKA": "localhost:9092"})


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("TIERLINE_PARTITIONS", "none", "TIERLINE_PARTITIONS=none: .*valid integer"),
        ("TIERLINE_PARTITIONS", "0", "greater than or equal to 1"),
        ("TIERLINE_CLOCK", "sun", "'wall' or 'log'"),
        ("TIERLINE_KAFKA", "localhost", "'localhost' is not host:port"),
        ("TIERLINE_REDIS", "localhost:6379", "not a Redis URL"),
        ("TIERLINE_API_CORS_ORIGINS", "https://shop.example/page", "is not an origin"),
        ("TIERLINE_API_CORS_ORIGINS", "shop.example", "is not an origin"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        load_settings({name: value})


def test_a_wrong_secret_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings({"TIERLINE_REDIS": "http://me:hush@host"})
    assert "hush" not in str(raised.value)


def test_secrets_are_starred_and_hosts_kept() -> None:
    settings = load_settings({"TIERLINE_REDIS": "redis://me:hush@host:6379/0", "TIERLINE_KAFKA_PASSWORD": "hush"})
    assert shown(settings, "redis") == f"redis://{STARS}@host:6379/0"
    assert shown(settings, "kafka_password") == STARS


def test_a_token_key_with_a_colon_is_starred_too() -> None:
    settings = load_settings({"TIERLINE_API_TOKEN_KEY": "key:" + "x" * 40})
    assert (shown(settings, "api_token_key"), settings.token_key) == (STARS, "key:" + "x" * 40)


def test_a_short_token_key_is_refused_and_not_repeated() -> None:
    with pytest.raises(SettingsError, match=r"TIERLINE_API_TOKEN_KEY=\*+: ") as raised:
        load_settings({"TIERLINE_API_TOKEN_KEY": "too-short"})
    assert "too-short" not in str(raised.value)


def test_origins_are_a_list() -> None:
    settings = load_settings({"TIERLINE_API_CORS_ORIGINS": "https://a.example, http://localhost:5173"})
    assert settings.cors_origins == ["https://a.example", "http://localhost:5173"]


def test_user_and_password_go_into_the_url() -> None:
    environment = {"TIERLINE_REDIS": "redis://host/1", "TIERLINE_REDIS_USER": "me", "TIERLINE_REDIS_PASSWORD": "hush"}
    assert load_settings(environment).need_redis() == "redis://me:hush@host/1"


def test_a_missing_server_says_what_to_set() -> None:
    with pytest.raises(SettingsError, match="TIERLINE_KAFKA is not set"):
        load_settings({}).need_kafka()


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_authority_of_redis_is_part_of_its_url(tmp_path: Path) -> None:
    ca_file = tmp_path / "the ca.pem"
    ca_file.touch()
    given = {"TIERLINE_REDIS": "rediss://redis:6380/0", "TIERLINE_REDIS_CA_FILE": str(ca_file)}
    url = load_settings({**given, "TIERLINE_REDIS_USER": "u", "TIERLINE_REDIS_PASSWORD": "p@"}).need_redis()
    assert url == f"rediss://u:p%40@redis:6380/0?ssl_ca_certs={quote(str(ca_file), safe='')}"


def test_an_authority_without_tls_or_without_a_file_is_refused(tmp_path: Path) -> None:
    ca_file = {"TIERLINE_REDIS_CA_FILE": str(tmp_path / "ca.pem")}
    with pytest.raises(SettingsError, match=r"TIERLINE_REDIS_CA_FILE=.* is not a file"):
        load_settings({"TIERLINE_REDIS": "rediss://redis:6380/0", **ca_file}).need_redis()
    with pytest.raises(SettingsError, match="needs TLS"):
        load_settings({"TIERLINE_REDIS": "redis://redis:6379/0", **ca_file}).need_redis()
