"""What must hold when a schedule is over: the published journal explains everything."""

from schemas.journal import ModelAdoption, Records, Start, Step, Tick, decode_entry
from state.changes import Said
from state.customer import encode_state
from state.fold import Fold
from state.ledger import Ledger, encode_entry
from state.memory import CustomersInMemory
from state.meta import PartitionMeta, decode_meta
from state.outputs import Output
from state.store import TOLD_MAX
from tests.simulation.fake_kafka import FakeKafka
from tests.simulation.fake_store import Shard
from tests.simulation.schedule import World
from tests.simulation.workload import PARTITION


def violations(world: World) -> list[str]:
    """Return what does not hold, empty if everything does."""
    steps, is_whole = journalled(world.kafka)
    if not is_whole:
        return ["the journal is torn"]
    customers = CustomersInMemory()
    fold = Fold(PartitionMeta(partition=PARTITION), customers)
    said: list[Said] = []
    published, found = _replayed(fold, customers, steps, world.kafka, said), []
    gone = {record.key for _, record in world.log if record.value is not None and b"customer.erased" in record.value}
    if _of_others(published, gone) != _of_others(world.kafka.outputs, gone):
        found.append("outputs differ from the replay")
    if len(set(map(_identity, _of_others(world.kafka.outputs, gone)))) != len(_of_others(world.kafka.outputs, gone)):
        found.append("an id is published twice")
    found += _state_violations(world, fold, customers)
    found += _page_violations(world.store.shard(PARTITION), said)
    if world.observed.contradictions and not world.faults.failback:
        found.append("the store contradicted the journal: only a rebuild could help")
    return found


def adoptions(world: World) -> int:
    """Return how many models were adopted, by what the journal says."""
    return sum(isinstance(step, ModelAdoption) for step in journalled(world.kafka)[0])


def _state_violations(world: World, fold: Fold, customers: CustomersInMemory) -> list[str]:
    shard, found = world.store.shard(PARTITION), []
    if shard.states != {i: encode_state(state) for i, state in customers.states.items()}:
        found.append("states differ from the replay")
    ledgers = {customer_id: _encoded(ledger) for customer_id, ledger in customers.ledgers.items()}
    if _filled(shard.ledgers) != _filled(ledgers):
        found.append("ledgers differ from the replay")
    if set(shard.due) != set(customers.states):
        found.append("not every customer is in the due set")
    if shard.meta is None or _counted(decode_meta(shard.meta)) != _counted(fold.meta):
        found.append("meta differs from the replay")
    return found


def _page_violations(shard: Shard, said: list[Said]) -> list[str]:
    """Compare what pages see with the replay: each output once, under its own place, none of who is erased."""
    found = []
    if list(shard.live) != said:
        found.append("the live stream differs from the replay")
    told: dict[str, list[bytes]] = {}
    for one in said:
        told.setdefault(one.customer_id, []).append(one.body)
    if shard.told != {customer_id: tuple(bodies[-TOLD_MAX:]) for customer_id, bodies in told.items()}:
        found.append("histories differ from the replay")
    return found


def _encoded(ledger: Ledger) -> dict[str, bytes]:
    return {name: encode_entry(entry) for name, entry in ledger.entries.items() if entry is not None}


def _filled(ledgers: dict[str, dict[str, bytes]]) -> dict[str, dict[str, bytes]]:
    return {customer_id: fields for customer_id, fields in ledgers.items() if fields}


def journalled(kafka: FakeKafka) -> tuple[list[Step], bool]:
    """Return every step in the journal, and whether none is missing."""
    steps: list[Step] = []
    expected = 1
    for _, value in kafka.journal:
        entry = decode_entry(value)
        if entry.first_step != expected:
            return steps, False
        expected = entry.next_step
        steps += entry.steps
    return steps, True


def _replayed(
    fold: Fold, customers: CustomersInMemory, steps: list[Step], kafka: FakeKafka, said: list[Said]
) -> list[Output]:
    outputs: list[Output] = []
    for step in steps:
        if isinstance(step, Records):
            for _ in range(step.count):
                offset = fold.meta.offsets[step.topic]
                fold.apply(fold.admit(kafka.inputs[step.topic][offset]))
        elif isinstance(step, Tick):
            fold.tick(step, list(customers))
        elif isinstance(step, Start):
            fold.start(step)
        elif isinstance(step, ModelAdoption):
            fold.adopt(step, kafka.models[step.version])
        else:
            fold.change_program(step)
        changes = fold.take_changes()
        outputs += changes.outputs
        gone = {*changes.reborn, *(customer_id for customer_id, state in changes.states.items() if state is None)}
        said[:] = [one for one in said if one.customer_id not in gone] + changes.said
    return outputs


def _of_others(outputs: list[Output], gone: set[bytes | None]) -> list[Output]:
    return [output for output in outputs if output.key not in gone]


def _identity(output: Output) -> tuple[object, ...]:
    ids = [value for name, value in output.headers if name in {"ce_id", "ce_type", "tl_topic", "tl_offset"}]
    return (output.topic, *ids)


def _counted(meta: PartitionMeta) -> object:
    counters = {name: count for name, count in meta.counters.items() if not name.startswith("withdrawn:")}
    counts = meta.customers_by_tier, meta.moves, meta.customers_by_segment, meta.segment_moves
    in_force = meta.program, meta.previous_program, meta.model, meta.previous_model, meta.model_adopted_at
    pricing = meta.priced_by, meta.labels
    return meta.step, meta.offsets, meta.clock_at, in_force, pricing, counters, counts
