"""Clusters at settings that nobody tuned: other k, three features, other sampling, customers who come faster."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from bench.quality_run import Facts, Measured, Sweep, double_sweep, follow, half_sweep, whole_sweep
from models.settings import LearningSettings

SILHOUETTE_LEAST: Final = 0.90
INERTIA_MOST: Final = 1.10
FLAPS_MOST: Final = 20.0
FASTER: Final = 10
QUICK_DAYS: Final = 40
TEXT: Final = """\
## At settings that nobody tuned

The trainer alone on the Complete Journey, seed 1, every household sampled when the day ends; worst of {checkpoints}
checkpoints. Must: silhouette at least {silhouette:.2f} of batch k-means', inertia at most {inertia:.2f} of it, flaps at
most {flaps:.0f} per 100,000 customer-days.
"Ten times faster": ten days of the log in each day of the stream, so that customers come, order and fall silent ten
times faster; days are those of the stream, of which the first 14 are the warm-up.

| setting | silhouette / batch | inertia / batch | Davies-Bouldin / batch | flaps | must |
|---|--:|--:|--:|--:|---|
"""


class Setting(NamedTuple):
    """One row: what differs."""

    name: str
    learning: LearningSettings
    sweep: Sweep = whole_sweep
    faster: int = 1


_TUNED: Final = LearningSettings()
SETTINGS: Final = (
    Setting("k = 4", LearningSettings(k=4)),
    Setting("k = 8", LearningSettings(k=8)),
    Setting("three features (recency, frequency, spend)", LearningSettings(features=3)),
    Setting("three features, k = 4", LearningSettings(features=3, k=4)),
    Setting("each customer sampled twice a day", _TUNED, double_sweep),
    Setting("each customer sampled every other day", _TUNED, half_sweep),
    Setting("customers arrive ten times faster", _TUNED, whole_sweep, FASTER),
)


def settings_table(days: Sequence[Facts], *, quick: bool) -> str:
    """Return the section of the page; ``quick`` measures three settings over two months."""
    count, seen = (1, days[:QUICK_DAYS]) if quick else (5, days)
    lines = [_line(setting, at_setting(setting, seen, count)) for setting in (SETTINGS[:3] if quick else SETTINGS)]
    text = TEXT.format(checkpoints=count, silhouette=SILHOUETTE_LEAST, inertia=INERTIA_MOST, flaps=FLAPS_MOST)
    return text + "".join(lines)


def at_setting(setting: Setting, days: Sequence[Facts], checkpoints: int) -> Measured:
    """Return what a run at that setting gives, with so many checkpoints, the last on the last day."""
    seen = [_in_longer_days(facts, setting.faster) for facts in days[setting.faster - 1 :: setting.faster]]
    first = setting.learning.warm_up_days
    at = [first + (len(seen) - 1 - first) * number // checkpoints for number in range(1, checkpoints + 1)]
    return follow(setting.learning, seen, at, setting.sweep)


def keeps(run: Measured) -> bool:
    """Tell whether the run is as good as it must be at every checkpoint."""
    return bool(run.checkpoints) and not missed_on(run) and run.flaps <= FLAPS_MOST


def missed_on(run: Measured) -> list[int]:
    """Return the days of the checkpoints at which the clusters are not as good as they must be."""
    return [one.day for one in run.checkpoints if one.silhouette < SILHOUETTE_LEAST or one.inertia > INERTIA_MOST]


def _in_longer_days(facts: Facts, times: int) -> Facts:
    """Return the facts as of a day of so many of the log's."""
    if times == 1:
        return facts
    recency, orders, spend, tenure = facts.T
    return np.column_stack([recency // times, orders, spend, tenure // times])


def _line(setting: Setting, run: Measured) -> str:
    silhouette, inertia = min(one.silhouette for one in run.checkpoints), max(one.inertia for one in run.checkpoints)
    spread = max(one.davies_bouldin for one in run.checkpoints)
    days = ", ".join(map(str, missed_on(run)))
    verdict = "kept" if keeps(run) else f"**missed** on day {days}" if days else "**missed**"
    return f"| {setting.name} | {silhouette:.3f} | {inertia:.3f} | {spread:.3f} | {run.flaps:.1f} | {verdict} |\n"
