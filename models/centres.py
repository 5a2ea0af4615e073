"""Where the centres stand at the end of a day: re-anchored, or where clusters that were started afresh have theirs.

A restart goes all the way at once: half-way between two good places is a bad one. On that day and for some behind it
customers are kept more firmly where they are, so that only those go with it whom it finds a clearly better place.
"""

from typing import Final

import numpy as np

from models.kmeans import Points, draw_errors, fresh_centres, inertia, lloyd, matched
from models.scaled import Scaled
from models.settings import LearningSettings
from schemas.snapshot import Snapshot

_LEAST_WAY: Final = 1e-12
"""A way that is as good as none; squared, in scaled units."""


class Centres:
    """Yesterday's centres in, today's out; remembers no more than a snapshot says."""

    def __init__(self, settings: LearningSettings) -> None:
        self._settings = settings
        self.restarts = self.won_days = self.calm_days = 0
        self.is_calm = False
        """Whether this is the day of a restart or soon behind it: customers are kept more firmly."""

    @classmethod
    def of(cls, snapshot: Snapshot, settings: LearningSettings) -> "Centres":
        """Return what the trainer of ``snapshot`` remembered."""
        centres, progress = cls(settings), snapshot.progress
        centres.restarts, centres.won_days = snapshot.restarts, progress.won_days
        centres.calm_days = progress.calm_days
        return centres

    def first(self, points: Points, day: int) -> Points:
        """Return the first centres there are, in scaled units."""
        reservoir, rng = self._drawn(points, day)
        return self._fresh(reservoir, rng)

    def next(self, today: Scaled, raw: Points, day: int) -> Points:
        """Return the centres of the day in its units, each in its place; ``raw``: those before it, in log units."""
        settings, old = self._settings, today.of(raw)
        reservoir, rng = self._drawn(today.points, day)
        anchored = self._anchored(reservoir, old, today.newcomers)
        self.is_calm = self.calm_days > 0
        if self.is_calm:
            self.calm_days -= 1
            return anchored
        fresh = self._fresh(reservoir, rng)
        is_better = inertia(today.points, fresh) <= (1 - settings.restart_gain) * inertia(today.points, anchored)
        self.won_days = self.won_days + 1 if is_better else 0
        if self.won_days < settings.restart_after_days:
            return anchored
        self.restarts, self.won_days = self.restarts + 1, 0
        self.is_calm, self.calm_days = True, settings.restart_calm_days
        return matched(old, fresh)

    def passed(self, quiet: Scaled, raw: Points, day: int) -> Points:
        """Return the centres after a day of which nothing is known but that time passed; no challenger comes on it."""
        reservoir, _ = self._drawn(quiet.points, day)
        return self._anchored(reservoir, quiet.of(raw), quiet.newcomers)

    def _anchored(self, reservoir: Points, old: Points, newcomers: float) -> Points:
        """Return the centres, pulled to where the customers of the day would have them.

        All the way but for what the draw may have erred by: damping is against its noise, and where the customers have
        moved farther than that, it would only keep the centres behind them. One centre alone has to be farther off, for
        that may be a new group. Where most of them are off, the shop has changed; and the more of its customers are new
        (``newcomers``, 0-1), the less can yesterday's places be worth.
        """
        settings = self._settings
        target = matched(old, lloyd(reservoir, old, settings.lloyd_steps))
        ways = np.maximum(((target - old) ** 2).sum(axis=1), _LEAST_WAY)
        doubts = draw_errors(reservoir, target) / ways
        alone, together = 1 - settings.anchor_doubt * doubts, 1 - settings.shop_doubt * np.median(doubts)
        least = settings.anchor_pull + (1 - settings.anchor_pull) * newcomers
        pull = np.maximum(least, np.maximum(alone, together))
        return np.asarray(old + pull[:, None] * (target - old), dtype=np.float64)

    def _fresh(self, reservoir: Points, rng: np.random.Generator) -> Points:
        settings = self._settings
        return fresh_centres(reservoir, settings.k, rng, settings.fresh_starts, settings.fresh_steps)

    def _drawn(self, points: Points, day: int) -> tuple[Points, np.random.Generator]:
        rng = np.random.default_rng([self._settings.seed, day])
        return points[np.sort(rng.permutation(len(points))[: self._settings.reservoir_customers])], rng
