"""The two servers of a benchmark: embedded, its own, gone afterwards."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pydantic import SecretStr

from tierline.demo.servers import GROCERY_PROGRAM
from tierline.embedded import EmbeddedKafka, EmbeddedValkey
from tierline.settings import Settings


@contextmanager
def served(partitions: int, folder: Path) -> Iterator[tuple[Settings, Mapping[str, int]]]:
    """Start both servers; yield the settings and the process ids."""
    base = Settings()
    kafka = EmbeddedKafka(folder / "kafka", cache=base.cache_folder.expanduser())
    valkey = EmbeddedValkey(folder / "valkey")
    try:
        with ThreadPoolExecutor() as pool:
            for started in [pool.submit(server.start) for server in (kafka, valkey)]:
                started.result()
        found = {
            "kafka": kafka.bootstrap,
            "redis": SecretStr(valkey.url),
            "program": GROCERY_PROGRAM,
            "clock": "log",
            "log_format": "text",
            "partitions": partitions,
        }
        yield base.model_copy(update=found), {"kafka": kafka.pid, "valkey": valkey.pid}
    finally:
        kafka.stop()
        valkey.stop()
