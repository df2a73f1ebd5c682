"""The mark in texts that `transformers` writes, with random weights and 128,256 tokens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from countermark import _core, errors
from countermark.tokens import CONTEXT, TextWatermark, detect
from countermark.tokens.processor import DeviceNoise, TextProcessor, log_exponentials, tensor

pytestmark = pytest.mark.hosts

KEY = b"only for friends"
VOCABULARY = 128_256
PROMPT = 8


def devices() -> list[str]:
    import torch

    return ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(scope="module")
def model() -> Any:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        initializer_range=0.4,  # so that it prefers some tokens to others
    )
    return LlamaForCausalLM(config).eval()


def generate(model: Any, count: int, *, seed: int = 1, rows: int = 2, **options: Any) -> np.ndarray:
    import torch

    torch.manual_seed(seed)
    prompt = torch.arange(10, 10 + PROMPT).repeat(rows, 1)
    written = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=count,
        do_sample=True,
        pad_token_id=0,
        eos_token_id=None,
        **options,
    )
    return np.asarray(written[:, PROMPT:].cpu())


def test_generate_marks_each_text_of_a_batch(model: Any) -> None:
    watermark = TextWatermark(2026, key=KEY)
    texts = generate(model, 100, temperature=0.8, top_k=40, watermarking_config=watermark)
    for text in texts:
        found = detect(text, key=KEY)
        assert (found.payload, found.tokens_used) == (2026, 100 - CONTEXT)
        assert found.p_value < 1e-12
        assert detect(text).p_value > 0.01
    assert (texts[0] != texts[1]).any()


def test_generate_without_a_mark_shows_none(model: Any) -> None:
    for text in generate(model, 60, temperature=0.8, top_k=40):
        assert detect(text, key=KEY).p_value > 0.01


def test_only_tokens_that_top_k_leaves_are_taken(model: Any) -> None:
    import torch

    watermark = TextWatermark(1, key=KEY)
    [text] = generate(model, 40, rows=1, top_k=3, watermarking_config=watermark)
    whole = torch.tensor([*range(10, 10 + PROMPT), *text]).unsqueeze(0)
    scores = model(whole).logits[0, PROMPT - 1 : -1]
    ranks = (scores > scores.gather(1, whole[0, PROMPT:, None])).sum(1)
    assert int(ranks.max()) < 3


def test_a_seed_of_torch_repeats_the_text(model: Any) -> None:
    watermark = TextWatermark(1, key=KEY)
    first, again, other = (
        generate(model, 20, seed=seed, watermarking_config=watermark) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_processor_leaves_one_token_where_the_key_draws_and_the_scores_elsewhere() -> None:
    import torch

    processor = TextProcessor(TextWatermark(1, key=KEY))
    scores = torch.randn(2, 50, generator=torch.Generator().manual_seed(1))
    # The first text says the same three times, the second is new again at the end.
    text = torch.tensor([[9, 9, 9, 1, 2, 3, 1, 2, 3], [9, 9, 9, 1, 2, 3, 1, 2, 4]])
    for length in range(3, 3 + CONTEXT):
        assert processor(text[:, :length], scores) is scores
    for length in range(3 + CONTEXT, 9):
        assert processor(text[:, :length], scores).isfinite().sum(1).tolist() == [1, 1]
    mixed = processor(text, scores)
    assert torch.equal(mixed[0], scores[0])
    assert mixed[1].isfinite().sum() == 1


def test_processor_refuses_another_call_of_generate() -> None:
    import torch

    processor = TextProcessor(TextWatermark(1, key=KEY))
    text, scores = torch.zeros(2, 5, dtype=torch.long), torch.zeros(2, 50)
    processor(text, scores)
    with pytest.raises(errors.InvalidArgument, match="one call of generate"):
        processor(text, scores)
    with pytest.raises(errors.InvalidArgument, match="one call of generate"):
        processor(torch.zeros(1, 6, dtype=torch.long), scores[:1])


def test_no_configuration_tells_the_key() -> None:
    from transformers import GenerationConfig

    config = GenerationConfig(watermarking_config=TextWatermark(1, key=KEY))
    assert "friends" not in repr(config)
    assert "friends" not in config.to_json_string()


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float32"])
def test_processor_keeps_the_type_of_the_scores(kind: str) -> None:
    import torch

    processor = TextProcessor(TextWatermark(1, key=KEY))
    scores = torch.randn(1, 50).to(getattr(torch, kind))
    for length in range(3, 4 + CONTEXT):
        left = processor(torch.arange(length).unsqueeze(0), scores)
    assert (left.dtype, left.shape) == (scores.dtype, scores.shape)
    assert int(left.isfinite().sum()) == 1


def test_draws_on_the_device_are_those_of_the_core() -> None:
    import torch

    seeds = np.random.default_rng(1).integers(0, 1 << 32, (3, 4), np.uint32)
    expected = tensor(_core.text_draws(seeds, VOCABULARY))
    for device in devices():
        drawn = DeviceNoise(VOCABULARY, torch.device(device)).draws(seeds)
        assert torch.equal(drawn.cpu(), expected)


def test_logarithms_are_those_of_exponential_numbers_at_both_ends() -> None:
    draws = np.array([[0, 1 << 8, 1 << 31, 0xFFFFFFFF]], np.uint32)
    got = log_exponentials(tensor(draws))[0].double().numpy()
    expected = np.log(-np.log1p(-((draws[0] >> 1) + 0.5) / 2**31))
    np.testing.assert_allclose(got[:3], expected[:3], rtol=1e-5)
    assert got[3] > 3  # rare enough: never the least
