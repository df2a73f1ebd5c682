"""Tensors of PyTorch and JAX, on the device and in the type that they came in."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from countermark import tensors, watermark
from countermark.errors import InvalidArgument, InvalidPixels

pytestmark = pytest.mark.hosts


@pytest.fixture(scope="module")
def batch(photograph: Callable[..., Image.Image]) -> Any:
    """Two photographs, 0..1: (2, 3, 256, 384) of float32."""
    names = ("coffee", "rocket")
    both = [np.asarray(photograph(name, 512).crop((0, 0, 384, 256))) for name in names]
    return np.stack(both).transpose(0, 3, 1, 2).astype(np.float32) / 255


def expect_read(x: Any) -> None:
    found = [watermark.detect(each) for each in tensors.pixels(x, layout="BCHW", range="unit")]
    assert [one and one.payload for one in found] == [7, 8]


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "float64"])
def test_torch(batch: Any, dtype: str) -> None:
    import torch

    x = torch.from_numpy(batch).to(getattr(torch, dtype)).requires_grad_()
    before = x.detach().clone()
    marked = tensors.embed(x, [7, 8], layout="BCHW", range="unit")
    assert (marked.dtype, marked.shape, marked.device) == (x.dtype, x.shape, x.device)
    assert torch.equal(x.detach(), before)
    expect_read(marked)
    out = torch.empty_like(before)
    assert tensors.embed(before, [7, 8], layout="BCHW", range="unit", out=out) is out
    assert torch.equal(out, marked)
    with pytest.raises(InvalidPixels):
        tensors.embed(before, [7, 8], layout="BCHW", range="unit", out=out.double().half()[:1])


def test_what_lies_on_a_card_is_marked_there(batch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the same operations, on what there is."""
    import torch

    x = torch.from_numpy(batch)
    here = tensors.embed(x, [7, 8], layout="BCHW", range="unit")
    monkeypatch.setattr(tensors, "is_on_card", lambda x, range: True)
    there = tensors.embed(x, [7, 8], layout="BCHW", range="unit")
    assert not torch.equal(here, there)
    assert (here - there).abs().max() * 255 <= 1.01
    expect_read(there)
    out = torch.empty_like(x)
    assert tensors.embed(x, [7, 8], layout="BCHW", range="unit", out=out) is out
    assert torch.equal(out, there)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_jax(batch: Any, dtype: str) -> None:
    import jax.numpy as jnp

    x = jnp.asarray(batch, dtype)
    marked = tensors.embed(x, [7, 8], layout="BCHW", range="unit")
    assert (type(marked), marked.dtype, marked.shape) == (type(x), x.dtype, x.shape)
    assert marked.device == x.device
    expect_read(marked)
    with pytest.raises(InvalidArgument, match="cannot be written to"):
        tensors.embed(x, [7, 8], layout="BCHW", range="unit", out=x)
