"""The trainer over its topics: whatever fails, and whatever Faust brings twice or late, the models are the fold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.trainer import Trainer
from schemas.operator_records import Freeze, encode_freeze, is_of_operator
from schemas.samples import SAMPLES_FORMAT, SampleSlice, encode_slice
from schemas.snapshot import Rollback, decode_snapshot, encode_snapshot
from state.outputs import Output
from streams.learning import Learning
from streams.ports import LogUnavailableError, LostClaimError, StopError
from tests.unit.models.building import SMALL, folded, slices

DAYS = 8


class Topics:
    """Samples and models on lists; a trainer is fenced by the next one that starts."""

    def __init__(self, random: Random, failing: float = 0.0) -> None:
        self.kept: list[tuple[int, bytes]] = []
        self.models: list[bytes] = []
        self.alerts: list[Output] = []
        self.epoch = 0
        self.random, self.failing = random, failing

    def add(self, samples: SampleSlice | bytes) -> None:
        body = samples if isinstance(samples, bytes) else encode_slice(samples)
        self.kept.append((self.kept[-1][0] + 1 if self.kept else 0, body))

    def learnt(self) -> list[tuple[int, bytes]]:
        return [(version, body) for version, body in enumerate(self.models) if not is_of_operator(body)]

    def fail(self) -> None:
        if self.random.random() < self.failing:
            raise LogUnavailableError("no answer")


class Client:
    """Implements `Models` for one trainer."""

    def __init__(self, topics: Topics) -> None:
        self.topics, self.epoch = topics, -1

    async def start(self) -> None:
        self.topics.fail()
        self.topics.epoch += 1
        self.epoch = self.topics.epoch

    async def last(self) -> tuple[int, bytes] | None:
        self.topics.fail()
        return self.topics.learnt()[-1] if self.topics.learnt() else None

    async def samples_range(self) -> tuple[int, int]:
        kept = self.topics.kept
        return (kept[0][0], kept[-1][0] + 1) if kept else (0, 0)

    async def samples(self, begin: int, end: int) -> AsyncIterator[tuple[int, bytes]]:
        for offset, body in list(self.topics.kept):
            if begin <= offset < end:
                self.topics.fail()
                yield offset, body

    async def publish(self, body: bytes, alerts_of: Callable[[int], Sequence[Output]]) -> int:
        if self.epoch != self.topics.epoch:
            raise LostClaimError("another trainer took over")
        self.topics.fail()
        self.topics.models.append(body)
        self.topics.alerts += alerts_of(len(self.topics.models) - 1)
        self.topics.fail()
        return len(self.topics.models) - 1


def history(days: int = DAYS) -> list[SampleSlice]:
    return [
        msgspec.structs.replace(whole, at=whole.at + part, rows=whole.rows[part * 50 : part * 50 + 50])
        for whole in slices(days)
        for part in range(4)
    ]


def the_fold(samples: list[SampleSlice]) -> list[bytes]:
    return [encode_snapshot(snapshot) for snapshot in folded(Trainer(SMALL), enumerate(samples))]


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_failures_zombies_and_redelivery_change_nothing(seed: int) -> None:
    asyncio.run(storm(seed))


async def storm(seed: int) -> None:
    random = Random(seed)
    topics, samples = Topics(random, failing=0.03), history()
    trainers = [Learning(Client(topics), SMALL) for _ in range(2)]
    for one in samples:
        topics.add(one)
        active = random.choices(trainers, (9, 1))[0]
        first = random.choice([len(topics.kept) - 1, random.randrange(len(topics.kept))])
        await delivered(active, topics, first)
        if random.random() < 0.05:
            trainers[0] = Learning(Client(topics), SMALL)
        if topics.models and random.random() < 0.05:
            topics.models.append(said_by_an_operator(random, topics))
    topics.failing = 0
    await delivered(trainers[0], topics, len(topics.kept) - 1)
    assert [body for _, body in topics.learnt()] == the_fold(samples)


def said_by_an_operator(random: Random, topics: Topics) -> bytes:
    version, body = random.choice(topics.learnt())
    if random.random() < 0.5:
        return encode_freeze(Freeze(random.choice([None, version])))
    return encode_snapshot(msgspec.structs.replace(decode_snapshot(body), rollback=Rollback(version, True)))


async def delivered(learning: Learning, topics: Topics, first: int) -> None:
    """Bring every record from ``first`` on, each until it is taken."""
    for offset, body in topics.kept[first:]:
        while True:
            try:
                await learning.take(offset, body)
                break
            except (LogUnavailableError, LostClaimError):
                continue


async def test_another_number_of_clusters_is_learnt_anew_and_nothing_is_published_twice(
    caplog: pytest.LogCaptureFixture,
) -> None:
    topics, samples = Topics(Random(0)), history()
    for one in samples[:-4]:
        topics.add(one)
    await delivered(Learning(Client(topics), SMALL), topics, 0)
    before, six = list(topics.models), msgspec.structs.replace(SMALL, k=6)
    await delivered(Learning(Client(topics), six), topics, 10)
    assert topics.models == before, "those days have their model"
    assert "learning anew from all samples that are kept" in caplog.text
    for one in samples[-4:]:
        topics.add(one)
    await delivered(Learning(Client(topics), six), topics, len(samples) - 4)
    assert [len(decode_snapshot(body).clusters) for body in topics.models] == [4] * len(before) + [6]


async def test_a_samples_topic_that_was_made_anew_is_learnt_on_top_of_the_last_model(
    caplog: pytest.LogCaptureFixture,
) -> None:
    topics, samples = Topics(Random(0)), history()
    for one in samples:
        topics.add(one)
    await delivered(Learning(Client(topics), SMALL), topics, 0)
    count, topics.kept = len(topics.models), []
    for one in history(DAYS + 2)[-12:]:
        topics.add(one)
    await delivered(Learning(Client(topics), SMALL), topics, 0)
    assert "was made anew" in caplog.text
    assert len(topics.models) == count + 2


async def test_samples_that_are_gone_are_missed_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    topics, samples = Topics(Random(0)), history(12)
    for one in samples[:-4]:
        topics.add(one)
    await delivered(Learning(Client(topics), SMALL), topics, 0)
    topics.kept = topics.kept[-6:]
    topics.add(samples[-4])
    await delivered(Learning(Client(topics), SMALL), topics, 6)
    assert "are gone; their customers come again" in caplog.text
    assert decode_snapshot(topics.models[-1]).customers == 200


async def test_a_restart_is_announced(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "tierline.trainer")
    eager, topics = msgspec.structs.replace(SMALL, restart_gain=-1.0, restart_after_days=2), Topics(Random(0))
    for one in history(12):
        topics.add(one)
    await delivered(Learning(Client(topics), eager), topics, 0)
    restarts = [decode_snapshot(body).restarts for body in topics.models]
    began = next(version for version, count in enumerate(restarts) if count)
    assert f"model {began}: clusters were started afresh; " in caplog.text
    assert caplog.text.count("started afresh") == max(restarts)


async def test_what_cannot_be_read_is_passed_over_and_what_is_newer_stops(caplog: pytest.LogCaptureFixture) -> None:
    topics, samples = Topics(Random(0)), history()
    for number, one in enumerate(samples):
        if number == 9:
            topics.add(b"nonsense")
        topics.add(one)
    await delivered(Learning(Client(topics), SMALL), topics, 0)
    assert "sample 9 is passed over" in caplog.text
    assert len(topics.models) == len(the_fold(samples))
    topics.add(b'{"format":%d}' % (SAMPLES_FORMAT + 1))
    with pytest.raises(StopError, match="run the newer one"):
        await delivered(Learning(Client(topics), SMALL), topics, len(topics.kept) - 1)
    topics.models.append(b'{"format":99}')
    with pytest.raises(StopError, match=r"model \d+ cannot be gone on from"):
        await delivered(Learning(Client(topics), SMALL), topics, 5)
