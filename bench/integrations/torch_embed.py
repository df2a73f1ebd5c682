"""What marking batches of tensors costs on their device, and how near the result is to the core's.

    python -m bench.integrations.torch_embed > bench/results/torch_embed.md

Takes the graphics card where there is one. Of each row the median of the rounds is told, timed by
events on the device, the payloads' words, which the core makes, included. Several batches take
turns, so that none is in the cache. On a graphics card the operations that would wait for it are
made errors meanwhile.

The share of samples that differ from the core's, and by how much at most, are those of the
photographs of scikit-image.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import skimage.data
import torch

from bench.machine import provenance
from countermark import watermark
from countermark.integrations.torch import Embedder

ROUNDS, WARM_UP, BATCHES = 50, 10, 3
ON_CPU_ROUNDS = 3
LOW, HIGH = {"u8": 0, "unit": 0, "signed": -1}, {"u8": 255, "unit": 1, "signed": 1}
ROWS = [  # pictures, height, width, layout, range, type
    (16, 1024, 1024, "BCHW", "u8", torch.uint8),
    (16, 1024, 1024, "BHWC", "u8", torch.uint8),
    (16, 1024, 1024, "BCHW", "unit", torch.float32),
    (16, 1024, 1024, "BCHW", "signed", torch.bfloat16),
    (1, 1024, 1024, "BCHW", "signed", torch.bfloat16),
    (4, 1024, 1024, "BCHW", "signed", torch.bfloat16),
    (16, 512, 512, "BCHW", "unit", torch.float16),
    (16, 768, 1344, "BCHW", "unit", torch.float16),
    (4, 2048, 2048, "BCHW", "unit", torch.float16),
]


def main() -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    print("# Marking on the device\n")
    print(provenance())
    print(f"- PyTorch {torch.__version__}, {_name(device)}\n")
    print("| pictures | size | layout | type | ms for the batch | ms for each |")
    print("|--:|---|---|---|--:|--:|")
    for count, height, width, layout, value_range, dtype in ROWS:
        batches = [
            _batch(seed, count, height, width, layout, value_range, dtype).to(device)
            for seed in range(BATCHES)
        ]
        each = _milliseconds(batches, layout, value_range)
        name = str(dtype).removeprefix("torch.")
        size = f"{width} x {height}"
        print(f"| {count} | {size} | {layout} | {name} | {each:.2f} | {each / count:.3f} |")
    _compare(device)


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} threads"


def _batch(
    seed: int,
    count: int,
    height: int,
    width: int,
    layout: str,
    value_range: str,
    dtype: torch.dtype,
) -> torch.Tensor:
    """Noise over shading, which costs what photographs cost."""
    random = torch.Generator().manual_seed(seed)
    noise = torch.rand(count, 3, height, width, generator=random) * 0.3
    picture = noise + torch.linspace(0, 0.7, width)
    scaled = LOW[value_range] + picture * (HIGH[value_range] - LOW[value_range])
    order = ["BCHW".index(letter) for letter in layout]
    return scaled.to(dtype).permute(order).contiguous()


def _milliseconds(batches: list[torch.Tensor], layout: str, value_range: str) -> float:
    embedder, out = Embedder(), torch.empty_like(batches[0])

    def mark(turn: int) -> None:
        images = batches[turn % len(batches)]
        payloads = list(range(turn, turn + len(images)))
        embedder(images, payloads, layout=layout, range=value_range, out=out)

    if batches[0].device.type == "cuda":
        return _on_card(mark)
    mark(0)
    return statistics.median(_seconds(mark, turn) for turn in range(ON_CPU_ROUNDS)) * 1e3


def _seconds(mark: Callable[[int], None], turn: int) -> float:
    begin = time.perf_counter()
    mark(turn)
    return time.perf_counter() - begin


def _on_card(mark: Callable[[int], None]) -> float:
    for turn in range(WARM_UP):
        mark(turn)
    times = []
    with _waiting_is_an_error():
        for turn in range(ROUNDS):
            begin = torch.cuda.Event(enable_timing=True)
            end = torch.cuda.Event(enable_timing=True)
            begin.record()
            mark(turn)
            end.record()
            times.append((begin, end))
    torch.cuda.synchronize()
    return statistics.median(begin.elapsed_time(end) for begin, end in times)


@contextmanager
def _waiting_is_an_error() -> Iterator[None]:
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def _compare(device: torch.device) -> None:
    print("\n| photograph | farthest from the core, grey levels | samples that differ |")
    print("|---|--:|--:|")
    embedder = Embedder()
    for name in ("astronaut", "camera", "chelsea", "coffee", "rocket"):
        picture = np.ascontiguousarray(getattr(skimage.data, name)())
        layout = "HW" if picture.ndim == 2 else "HWC"
        images = torch.from_numpy(picture).to(device)
        marked = embedder(images, [2026], layout=layout, range="u8").cpu().numpy()
        apart = np.abs(marked.astype(int) - watermark.embed(picture, 2026))
        print(f"| {name} | {apart.max()} | {np.mean(apart > 0):.2%} |")


if __name__ == "__main__":
    main()
