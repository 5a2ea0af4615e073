"""`python -m bench.quality`: clusters and edges beside batch k-means, and value in 90 days beside batch models."""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from bench.facts import days_of_facts
from bench.quality_edges import edges_table
from bench.quality_settings import settings_table
from bench.quality_shops import (
    FOUND_WITHIN_DAYS,
    INJECTED_ON,
    QUICK_DAYS,
    alarm_days,
    cdnow_shop,
    group_in_words,
    journey,
    measured,
    shop_in_words,
    with_look_alikes,
)
from bench.value_quality import value_in_words

SEEDS: Final = (1, 2, 3, 4, 5)
CHECKPOINTS: Final = 10
_PAGE: Final = """\
# Quality of what is learnt

Clusters and edges of two shops beside scikit-learn's batch k-means on the same customers at the same moment. This page
is written by

<!-- run as: make quality ARGS=--quick -->
```sh
make quality ARGS="--write docs/quality.md"
```

Through the product's own code: records, the fold of a worker, the samples of its daily sweep, the trainer, its
snapshots, adopted by everybody. Everybody is sampled when the day (of UTC) begins, and the snapshot is judged by the
customers of that moment. The settings were chosen on these two logs. Switches by the model are those that a new
snapshot makes with the same facts. Flaps are A-B-A within seven adoptions without an order of the customer. A restart
is clusters started afresh, whose places the centres take in a day. Davies-Bouldin above 1 is worse than batch
k-means. The agreement with a Gaussian mixture of as many components is the adjusted Rand index (1: the same, 0:
chance); in brackets that of batch k-means.

Must, at each checkpoint and seed: silhouette at least 0.95 of batch k-means', inertia at most 1.05 of it, every cluster
above 0.5 % of the customers; switches at most 1 % a day, flaps at most 5, one name flip a year, edges within 0.5 %, and
no alarm where nothing happens.

"""


def main() -> None:
    """Measure, print, and write the page where asked."""
    parser = argparse.ArgumentParser("python -m bench.quality", description="How good is what is learnt?")
    parser.add_argument("--quick", action="store_true", help="one seed, five checkpoints, some months of CDNOW")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the page, e.g. docs/quality.md")
    given = parser.parse_args()
    sections = (value_in_words, _of_the_journey, _of_cdnow, _at_settings, edges_table)
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        value, *others = [pool.submit(section, quick=given.quick) for section in sections]
        found = [section.result().strip("\n") + "\n" for section in (*others, value) if section.result()]
    text = _PAGE + "\n".join(found)
    print(text)
    if given.write is not None:
        given.write.write_text(text, "utf-8")


def _of_the_journey(*, quick: bool) -> str:
    if quick:
        return ""
    program, records = journey()
    found = shop_in_words("The Complete Journey", SEEDS, measured(program, records, SEEDS, CHECKPOINTS))
    alarms = alarm_days(program, with_look_alikes(records), INJECTED_ON + FOUND_WITHIN_DAYS)
    return found + "\n" + group_in_words(alarms)


def _of_cdnow(*, quick: bool) -> str:
    count, seeds = (5, SEEDS[:1]) if quick else (CHECKPOINTS, SEEDS)
    program, records = cdnow_shop(quick=quick)
    name = f"CDNOW, a tenth of the customers{f', {QUICK_DAYS} days' if quick else ''}"
    return shop_in_words(name, seeds, measured(program, records, seeds, count))


def _at_settings(*, quick: bool) -> str:
    return settings_table(list(days_of_facts()), quick=quick)


if __name__ == "__main__":
    main()
