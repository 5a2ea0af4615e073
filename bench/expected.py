"""The independent fold of the same log, and the end state beside it."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from bench.log import BenchLog
from replay.run import Run, run_log
from schemas.topics import CHANGES, INPUTS, NUDGES, SUPPRESSIONS, dead_letter_topic
from state.customer import CustomerState, decode_state
from state.ledger import LedgerEntry, decode_entry
from state.redis_repository import RedisRepository
from state.store import Wanted
from streams.topic_reader import read_topics
from tierline.connections import kafka_options
from tierline.reaching import program_of
from tierline.settings import Settings

OUTPUTS = (NUDGES, SUPPRESSIONS, CHANGES, *map(dead_letter_topic, INPUTS))
CUSTOMERS_A_READ = 500
FOREVER = 2**60

Said = Mapping[tuple[str, bytes | None], Sequence[bytes | None]]
"""What was published about whom, by topic and key, in order."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must be there at the end, by partition."""

    runs: Sequence[Run]
    said: Said

    @property
    def outputs(self) -> int:
        """How many records are published."""
        return sum(map(len, self.said.values()))


class WrongEndError(Exception):
    """A worker ended in another state than the fold of the same log."""


def fold(log: BenchLog, settings: Settings) -> Expected:
    """Fold every partition of the log by the rules alone, in this process and without servers."""
    program = program_of(settings)
    runs = [run_log(log.of_partition(partition), program) for partition in range(settings.partitions)]
    said: dict[tuple[str, bytes | None], list[bytes | None]] = defaultdict(list)
    for run in runs:
        for output in run.outputs:
            said[output.topic, output.key].append(output.value)
    return Expected(runs, dict(said))


async def check(expected: Expected, settings: Settings, repository: RedisRepository) -> None:
    """Raise `WrongEndError` unless states, ledgers, due moments and everything published are equal."""
    for partition, run in enumerate(expected.runs):
        due = {customer_id: at for at, customer_id in await repository.due(partition, FOREVER, 10_000_000)}
        found = set()
        async for customer_id, state, ledger in _stored(repository, partition):
            found.add(customer_id)
            entries = {name: entry for name, entry in run.customers.ledger(customer_id).entries.items() if entry}
            if (state, ledger) != (run.customers.state(customer_id), entries):
                raise WrongEndError(f"partition {partition}: the state of {customer_id} differs from the fold's")
            if due.get(customer_id) != run.due_of(customer_id):
                raise WrongEndError(f"partition {partition}: the due moment of {customer_id} differs from the fold's")
        if found != set(run.customers.states):
            raise WrongEndError(f"partition {partition}: other customers than in the fold")
    if await _published(settings) != expected.said:
        raise WrongEndError("what a read_committed reader sees differs from what the fold says")


async def _stored(
    repository: RedisRepository, partition: int
) -> AsyncIterator[tuple[str, CustomerState | None, dict[str, LedgerEntry]]]:
    after = 0
    while customer_ids := await repository.customers(partition, after, CUSTOMERS_A_READ):
        after += len(customer_ids)
        loaded = await repository.load(partition, Wanted(states=customer_ids))
        for customer_id, blob in loaded.states.items():
            fields = await repository.load_ledger(partition, customer_id)
            ledger = {name: decode_entry(name, value) for name, value in fields.items()}
            yield customer_id, None if blob is None else decode_state(blob), ledger


async def _published(settings: Settings) -> Said:
    said: dict[tuple[str, bytes | None], list[bytes | None]] = defaultdict(list)
    names = [settings.topic_prefix + topic for topic in OUTPUTS]
    async for record in read_topics(kafka_options(settings), names, settings.partitions):
        said[record.topic.removeprefix(settings.topic_prefix), record.key].append(record.value)
    return dict(said)
