"""Whether anything is read where no frame carries the key's mark, however often one asks.

Run as `python -m bench.watermark.video_false_positives`; needs PyAV. Frames of clips without a mark
and of the same clips marked under another key are added up under keys drawn at random, with a
detection after every fourth frame.
"""

import argparse
import time

import numpy as np

from bench import machine
from bench.watermark.video import CLIPS, Clip, marked
from countermark.frames import FrameDetector

EVERY = 4


def asked(clip: Clip, key: bytes, effort: str) -> tuple[int, int]:
    """How often a detection was asked for, and how often it read something."""
    detector = FrameDetector(key=key, effort=effort)  # type: ignore[arg-type]
    calls = read = 0
    for number, frame in enumerate(clip, 1):
        detector.add(frame)
        if number % EVERY == 0:
            calls += 1
            read += detector.detect() is not None
    return calls, read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=600, help="of processor time, for each row"
    )
    parser.add_argument("--clip", default="", help="only clips whose name holds this")
    arguments = parser.parse_args()
    print(machine.provenance())
    print("\n| clip | effort | keys | frames | detections | read |\n|---|---|---:|---:|---:|---:|")
    random = np.random.default_rng(20_26)
    for name, make in CLIPS.items():
        if arguments.clip not in name:
            continue
        clip = make()
        for title, frames in ((name, clip), (f"{name}, under another key", marked(clip, 1))):
            for effort in ("aligned", "full"):
                keys = calls = read = 0
                until = time.process_time() + arguments.seconds
                while time.process_time() < until:
                    more, found = asked(frames, random.bytes(16), effort)
                    keys, calls, read = keys + 1, calls + more, read + found
                print(
                    f"| {title} | {effort} | {keys} | {keys * len(frames)} | {calls} | {read} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
