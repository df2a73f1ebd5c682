"""The measured figures as pictures, for the README and the documentation."""

import statistics
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from bench.watermark.families import FAMILIES
from bench.watermark.quality import Quality, columns
from bench.watermark.robustness import Measured
from bench.watermark.shares import Share

FOLDER = Path("docs/images")
# Okabe and Ito's colours, which differ for colour-blind readers too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MARKERS = ("o", "s", "^", "D", "v", "P")
ACROSS = 5  # panels beside each other
STYLE: dict[Any, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
}


def attacks(all_measured: Sequence[Measured], bound: int) -> Path:
    """Whole messages over the levels of each family, one panel each."""
    families = [
        family
        for family in FAMILIES
        if any(all_measured[0].share(family.name_of(level)) for level in family.attacks)
    ]
    down = -(-(len(families) + 1) // ACROSS)
    with rc_context(STYLE):
        figure = Figure(figsize=(15, 2.75 * down), layout="constrained")
        axes = figure.subplots(down, ACROSS, sharey=True)
        panels = list(axes.flat)
        for axis, family in zip(panels, families, strict=False):
            names = [family.name_of(level) for level in family.attacks]
            for number, measured in enumerate(all_measured):
                shares = [measured.share(name) for name in names]
                offset = 0.09 * (number - (len(all_measured) - 1) / 2)
                places = [place + offset for place in range(len(names))]
                connected = all(map(_is_number, family.attacks))
                _points(axis, places, shares, number, connected=connected)
            axis.set_title("\n".join(textwrap.wrap(family.title, 34)), fontsize=8.5, loc="left")
            labels = [level.replace(" + ", "\n+ ") for level in family.attacks]
            if not connected and len(labels) > 3:
                labels = [label.replace(" ", "\n") for label in labels]
            long = max(map(len, family.attacks)) > 12
            axis.set_xticks(range(len(names)), labels, fontsize=6.5 if long else 8)
            axis.set_xlim(-0.5, len(names) - 0.5)
            axis.set_ylim(-4, 104)
        for axis in panels[len(families) :]:
            axis.axis("off")
        for row in axes:
            row[0].set_ylabel("whole messages, %")
        panels[len(families)].legend(*_legend(panels[0], all_measured), loc="center", frameon=False)
        figure.suptitle(
            f"Messages read after each attack, pictures of at most {bound} px; bars: Wilson's 95 %",
            fontsize=13,
        )
        return _saved(figure, "watermark_attacks.png")


def _points(
    axis: Any,
    places: Sequence[float],
    shares: Sequence[Share | None],
    number: int,
    connected: bool = False,
) -> None:
    """The shares of one system in percent, with their intervals."""
    known = [(place, share) for place, share in zip(places, shares, strict=True) if share]
    values = [100 * share.value for _, share in known]
    ends = [share.interval for _, share in known]
    _, _, bars = axis.errorbar(
        [place for place, _ in known],
        values,
        yerr=[
            [value - 100 * low for value, (low, _) in zip(values, ends, strict=True)],
            [100 * high - value for value, (_, high) in zip(values, ends, strict=True)],
        ],
        color=COLOURS[number],
        marker=MARKERS[number],
        markersize=5 if number == 0 else 4,
        linestyle="-" if connected else "none",
        linewidth=1.8 if number == 0 else 0.9,
        elinewidth=0.9,
        zorder=3 if number == 0 else 2,
    )
    for bar in bars:
        bar.set_alpha(0.55)


def _is_number(level: str) -> bool:
    try:
        float(level)
    except ValueError:
        return False
    return True


def _legend(axis: Any, all_measured: Sequence[Measured]) -> tuple[list[Any], list[str]]:
    labels = [
        f"{m.system.name} ({m.system.bits} bits, n = {len(m.pictures)})" for m in all_measured
    ]
    return list(axis.containers), labels


def quality_robustness(
    strengths: dict[str, tuple[Measured, list[Quality]]],
    others: Sequence[tuple[Measured, list[Quality]]],
    bound: int,
) -> Path:
    """Share of messages over quality: a line through our strengths, a point for each other."""
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 5), layout="constrained")
        axes = figure.subplots(1, 2, sharey=True)
        for axis, place, title in zip(axes, (0, 2), ("PSNR, dB", "SSIMULACRA2"), strict=True):
            curve = [
                (statistics.mean(columns(quality)[place]), measured.mean(), name)
                for name, (measured, quality) in strengths.items()
            ]
            curve.sort(key=lambda point: point[0])
            xs, shares, _ = zip(*curve, strict=True)
            _points(axis, xs, shares, 0, connected=True)
            for x, share, name in curve:
                axis.annotate(
                    name,
                    (x, 100 * share.value),
                    (-6, -14),
                    textcoords="offset points",
                    ha="right",
                    color=COLOURS[0],
                )
            for number, (measured, quality) in enumerate(others, 1):
                x = statistics.mean(columns(quality)[place])
                _points(axis, [x], [measured.mean()], number)
            axis.set_xlabel(f"quality: mean {title} (better to the right)")
            axis.margins(x=0.14)
            axis.set_ylim(-4, 112)
            axis.set_yticks(range(0, 101, 20))
        axes[0].set_ylabel("whole messages, %, mean of the families of attacks")
        everyone = [next(iter(strengths.values()))[0], *(measured for measured, _ in others)]
        figure.legend(
            *_legend(axes[0], everyone), loc="outside lower center", ncols=5, frameon=False
        )
        figure.suptitle(
            f"Quality against robustness, pictures of at most {bound} px; bars: Wilson's 95 % "
            "over the pictures"
        )
        return _saved(figure, "watermark_quality.png")


def _saved(figure: Figure, name: str) -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    figure.savefig(FOLDER / name, dpi=130)
    return FOLDER / name
