"""What a service counts, in the format of Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)


class Metrics:
    """Counters of one service; nothing in them is about a person.

    >>> metrics = Metrics()
    >>> metrics.requests.labels("GET", "/healthz", 200).inc()
    >>> b'countermark_requests_total{method="GET",route="/healthz",status="200"} 1.0' in (
    ...     metrics.text()
    ... )
    True
    """

    def __init__(self) -> None:
        self._all = CollectorRegistry()
        ProcessCollector(registry=self._all)
        self.requests = Counter(
            "countermark_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=self._all,
        )
        self.request_seconds = Histogram(
            "countermark_request_seconds",
            "From the head of a request to the end of the answer.",
            ("route",),
            buckets=_BUCKETS,
            registry=self._all,
        )
        self.jobs = Counter(
            "countermark_jobs",
            "Jobs: done, failed (the file's fault), killed, refused (queue full), abandoned.",
            ("role", "outcome"),
            registry=self._all,
        )
        self.job_seconds = Histogram(
            "countermark_job_seconds",
            "In a worker, without the wait for one.",
            ("job",),
            buckets=_BUCKETS,
            registry=self._all,
        )
        self.jobs_in_service = Gauge(
            "countermark_jobs_in_service",
            "Jobs that workers have or that wait for one.",
            ("role",),
            registry=self._all,
        )
        self.workers_replaced = Counter(
            "countermark_workers_replaced",
            "Workers replaced: killed, or served long enough.",
            ("role", "reason"),
            registry=self._all,
        )
        self.body_bytes = Gauge(
            "countermark_request_body_bytes",
            "Request bodies in memory.",
            registry=self._all,
        )
        self.disk_bytes = Gauge(
            "countermark_request_disk_bytes",
            "Sounds and movies of requests on disk.",
            registry=self._all,
        )

    def text(self) -> bytes:
        """All of them, in the text format."""
        return generate_latest(self._all)
