"""How seldom Python looks for unreachable objects while orders are taken."""

import gc
from typing import Final

THRESHOLDS: Final = (50_000, 50, 50)


def look_seldom() -> None:
    """Leave what is there now alone, and look at the rest seldom.

    A worker's cache holds many long-lived objects; looking through them often costs a fifth of the throughput.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
