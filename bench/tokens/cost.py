"""What marking adds to a step of a model with 128,256 tokens, in `transformers`.

    python -m bench.tokens.cost > bench/results/tokens_cost.md

Needs torch and transformers; takes the GPU as well where there is one.

The model is Llama 3.2's of 1 B parameters, with random weights: what the mark costs does not depend
on it. Medians; of the processor, its time of computing in one thread, of a GPU, the time until it
has done.
"""

import argparse
import itertools
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from bench.machine import provenance
from countermark import _core
from countermark.tokens import CONTEXT, TextWatermark
from countermark.tokens.processor import TextProcessor

VOCABULARY = 128_256
LAYERS = 16


def microseconds(step: Callable[[], object], device: str, times: int) -> float:
    clock = time.process_time if device == "cpu" else time.perf_counter
    wait = (lambda: None) if device == "cpu" else torch.cuda.synchronize
    step()
    taken = []
    for _ in range(times):
        wait()
        begin = clock()
        step()
        wait()
        taken.append(clock() - begin)
    return 1e6 * statistics.median(taken)


def model(device: str) -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=2048,
        intermediate_size=8192,
        num_hidden_layers=LAYERS,
        num_attention_heads=32,
        num_key_value_heads=8,
        tie_word_embeddings=True,
    )
    torch.set_default_dtype(torch.bfloat16)
    with torch.device(device):
        made = LlamaForCausalLM(config).eval()
    torch.set_default_dtype(torch.float32)
    return made


@torch.no_grad()
def report(device: str, rows: int, network: LlamaForCausalLM) -> None:
    prompt = torch.zeros(rows, 64, dtype=torch.long, device=device)
    cache = network(prompt, use_cache=True, logits_to_keep=1).past_key_values
    scores = torch.randn(rows, VOCABULARY, device=device)
    processor, lengths = TextProcessor(TextWatermark(1)), itertools.count(3)
    text = torch.arange(rows * 100, device=device).reshape(rows, 100)
    for _ in range(CONTEXT):
        processor(text[:, : next(lengths)], scores)

    def process() -> None:
        processor(text[:, : next(lengths)], scores)

    seeds = np.ones((rows, 4), np.uint32)
    costs = {
        "step": lambda: network(prompt[:, :1], past_key_values=cache),
        "softmax and multinomial": lambda: torch.multinomial(scores.softmax(-1), 1),
        "processor": process,
        "of which the core": lambda: _core.text_draws(seeds, VOCABULARY),
    }
    if device != "cpu":
        del costs["of which the core"]
    taken = {name: microseconds(step, device, 20) for name, step in costs.items()}
    for name, cost in taken.items():
        print(f"| {device} | {rows} | {name} | {cost:,.0f} | {100 * cost / taken['step']:.2f} % |")


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    torch.set_num_threads(1)
    print(f"# What marking a text costs\n\n{provenance()}\n")
    print("| device | texts | | microseconds | of the step |\n|---|---:|---|---:|---:|")
    for device in ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",):
        network = model(device)
        for rows in (1, 8):
            report(device, rows, network)
    print("\n" + __doc__[__doc__.index("The model") :].strip())


if __name__ == "__main__":
    main()
