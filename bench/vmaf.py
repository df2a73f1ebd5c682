"""What a movie loses in VMAF by being marked, at each strength, before and after a codec.

Run as `python -m bench.vmaf > bench/results/vmaf.md`; needs the program ffmpeg, and
imageio-ffmpeg, whose own has libvmaf.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from bench import machine
from bench.video import CLIPS, X264, Clip, Luma, coded, copied, marked
from countermark.watermark import Strength

FRAMES = 75  # three seconds, every one of them: VMAF takes motion for a mask
MODEL = "vmaf_v0.6.1"
#: What `countermark mark` encodes H.264 with, and what a movie is often shared with.
QUALITIES = (18, 23)


def vmaf(clip: Clip, copy: list[Luma]) -> float:
    """The mean over all frames."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "vmaf.json"
        inputs: list[str] = []
        for name, frames in (("copy", copy), ("clip", clip.frames)):
            height, width = frames[0].shape
            grey = bytes([128]) * (2 * (width // 2) * (height // 2))
            file = Path(folder) / name
            file.write_bytes(b"".join(frame.tobytes() + grey for frame in frames))
            raw = f"-f rawvideo -pix_fmt yuv420p -s {width}x{height} -r {clip.rate} -i"
            inputs += [*raw.split(), str(file)]
        judge = f"libvmaf=model=version={MODEL}:log_fmt=json:log_path={report}:n_threads=2"
        program = imageio_ffmpeg.get_ffmpeg_exe()
        output = ["-lavfi", judge, "-f", "null", "-"]
        subprocess.run([program, "-v", "error", *inputs, *output], check=True)
        score: float = json.loads(report.read_text())["pooled_metrics"]["vmaf"]["mean"]
        return score


def encoded(clip: Clip, crf: int) -> list[Luma]:
    copy = coded(f"CRF {crf}", f"{X264} -crf {crf}")
    return [np.ascontiguousarray(luma) for _, luma in copied(clip, copy)]


def psnr(clip: Clip, copy: list[Luma]) -> float:
    """Of the worst frame, in dB."""
    pairs = zip(clip.frames, copy, strict=True)
    worst = max(float(np.mean((b.astype(np.float32) - a) ** 2)) for a, b in pairs)
    return 10 * float(np.log10(255**2 / worst))


def measure(name: str, clip: Clip) -> None:
    before = scores(clip, clip)
    row(name, "none", "", before, [])
    for strength in Strength:
        ours = marked(clip, strength)
        decibels = f"{psnr(clip, ours.frames):.1f}"
        row(name, strength.value, decibels, scores(clip, ours), before)


def scores(clip: Clip, ours: Clip) -> list[float]:
    """As it is, and encoded."""
    return [vmaf(clip, ours.frames), *(vmaf(clip, encoded(ours, crf)) for crf in QUALITIES)]


def row(name: str, strength: str, decibels: str, scores: list[float], before: list[float]) -> None:
    cells = [f"{score:.1f}" for score in scores]
    if before:
        losses = [was - now for was, now in zip(before, scores, strict=True)]
        cells = [f"{cell} (-{loss:.1f})" for cell, loss in zip(cells, losses, strict=True)]
    print("| " + " | ".join([name, strength, decibels, *cells]) + " |", flush=True)


def main() -> None:
    print(f"# What a marked movie loses in VMAF\n\n{machine.provenance()}\n", flush=True)
    print(
        f"The first {FRAMES} frames of each clip, luma alone, marked by the schedule, against the "
        f"unmarked clip: libvmaf, model {MODEL}, mean of all frames; in brackets what the mark "
        "costs. PSNR is that of the worst frame.\n"
    )
    heads = ["clip", "strength", "PSNR, dB", "marked", *(f"H.264 CRF {q}" for q in QUALITIES)]
    print("| " + " | ".join(heads) + " |\n|---|---|" + "---:|" * (len(heads) - 2))
    for name, make in CLIPS.items():
        clip = make()
        measure(name, Clip(clip.name, clip.frames[:FRAMES], clip.rate))


if __name__ == "__main__":
    main()
