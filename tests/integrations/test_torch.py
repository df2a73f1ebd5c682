"""Watermarks in tensors: the same as the core's within one grey level, and read back."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from PIL import Image

from countermark import errors, watermark
from countermark.integrations.torch import Embedder

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.hosts

Pixels = npt.NDArray[np.uint8]
PAYLOAD = 0x0123456789ABCDEF
#: On every device that is here.
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads that share a processor with others wait for each other more than they work."""
    count = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(count)


@pytest.fixture(scope="module", params=DEVICES)
def device(request: pytest.FixtureRequest) -> Any:
    return torch.device(request.param)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


def photograph(name: str, width: int, height: int) -> Pixels:
    picture = Image.fromarray(getattr(skimage.data, name)())
    return np.array(picture.resize((width, height), Image.Resampling.LANCZOS))


def marked(embedder: Embedder, picture: Pixels, device: Any, payload: int = PAYLOAD) -> Pixels:
    layout = "HW" if picture.ndim == 2 else "HWC"
    tensor = torch.from_numpy(picture.copy()).to(device)
    out = embedder(tensor, [payload], layout=layout, range="u8")
    assert (out.dtype, out.device, out.shape) == (tensor.dtype, tensor.device, tensor.shape)
    assert np.array_equal(tensor.cpu().numpy(), picture), "the caller's memory was written to"
    return out.cpu().numpy()


def expect_alike(ours: Pixels, picture: Pixels, share: float = 0.02, **options: Any) -> None:
    """Within one grey level of the core's picture, and in few samples at all."""
    expected = watermark.embed(picture, PAYLOAD, **options)
    assert not np.array_equal(expected, picture)
    apart = np.abs(ours.astype(int) - expected)
    assert apart.max() <= 1
    assert np.mean(apart > 0) < share


@pytest.mark.parametrize(
    ("name", "width", "height"),
    [
        ("astronaut", 1024, 1024),
        ("chelsea", 451, 300),
        ("coffee", 1500, 1001),
        ("camera", 512, 512),
        ("rocket", 427, 640),
        ("astronaut", 256, 256),
        ("coffee", 129, 517),
        ("camera", 723, 724),
    ],
)
def test_pixels_are_those_of_the_core(
    embedder: Embedder, device: Any, name: str, width: int, height: int
) -> None:
    picture = photograph(name, width, height)
    expect_alike(marked(embedder, picture, device), picture)


@pytest.mark.parametrize("strength", [*watermark.Strength, 4.0])
def test_any_strength_is_that_of_the_core(device: Any, strength: Any) -> None:
    picture = photograph("coffee", 600, 400)
    ours = marked(Embedder(strength=strength), picture, device)
    expect_alike(ours, picture, share=0.05, strength=strength)


def test_another_key_reads_its_own_marks_only(device: Any) -> None:
    picture, key = photograph("chelsea", 640, 480), b"only for friends"
    ours = marked(Embedder(key=key), picture, device)
    expect_alike(ours, picture, key=key)
    found = watermark.detect(ours, key=key)
    assert found is not None
    assert found.payload == PAYLOAD
    assert watermark.detect(ours, effort="aligned") is None


def test_marks_are_read_after_jpeg_as_those_of_the_core(embedder: Embedder, device: Any) -> None:
    picture = photograph("coffee", 1024, 1024)
    scores = []
    for pixels in (marked(embedder, picture, device), watermark.embed(picture, PAYLOAD)):
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "JPEG", quality=70)
        found = watermark.detect(np.array(Image.open(file)), effort="aligned")
        assert found is not None
        assert found.payload == PAYLOAD
        scores.append(found.score)
    assert scores[0] == pytest.approx(scores[1], abs=0.1)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_pictures_of_one_colour_are_marked_as_by_the_core(
    embedder: Embedder, device: Any, level: int
) -> None:
    picture = np.full((200, 300, 3), level, np.uint8)
    expect_alike(marked(embedder, picture, device), picture)


def test_noise_is_marked_as_by_the_core(embedder: Embedder, device: Any) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (384, 512, 3), np.uint8)
    expect_alike(marked(embedder, picture, device), picture)


def in_range(levels: Any, value_range: str) -> Any:
    scaled = levels.to(torch.float32)
    return {"u8": scaled, "unit": scaled / 255, "signed": scaled / 127.5 - 1}[value_range]


def to_levels(values: Any, value_range: str) -> Any:
    values = values.to(torch.float32)
    return {"u8": values, "unit": values * 255, "signed": (values + 1) * 127.5}[value_range]


@pytest.mark.parametrize("value_range", ["u8", "unit", "signed"])
@pytest.mark.parametrize(
    ("dtype", "step"),  # of the type, in grey levels at the brightest
    [("float32", 0.0), ("float16", 0.13), ("bfloat16", 1.0)],
)
def test_floating_point_is_marked_alike(
    embedder: Embedder, device: Any, value_range: str, dtype: str, step: float
) -> None:
    picture = torch.from_numpy(photograph("astronaut", 300, 280)).permute(2, 0, 1)
    values = in_range(picture, value_range).to(device, getattr(torch, dtype))
    before = values.clone()
    out = embedder(values, [PAYLOAD], layout="CHW", range=value_range)
    assert out.dtype == values.dtype
    assert torch.equal(values, before)
    # What the type made of the levels is what the core is given.
    levels = to_levels(values, value_range).round().clamp(0, 255).to(torch.uint8).cpu()
    expected = watermark.embed(levels.permute(1, 2, 0).numpy(), PAYLOAD)
    ours = to_levels(out, value_range).cpu().permute(1, 2, 0)
    assert (ours - torch.from_numpy(expected)).abs().max() <= 1 + step
    found = watermark.detect(ours.round().to(torch.uint8).numpy(), effort="aligned")
    assert found is not None
    assert found.payload == PAYLOAD


@pytest.mark.parametrize("layout", ["BCHW", "BHWC", "WHBC", "HWCB"])
def test_layouts_are_what_they_say(embedder: Embedder, device: Any, layout: str) -> None:
    pictures = [photograph(name, 200, 160) for name in ("astronaut", "coffee")]
    batch = torch.from_numpy(np.stack(pictures)).to(device)
    order = ["BHWC".index(letter) for letter in layout]
    given = batch.permute(order).contiguous()
    out = embedder(given, [5, 6], layout=layout, range="u8")
    assert out.shape == given.shape
    alike = embedder(batch, [5, 6], layout="BHWC", range="u8")
    assert torch.equal(out, alike.permute(order))


def test_a_batch_is_marked_as_single_pictures_are(embedder: Embedder, device: Any) -> None:
    names = ["astronaut", "coffee", "chelsea", "rocket", "astronaut"]
    batch = torch.from_numpy(np.stack([photograph(name, 256, 320) for name in names])).to(device)
    payloads = [1, 2, 3, 4, 2**64 - 1]
    together = embedder(batch, payloads, layout="BHWC", range="u8").cpu()
    for picture, payload, one in zip(batch, payloads, together, strict=True):
        alone = embedder(picture, [payload], layout="HWC", range="u8").cpu()
        apart = (alone.int() - one.int()).abs()
        assert apart.max() <= 1
        assert (apart > 0).float().mean() < 1e-3
        found = watermark.detect(one.numpy(), effort="aligned")
        assert found is not None
        assert found.payload == payload
    assert not torch.equal(together[0], together[4])


def test_large_batches_are_marked_part_by_part(
    embedder: Embedder, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = torch.from_numpy(np.stack([photograph("coffee", 160, 160)] * 7)).to(device)
    whole = embedder(batch, list(range(7)), layout="BHWC", range="u8")
    monkeypatch.setattr("countermark.tensors.device.embedder._PIXELS_AT_ONCE", 2 * 160 * 160)
    parts = embedder(batch, list(range(7)), layout="BHWC", range="u8")
    assert ((whole.int() - parts.int()).abs() <= 1).all()
    assert (whole != parts).float().mean() < 1e-3


def test_alpha_stays(embedder: Embedder, device: Any) -> None:
    alpha = np.random.default_rng(2).integers(0, 256, (240, 200, 1), np.uint8)
    picture = np.concatenate([photograph("astronaut", 200, 240), alpha], axis=2)
    ours = marked(embedder, picture, device)
    assert np.array_equal(ours[..., 3:], alpha)
    expect_alike(ours, picture)


def test_out_may_be_the_pictures_or_other_memory(embedder: Embedder, device: Any) -> None:
    picture = torch.from_numpy(photograph("rocket", 220, 200)).to(device)
    expected = embedder(picture, [9], layout="HWC", range="u8")
    other = torch.zeros_like(picture)
    assert embedder(picture, [9], layout="HWC", range="u8", out=other) is other
    assert torch.equal(other, expected)
    assert embedder(picture, [9], layout="HWC", range="u8", out=picture) is picture
    assert torch.equal(picture, expected)


def test_what_surrounds_the_call_changes_nothing(embedder: Embedder, device: Any) -> None:
    picture = torch.from_numpy(photograph("coffee", 300, 200)).to(device) / 255
    expected = embedder(picture, [9], layout="HWC", range="unit")
    learning = picture.clone().requires_grad_()
    kind = device.type
    torch.set_default_dtype(torch.float64)
    try:
        with torch.autocast(kind, dtype=torch.bfloat16), torch.inference_mode():
            inside = Embedder()(picture, [9], layout="HWC", range="unit")
    finally:
        torch.set_default_dtype(torch.float32)
    assert torch.equal(inside, expected)
    outside = embedder(learning, [9], layout="HWC", range="unit")
    assert not outside.requires_grad
    assert torch.equal(outside, expected)


def test_what_the_page_shows_is_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[2] / "docs/integrations/torch.md").read_text(encoding="utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    exec(code, {})
    assert capsys.readouterr().out == "[2026, 2027]\n"


def test_an_empty_batch_is_one(embedder: Embedder, device: Any) -> None:
    nothing = torch.empty(0, 3, 200, 200, device=device)
    assert embedder(nothing, [], layout="BCHW", range="unit").shape == nothing.shape


@pytest.mark.skipif("cuda" not in DEVICES, reason="there is no graphics card")
def test_nothing_waits_for_the_card(embedder: Embedder) -> None:
    batch = torch.rand(4, 3, 256, 256, device="cuda")
    payloads = [1, 2, 3, 4]
    embedder(batch, payloads, layout="BCHW", range="unit")
    torch.cuda.set_sync_debug_mode("error")
    try:
        embedder(batch, payloads, layout="BCHW", range="unit")
    finally:
        torch.cuda.set_sync_debug_mode("default")


GOOD: dict[str, Any] = {"layout": "CHW", "range": "unit"}


@pytest.mark.parametrize(
    ("shape", "changes", "error", "text"),
    [
        ((3, 200, 200), {"layout": "CHWX"}, errors.InvalidArgument, "layout 'CHWX'"),
        ((3, 200, 200), {"layout": "BCH"}, errors.InvalidArgument, "layout 'BCH'"),
        ((3, 200, 200), {"layout": "BCHW"}, errors.InvalidPixels, "3 dimensions"),
        ((3, 200, 200), {"layout": "HWC"}, errors.InvalidPixels, "200 channels"),
        ((2, 200, 200), {}, errors.InvalidPixels, "2 channels"),
        ((3, 127, 200), {}, errors.ImageTooSmall, "200 x 127"),
        ((3, 200, 200), {"range": "0..1"}, errors.InvalidArgument, "range '0..1'"),
        ((3, 200, 200), {"out": torch.empty(3, 200, 201)}, errors.InvalidPixels, "output"),
        (
            (3, 200, 200),
            {"out": torch.empty(1).expand(3, 200, 200)},
            errors.OverlappingBuffers,
            "memory",
        ),
    ],
)
def test_refuses_what_it_cannot_mark(
    embedder: Embedder, shape: tuple[int, ...], changes: dict[str, Any], error: Any, text: str
) -> None:
    with pytest.raises(error, match=text):
        embedder(torch.zeros(shape), [1], **(GOOD | changes))


def test_refuses_other_types(embedder: Embedder) -> None:
    with pytest.raises(errors.InvalidPixels, match="int32"):
        embedder(torch.zeros(3, 200, 200, dtype=torch.int32), [1], layout="CHW", range="u8")
    with pytest.raises(errors.InvalidPixels, match="ndarray"):
        embedder(np.zeros((3, 200, 200)), [1], **GOOD)
    with pytest.raises(errors.InvalidArgument, match="uint8"):
        embedder(torch.zeros(3, 200, 200, dtype=torch.uint8), [1], **GOOD)


def test_refuses_an_output_that_overlaps(embedder: Embedder) -> None:
    memory = torch.zeros(4, 200, 200)
    with pytest.raises(errors.OverlappingBuffers):
        embedder(memory[:3], [1], **GOOD, out=memory[1:])


@pytest.mark.parametrize("payloads", [[], [1, 2], [-1], [2**64], ["1"], 7])
def test_refuses_payloads_that_are_none(embedder: Embedder, payloads: Any) -> None:
    with pytest.raises(errors.InvalidPayload):
        embedder(torch.zeros(3, 200, 200), payloads, **GOOD)


def test_refuses_wrong_keys_and_strengths() -> None:
    with pytest.raises(errors.InvalidKey):
        Embedder(key=b"short")
    for strength in (0, -1, 4.1, float("nan"), "loud", None):
        with pytest.raises(errors.InvalidStrength):
            Embedder(strength=strength)  # type: ignore[arg-type]
