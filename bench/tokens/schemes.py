"""Which of the published ways to mark a text needs the fewest tokens, and what it costs.

    python -m bench.tokens.schemes > bench/results/tokens_schemes.md

Each takes the same steps of the model of known entropy. By the mean of its score at a marked token,
and its distribution at others, Chernoff's bound says how many tokens make the p-value 1e-6 after a
search among 2^20 messages, half of the time. "moved" is the Kullback-Leibler divergence of the
tokens with the mark, the mean over keys, from those of the model, in nats for a token; 0 where the
mean over keys is the model itself. "left" is the entropy that is left when the key is known: how
much two answers to one question can differ.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar
from scipy.special import digamma

from bench.machine import provenance
from bench.tokens.models import ZipfModel

ENTROPIES = (0.5, 1.0, 2.0, 3.0)
STEPS = 1500
NEEDED = np.log(2.0**20 * 1e6)
Floats = npt.NDArray[np.float64]


@dataclass
class Sums:
    """Over all steps."""

    scores: list[Floats] = field(default_factory=list)
    moved: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)


def entropy(p: Floats) -> float:
    some = p[p > 0]
    return float(-(some * np.log(some)).sum())


def gumbel(p: Floats, chance: np.random.Generator, sums: Sums) -> None:
    """Aaronson 2022: a token's number is small; the mean of its -log is a harmonic number."""
    sums.scores.append(np.sum(p * (digamma(1 / p + 1) + np.euler_gamma)))
    sums.moved.append(0.0)
    sums.left.append(0.0)


def tournament(layers: int) -> Callable[[Floats, np.random.Generator, Sums], None]:
    """Dathathri and others 2024, two candidates in a match: the score is one bit for each layer."""

    def step(p: Floats, chance: np.random.Generator, sums: Sums) -> None:
        bits = chance.random((layers, len(p))) < 0.5
        q = p.copy()
        for layer in bits:
            q = q * (1 + layer - (q * layer).sum())
            q /= q.sum()
        sums.scores.append(bits @ q)
        sums.moved.append(0.0)
        sums.left.append(entropy(q))

    return step


def green(share: float, bias: float) -> Callable[[Floats, np.random.Generator, Sums], None]:
    """Kirchenbauer and others 2023: some tokens are made likelier; the score is one bit."""

    def step(p: Floats, chance: np.random.Generator, sums: Sums) -> None:
        is_green = chance.random(len(p)) < share
        q = p * np.exp(bias * is_green)
        whole = q.sum()
        q /= whole
        sums.scores.append(q[is_green].sum())
        sums.moved.append(float(bias * q[is_green].sum() - np.log(whole)))
        sums.left.append(entropy(q))

    return step


def exponential_rate(scores: Floats) -> float:
    """Nats for a token of a sum of scores that are exponentially distributed without the mark."""
    mean = scores.mean()
    limits = (0, 0.9999)
    best = minimize_scalar(lambda t: -t * mean - np.log(1 - t), bounds=limits, method="bounded")
    return float(-best.fun)


def bits_rate(share: float) -> Callable[[Floats], float]:
    """The same of bits, each of which is one with this probability without the mark."""

    def rate(scores: Floats) -> float:
        q = np.clip(scores.mean(0), share, 1 - 1e-12)
        return float((q * np.log(q / share) + (1 - q) * np.log((1 - q) / (1 - share))).sum())

    return rate


SCHEMES = {
    "keyed Gumbel, as here": (gumbel, exponential_rate),
    "tournament, 30 layers": (tournament(30), bits_rate(0.5)),
    "tournament, 10 layers": (tournament(10), bits_rate(0.5)),
    **{
        f"green list of {share:g}, bias {bias:g}": (green(share, bias), bits_rate(share))
        for share in (0.25, 0.5)
        for bias in (0.5, 1.0, 2.0)
    },
}


def main() -> None:
    print(f"# Ways to mark a text\n\n{provenance()}\n")
    print(
        "| entropy of the model | way | tokens needed | moved | left |\n|---:|---|---:|---:|---:|"
    )
    for mean in ENTROPIES:
        model = ZipfModel(mean, seed=1)
        steps = [np.exp(model.scores([])) for _ in range(STEPS)]
        true = np.mean([entropy(p) for p in steps])
        for name, (step, rate) in SCHEMES.items():
            sums, chance = Sums(), np.random.default_rng(2)
            for p in steps:
                step(p, chance, sums)
            needed = NEEDED / rate(np.array(sums.scores))
            moved, left = np.mean(sums.moved), np.mean(sums.left)
            print(f"| {true:.2f} | {name} | {needed:.0f} | {moved:.3f} | {left:.2f} |")
    print("\n" + __doc__[__doc__.index("Each takes") :].strip())


if __name__ == "__main__":
    main()
