"""Figures that others published about their watermarks of sounds; none was measured here."""

SYSTEMS = ("AudioSeal", "WavMark")

#: By what is stated; one cell for each system, empty where we have read no figure.
FIGURES = {
    "message": (
        "16 bits, for all of the sound [1]",
        "32 bits a second [2]; 16 of them in its package, beside a pattern to find them by [3]",
    ),
    "quality": ("", "SNR over 38 dB, PESQ over 4.3 [3]"),
    "robustness": (
        "",
        "bit error rate 0.48 % on average over ten attacks, of 10 to 20 seconds [2]",
    ),
    "speed": ("detection up to two orders of magnitude faster than those before it [1]", ""),
    "needs": ("PyTorch and a model to download [1]", "PyTorch and a model to download [3]"),
}

SOURCES = (
    'R. San Roman and others, "Proactive Detection of Voice Cloning with Localized Watermarking", '
    "ICML 2024, arXiv 2401.17264, abstract; README of github.com/facebookresearch/audioseal",
    'G. Chen and others, "WavMark: Watermarking for Audio Generation", 2024, arXiv 2308.12770, '
    "abstract",
    "README of the package wavmark 0.0.3, pypi.org/project/wavmark",
)


def table() -> str:
    """One column for each system, and below it where the figures come from."""
    rows = [f"| | {' | '.join(SYSTEMS)} |", "|---|" + "---|" * len(SYSTEMS)]
    rows += [f"| {what} | {' | '.join(cells)} |" for what, cells in FIGURES.items()]
    sources = [f"{number}. {source}" for number, source in enumerate(SOURCES, 1)]
    return "\n".join([*rows, "", *sources])
