"""Journalled steps that the state lacks, in the order in which they must be repeated."""

from collections import deque
from collections.abc import Iterable

from schemas.journal import JournalEntry, Records, Step
from streams.ports import StopError


class Repeat:
    """A queue of steps; truthy while any is left."""

    def __init__(self, entries: Iterable[JournalEntry] = (), done_step: int = 0) -> None:
        self._steps: deque[Step] = deque()
        expected: int | None = None
        for entry in entries:
            if expected is not None and entry.first_step != expected:
                raise StopError(
                    f"the journal is torn: step {expected} should follow, but {entry.first_step} does. Records of the "
                    "journal topic were removed by hand or by retention: start anew under another TIERLINE_NAME"
                )
            expected = entry.next_step
            self._add(entry, done_step)

    def __bool__(self) -> bool:
        return bool(self._steps)

    def take(self, limit: int) -> list[Step]:
        """Return runs of records, up to ``limit`` in all, or else the one other step that is next."""
        taken: list[Step] = []
        while self._steps and limit > 0:
            step = self._steps[0]
            if not isinstance(step, Records):
                return taken or [self._steps.popleft()]
            self._steps.popleft()
            if step.count > limit:
                self._steps.appendleft(Records(step.topic, step.count - limit))
                step = Records(step.topic, limit)
            taken.append(step)
            limit -= step.count
        return taken

    def _add(self, entry: JournalEntry, done_step: int) -> None:
        done = max(0, done_step - entry.first_step + 1)
        for step in entry.steps:
            count = step.count if isinstance(step, Records) else 1
            skipped = min(done, count)
            done -= skipped
            if skipped == count:
                continue
            self._steps.append(Records(step.topic, count - skipped) if isinstance(step, Records) else step)
