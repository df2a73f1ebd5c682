"""Everything that is stated about the watermark, measured and printed as markdown.

    python -m bench.watermark [PART ...] [--processes N] [--pictures PATTERN]

Without a part, all of them; bench/README.md says what each takes. Progress goes to stderr.
"""

import argparse
import functools
from collections.abc import Callable

from bench import corpus, speed
from bench.machine import provenance
from bench.watermark import averaging, false_positives, plots, quality, quoted, robustness, systems
from bench.watermark.families import HARD_ATTACKS

BOUND = 1024  # longest side in pixels, where all systems are measured
HARD = "hard/*.png"
#: Of the line in the plot: the levels, and one beyond the weakest.
STRENGTHS: tuple[str | float, ...] = (0.5, *systems.LEVELS)


class Bench:
    """The parts, each giving markdown; what two of them need is measured once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.processes: int = options.processes
        self.files = corpus.files(options.pictures)

    @functools.cache  # noqa: B019 - there is one, and it lives as long as the program
    def read(self, system: systems.System, bound: int | None = BOUND) -> robustness.Measured:
        """What the system reads in the pictures."""
        return robustness.measure(system, self.files, bound, self.processes)

    @functools.cache  # noqa: B019
    def seen(self, system: systems.System, bound: int | None = BOUND) -> list[quality.Quality]:
        """What the system's mark costs in the pictures."""
        return quality.measure(system, self.files, bound, self.processes)

    @functools.cached_property
    def ours(self) -> systems.System:
        """At the default strength."""
        return systems.countermark()

    @functools.cached_property
    def levels(self) -> dict[str, systems.System]:
        """By name, the default being the one that the other parts measure."""
        return {
            level: self.ours if level == systems.DEFAULT else systems.countermark(level)
            for level in systems.LEVELS
        }

    @functools.cached_property
    def peers(self) -> list[systems.System]:
        """The other packages."""
        return systems.peers()

    def targets(self) -> str:
        """What was asked, and what came out."""
        columns = {f"≤ {BOUND} px": self.read(self.ours), "own size": self.read(self.ours, None)}
        seen = {f"≤ {BOUND} px": self.seen(self.ours), "own size": self.seen(self.ours, None)}
        return f"{robustness.targets_table(columns)}\n\n{quality.targets_table(seen)}"

    def quality(self) -> str:
        """Of all strengths and systems."""
        rows = {f"countermark, {name}": self.seen(system) for name, system in self.levels.items()}
        rows["countermark, own size"] = self.seen(self.ours, None)
        rows |= {peer.name: self.seen(peer) for peer in self.peers}
        jpeg90 = quality.jpeg90()
        rows[jpeg90.name] = self.seen(jpeg90)
        return f"{quality.table(rows)}\n\n{quality.pictures_table(self.seen(self.ours))}"

    def robustness(self) -> str:
        """All systems side by side."""
        everyone = [self.read(system) for system in (self.ours, *self.peers)]
        return "\n\n".join(
            [
                robustness.summary(everyone, BOUND),
                robustness.families_table(everyone[0]),
                robustness.attacks_table(everyone),
            ]
        )

    def native(self) -> str:
        """At the pictures' own size; the other packages would take days."""
        measured = [self.read(self.ours, None)]
        return f"{robustness.summary(measured, None)}\n\n{robustness.attacks_table(measured)}"

    def strengths(self) -> str:
        """The three levels."""
        return robustness.targets_table(
            {name: self.read(system) for name, system in self.levels.items()}
        )

    def hard(self) -> str:
        """Flat art, line art, text, night, gradients, at their own size."""
        files, names = corpus.files(HARD), tuple(HARD_ATTACKS)
        return robustness.hard_table(
            [
                robustness.measure(system, files, None, self.processes, names)
                for system in (self.ours, *self.peers)
                if system.every == 1
            ]
        )

    def speed(self) -> str:
        """Of all systems, beside a copy."""
        return speed.report()

    def false_positives(self) -> str:
        """As many as asked for, and those of earlier runs."""
        options = self.options
        false_positives.run({"aligned": options.aligned, "full": options.full}, self.processes)
        return f"{false_positives.summary()}\n\n{false_positives.table()}"

    def averaging(self) -> str:
        """What many marked pictures give away together."""
        legend = (averaging.__doc__ or "").strip()
        return f"{legend}\n\n{averaging.table(averaging.measure(self.processes))}"

    def quoted(self) -> str:
        """What others state."""
        legend = (quoted.__doc__ or "").strip()
        table = quoted.table(self.read(self.ours), self.seen(self.ours))
        return f"{legend}\n\n{table}\n\n{quoted.sources()}"

    def plots(self) -> str:
        """Two pictures in docs/images."""
        curve = {}
        for strength in STRENGTHS:
            system = self.levels.get(str(strength)) or systems.countermark(strength)
            curve[str(strength)] = self.read(system), self.seen(system)
        others = [(self.read(peer), self.seen(peer)) for peer in self.peers]
        everyone = [self.read(system) for system in (self.ours, *self.peers)]
        files = plots.quality_robustness(curve, others, BOUND), plots.attacks(everyone, BOUND)
        return "\n".join(f"- `{file.as_posix()}`" for file in files)


PARTS: dict[str, tuple[str, Callable[[Bench], str]]] = {
    "targets": ("Targets", Bench.targets),
    "quality": ("Quality", Bench.quality),
    "robustness": (f"Messages read after each attack, pictures ≤ {BOUND} px", Bench.robustness),
    "native": ("Messages read after each attack, pictures at their own size", Bench.native),
    "strengths": (f"Strengths, pictures ≤ {BOUND} px", Bench.strengths),
    "hard": ("Hard pictures", Bench.hard),
    "speed": ("Speed", Bench.speed),
    "false-positives": ("Messages read where there are none", Bench.false_positives),
    "averaging": ("Averages of marked pictures", Bench.averaging),
    "quoted": ("Beside published figures", Bench.quoted),
    "plots": ("Plots", Bench.plots),
}


def main() -> None:
    """Measures and prints markdown."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.watermark", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--pictures", default=corpus.ALL, help="glob under COUNTERMARK_CORPUS")
    parser.add_argument("--aligned", type=int, default=5000, help="false positives: detections")
    parser.add_argument("--full", type=int, default=500, help="false positives: detections")
    options = parser.parse_args()
    if unknown := set(options.parts) - PARTS.keys():
        parser.error(f"no such part: {', '.join(unknown)}")
    bench = Bench(options)
    print(f"# The watermark, measured\n\n{provenance()}")
    print(f"- Other packages: {systems.packages()}", flush=True)
    for part in options.parts or PARTS:
        title, markdown = PARTS[part]
        print(f"\n## {title}\n\n{markdown(bench)}", flush=True)


if __name__ == "__main__":
    main()
