"""Figures that others published about their watermarks, beside ours.

None of theirs was measured here. Pictures, attacks and what counts as success differ from ours and
from each other's: bit accuracy is not the share of whole messages. A cell is empty where we have
read no figure. The letter after a figure says where we read it:

- R: in the project's own repository, issues or documentation
- P: in the paper or article itself, in part
- S: in somebody else's text that quotes it
"""

import statistics
from collections.abc import Sequence

from bench.watermark.quality import Quality
from bench.watermark.robustness import Measured
from bench.watermark.shares import percent

SYSTEMS = ("TrustMark", "VideoSeal 1.0", "PixelSeal", "SynthID-O")

#: By what is stated, then by system; each figure with its source.
FIGURES: dict[str, dict[str, str]] = {
    "message, bits": {
        "TrustMark": "100, of which data 61, 68, 75 or 40 by error correction [1] R",
        "VideoSeal 1.0": "256, no error correction [4] R",
        "PixelSeal": "256 [4] R",
        "SynthID-O": "136 in 512 x 512 [6] S",
    },
    "quality": {
        "TrustMark": "PSNR Q, B 43 to 45 dB; C 38 to 39; P 48 to 50 [1] R",
        "VideoSeal 1.0": "PSNR 53.7 dB, on Meta's AI pictures [5] S",
        "SynthID-O": "human study: visible artefacts in ≥ 5 % of pictures [6] S",
    },
    "no attack": {
        "VideoSeal 1.0": "bit accuracy 98 to 99 % [5] S",
        "SynthID-O": "TPR at 0.1 % FPR 100 % [6] S",
    },
    "severe noise": {
        "TrustMark": "bit accuracy Q > 96 %, P 95 % [1] R",
        "SynthID-O": "TPR at 0.1 % FPR, noise 99.98 % [6] S",
    },
    "JPEG": {
        "TrustMark": "Q 89.7 % [2] S; at quality 50 bit accuracy 94.7 % [7] S",
        "SynthID-O": "TPR at 0.1 % FPR, quality 99.99 % [6] S",
    },
    "crop, geometry": {
        "TrustMark": "random crop of four sides, up to some 20 % of the area lost [1] R",
        "SynthID-O": "TPR at 0.1 % FPR, spatial 99.97 % [6] S",
    },
    "colour": {"SynthID-O": "TPR at 0.1 % FPR 100 % [6] S"},
    "several together": {
        "SynthID-O": "TPR at 0.1 % FPR, combination 99.96 %, at worst 98.06 % [6] S",
    },
    "real web pipelines (11 pictures, WordPress and Cloudinary)": {
        "TrustMark": "whole messages: Q 109 of 122, P (BCH_SUPER) 75 % [3] P",
    },
    "smallest picture": {
        "TrustMark": "shortest side ≥ 150 px [1] R; 7 of 11 renditions of 150 x 150 [3] P",
    },
    "model files": {"TrustMark": "17 and 45 MB [1] R"},
    "time": {"TrustMark": "writes in tens of ms, reads in a few ms, on an RTX 3070 [1] R"},
}

#: Not quoted: the published networks with random weights, on which their time does not depend.
#: Processor time of one thread (PyTorch 2.13, AMD EPYC with AVX2, under load, +-30 %).
NETWORKS = {
    "TrustMark": "315 and 204 ms",
    "VideoSeal 1.0": "923 and 307 ms, and 451 ms (2 MP) or 3339 ms (12 MP) for its visibility map",
    "PixelSeal": "1931 and 307 ms, and its visibility map",
}

SOURCES = (
    "github.com/adobe/trustmark, its FAQ and CONFIG.md; paper arXiv 2311.18297",
    "README of PicoTrust, a third party",
    "markmyai.com, field test of March 2026",
    "github.com/facebookresearch/videoseal, code and cards",
    "third-party pages that quote Meta's figures",
    "arXiv 2510.09263 (SynthID-Image), table and text as quoted by others where marked S",
    "arXiv 2602.20680, as quoted by others",
)


def table(measured: Measured, quality: Sequence[Quality]) -> str:
    """One column for ours, one for each system that was not measured here."""
    ours = _ours(measured, quality)
    names = " | ".join(f"{name} (quoted)" for name in SYSTEMS)
    rows = [f"| | countermark (measured) | {names} |", "|---|---|" + "---|" * len(SYSTEMS)]
    for what, figures in FIGURES.items():
        cells = [ours.get(what, ""), *(figures.get(name, "") for name in SYSTEMS)]
        rows.append(f"| {what} | {' | '.join(cells)} |")
    times = " | ".join(NETWORKS.get(name, "") for name in SYSTEMS)
    rows.append(f"| measured by us: the network alone writes, reads in | | {times} |")
    return "\n".join(rows)


def _ours(measured: Measured, quality: Sequence[Quality]) -> dict[str, str]:
    """Of the attacks that come nearest."""
    psnr_db = statistics.mean(picture.psnr_db for picture in quality)
    ssimulacra2 = statistics.mean(picture.ssimulacra2 for picture in quality)
    attacks = {
        "no attack": ("identity",),
        "severe noise": ("noise 25",),
        "JPEG": ("jpeg 50",),
        "crop, geometry": ("crop 0.84", "crop 0.71", "crop 0.45", "rotate 10", "perspective 0.2"),
        "colour": ("brightness 2.0", "contrast 2.0", "hue 0.5", "grayscale"),
        "several together": ("jpeg 60 + crop 0.71 + brightness 0.5", "twice", "screenshot 0.8"),
        "smallest picture": ("thumbnail 300",),
    }
    return {
        "message, bits": "64, checked by 32 more",
        "quality": f"PSNR {psnr_db:.1f} dB, SSIMULACRA2 {ssimulacra2:.1f}",
        "model files": "none",
    } | {
        what: "whole messages: "
        + ", ".join(f"{name} {percent(s.value)}" for name in names if (s := measured.share(name)))
        for what, names in attacks.items()
    }


def sources() -> str:
    """What the numbers in brackets mean."""
    return "\n".join(f"{number}. {source}" for number, source in enumerate(SOURCES, 1))
