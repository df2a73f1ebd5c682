"""Reads the marks of an NV12 video: raw frames from stdin, a line for each frame and one for all.

A frame whose mark is too weak to be read alone is read together with all before it.

ffmpeg -i marked.mp4 -f rawvideo -pix_fmt nv12 - | python receive.py 1280 720
"""

import argparse
import sys
from collections import Counter

import numpy as np

from countermark import watermark
from countermark.frames import FrameDetector


def main() -> int:
    parser = argparse.ArgumentParser(description="Read the marks of raw NV12 frames on stdin.")
    parser.add_argument("width", type=int)
    parser.add_argument("height", type=int)
    size = parser.parse_args()
    # Two chroma values follow for each four pixels; the mark is in the luma alone.
    luma_size, frame_size = size.width * size.height, size.width * size.height * 3 // 2
    together = FrameDetector(effort="aligned")
    payloads: Counter[int] = Counter()
    frames = 0
    while len(frame := sys.stdin.buffer.read(frame_size)) == frame_size:
        luma = np.frombuffer(frame, np.uint8, luma_size).reshape(size.height, size.width)
        together.add(luma)
        found = watermark.detect(luma, effort="aligned") or together.detect()
        if found:
            payloads[found.payload] += 1
        print(f"frame {frames}: {found.payload if found else 'no mark'}")
        frames += 1
    for payload, count in payloads.most_common():
        print(f"payload {payload} in {count} of {frames} frames")
    return 0 if payloads else 1


if __name__ == "__main__":
    sys.exit(main())
