"""Follows the samples and models topics in a thread of its own: the event loop of the API never waits for it."""

import asyncio
import logging
import threading
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Final

from kafka.errors import KafkaError as AdminKafkaError

from models.population import Population
from streams.population_reader import population_reader
from streams.ports import LogUnavailableError

RETRY_SECONDS: Final = 5.0
STOP_SECONDS: Final = 2.0
"""Longer it may take while it catches up; it holds nothing that has to be closed."""
READING: Final = "This API is still reading the samples; it started a short while ago."

log = logging.getLogger("tierline.population")


class PopulationFollower:
    """Holds the latest population; what it says may be read from any thread."""

    def __init__(self, options: Mapping[str, object], topic_prefix: str) -> None:
        self._options, self._topic_prefix = options, topic_prefix
        self._thread = threading.Thread(target=self._run, name="population", daemon=True)
        self._stopping = threading.Event()
        self._gone: SimpleQueue[str] = SimpleQueue()
        self.population: Population | None = None
        """None until it is known."""
        self.missing = READING
        """Why it is not known yet, in words."""

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Follow no longer; waits two seconds at most."""
        self._stopping.set()
        self._thread.join(STOP_SECONDS)

    def forget(self, customer_id: str) -> None:
        """Say that a customer of the population is gone: it is built anew without."""
        self._gone.put(customer_id)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                asyncio.run(self._follow())
            except (LogUnavailableError, AdminKafkaError, OSError) as error:
                self.missing = f"The samples cannot be read for now: {error}"
                log.warning("samples cannot be read for now: %s", error)
                self._stopping.wait(RETRY_SECONDS)

    async def _follow(self) -> None:
        async with population_reader(self._options, self._topic_prefix) as reader:
            while not self._stopping.is_set():
                if not self._gone.empty():
                    reader.forget({self._gone.get() for _ in range(self._gone.qsize())})
                newer = reader.population()
                if newer is not None:
                    self.population = newer
                    log.info("model %d: %d customers can be compared", newer.version, len(newer.lookalikes))
                if self.population is None:
                    self.missing = reader.missing()
                await reader.look()
