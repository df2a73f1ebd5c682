"""What marking costs, as Prometheus metrics of the server that generates.

>>> observe("diffusers", {"watermark": 0.004, "sign": 0.009})
>>> from prometheus_client import REGISTRY
>>> REGISTRY.get_sample_value(
...     "countermark_layer_seconds_count", {"host": "diffusers", "layer": "sign"}
... )
1.0

Needs the extra `service`, for prometheus-client.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import Histogram

from countermark.costs import Layer

_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)

SECONDS: Final = Histogram(
    "countermark_layer_seconds",
    "Of marking an answer, by the host that gives it and by layer.",
    ("host", "layer"),
    buckets=_BUCKETS,
)


def observe(host: str, spent: dict[Layer, float]) -> None:
    """For `Marker(observe=...)`: into the default registry of prometheus-client."""
    for layer, seconds in spent.items():
        SECONDS.labels(host, layer).observe(seconds)
