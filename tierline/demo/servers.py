"""The demo's servers: the ones that the settings name, else embedded ones in a folder of their own."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from tierline.console import CommandError, note
from tierline.embedded import EmbeddedError, EmbeddedKafka, EmbeddedValkey
from tierline.embedded.process import free_port, port_is_free
from tierline.settings import Settings

GROCERY_PROGRAM = Path(__file__).parents[2] / "examples" / "grocery.yaml"


@contextmanager
def served(settings: Settings, folder: Path) -> Iterator[Settings]:
    """Yield the settings of this run, its servers up; embedded ones stop at the end."""
    kafka = None if settings.kafka else EmbeddedKafka(folder / "kafka", cache=settings.cache_folder.expanduser())
    valkey = None if settings.redis else EmbeddedValkey(folder / "valkey")
    servers = [server for server in (kafka, valkey) if server is not None]
    try:
        with ThreadPoolExecutor() as pool:
            for started in [pool.submit(server.start) for server in servers]:
                started.result()
        found: dict[str, object] = {}
        if kafka is not None:
            found["kafka"] = kafka.bootstrap
        if valkey is not None:
            found["redis"] = SecretStr(valkey.url)
        yield settings.model_copy(update={**found, **_own_names(settings), **_demo_values(settings)})
    except EmbeddedError as error:
        raise CommandError(str(error)) from error
    finally:
        for server in servers:
            server.stop()


def _own_names(settings: Settings) -> dict[str, object]:
    """On somebody's cluster, names that no other run has: topics and keys of a demo must not meet real ones."""
    if settings.kafka is None and settings.redis is None:
        return {}
    tag = f"demo-{secrets.token_hex(3)}"
    note(f"topics begin with {tag}., Redis keys with {tag}: they stay there when the demo ends")
    return {"name": tag, "topic_prefix": f"{tag}."}


def _demo_values(settings: Settings) -> dict[str, object]:
    """The data's own time, its example program unless one is named, and a free port for the API."""
    values: dict[str, object] = {"clock": "log", "log_format": "text"}
    if "model_days" not in settings.model_fields_set:
        # The year passes in a minute: a new model every day would leave no time for anything else.
        values["model_days"] = 7
    if "program" not in settings.model_fields_set:
        values["program"] = GROCERY_PROGRAM
    if not port_is_free(settings.api_port):
        values["api_port"] = free_port()
    return values
