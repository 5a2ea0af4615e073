"""Is this a Redis that can hold states? In a cluster every server is asked that has a partition."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from redis import asyncio as aioredis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from state.errors import StateError
from state.redis_repository import RedisRepository
from state.redis_rights import acl_rule
from state.redis_servers import one_each
from state.store import StoreRefusedError
from tierline.doctor.findings import Finding, ok
from tierline.doctor.redis_rights import check_rights
from tierline.settings import Settings, shown_url

OLDEST_VERSION = (7, 2)
"""WAITAOF came with Redis 7.2 (Valkey reports that version, or its own, which is higher)."""
TIMEOUT_SECONDS = 5.0


async def check_redis(settings: Settings) -> list[Finding]:
    """Return what is found, first whether it answers; an unreachable server is a finding, too."""
    places, unplaced = await _places(settings)
    urls = list(places) or one_each(settings.need_redis())[:1]
    findings = [finding for url in urls for finding in await _check_server(settings, url)]
    if unplaced and (places or any(isinstance(error, StoreRefusedError) for error in unplaced.values())):
        numbers = ", ".join(map(str, unplaced))
        text = f"partitions {numbers} cannot be reached: {next(iter(unplaced.values()))}"
        advice = "See that every server runs; in a cluster `CLUSTER INFO` must say cluster_state:ok."
        return [Finding("redis", "failure", text, advice), *findings]
    if len(places) > 1:
        had = "; ".join(f"{shown_url(url)} has {', '.join(map(str, held))}" for url, held in places.items())
        findings.append(ok("redis", f"it is a cluster, with the partitions on {len(places)} servers: {had}"))
    return findings


async def _places(settings: Settings) -> tuple[dict[str, list[int]], dict[int, StateError]]:
    """Return the partitions of each server, and why others have none."""
    repository = RedisRepository(settings.need_redis(), settings.name, TIMEOUT_SECONDS)
    places: defaultdict[str, list[int]] = defaultdict(list)
    unplaced: dict[int, StateError] = {}
    for partition in range(settings.partitions):
        try:
            await repository.token(partition)
        except StateError as error:
            unplaced[partition] = error
            if not places and not isinstance(error, StoreRefusedError):
                break  # None of those that are named answers.
        else:
            places[repository.server(partition)].append(partition)
    await repository.close()
    return places, unplaced


async def _check_server(settings: Settings, url: str) -> list[Finding]:
    where = f"Redis at {shown_url(url)}"
    client = aioredis.Redis.from_url(url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS)
    try:
        info = await client.info("everything")
        rights = await check_rights(client, settings.name)
    except (RedisError, OSError) as error:
        return [_unreachable(settings, where, error)]
    finally:
        await client.aclose()
    return [ok("redis", f"{where} answers"), rights, *_judge(where, info)]


async def started_partitions(settings: Settings) -> list[int]:
    """Return the partitions that Redis has a state of."""
    repository = RedisRepository(settings.need_redis(), settings.name, TIMEOUT_SECONDS)
    try:
        metas = await asyncio.gather(*(repository.meta(partition) for partition in range(settings.partitions)))
    except StateError:
        return []
    finally:
        await repository.close()
    return [partition for partition, meta in enumerate(metas) if meta is not None]


def _unreachable(settings: Settings, where: str, error: Exception) -> Finding:
    text = str(error).rstrip(".")
    if isinstance(error, NoPermissionError):
        advice = f"ACL SETUSER <user> {acl_rule(settings.name)}"
        return Finding("redis", "failure", f"{where} permits too little: {text}", advice)
    if isinstance(error, AuthenticationError) or text.startswith("NOAUTH"):
        advice = "Correct TIERLINE_REDIS_USER and TIERLINE_REDIS_PASSWORD, or the login in TIERLINE_REDIS."
        return Finding("redis", "failure", f"{where} refuses the login: {text}", advice)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        advice = "Name the PEM file of the authority that signed it in TIERLINE_REDIS_CA_FILE."
        return Finding("redis", "failure", f"the certificate of {where} is not trusted: {text}", advice)
    advice = "Start it, or correct TIERLINE_REDIS (with TLS: rediss://)."
    return Finding("redis", "failure", f"{where} does not answer: {text}", advice)


def _judge(where: str, info: Mapping[str, object]) -> list[Finding]:
    return [_version(info), _eviction(where, info), _append_only(where, info), _role(where, info)]


def _version(info: Mapping[str, object]) -> Finding:
    name = "Valkey" if "valkey_version" in info else "Redis"
    text = str(info.get("valkey_version", info.get("redis_version", "0")))
    found = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
    if found >= OLDEST_VERSION:
        return ok("redis", f"version {name} {text}")
    oldest = ".".join(map(str, OLDEST_VERSION))
    advice = f"Take Redis {oldest} or Valkey 8, or newer."
    return Finding("redis", "failure", f"version {name} {text} is too old", advice)


def _eviction(where: str, info: Mapping[str, object]) -> Finding:
    policy = str(info.get("maxmemory_policy", "noeviction"))
    if policy == "noeviction":
        return ok("redis", "it never evicts (maxmemory-policy noeviction)")
    return Finding(
        "redis", "failure", f"{where} may evict customers: maxmemory-policy is {policy}",
        "CONFIG SET maxmemory-policy noeviction, and set it in the server's configuration file.",
    )  # fmt: skip


def _append_only(where: str, info: Mapping[str, object]) -> Finding:
    if int(str(info.get("aof_enabled", 0))):
        return ok("redis", "it keeps an append-only file")
    return Finding(
        "redis", "warning", f"{where} keeps no append-only file: a restart forgets states until they are rebuilt",
        "CONFIG SET appendonly yes, and set it in the server's configuration file.",
    )  # fmt: skip


def _role(where: str, info: Mapping[str, object]) -> Finding:
    if info.get("role") != "slave":
        return ok("redis", "it takes writes")
    advice = "Name the primary in TIERLINE_REDIS."
    return Finding("redis", "failure", f"{where} is a replica and takes no writes", advice)
