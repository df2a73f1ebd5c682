"""Texts that are marked token by token, without torch: what is read, in what is left of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from countermark import _core, errors
from countermark.tokens import CONTEXT, Contexts, Sampler, TextWatermark, detect

KEY = b"only for friends"
VOCABULARY = 2000

Floats = npt.NDArray[np.float64]


class Recorded:
    """Scores of a model whose entropy is about one nat, as many steps as are asked for.

    Zipf's law with a power drawn for each step, over tokens in an order drawn for it.
    """

    def __init__(self, seed: int) -> None:
        self._chance = np.random.default_rng(seed)
        self._ranks = np.log(np.arange(1, VOCABULARY + 1))
        self.entropies: list[float] = []

    def step(self, rows: int = 1) -> Floats:
        scores = -np.outer(self._chance.uniform(1.2, 6, rows), self._ranks)
        scores -= np.log(np.exp(scores).sum(1, keepdims=True))
        self.entropies.append(float(-(np.exp(scores) * scores).sum(1).mean()))
        return self._chance.permuted(scores, axis=1)


def write(
    count: int,
    *,
    payload: int = 2026,
    rows: int = 1,
    seed: int = 1,
    model: Recorded | None = None,
) -> npt.NDArray[np.int64]:
    """Marked texts of so many tokens, without their prompt."""
    sampler = Sampler(TextWatermark(payload, key=KEY), rows, seed=seed)
    model = model or Recorded(seed)
    text = np.full((rows, CONTEXT), 7)
    for _ in range(count):
        chosen = sampler.choose(text, model.step(rows))
        text = np.concatenate([text, chosen[:, None]], axis=1)
    return text[:, CONTEXT:]


@pytest.fixture(scope="module")
def text() -> npt.NDArray[np.int64]:
    model = Recorded(1)
    written = write(400, model=model)
    assert 0.8 < np.mean(model.entropies) < 1.2
    return written[0]


def test_payload_is_read_in_400_tokens_of_one_nat(text: npt.NDArray[np.int64]) -> None:
    found = detect(text, key=KEY)
    assert found.payload == 2026
    assert found.p_value < 1e-12
    assert 350 < found.tokens_used <= 400 - CONTEXT


def test_payload_is_read_in_a_part_that_begins_anywhere(text: npt.NDArray[np.int64]) -> None:
    found = detect(text[131:331], key=KEY)
    assert (found.payload, found.p_value < 1e-6) == (2026, True)


def test_payload_is_read_where_a_tenth_was_replaced(text: npt.NDArray[np.int64]) -> None:
    chance = np.random.default_rng(2)
    changed = np.where(chance.random(400) < 0.1, chance.integers(0, VOCABULARY, 400), text)
    found = detect(changed, key=KEY)
    assert (found.payload, found.p_value < 1e-6) == (2026, True)


def test_payload_is_read_where_tokens_are_missing_and_others_were_put_in(
    text: npt.NDArray[np.int64],
) -> None:
    chance = np.random.default_rng(3)
    fewer = np.delete(text, chance.integers(0, 400, 20))
    more = np.insert(fewer, chance.integers(0, 380, 20), chance.integers(0, VOCABULARY, 20))
    found = detect(more, key=KEY)
    assert (found.payload, found.p_value < 1e-6) == (2026, True)


def test_nothing_is_seen_with_another_key_or_without_a_mark(text: npt.NDArray[np.int64]) -> None:
    assert detect(text).p_value > 0.01
    assert detect(text[::-1], key=KEY).p_value > 0.01


@pytest.mark.parametrize("payload", [0, 1, 0x8000, 0xFFFF])
def test_every_payload_is_read(payload: int) -> None:
    assert detect(write(200, payload=payload, seed=5)[0], key=KEY).payload == payload


def test_p_values_of_unmarked_texts_are_no_smaller_than_they_say() -> None:
    chance = np.random.default_rng(4)
    texts = chance.integers(0, VOCABULARY, (300, 40))
    values = np.array([detect(text, key=chance.bytes(16)).p_value for text in texts])
    for level in (0.5, 0.1, 0.03):
        assert (values <= level).mean() <= level
    assert values.max() == 1.0


def test_over_all_keys_a_token_is_as_likely_as_the_model_says() -> None:
    chance, probabilities = np.random.default_rng(6), np.array([0.5, 0.25, 0.15, 0.08, 0.02])
    keys, counts = 4000, np.zeros(5)
    variants = np.zeros(1, np.uint32)
    for _ in range(keys):
        contexts = Contexts(TextWatermark(9, key=chance.bytes(16)), variants)
        for _ in range(CONTEXT):
            contexts.next_seeds([[1, 2, 3]])
        seeds, _ = contexts.next_seeds([[1, 2, 3]])
        quantiles = (_core.text_draws(seeds, 5)[0] + 0.5) / 2**32
        counts[(np.log(probabilities) - np.log(-np.log1p(-quantiles))).argmax()] += 1
    deviation = np.sqrt(keys * probabilities * (1 - probabilities))
    assert (abs(counts - keys * probabilities) < 4 * deviation).all()


def test_first_tokens_and_repeated_contexts_are_not_drawn_by_the_key() -> None:
    contexts = Contexts(TextWatermark(9, key=KEY), np.zeros(2, np.uint32))
    drawn = [contexts.next_seeds([[0, 1, 2, 3], [0, 1, 2, last]])[1] for last in (3, 3, 3, 3, 3, 4)]
    assert drawn == [[], [], [], [0, 1], [], [1]]


def test_texts_side_by_side_differ_and_bear_the_same_payload() -> None:
    texts = write(150, rows=4)
    assert len({text.tobytes() for text in texts}) == 4
    assert [detect(text, key=KEY).payload for text in texts] == [2026] * 4


def test_a_token_without_probability_never_comes() -> None:
    model, sampler = Recorded(8), Sampler(TextWatermark(1, key=KEY), 1, seed=8)
    text = np.full((1, CONTEXT), 7)
    for _ in range(100):
        scores = model.step()
        scores[0, scores[0] < np.sort(scores[0])[-3]] = -np.inf
        chosen = sampler.choose(text, scores)
        assert np.isfinite(scores[0, chosen[0]])
        text = np.concatenate([text, chosen[:, None]], axis=1)


def test_a_seed_repeats_the_text() -> None:
    np.testing.assert_array_equal(write(30, seed=9), write(30, seed=9))


@pytest.mark.parametrize("tokens", [[], [1], [1, 2, 3], np.zeros(0, np.uint16)])
def test_too_few_tokens_say_nothing(tokens: list[int]) -> None:
    found = detect(tokens, key=KEY)
    assert (found.payload, found.p_value, found.tokens_used) == (0, 1.0, 0)


@pytest.mark.parametrize("tokens", [[-1], [1 << 32], [0.5], [[1, 2]], "text", 5])
def test_what_are_no_tokens_is_refused(tokens: list[int]) -> None:
    with pytest.raises(errors.InvalidArgument, match="tokenizer"):
        detect(tokens, key=KEY)


@pytest.mark.parametrize("payload", [-1, 1 << 16, 0.5, "7"])
def test_what_is_no_payload_is_refused(payload: int) -> None:
    with pytest.raises(errors.InvalidPayload, match="65,535"):
        TextWatermark(payload)


def test_other_texts_than_before_are_refused() -> None:
    sampler = Sampler(TextWatermark(1, key=KEY), 2, seed=1)
    with pytest.raises(errors.InvalidArgument, match="one call of generate"):
        sampler.choose(np.zeros((3, CONTEXT), int), np.zeros((3, 10)))


def test_a_watermark_does_not_tell_its_key() -> None:
    assert repr(TextWatermark(7, key=KEY)) == "TextWatermark(payload=7)"


def test_what_is_no_key_is_refused() -> None:
    with pytest.raises(errors.InvalidKey):
        TextWatermark(1, key=b"short")
    with pytest.raises(errors.InvalidKey):
        detect([1, 2, 3, 4], key=b"short")
