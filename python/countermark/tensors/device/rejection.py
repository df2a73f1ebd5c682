"""Informed embedding: part of what the picture itself says is taken out in advance: embed.cc."""

from __future__ import annotations

from countermark.tensors.device.host import torch
from countermark.tensors.device.pattern import Layout

_PILOT_REJECTION, _BIT_REJECTION = 0.5, 0.5


def without_host(
    pattern: torch.Tensor, host: torch.Tensor, power: torch.Tensor, layout: Layout
) -> torch.Tensor:
    """The pattern less part of the host, which is in units of the pattern; of mean square 1."""
    own, theirs = pattern.abs(), host.abs()
    share = _PILOT_REJECTION * (own / (theirs + 1e-12)).clamp_(max=1.0) * layout.pilot
    freed = torch.view_as_real(pattern - share * host)
    # A coded bit is read from the weighted sum of its coefficients: only that is freed of the host,
    # by the smallest change of them that does it.
    weight = 1 / (power + 1e-9)
    matched = (weight[:, :, None] * layout.signs).flatten(1)
    said = matched * torch.view_as_real(host).flatten(1)
    sums, norms = torch.matmul(torch.cat((said, matched * matched)), layout.carriers).chunk(2)
    change = _BIT_REJECTION * sums / (norms + 1e-30)
    freed = freed - (matched * change[:, layout.bits]).view_as(freed)
    mean_square = 2 * freed.square().sum((1, 2), keepdim=True)
    return torch.view_as_complex(freed * mean_square.rsqrt())
