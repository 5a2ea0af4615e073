"""`python -m bench.quality`: clusters and edges beside batch k-means, and value in 90 days beside batch models."""

import argparse
from pathlib import Path

from bench.facts import days_of_facts
from bench.quality_edges import edges_table
from bench.quality_settings import settings_table
from bench.quality_shops import (
    FOUND_WITHIN_DAYS,
    INJECTED_ON,
    alarm_days,
    cdnow_shop,
    group_in_words,
    journey,
    measured,
    shop_in_words,
    with_look_alikes,
)
from bench.value_quality import value_in_words

_PAGE = """\
# Quality of what is learnt

Clusters and edges of two shops beside scikit-learn's batch k-means on the same customers at the same moment. This page
is written by

<!-- run as: make quality ARGS=--quick -->
```sh
make quality ARGS="--write docs/quality.md"
```

Through the product's own code: records, the fold of a worker, the samples of its daily sweep, the trainer, its
snapshots, adopted by everybody. Everybody is sampled when the day (of UTC) begins, and the snapshot is judged by the
customers of that moment. The settings were chosen on the Complete Journey. Switches by the model are those that a new
snapshot makes with the same facts. Flaps are A-B-A within seven adoptions without an order of the customer. A restart
is clusters started afresh, to which the centres move within ten days. Davies-Bouldin above 1 is worse than batch
k-means. The agreement with a Gaussian mixture of as many components is the adjusted Rand index (1: the same, 0:
chance); in brackets that of batch k-means.

Must, at each checkpoint and seed: silhouette at least 0.95 of batch k-means', inertia at most 1.05 of it, every cluster
above 0.5 % of the customers; switches at most 1 % a day, flaps at most 5, one name flip a year, edges within 0.5 %, and
no alarm where nothing happens.

"""


def main() -> None:
    """Measure, print, and write the page where asked."""
    parser = argparse.ArgumentParser("python -m bench.quality", description="How good is what is learnt?")
    parser.add_argument("--quick", action="store_true", help="one seed, five checkpoints, a tenth of CDNOW")
    parser.add_argument("--write", type=Path, metavar="FILE", help="also write the page, e.g. docs/quality.md")
    given = parser.parse_args()
    text = _PAGE + shops_in_words(quick=given.quick)
    text += "\n" + settings_table(list(days_of_facts()), quick=given.quick)
    text += "\n" + edges_table(quick=given.quick)
    text += value_in_words(quick=given.quick)
    print(text)
    if given.write is not None:
        given.write.write_text(text, "utf-8")


def shops_in_words(*, quick: bool) -> str:
    """Return the sections of both shops; quick: of a part of CDNOW alone."""
    count, seeds = (5, (1,)) if quick else (10, (1, 2, 3, 4, 5))
    parts = []
    if not quick:
        program, records = journey()
        parts.append(shop_in_words("The Complete Journey", seeds, measured(program, records, seeds, count)))
        alarms = alarm_days(program, with_look_alikes(records), INJECTED_ON + FOUND_WITHIN_DAYS)
        parts.append(group_in_words(alarms))
    name = "CDNOW, a tenth of the customers" if quick else "CDNOW"
    program, records = cdnow_shop(quick=quick)
    parts.append(shop_in_words(name, seeds, measured(program, records, seeds, count)))
    return "\n".join(parts)


if __name__ == "__main__":
    main()
