"""Whether anything is read in movies that do not carry the key's mark by the schedule.

    python -m bench.video_false_positives > bench/results/video_false_positives.md

Windows of three seconds, from anywhere in clips without a mark and in the same clips marked under
another key, are given to a detector under a key drawn for each, which is asked after every second.
Needs PyAV.
"""

import argparse
import time

import numpy as np

from bench import machine
from bench.video import CLIPS, SECONDS, Clip, marked
from countermark.frames import ClipDetector

OTHER_KEY = bytes(range(16))


def asked(clip: Clip, begin: int, key: bytes, effort: str) -> tuple[int, int]:
    """How often a detection was asked for, and how often it read something."""
    detector = ClipDetector(key=key, effort=effort)  # type: ignore[arg-type]
    calls = read = 0
    length, second = round(SECONDS * clip.rate), round(clip.rate)
    for number, frame in enumerate(clip.frames[begin : begin + length], 1):
        detector.add(frame, seconds=float(number / clip.rate))
        if number % second == 0:
            calls += 1
            read += detector.detect() is not None
    return calls, read


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of processor time, for each row")
    arguments = parser.parse_args()
    print(f"# Messages read in movies where there are none\n\n{machine.provenance()}\n")
    print("| clip | mark | effort | windows | detections | read |\n|---|---|---|---:|---:|---:|")
    random = np.random.default_rng(20_26)
    for name, make in CLIPS.items():
        bare = make()
        for mark, clip in (("none", bare), ("another key's", marked(bare, key=OTHER_KEY))):
            last = len(clip.frames) - round(SECONDS * clip.rate)
            for effort in ("aligned", "full"):
                windows = calls = read = 0
                until = time.process_time() + arguments.seconds
                while time.process_time() < until:
                    begin = int(random.integers(last + 1))
                    more, found = asked(clip, begin, random.bytes(16), effort)
                    windows, calls, read = windows + 1, calls + more, read + found
                row = (name, mark, effort, str(windows), str(calls), str(read))
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
