"""Time zones by name."""

import re
from functools import lru_cache
from zoneinfo import ZoneInfo

_OF_THE_MACHINE = re.compile(r"localtime|posixrules|(posix|right)/.*", re.DOTALL)
"""Files that only some machines have beside the database: one machine must not accept what the next one refuses."""


@lru_cache(maxsize=1024)
def is_time_zone(name: str) -> bool:
    """Tell whether the time zone database has ``name``."""
    if _OF_THE_MACHINE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def known_zone(name: str) -> str:
    """Return ``name``; ValueError when the time zone database lacks it."""
    if not is_time_zone(name):
        raise ValueError("must be a name of the IANA time zone database such as Europe/Berlin")
    return name
