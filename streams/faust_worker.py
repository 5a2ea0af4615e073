"""What the worker and the trainer have in common of Faust: a lifecycle that leaves logs, topics and ports alone."""

import asyncio
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

import faust
from mode import ServiceT


class QuietWorker(faust.Worker):
    """Faust's worker, but logging stays as `tierline` set it up."""

    def _setup_logging(self) -> None:
        return

    def on_init_dependencies(self) -> Iterable[ServiceT]:
        """Return the services; no spinner writes to the terminal."""
        self.spinner = None
        return super().on_init_dependencies()


class Nothing(TypedDict):
    """Settings of a Faust application."""

    web_enabled: bool
    topic_disable_leader: bool
    topic_allow_declare: bool
    reply_create_topic: bool
    datadir: str


def nothing_of_its_own(name: str) -> Nothing:
    """Return the settings under which Faust creates no topic and serves no page."""
    return Nothing(
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        reply_create_topic=False,
        # Faust makes this folder though nothing of ours is in it; the working directory stays clean.
        datadir=str(Path(tempfile.gettempdir()) / f"{name}-faust"),
    )


async def stop_at_end(end: asyncio.Event, worker: faust.Worker) -> None:
    """Stop the worker when the service says that it is over."""
    await end.wait()
    await worker.stop()
