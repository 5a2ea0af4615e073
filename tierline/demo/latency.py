"""Order to visible, as the workers measured it: from their Prometheus histograms."""

import asyncio
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterable

from prometheus_client.parser import text_string_to_metric_families

METRIC = "tierline_visible_seconds"
SCRAPE_TIMEOUT_SECONDS = 5.0


async def visible_buckets(ports: Iterable[int]) -> Counter[float]:
    """Return how many orders became visible within each bound, all workers together; empty if none measured."""
    texts = await asyncio.gather(*(asyncio.to_thread(_scrape, port) for port in ports))
    buckets: Counter[float] = Counter()
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples if family.name == METRIC else ():
                if sample.name == METRIC + "_bucket":
                    buckets[float(sample.labels["le"])] += int(sample.value)
    return buckets


def quantile_ms(buckets: Counter[float], share: float) -> float | None:
    """Return the latency that ``share`` of the orders stay within, interpolated in its bucket; None if unknown."""
    total = max(buckets.values(), default=0)
    if total == 0:
        return None
    wanted, lower, below = share * total, 0.0, 0
    for bound in sorted(buckets):
        if buckets[bound] >= wanted:
            if bound == float("inf"):
                return lower * 1000
            return 1000 * (lower + (bound - lower) * (wanted - below) / max(1, buckets[bound] - below))
        lower, below = bound, buckets[bound]
    return None


def _scrape(port: int) -> str:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SCRAPE_TIMEOUT_SECONDS) as answer:
            return str(answer.read(), "utf-8")
    except (urllib.error.URLError, OSError):
        return ""
