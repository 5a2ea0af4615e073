"""The API's own metrics: requests by route and status, and how long they took."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fastapi import Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class ApiMetrics:
    """Counters of one application, in a registry of their own."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, streams: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        open_streams = Gauge("tierline_api_streams", "Open event streams.", registry=self._registry)
        open_streams.set_function(streams)
        self._requests = Counter(
            "tierline_api_requests", "Requests answered.", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "tierline_api_request_seconds", "Time to the answer.", ["route"], buckets=BUCKETS_SECONDS,
            registry=self._registry,
        )  # fmt: skip

    @contextmanager
    def timed(self, request: Request) -> Iterator[Callable[[int], None]]:
        """Time one request; call what is yielded with the status. An unanswered one counts as 500."""
        began = time.perf_counter()
        status = 500

        def answered(code: int) -> None:
            nonlocal status
            status = code

        try:
            yield answered
        finally:
            # The route's pattern, not the path: customer ids belong into no metric.
            route = getattr(request.scope.get("route"), "path", "none")
            self._requests.labels(route, str(status)).inc()
            self._seconds.labels(route).observe(time.perf_counter() - began)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
