"""Pipelines of diffusers, of tiny random weights, give out what is marked or nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from PIL import Image

from countermark import Registry, tensors, watermark
from countermark.errors import InvalidArgument, MarkLost
from countermark.frames import ClipDetector
from countermark.integrations import Marker
from countermark.integrations.diffusers import Processor, Watermark, protect

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation:DeprecationWarning"
    ),  # of diffusers
]

SIDE = 256
VIDEO_SIDE = 192
FPS = 16


@dataclass
class Case:
    """A pipeline and what its call takes."""

    pipe: Any
    options: dict[str, Any]

    def __call__(self, output_type: str, count: int = 1) -> Any:
        import torch

        self.pipe.set_progress_bar_config(disable=True)
        stated = {"num_images_per_prompt": count} if count > 1 else {}
        return self.pipe(
            num_inference_steps=1,
            output_type=output_type,
            generator=torch.manual_seed(1),
            return_dict=False,
            **{"height": SIDE, "width": SIDE, **self.options, **stated},
        )[0]


def picture_vae(channels: int, **options: Any) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(4, 4, 4, 4),
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=channels,
        norm_num_groups=2,
        **options,
    )


def video_vae(kind: str) -> Any:
    import diffusers

    return getattr(diffusers, kind)(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )


def embeds(*names: str) -> dict[str, Any]:
    import torch

    shapes = {"prompt_embeds": (1, 7, 16), "pooled_prompt_embeds": (1, 16)}
    return {name: torch.randn(shapes[name]) for name in names}


def absent(*names: str) -> dict[str, None]:
    return dict.fromkeys(names)


def stable_diffusion_xl() -> Case:
    import diffusers

    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(8, 8),
        layers_per_block=1,
        sample_size=32,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=(2, 4),
        norm_num_groups=4,
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        transformer_layers_per_block=(1, 1),
        projection_class_embeddings_input_dim=4 * 6 + 16,
        cross_attention_dim=16,
    )
    pipe = diffusers.StableDiffusionXLPipeline(
        vae=picture_vae(4),
        unet=unet,
        scheduler=diffusers.EulerDiscreteScheduler(),
        add_watermarker=False,
        **absent("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"),
    )
    return Case(pipe, {"guidance_scale": 1, **embeds("prompt_embeds", "pooled_prompt_embeds")})


def flux() -> Case:
    import diffusers

    transformer = diffusers.FluxTransformer2DModel(
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        pooled_projection_dim=16,
        axes_dims_rope=(4, 4, 8),
    )
    pipe = diffusers.FluxPipeline(
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=picture_vae(16, shift_factor=0.1),
        **absent("text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2"),
    )
    return Case(pipe, embeds("prompt_embeds", "pooled_prompt_embeds"))


def stable_diffusion_3() -> Case:
    import diffusers

    transformer = diffusers.SD3Transformer2DModel(
        sample_size=32,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=2,
        joint_attention_dim=16,
        caption_projection_dim=16,
        pooled_projection_dim=16,
    )
    encoders = ("text_encoder", "text_encoder_2", "text_encoder_3")
    pipe = diffusers.StableDiffusion3Pipeline(
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=picture_vae(16, shift_factor=0.1),
        **absent(*encoders, "tokenizer", "tokenizer_2", "tokenizer_3"),
    )
    return Case(pipe, {"guidance_scale": 1, **embeds("prompt_embeds", "pooled_prompt_embeds")})


def qwen_image() -> Case:
    import diffusers
    import torch

    transformer = diffusers.QwenImageTransformer2DModel(
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        axes_dims_rope=(4, 4, 8),
    )
    pipe = diffusers.QwenImagePipeline(
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=video_vae("AutoencoderKLQwenImage"),
        **absent("text_encoder", "tokenizer"),
    )
    mask = torch.ones(1, 7, dtype=torch.long)
    options = {"true_cfg_scale": 1.0, "prompt_embeds_mask": mask}
    return Case(pipe, {**options, **embeds("prompt_embeds")})


def wan() -> Case:
    import diffusers

    transformer = diffusers.WanTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=4,
        out_channels=4,
        text_dim=16,
        freq_dim=16,
        ffn_dim=16,
        num_layers=1,
        rope_max_seq_len=64,
    )
    pipe = diffusers.WanPipeline(
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        vae=video_vae("AutoencoderKLWan"),
        **absent("text_encoder", "tokenizer"),
    )
    size = {"height": VIDEO_SIDE, "width": VIDEO_SIDE, "num_frames": 5}
    return Case(pipe, {"guidance_scale": 1, **size, **embeds("prompt_embeds")})


PICTURES = [stable_diffusion_xl, flux, stable_diffusion_3, qwen_image]


@cache
def bare(make: Callable[[], Case]) -> tuple[Case, dict[str, Any]]:
    """The pipeline as it was made, with what is put back before each use."""
    import torch

    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of diffusers, about classes of its own
        case = make()
    return case, dict(vars(case.pipe))


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    made, before = bare(request.param)
    for name in ("image_processor", "video_processor", "watermark"):
        if name in before:
            setattr(made.pipe, name, before[name])
    return made


def each(*makes: Callable[[], Case]) -> pytest.MarkDecorator:
    ids = [make.__name__ for make in makes]
    return pytest.mark.parametrize("case", makes, ids=ids, indirect=True)


def pixels_of(made: Any) -> list[Any]:
    """The pictures of a call, whatever its type, with 8 bits."""
    if isinstance(made, list):
        return [np.asarray(one) for one in made]
    layout = "BHWC" if isinstance(made, np.ndarray) else "BCHW"
    return list(tensors.pixels(made, layout=layout, range="unit"))


def frames_of(made: Any) -> list[Any]:
    if isinstance(made, list):
        return [np.stack([np.asarray(frame) for frame in one]) for one in made]
    layout = "BFHWC" if isinstance(made, np.ndarray) else "BFCHW"
    return list(tensors.frames_of(made, layout=layout, range="unit"))


def creator_of(found: watermark.Detection | None, registry: Registry) -> str | None:
    assert found is not None
    entry = registry.find_payload(found.payload)
    assert entry is not None
    return entry.record.creator


@each(*PICTURES)
@pytest.mark.parametrize("output_type", ["pil", "np", "pt"])
def test_pictures_lead_to_their_entries(
    case: Case, output_type: str, marker: Marker, registry: Registry
) -> None:
    bare = case(output_type)
    assert [watermark.detect(one, effort="aligned") for one in pixels_of(bare)] == [None]
    protect(case.pipe, marker)
    made = case(output_type, count=2)
    assert type(made) is type(bare)
    if not isinstance(made, list):
        assert (made.dtype, made.shape[1:]) == (bare.dtype, bare.shape[1:])
    found = [watermark.detect(one) for one in pixels_of(made)]
    assert [creator_of(one, registry) for one in found] == ["Ada Example"] * 2
    assert len({one.payload for one in found if one is not None}) == 2


@each(wan)
@pytest.mark.parametrize("output_type", ["pil", "np", "pt"])
def test_videos_lead_to_their_entries(
    case: Case, output_type: str, marker: Marker, registry: Registry
) -> None:
    protect(case.pipe, marker, fps=FPS)
    (frames,) = frames_of(case(output_type))
    assert frames.shape == (5, VIDEO_SIDE, VIDEO_SIDE, 3)
    detector = ClipDetector()
    for index, frame in enumerate(frames):
        detector.add(frame, seconds=index / FPS)
    found = detector.detect()
    assert creator_of(found, registry) == "Ada Example"
    assert found is not None
    entry = registry.find_payload(found.payload)
    assert entry is not None
    assert entry.clip is not None
    assert entry.clip.seconds == round(5 / FPS, 3)


@each(*PICTURES, wan)
def test_latents_go_through_as_they_are(case: Case, marker: Marker, registry: Registry) -> None:
    import torch

    before = case("latent")
    protect(case.pipe, marker)
    entries = list(registry.all_entries())
    assert torch.equal(case("latent"), before)
    assert list(registry.all_entries()) == entries


@each(*PICTURES)
def test_who_protects_twice_marks_once(case: Case, marker: Marker, registry: Registry) -> None:
    assert protect(protect(case.pipe, marker), marker) is case.pipe
    before = len(list(registry.all_entries()))
    case("pil")
    assert len(list(registry.all_entries())) == before + 1


@each(stable_diffusion_xl)
def test_hook_of_the_pipeline(case: Case, marker: Marker, registry: Registry) -> None:
    case.pipe.watermark = Watermark(marker)
    (picture,) = case("pil")
    assert creator_of(watermark.detect(picture), registry) == "Ada Example"
    protect(case.pipe, marker)
    before = len(list(registry.all_entries()))
    (picture,) = case("pil")
    assert creator_of(watermark.detect(picture), registry) == "Ada Example"
    assert len(list(registry.all_entries())) == before + 1


def test_hook_with_a_tiny_decoder(marker: Marker, registry: Registry) -> None:
    import torch

    scene = torch.rand((1, 3, 40, 40), generator=torch.manual_seed(1))
    pictures = torch.nn.functional.interpolate(scene, scale_factor=8, mode="bilinear")
    marked = Watermark(marker).apply_watermark(pictures, is_tiny_vae=True)
    (pixels,) = tensors.pixels(marked, layout="BCHW", range="unit")
    assert creator_of(watermark.detect(pixels), registry) == "Ada Example"


@each(stable_diffusion_xl, flux)
def test_a_fault_at_any_step_keeps_pictures_in(
    case: Case,
    marker: Marker,
    registry: Registry,
    break_pixels: Callable[[], None],
    fault: tuple[type[Exception], ...],
) -> None:
    protect(case.pipe, marker)
    entries = list(registry.all_entries())
    break_pixels()
    with pytest.raises(fault):
        case("pil")
    assert list(registry.all_entries()) == entries


@each(stable_diffusion_xl)
def test_a_fault_at_any_step_of_the_hook_keeps_pictures_in(
    case: Case, marker: Marker, break_pixels: Callable[[], None], fault: tuple[type[Exception], ...]
) -> None:
    case.pipe.watermark = Watermark(marker)
    break_pixels()
    with pytest.raises(fault):
        case("pil")


@each(wan)
def test_a_fault_at_any_step_keeps_videos_in(
    case: Case,
    marker: Marker,
    registry: Registry,
    break_frames: Callable[[], None],
    fault: tuple[type[Exception], ...],
) -> None:
    protect(case.pipe, marker, fps=FPS)
    entries = list(registry.all_entries())
    break_frames()
    with pytest.raises(fault):
        case("np")
    assert list(registry.all_entries()) == entries


@each(flux)
def test_a_marker_that_fails_protects_nothing(
    case: Case, marker: Marker, break_pixels: Callable[[], None], fault: tuple[type[Exception], ...]
) -> None:
    before = case.pipe.image_processor
    break_pixels()
    with pytest.raises(fault):
        protect(case.pipe, marker)
    assert case.pipe.image_processor is before


def test_what_cannot_be_marked_is_refused(marker: Marker) -> None:
    class Bare:
        pass

    with pytest.raises(InvalidArgument, match="no processor"):
        protect(Bare(), marker)


@each(flux)
def test_what_is_done_after_marking_is_refused(
    case: Case, marker: Marker, photograph: Callable[..., Image.Image]
) -> None:
    protect(case.pipe, marker)
    processor = case.pipe.image_processor
    assert isinstance(processor, Processor)
    assert processor.config.vae_scale_factor == 16
    with pytest.raises(InvalidArgument, match="apply_overlay"):
        processor.apply_overlay(None, None, None)
    with pytest.raises(InvalidArgument, match="postprocess_hdr_video"):
        processor.postprocess_hdr_video(None)
    marked = marker.pixels(photograph("coffee", 320).crop((0, 0, 256, 208)))
    with pytest.raises(MarkLost):
        processor.postprocess(processor.preprocess(marked))
