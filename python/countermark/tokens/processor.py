"""The text watermark as a logits processor of `transformers`, on tensors of torch on any device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from countermark import _core, errors
from countermark.tokens import CONTEXT, VARIANTS, Contexts, TextWatermark

if TYPE_CHECKING:
    import torch

__all__ = ["TextProcessor"]

_Words = npt.NDArray[np.uint32]


class TextProcessor:
    """Leaves one token of each text, the one that the key draws, where it draws.

    For one call of `generate`, as the last of its processors; `TextWatermark.construct_processor`
    makes it. It samples, so it is not for beams. Where the key does not draw, the scores stay.
    """

    def __init__(self, watermark: TextWatermark) -> None:
        self._watermark = watermark
        self._contexts: Contexts | None = None
        self._length = 0
        self._noise: DeviceNoise | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Takes tokens of shape (rows, n) and scores of shape (rows, vocabulary).

        Raises:
            InvalidArgument: The texts are not those of the call before, one token longer.
        """
        import torch

        length = input_ids.shape[1]
        if self._contexts is not None and length != self._length + 1:
            raise errors.InvalidArgument(
                f"The texts have {length} tokens, not one more than {self._length} as before.",
                remedy="Use a processor for one call of generate only.",
            )
        self._length = length
        if self._contexts is None:
            # Of torch's own generator: what is seeded can be repeated.
            variants = torch.randint(VARIANTS, (len(scores),), dtype=torch.int32)
            self._contexts = Contexts(self._watermark, variants.numpy().view(np.uint32))
        seeds, rows = self._contexts.next_seeds(input_ids[:, -CONTEXT:].tolist())
        if not rows:
            return scores
        is_all = len(rows) == len(scores)
        picked = scores if is_all else scores[rows]
        tokens = (picked.float() - self._noise_for(seeds, scores)).argmax(-1, keepdim=True)
        only = torch.full_like(picked, -torch.inf).scatter_(1, tokens, 0.0)
        if is_all:
            return only
        return scores.index_copy(0, torch.tensor(rows, device=scores.device), only)

    def _noise_for(self, seeds: _Words, scores: torch.Tensor) -> torch.Tensor:
        if scores.device.type == "cpu":
            return log_exponentials(tensor(_core.text_draws(seeds, scores.shape[1])))
        if self._noise is None:
            self._noise = DeviceNoise(scores.shape[1], scores.device)
        return self._noise.draw(seeds)


class DeviceNoise:
    """The draws of the core (cpp/src/kernels/text_draws_reference.h) where the scores are."""

    def __init__(self, vocabulary: int, device: torch.device) -> None:
        steps = np.arange(vocabulary, dtype=np.uint32) * np.uint32(0x85EBCA6B)
        self._steps = tensor(steps).to(device)

    def draws(self, seeds: _Words) -> torch.Tensor:
        """Gives words of shape (rows, vocabulary) for seeds of shape (rows, 4)."""
        words = tensor(seeds).to(self._steps.device, non_blocking=True)
        first, second, third, fourth = words.unsqueeze(2).unbind(1)
        x = self._steps + first
        x = x.bitwise_xor_(shifted(x, 16)).mul_(second)
        x = x.bitwise_xor_(shifted(x, 15)).add_(third)
        x = x.bitwise_xor_(shifted(x, 16)).mul_(0x7FEB352D)
        return x.bitwise_xor_(shifted(x, 15)).mul_(fourth)

    def draw(self, seeds: _Words) -> torch.Tensor:
        """Gives what is subtracted from the scores, of the same shape."""
        return log_exponentials(self.draws(seeds))


def tensor(words: _Words) -> torch.Tensor:
    """Gives the same memory as int32, the only integers of 32 bits that torch computes with."""
    import torch

    return torch.from_numpy(words.view(np.int32))


def shifted(words: torch.Tensor, bits: int) -> torch.Tensor:
    """Gives the words shifted to the right as if they had no sign."""
    return (words >> bits).bitwise_and_((1 << (32 - bits)) - 1)


def log_exponentials(draws: torch.Tensor) -> torch.Tensor:
    """Makes logarithms of exponentially distributed numbers of all bits but the lowest."""
    below_zero = shifted(draws, 1).float().mul_(-(2.0**-31)).sub_(2.0**-32)
    return below_zero.log1p_().neg_().log_()
