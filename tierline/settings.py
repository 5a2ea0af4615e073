"""Settings: every ``TIERLINE_*`` variable, described and bounded in one place.

An unknown ``TIERLINE_*`` variable stops the start: pydantic-settings would ignore a misspelt one silently.
"""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from tierline.redis_address import SettingsError, with_authority, with_login

PREFIX = "TIERLINE_"
STARS = "********"

Port = Annotated[int, Field(ge=0, le=65_535)]


class Settings(BaseSettings):
    """Everything that the environment decides. ``TIERLINE_KAFKA`` is the field ``kafka``, and so on."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    kafka: str | None = Field(None, description="Kafka bootstrap servers, host:port, comma separated")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="how to talk to Kafka"
    )
    kafka_ca_file: Path | None = Field(None, description="PEM file of the authority behind the brokers' certificates")
    kafka_certificate_file: Path | None = Field(None, description="PEM file of our certificate for Kafka")
    kafka_key_file: Path | None = Field(None, description="PEM file of our certificate's key for Kafka")
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="how to log in to Kafka with SASL"
    )
    kafka_user: str | None = Field(None, description="SASL user for Kafka")
    kafka_password: SecretStr | None = Field(None, description="SASL password for Kafka")

    redis: SecretStr | None = Field(
        None, description="Redis or Valkey: redis://host:port/0, rediss:// for TLS, unix:///path for a socket; "
        "of a Redis Cluster some servers: redis://one:7000,two:7000"
    )
    redis_user: str | None = Field(None, description="user for Redis, if not in the URL")
    redis_password: SecretStr | None = Field(None, description="password for Redis, if not in the URL")
    redis_ca_file: Path | None = Field(None, description="PEM file of the authority that signed Redis' certificate")

    program: Path = Field(Path("program.yaml"), description="the rules file")
    model_days: int = Field(
        1, ge=1, le=366, description="the trainer publishes a model every so many days; it learns every day"
    )
    name: str = Field(
        "tierline",
        pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="prefixes consumer groups, transactional ids and Redis keys, so that two installations can share",
    )
    topic_prefix: str = Field(
        "", pattern=r"^[A-Za-z0-9._-]{0,64}$", description="stands before every topic's name, e.g. staging."
    )
    partitions: int = Field(8, ge=1, le=4096, description="partitions of every topic; fixed when they are created")
    replication: int = Field(1, ge=1, le=10, description="replicas of each topic that `topics create` makes")
    clock: Literal["wall", "log"] = Field(
        "wall", description="wall: idle time passes by the wall clock; log: only records move time (history, demos)"
    )
    tick_delay_seconds: float | None = Field(
        None, ge=0, le=86_400, description="how far ticks stay behind the clock; 60, or 0 with TIERLINE_CLOCK=log"
    )
    batch_records: int = Field(2_000, ge=1, le=50_000, description="most records of one poll of one partition")
    cache_customers: int = Field(100_000, ge=1, le=50_000_000, description="customers a worker keeps in memory")
    session_timeout_seconds: float = Field(
        10, ge=1, le=300, description="silence after which Kafka gives a worker's partitions to another one"
    )
    dead_letter_limit: float = Field(
        0.9, ge=0, le=1, description="share of dead letters among the last 10,000 records that stops a worker; 0: none"
    )
    metrics_port: Port = Field(0, description="port of the worker's Prometheus metrics; 0: none")

    api_host: str = Field("127.0.0.1", description="address that the API listens on")
    api_port: Port = Field(8080, description="port that the API listens on; 0: any free one")
    api_cors_origins: str = Field(
        "", description="origins whose pages may read the API, comma separated, e.g. https://shop.example; *: any"
    )
    api_token_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="secret (HS256) or public key (PEM) that the API's tokens are checked with; none: it is open",
    )
    tracing: bool = Field(
        False, description="true: the worker traces orders by OpenTelemetry; needs tierline[tracing], OTEL_* apply"
    )
    log_format: Literal["auto", "text", "json"] = Field("auto", description="auto: text on a terminal, else JSON")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    cache_folder: Path = Field(
        Path("~/.cache/tierline"), description="where the demo keeps the broker's jars and the converted data"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from ``load_settings`` alone, which has looked at every variable."""
        return (init_settings,)

    @field_validator("kafka")
    @classmethod
    def _servers_have_ports(cls, servers: str | None) -> str | None:
        for server in (servers or "").split(",") if servers else ():
            host, _, port = server.strip().rpartition(":")
            if not host or not port.isdigit():
                raise ValueError(f"{server.strip()!r} is not host:port, e.g. localhost:9092")
        return servers

    @field_validator("redis")
    @classmethod
    def _redis_is_a_url(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and urlsplit(url.get_secret_value()).scheme not in {"redis", "rediss", "unix"}:
            raise ValueError("not a Redis URL, e.g. redis://localhost:6379/0")
        return url

    @field_validator("api_cors_origins")
    @classmethod
    def _origins_are_origins(cls, origins: str) -> str:
        for origin in split_list(origins):
            parts = urlsplit(origin)
            if origin != "*" and (not parts.scheme or not parts.netloc or parts.path or parts.query):
                raise ValueError(f"{origin!r} is not an origin, e.g. https://shop.example")
        return origins

    @property
    def cors_origins(self) -> list[str]:
        """Origins whose pages may read the API."""
        return split_list(self.api_cors_origins)

    @property
    def token_key(self) -> str | None:
        """The key that tokens are checked with, None where the API is open."""
        return None if self.api_token_key is None else self.api_token_key.get_secret_value()

    @property
    def tick_delay(self) -> float:
        """Seconds that ticks stay behind the clock."""
        if self.tick_delay_seconds is not None:
            return self.tick_delay_seconds
        return 0.0 if self.clock == "log" else 60.0

    def need_kafka(self) -> str:
        """Return the bootstrap servers, or say that they are missing."""
        return _needed(self.kafka, "KAFKA", "TIERLINE_KAFKA=localhost:9092")

    def need_redis(self) -> str:
        """Return the URL with user and password in it, or say that it is missing."""
        url = self.redis.get_secret_value() if self.redis else None
        password = self.redis_password.get_secret_value() if self.redis_password else None
        needed = _needed(url, "REDIS", "TIERLINE_REDIS=redis://localhost:6379/0")
        return with_authority(with_login(needed, self.redis_user, password), self.redis_ca_file)


def load_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings of this environment; ``SettingsError`` names the variable that is wrong or unknown."""
    _refuse_unknown(environment)
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }
    try:
        return Settings(**given)  # type: ignore[arg-type]  # Text of the environment; pydantic converts it.
    except ValidationError as error:
        raise SettingsError("\n".join(_complaints(error, given))) from error


def split_list(text: str) -> list[str]:
    """Return the parts of a comma-separated value."""
    return [part.strip() for part in text.split(",") if part.strip()]


def variable(field: str) -> str:
    """Return the name of the variable that sets ``field``."""
    return PREFIX + field.upper()


def shown(settings: Settings, field: str) -> str:
    """Return a setting's value as it may be logged: secrets starred, the host of a URL kept."""
    value = getattr(settings, field)
    if not isinstance(value, SecretStr):
        return "" if value is None else str(value)
    text = value.get_secret_value()
    return shown_url(text) if field == "redis" and urlsplit(text).scheme else STARS


def shown_url(url: str) -> str:
    """Return a URL as it may be logged: without options, stars in the place of the login."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{STARS}@{host}" if "@" in parts.netloc else host, query=""))


def default_of(field: str) -> str:
    """Return a setting's default as text, empty where it has none."""
    default = Settings.model_fields[field].default
    return "" if default is None else str(default)


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    known = [variable(field) for field in Settings.model_fields]
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise SettingsError("\n".join(_unknown(name, known) for name in unknown))


def _unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
    return f"{name} is not a setting of Tierline. Did you mean {near[0]}? `tierline doctor --settings` lists all."


def _complaints(error: ValidationError, given: Mapping[str, str]) -> list[str]:
    lines = []
    for problem in error.errors(include_url=False):
        field = str(problem["loc"][0])
        described = Settings.model_fields[field]
        text = given.get(field, "")
        value = STARS if "Secret" in str(described.annotation) else text
        message = problem["msg"].removeprefix("Value error, ")
        lines.append(f"{variable(field)}={value}: {message}. It is: {described.description}.")
    return lines


def _needed(value: str | None, field: str, example: str) -> str:
    if value is None:
        raise SettingsError(
            f"{PREFIX}{field} is not set, so there is nothing to connect to. Set it, e.g. {example}; "
            "only `tierline demo` brings its own servers."
        )
    return value
