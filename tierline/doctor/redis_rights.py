"""May this user do what Tierline does? Every command is tried on a key that nobody uses, so that nothing changes."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Final, TypeAlias, cast

from redis import asyncio as aioredis
from redis.exceptions import NoPermissionError, ResponseError

from state.redis_rights import COMMANDS, acl_rule, key_pattern
from tierline.doctor.findings import Finding, ok

Probe: TypeAlias = Sequence[str]

KEY: Final = "<key>"
PROBES: Final[Mapping[str, Probe]] = {
    "CLIENT|SETINFO": ("LIB-NAME", "tierline-doctor"),
    "DEL": (KEY,),
    "EXISTS": (KEY,),
    "FCALL": ("tierline_doctor", "1", KEY),
    "FUNCTION|LOAD": ("no library",),
    "GET": (KEY,),
    "HDEL": (KEY, "f"),
    "HGET": (KEY, "f"),
    "HGETALL": (KEY,),
    "HMGET": (KEY, "f"),
    # A field without its value: Redis looks at the rights first, and then refuses to write.
    "HSET": (KEY, "f", "v", "g"),
    "HVALS": (KEY,),
    "INFO": ("server",),
    "LRANGE": (KEY, "0", "0"),
    "LSET": (KEY, "0", "v"),
    "LTRIM": (KEY, "0", "0"),
    "MGET": (KEY,),
    "MSET": (KEY, "v", KEY),
    "RPUSH": (KEY, "v"),
    "SET": (KEY, "v", "XX"),
    "WAITAOF": ("0", "0", "1"),
    "XADD": (KEY, "NOMKSTREAM", "*", "f", "v"),
    "XDEL": (KEY, "0-1"),
    "XRANGE": (KEY, "-", "+"),
    "XREAD": ("COUNT", "1", "STREAMS", KEY, "0-0"),
    "XREVRANGE": (KEY, "+", "-"),
    "ZADD": (KEY, "XX", "0", "m"),
    "ZRANGE": (KEY, "0", "0"),
    "ZRANGEBYSCORE": (KEY, "0", "0"),
    "ZREM": (KEY, "m"),
    "ZSCAN": (KEY, "0"),
    "ZSCORE": (KEY, "m"),
}
"""Arguments of each command that change nothing; RPUSH alone makes the key, which goes again at once."""


async def check_rights(client: "aioredis.Redis", name: str) -> Finding:
    """Return which rights are missing; the advice is the rule that gives them. Raises ``RedisError`` but for those."""
    key = f"{name}:{{tl:doctor}}:rights"
    missing = {command for command in COMMANDS if command != "RPUSH" and not await _may(client, command, key)}
    # Without DEL the key would stay.
    if "DEL" not in missing and not await _may(client, "RPUSH", key):
        missing.add("RPUSH")
    if "DEL" not in missing:
        await _may(client, "DEL", key)
    if not missing:
        return ok("redis", "the user may do all that Tierline does")
    if {"GET", "HGET", "SET"} <= missing:
        return _failure(
            "reach the keys of this installation", f"{key_pattern(name)} and what else is missing of {acl_rule(name)}"
        )
    names = sorted(missing)
    return _failure(f"run {', '.join(names)}", " ".join(f"+{command.lower()}" for command in names))


def _failure(what: str, rule: str) -> Finding:
    return Finding("redis", "failure", f"the user has no permission to {what}", f"ACL SETUSER <user> {rule}")


async def _may(client: "aioredis.Redis", command: str, key: str) -> bool:
    arguments = [key if argument == KEY else argument for argument in PROBES[command]]
    try:
        await cast("Awaitable[object]", client.execute_command(*command.split("|"), *arguments))  # type: ignore[no-untyped-call]
    except NoPermissionError:
        return False
    except ResponseError:
        # It was understood and not refused: only the arguments make no sense, as they should.
        return True
    return True
