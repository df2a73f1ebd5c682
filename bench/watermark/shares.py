"""How many of how many, and how sure that makes us."""

import math
import statistics
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """So many of a number of trials; `count` may be a mean of several counts."""

    count: float
    total: int

    @property
    def value(self) -> float:
        """Between 0 and 1."""
        return self.count / self.total

    @property
    def interval(self) -> tuple[float, float]:
        """Holds the true share with probability 95 % (Wilson, 1927)."""
        z = statistics.NormalDist().inv_cdf(0.975)
        middle = (self.count + z * z / 2) / (self.total + z * z)
        spread = self.count * (self.total - self.count) / self.total + z * z / 4
        half = z / (self.total + z * z) * math.sqrt(spread)
        low, high = max(0.0, middle - half), min(1.0, middle + half)
        return low if self.count else 0.0, high if self.count < self.total else 1.0

    def __str__(self) -> str:
        """The counts and the interval in percent."""
        low, high = self.interval
        return f"{self.count}/{self.total} ({100 * low:.0f} to {100 * high:.0f})"


def percent(share: float) -> str:
    """Without a fraction; 100 and 0 only for all and none."""
    return f"{min(99, max(1, round(100 * share))) if 0 < share < 1 else round(100 * share)} %"
