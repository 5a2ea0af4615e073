"""Time zones by name."""

from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=1024)
def is_time_zone(name: str) -> bool:
    """Tell whether the time zone database has ``name``."""
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
