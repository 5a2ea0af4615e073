"""Where a simulated worker may stand still: every await of a port, and the gate between ingest and relay."""

from collections.abc import Generator


class Pause:
    """An await at which a worker may be left standing."""

    def __await__(self) -> Generator[None, None, None]:
        yield


class Gate:
    """Mutual exclusion inside one worker."""

    def __init__(self) -> None:
        self._is_taken = False

    async def __aenter__(self) -> None:
        while self._is_taken:
            await Pause()
        self._is_taken = True

    async def __aexit__(self, *error: object) -> None:
        self._is_taken = False
