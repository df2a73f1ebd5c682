"""A watermark in the choice of a language model's tokens, which carries 16 bits.

Gumbel's trick with a keyed generator: at each step the token is the one for which the model's score
plus a number from the key and the last three tokens is largest. Over all keys every token is as
likely as the model says; with the key, a few hundred tokens suffice to see the mark and read it.

>>> model = np.random.default_rng(1)
>>> sampler = Sampler(TextWatermark(2026, key=b"only for friends"), 1, seed=1)
>>> text = [[7, 8, 9]]  # the prompt; here a model that knows nothing
>>> for _ in range(60):
...     scores = model.normal(0, 3, (1, 1000))
...     text[0].append(int(sampler.choose(np.array(text), scores)[0]))
>>> found = detect(text[0], key=b"only for friends")
>>> found.payload, found.p_value < 1e-6
(2026, True)
>>> detect(text[0]).p_value  # with another key
1.0

Sources: Aaronson, "Watermarking of large language models", 2022; Fernandez and others, "Three
bricks to consolidate watermarks for large language models", 2023 (payloads; each context once).
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from countermark import _core, errors
from countermark._bridge import checked_key, core_errors

if TYPE_CHECKING:
    from countermark.tokens.processor import TextProcessor

__all__ = ["CONTEXT", "DEFAULT_KEY", "Sampler", "TextDetection", "TextWatermark", "detect"]

#: Published: marks made with it can be read by everyone.
DEFAULT_KEY: bytes = _core.DEFAULT_KEY

CONTEXT: Final = _core.TEXT_CONTEXT
"""Tokens before one that decide, with the key, what is drawn for it: 3."""

VARIANTS: Final = 16
"""In so many ways a text can bear a payload; each text takes one of them by chance."""

_Words = npt.NDArray[np.uint32]
_PAYLOADS: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class TextDetection:
    """What a text seems to say, and how sure that is.

    Attributes:
        payload: The likeliest 16 bits. They mean something only where `p_value` is small.
        p_value: Upper bound of the probability that a text made without the key fits any payload
            as well as this one fits that.
        tokens_used: How many tokens count: each context of three once, the first three not.
    """

    payload: int
    p_value: float
    tokens_used: int


@dataclass(frozen=True, slots=True)
class TextWatermark:
    """What a model's texts shall bear; give it to `generate` as its `watermarking_config`.

    `transformers` then puts its processor after temperature, top-k and all others:
    `model.generate(**inputs, do_sample=True, watermarking_config=TextWatermark(2026, key=key))`.

    Attributes:
        payload: 16 bits, such as the number of a model or a customer.
        key: 16 bytes; only who has them can detect the mark or read it.
    """

    payload: int
    key: bytes = field(default=DEFAULT_KEY, repr=False)

    def __post_init__(self) -> None:
        """Raises InvalidPayload or InvalidKey."""
        checked_key(self.key)
        try:
            value = operator.index(self.payload)
        except TypeError:
            value = -1
        if not 0 <= value < _PAYLOADS:
            raise errors.InvalidPayload(
                f"The payload {self.payload!r} is not an integer of 16 bits.",
                remedy="Use an integer from 0 to 65,535.",
            )

    def validate(self) -> None:
        """Does nothing: what exists is valid. `transformers` asks."""

    def to_dict(self) -> None:
        """Nothing, for a configuration that is written to a file: it does not tell the key."""

    def construct_processor(self, vocabulary: int, device: Any) -> TextProcessor:
        """Makes what `transformers` calls with the scores of every token; needs torch."""
        from countermark.tokens.processor import TextProcessor

        return TextProcessor(self)


class Contexts:
    """Which tokens of the texts that are written side by side are drawn by the key, and by what.

    Those whose context lies in the text itself, not in the prompt, which a detector has not got;
    and of these, those whose context was not there before, so that chance is used once.
    """

    def __init__(self, watermark: TextWatermark, variants: _Words) -> None:
        self._watermark = watermark
        self._variants = variants
        self._written = 0
        self._seen: list[set[tuple[int, ...]]] = [set() for _ in variants]

    def next_seeds(self, tokens: Sequence[Sequence[int]]) -> tuple[_Words, list[int]]:
        """Gives a row of seeds for each text whose next token is drawn by the key, and which it is.

        tokens: the last tokens of each text, at least three where there are as many.
        """
        if len(tokens) != len(self._seen):
            raise errors.InvalidArgument(
                f"There are {len(tokens)} texts, not {len(self._seen)} as before.",
                remedy="Use a processor or sampler for one call of generate only.",
            )
        self._written += 1
        rows: list[int] = []
        if self._written > CONTEXT:
            for row, line in enumerate(tokens):
                context = tuple(line[-CONTEXT:])
                if context not in self._seen[row]:
                    self._seen[row].add(context)
                    rows.append(row)
        contexts = np.array([tokens[row][-CONTEXT:] for row in rows], np.uint32)
        key, payload = self._watermark.key, self._watermark.payload
        return _core.text_seeds(contexts, self._variants[rows], payload, key), rows


class Sampler:
    """Chooses the tokens of `rows` texts that are written side by side, without torch.

    Where the key does not draw, a generator of its own does, by the same rule.
    """

    def __init__(self, watermark: TextWatermark, rows: int, *, seed: int | None = None) -> None:
        self._chance = np.random.default_rng(seed)
        variants = self._chance.integers(0, VARIANTS, rows, np.uint32)
        self._contexts = Contexts(watermark, variants)

    def choose(self, tokens: npt.NDArray[Any], scores: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
        """Gives the next token of each text.

        Args:
            tokens: Integers of shape (rows, n), prompts included.
            scores: Floating point, of shape (rows, vocabulary): the logarithms of the
                probabilities, each row plus any number; -inf for tokens that must not come.
        """
        seeds, rows = self._contexts.next_seeds(tokens[:, -CONTEXT:].tolist())
        draws = self._chance.integers(0, 1 << 32, scores.shape, np.uint32)
        draws[rows] = _core.text_draws(seeds, scores.shape[1])
        quantiles = (draws + 0.5) / 2**32
        chosen: npt.NDArray[np.intp] = (scores - np.log(-np.log1p(-quantiles))).argmax(1)
        return chosen


def detect(tokens: Sequence[int] | npt.NDArray[Any], *, key: bytes = DEFAULT_KEY) -> TextDetection:
    """Looks for the mark in a text or a part of one; a tenth of a second for 400 tokens.

    >>> detect([5, 6, 7])  # too short for anything
    TextDetection(payload=0, p_value=1.0, tokens_used=0)

    Args:
        tokens: As the model's tokenizer gives them, without special tokens: integers from 0 to
            2**32 - 1. Of more than 65,536 the first are looked at.
        key: The 16 bytes of the mark.

    Raises:
        InvalidArgument: The tokens are not such integers, one behind the other.
        InvalidKey: The key is not 16 bytes.
    """
    numbers = np.asarray(tokens)
    is_right = numbers.ndim == 1 and (numbers.size == 0 or numbers.dtype.kind in "iu")
    if not is_right or (numbers.size and not 0 <= numbers.min() <= numbers.max() < 1 << 32):
        raise errors.InvalidArgument(
            "The tokens are not a row of integers from 0 to 2**32 - 1.",
            remedy="Pass what the tokenizer gives for one text.",
        )
    with core_errors():
        payload, _, used, p_value = _core.text_detect(
            np.ascontiguousarray(numbers, np.uint32), checked_key(key)
        )
    return TextDetection(payload, p_value, used)
