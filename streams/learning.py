"""The trainer over its topics: which record is next, from where to go on, what is published and what was already.

Everything is a fold of the samples topic, so nothing is kept beside it: who takes over reads the last snapshot and
the samples that it names, and goes on with the same results (docs/decisions/0010).
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Protocol

from msgspec.structs import replace

from models.errors import SettingsMismatchError
from models.settings import LearningSettings
from models.trainer import Trainer
from schemas.instants import format_instant
from schemas.samples import NewerSamplesError, SampleSlice, UnreadableSamplesError, decode_slice
from schemas.snapshot import NewerModelError, Snapshot, UnreadableModelError, decode_snapshot, encode_snapshot
from state.outputs import Output
from streams.alerts import alert_lines, alerts_of
from streams.ports import StopError

log = logging.getLogger("tierline.trainer")


class Models(Protocol):
    """The trainer's two topics; see `ModelLog`."""

    async def start(self) -> None:
        """Fence every other trainer."""

    async def last(self) -> tuple[int, bytes] | None:
        """Return offset and body of the last snapshot."""

    async def samples_range(self) -> tuple[int, int]:
        """Return where the samples begin and end."""

    def samples(self, begin: int, end: int) -> AsyncIterator[tuple[int, bytes]]:
        """Yield offset and body of samples."""

    async def publish(self, body: bytes, alerts_of: Callable[[int], Sequence[Output]]) -> int:
        """Publish a snapshot, and what is to be said of it under its offset; return the offset."""


class Learning:
    """Takes the samples in their order; after any failure it begins anew from the log."""

    def __init__(self, models: Models, settings: LearningSettings) -> None:
        self._models = models
        self._settings = settings
        self._trainer: Trainer | None = None
        self._next_offset = 0
        self.published_until = 0
        """The offset behind the last sample that a published snapshot was made from."""

    async def take(self, offset: int, body: bytes) -> None:
        """Take one record; those taken before are passed over, those missing in between are read.

        Raises LogUnavailableError and LostClaimError (call again, if the topic is still ours), StopError.
        """
        try:
            if self._trainer is None or offset > self._next_offset:
                await self._take_over(offset)
            if offset == self._next_offset:
                await self._step(offset, body)
        except BaseException:
            # What was folded and not published would be missing: the log alone says where to go on.
            self.drop()
            raise

    def drop(self) -> None:
        """Forget everything; the next record begins with the log."""
        self._trainer = None

    async def _take_over(self, offset: int) -> None:
        """Fence whoever learnt before, then take every sample up to ``offset`` that counts."""
        await self._models.start()
        last, (begin, end) = await self._models.last(), await self._models.samples_range()
        self.published_until, snapshot = begin, None
        if last is not None:
            version, body = last
            snapshot = self._placed(_decoded(version, body), begin, end)
            self.published_until = snapshot.samples_until
        self._trainer, start = self._begun(snapshot, begin)
        self._next_offset = start
        until = max(offset, self.published_until)
        log.info("going on after model %s with the samples from %d on", "none" if last is None else last[0], start)
        async for at, body in self._models.samples(start, until):
            await self._step(at, body)
        self._next_offset = until

    def _begun(self, snapshot: Snapshot | None, begin: int) -> tuple[Trainer, int]:
        """Return the trainer as of the snapshot, and the first sample it needs."""
        if snapshot is not None:
            try:
                return Trainer.resumed(self._settings, snapshot), snapshot.samples_from
            except SettingsMismatchError as error:
                log.warning("learning anew from all samples that are kept: %s", error)
        return Trainer(self._settings), begin

    def _placed(self, snapshot: Snapshot, begin: int, end: int) -> Snapshot:
        """Return the snapshot with offsets that the samples topic has."""
        if snapshot.samples_until > end:
            log.warning("the samples topic was made anew: what it says now is learnt on top of the last model")
            return replace(snapshot, samples_from=begin, samples_until=begin)
        if snapshot.samples_from < begin:
            log.warning("samples %d to %d are gone; their customers come again", snapshot.samples_from, begin)
            return replace(snapshot, samples_from=begin, samples_until=max(begin, snapshot.samples_until))
        return snapshot

    async def _step(self, offset: int, body: bytes) -> None:
        assert self._trainer is not None, "taken over"
        samples = _slice(offset, body)
        snapshot = None if samples is None else self._trainer.take(samples, offset)
        self._next_offset = offset + 1
        if snapshot is not None and snapshot.samples_until > self.published_until:
            version = await self._models.publish(encode_snapshot(snapshot), partial(alerts_of, snapshot))
            self.published_until = snapshot.samples_until
            log.info("model %d: %s", version, summary(snapshot))
            if snapshot.drift is not None and snapshot.drift.has_restarted:
                churn = snapshot.drift.label_churn
                log.info("model %d: clusters were started afresh; %.1f %% are in another one", version, 100 * churn)
            for line in alert_lines(snapshot):
                log.warning("model %d: %s", version, line)


def summary(snapshot: Snapshot) -> str:
    """Return one line for people."""
    shares = ", ".join(f"{cluster.name} {cluster.share:.1%}" for cluster in snapshot.clusters)
    return (
        f"{snapshot.customers} customers until {format_instant(snapshot.trained_at)}, {shares}, "
        f"{snapshot.restarts} restarts, {_pricing(snapshot)}"
    )


def _pricing(snapshot: Snapshot) -> str:
    value = snapshot.value
    return "no value in 90 days" if value is None else f"value by {value.priced_by} with {value.labels} labels"


def _slice(offset: int, body: bytes) -> SampleSlice | None:
    try:
        return decode_slice(body)
    except UnreadableSamplesError as error:
        log.warning("sample %d is passed over: %s", offset, error)
        return None
    except NewerSamplesError as error:
        raise StopError(f"sample {offset}: {error}") from error


def _decoded(version: int, body: bytes) -> Snapshot:
    try:
        return decode_snapshot(body)
    except (NewerModelError, UnreadableModelError) as error:
        raise StopError(f"model {version} cannot be gone on from: {error}. Run the Tierline that wrote it") from error
