"""Pipelines of diffusers that make sound beside their videos give it out marked, or nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from countermark import Registry, audio, tensors
from countermark.errors import InvalidArgument
from countermark.frames import ClipDetector
from countermark.integrations import Marker
from countermark.integrations.diffusers import protect

pytestmark = [
    pytest.mark.hosts,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),
]

RATE = 24_000


@cache
def ltx2() -> Any:
    """LTX-2, of tiny random weights: 9 frames and 9 seconds of sound."""
    import diffusers
    import torch
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder

    torch.manual_seed(0)
    heads = {"num_attention_heads": 2, "attention_head_dim": 12, "cross_attention_dim": 24}
    connector = {
        "connector_num_attention_heads": 2,
        "connector_attention_head_dim": 8,
        "connector_num_layers": 1,
        "connector_num_learnable_registers": None,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = diffusers.LTX2Pipeline(
            scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
            transformer=diffusers.LTX2VideoTransformer3DModel(
                in_channels=4,
                out_channels=4,
                audio_in_channels=4,
                audio_out_channels=4,
                num_layers=1,
                caption_channels=16,
                **heads,
                **{f"audio_{name}": value for name, value in heads.items()},
            ),
            connectors=LTX2TextConnectors(
                caption_channels=16,
                text_proj_in_factor=1,
                **{f"video_{name}": value for name, value in connector.items()},
                **{f"audio_{name}": value for name, value in connector.items()},
            ),
            vae=diffusers.AutoencoderKLLTX2Video(
                latent_channels=4,
                block_out_channels=(8, 16, 32, 64),
                decoder_block_out_channels=(8, 16, 32),
                layers_per_block=(1,) * 5,
                decoder_layers_per_block=(1,) * 4,
                spatial_compression_ratio=32,
                temporal_compression_ratio=8,
            ),
            audio_vae=diffusers.AutoencoderKLLTX2Audio(
                base_channels=4,
                ch_mult=(1, 1, 1),
                num_res_blocks=1,
                latent_channels=1,
                resolution=16,
                mel_bins=16,
            ),
            vocoder=LTX2Vocoder(
                in_channels=32, hidden_channels=32, upsample_kernel_sizes=[16, 15, 8, 4, 4]
            ),
            text_encoder=None,
            tokenizer=None,
        )
    pipe.set_progress_bar_config(disable=True)
    return pipe


def made_by(pipe: Any, output_type: str = "np") -> tuple[Any, Any]:
    import torch

    torch.manual_seed(1)
    made: tuple[Any, Any] = pipe(
        height=192,
        width=192,
        num_frames=9,
        frame_rate=1.0,
        num_inference_steps=1,
        guidance_scale=1,
        audio_guidance_scale=1,
        prompt_embeds=torch.randn(1, 8, 16),
        prompt_attention_mask=torch.ones(1, 8, dtype=torch.long),
        output_type=output_type,
        return_dict=False,
    )
    return made


def heard(sounds: Any) -> int | None:
    """In the only sound of a batch."""
    (samples,) = sounds.numpy()
    found = audio.detect(np.ascontiguousarray(samples.T), RATE)
    return None if found is None else found.payload


def seen(videos: NDArray[np.float32]) -> int | None:
    (frames,) = tensors.frames_of(videos, layout="BFHWC", range="unit")
    detector = ClipDetector()
    for index, frame in enumerate(frames):
        detector.add(frame, seconds=float(index))
    found = detector.detect()
    return None if found is None else found.payload


def test_frames_and_sound_lead_to_entries(marker: Marker, registry: Registry) -> None:
    _, bare = made_by(ltx2())
    assert heard(bare) is None
    videos, sounds = made_by(protect(ltx2(), marker, fps=1))
    assert (type(sounds), sounds.shape, sounds.dtype) == (type(bare), bare.shape, bare.dtype)
    for payload in (seen(videos), heard(sounds)):
        assert payload is not None
        entry = registry.find_payload(payload)
        assert entry is not None
        assert entry.record.creator == "Ada Example"
    # Marked once, though it was protected before.
    before = len(list(registry.all_entries()))
    made_by(ltx2())
    assert len(list(registry.all_entries())) == before + 2


def test_latents_go_through_as_they_are(marker: Marker, registry: Registry) -> None:
    import torch

    protect(ltx2(), marker, fps=1)
    before = len(list(registry.all_entries()))
    first, second = made_by(ltx2(), "latent"), made_by(ltx2(), "latent")
    assert torch.equal(first[1], second[1])
    assert len(list(registry.all_entries())) == before


def test_a_fault_keeps_frames_and_sound_in(marker: Marker, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("out of order")

    protect(ltx2(), marker, fps=1)
    for step in ("push", "finish"):
        with monkeypatch.context() as patch:
            patch.setattr(f"countermark.marking.speech.LiveSound.{step}", fail)
            with pytest.raises(RuntimeError, match="out of order"):
                made_by(ltx2())


def test_sound_of_unknown_rate_is_refused(marker: Marker, monkeypatch: pytest.MonkeyPatch) -> None:
    vocoder = SimpleNamespace(config={})
    pipe = SimpleNamespace(video_processor=ltx2().video_processor, vocoder=vocoder)
    before: Callable[..., Any] = pipe.video_processor
    with pytest.raises(InvalidArgument, match="which rate"):
        protect(pipe, marker)
    assert pipe.video_processor is before
