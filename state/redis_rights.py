"""What a Redis user has to be allowed for Tierline, and not more.

The Functions run with the rights of their caller, so what they call counts as well. A test compares with the sources.
"""

from typing import Final

CALLED: Final = (
    "CLIENT|SETINFO", "FCALL", "FUNCTION|LOAD", "GET", "HGET", "HSET", "HVALS", "INFO", "LRANGE", "MGET", "SET",
    "WAITAOF", "XRANGE", "XREAD", "XREVRANGE", "ZRANGE", "ZRANGEBYSCORE", "ZSCAN",
)  # fmt: skip
"""What processes and commands send; CLIENT SETINFO is redis-py's, which names itself."""

CALLED_BY_FUNCTIONS: Final = (
    "DEL", "EXISTS", "HDEL", "HGET", "HGETALL", "HMGET", "HSET", "LRANGE", "LSET", "LTRIM", "MGET", "MSET", "RPUSH",
    "XADD", "XDEL", "XRANGE", "ZADD", "ZRANGE", "ZREM", "ZSCORE",
)  # fmt: skip
"""What `commit.lua` calls."""

COMMANDS: Final = tuple(sorted({*CALLED, *CALLED_BY_FUNCTIONS}))


def key_pattern(name: str) -> str:
    """Return the pattern of every key of the installation ``name``."""
    return f"~{name}:{{tl:*}}:*"


def acl_rule(name: str) -> str:
    """Return the rule of the installation's user, as ``ACL SETUSER`` takes it: these keys and commands, no channel."""
    return " ".join(["resetchannels", "-@all", key_pattern(name), *(f"+{command.lower()}" for command in COMMANDS)])
