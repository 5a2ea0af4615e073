"""What outputs say about each customer, as the store keeps it for pages."""

from collections.abc import Sequence

from schemas.topics import CHANGES, NUDGES, SUPPRESSIONS
from state.outputs import Output


def said_of(outputs: Sequence[Output]) -> dict[str, list[bytes]]:
    """Return the bodies about each customer; dead letters are about none."""
    told: dict[str, list[bytes]] = {}
    for output in outputs:
        if output.topic in (NUDGES, SUPPRESSIONS, CHANGES) and output.key is not None and output.value is not None:
            told.setdefault(output.key.decode(), []).append(output.value)
    return told
