"""A Redis Cluster of the test's own: Valkey servers that know each other, three primaries, with replicas if asked."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import redis
from redis.crc import key_slot

from tests.integration.cli_process import until
from tests.servers import name_of, started
from tierline.embedded import EmbeddedValkey
from tierline.embedded.process import free_port

SLOTS = 16_384
PRIMARIES = 3
NODE_TIMEOUT_MS = 1500
"""After so long without an answer a replica takes over; 15,000 is the usual, too long for a test."""
FORMED_WITHIN_SECONDS = 30


@dataclass(slots=True)
class ValkeyCluster:
    """Clients reach it at ``url``, which names every server."""

    servers: list[EmbeddedValkey]
    replicas: dict[int, EmbeddedValkey] = field(default_factory=dict)
    """By the place of their primary in ``servers``."""

    @property
    def url(self) -> str:
        """Return the address of all servers."""
        everyone = [*self.servers, *self.replicas.values()]
        return "redis://" + ",".join(f"127.0.0.1:{server.port}" for server in everyone)

    def holder(self, key: str) -> EmbeddedValkey:
        """Return who has ``key`` by now; a replica that took over counts, a server that is gone does not."""
        slot = key_slot_of(key)
        for server in [*self.servers, *self.replicas.values()]:
            if server.running:
                with redis.Redis(port=server.port) as client:
                    if _says_it_has(client, slot):
                        return server
        raise AssertionError(f"nobody has slot {slot}")

    def move_slot(self, slot: int, source: EmbeddedValkey, target: EmbeddedValkey, pause_seconds: float) -> int:
        """Move a slot key by key, as `valkey-cli --cluster reshard` does; return how many keys went.

        The first half goes, then nothing for ``pause_seconds``: so long the slot is on two servers.
        """
        self.begin_move(slot, source, target)
        gone = self._migrate(slot, source, target, at_most=self.keys_in(slot, source) // 2)
        time.sleep(pause_seconds)
        return gone + self.end_move(slot, source, target)

    def begin_move(self, slot: int, source: EmbeddedValkey, target: EmbeddedValkey) -> None:
        """Let keys of a slot go; none has gone yet."""
        _say(target, "CLUSTER SETSLOT", slot, "IMPORTING", _node_id(source))
        _say(source, "CLUSTER SETSLOT", slot, "MIGRATING", _node_id(target))

    def end_move(self, slot: int, source: EmbeddedValkey, target: EmbeddedValkey) -> int:
        """Let the other keys go, and the slot belong to ``target``; return how many keys went now."""
        gone = self._migrate(slot, source, target, at_most=1_000_000)
        for server in (target, source, *self.servers):
            _say(server, "CLUSTER SETSLOT", slot, "NODE", _node_id(target))
        return gone

    def keys_in(self, slot: int, server: EmbeddedValkey) -> int:
        """Return how many keys of a slot a server has."""
        count = _say(server, "CLUSTER COUNTKEYSINSLOT", slot)
        assert isinstance(count, int)
        return count

    def _migrate(self, slot: int, source: EmbeddedValkey, target: EmbeddedValkey, at_most: int) -> int:
        gone = 0
        while gone < at_most:
            keys = _say(source, "CLUSTER GETKEYSINSLOT", slot, min(100, at_most - gone))
            if not keys:
                break
            assert isinstance(keys, list)
            _say(source, "MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *keys)
            gone += len(keys)
        return gone


@contextmanager
def a_cluster(folder: Path, *, with_replicas: bool = False) -> Iterator[ValkeyCluster]:
    """Yield a cluster that has all slots, and whose replicas have what their primaries have."""
    with ExitStack() as running:
        primaries = [running.enter_context(started(_a_server(folder))) for _ in range(PRIMARIES)]
        cluster = ValkeyCluster(primaries)
        _meet(primaries)
        for number, primary in enumerate(primaries):
            first, after = SLOTS * number // PRIMARIES, SLOTS * (number + 1) // PRIMARIES
            _say(primary, "CLUSTER ADDSLOTSRANGE", first, after - 1)
        if with_replicas:
            cluster.replicas = {n: running.enter_context(started(_a_server(folder))) for n in range(PRIMARIES)}
            everyone = [*primaries, *cluster.replicas.values()]
            _meet(everyone)
            _await(lambda: all(_known_by(server) == len(everyone) for server in everyone), "all know all")
            for number, replica in cluster.replicas.items():
                _say(replica, "CLUSTER REPLICATE", _node_id(primaries[number]))
            _await(lambda: all(map(_is_in_step, cluster.replicas.values())), "replicas have what their primaries have")
        _await(lambda: all(map(_is_whole, [*primaries, *cluster.replicas.values()])), "the cluster is whole")
        yield cluster


def key_slot_of(key: str) -> int:
    """Return the slot of a key."""
    return int(key_slot(key.encode()))


def _node_id(server: EmbeddedValkey) -> str:
    identity = _say(server, "CLUSTER MYID")
    return identity.decode() if isinstance(identity, bytes) else str(identity)


def _a_server(folder: Path) -> EmbeddedValkey:
    options = {
        "cluster-enabled": "yes",
        "cluster-node-timeout": str(NODE_TIMEOUT_MS),
        # Ten thousand above the port, the usual, may be no port at all.
        "cluster-port": str(free_port()),
        "cluster-replica-validity-factor": "0",
    }
    return EmbeddedValkey(folder / name_of("node"), options=options)


def _meet(servers: list[EmbeddedValkey]) -> None:
    first = servers[0]
    for other in servers[1:]:
        _say(other, "CLUSTER MEET", "127.0.0.1", first.port, int(first.options["cluster-port"]))
    _await(lambda: all(_known_by(server) >= len(servers) for server in servers), "all know all")


def _known_by(server: EmbeddedValkey) -> int:
    nodes = _say(server, "CLUSTER NODES")
    assert isinstance(nodes, dict)
    return sum("handshake" not in node["flags"] for node in nodes.values())


def _is_whole(server: EmbeddedValkey) -> bool:
    info = _say(server, "CLUSTER INFO")
    assert isinstance(info, dict)
    return (info["cluster_state"], info["cluster_slots_ok"]) == ("ok", str(SLOTS))


def _is_in_step(replica: EmbeddedValkey) -> bool:
    with redis.Redis(port=replica.port) as client:
        return str(client.info("replication").get("master_link_status")) == "up"


def _says_it_has(client: "redis.Redis", slot: int) -> bool:
    if client.info("replication")["role"] != "master":
        return False
    nodes = client.execute_command("CLUSTER NODES")  # type: ignore[no-untyped-call]
    mine = next(node for node in nodes.values() if "myself" in node["flags"])
    return any(int(span[0]) <= slot <= int(span[-1]) for span in mine["slots"] if span[0].isdigit())


def _say(server: EmbeddedValkey, *command: object) -> object:
    with redis.Redis(port=server.port) as client:
        return client.execute_command(*command)


def _await(holds: Callable[[], bool], what: str) -> None:
    until(holds, lambda: f"not within {FORMED_WITHIN_SECONDS} s: {what}", FORMED_WITHIN_SECONDS)
