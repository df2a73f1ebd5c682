"""The text-to-speech pipeline of transformers, with a tiny random VITS, gives out marked speech."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from countermark import Registry, audio, credentials
from countermark.errors import MarkNotReadable
from countermark.integrations import Marker
from countermark.integrations.transformers import protect

pytestmark = pytest.mark.hosts

RATE = 16_000
SENTENCE = "the quick brown fox jumps over the lazy dog and runs away from all of this "
SPEECH = 4 * SENTENCE  # some fifteen seconds
SHORT = "a brown fox"


@pytest.fixture(scope="module")
def speak(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import torch
    import transformers

    characters = [*" abcdefghijklmnopqrstuvwxyz'", "<pad>", "<unk>"]
    vocabulary = tmp_path_factory.mktemp("vits") / "vocab.json"
    vocabulary.write_text(json.dumps({each: at for at, each in enumerate(characters)}))
    tokenizer = transformers.VitsTokenizer(str(vocabulary), phonemize=False, is_uroman=False)
    config = transformers.VitsConfig(
        vocab_size=len(characters),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        ffn_dim=16,
        flow_size=16,
        spectrogram_bins=9,
        use_stochastic_duration_prediction=False,
        duration_predictor_filter_channels=16,
        prior_encoder_num_flows=1,
        prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1,
        upsample_initial_channel=16,
        upsample_rates=[8, 8],
        upsample_kernel_sizes=[16, 16],
        resblock_kernel_sizes=[3],
        resblock_dilation_sizes=[[1, 3]],
        sampling_rate=RATE,
    )
    torch.manual_seed(0)
    model = transformers.VitsModel(config).eval()
    with torch.no_grad():  # random weights shout, and speech is not clipped all the time
        model.decoder.conv_post.weight.mul_(0.05)
    return transformers.pipeline("text-to-speech", model=model, tokenizer=tokenizer)


def said(speak: Any, text: Any) -> Any:
    import torch

    torch.manual_seed(1)
    return speak(text)


def expect_marked(made: dict[str, Any], registry: Registry) -> int:
    found = audio.detect(np.asarray(made["audio"]), made["sampling_rate"])
    assert found is not None
    entry = registry.find_payload(found.payload)
    assert entry is not None
    assert entry.record.creator == "Ada Example"
    assert entry.clip is not None
    assert entry.clip.seconds == pytest.approx(made["audio"].shape[-1] / RATE, abs=0.001)
    return found.payload


def test_speech_leads_to_its_entry(speak: Any, marker: Marker, registry: Registry) -> None:
    bare = said(speak, SPEECH)
    assert audio.detect(bare["audio"], RATE) is None
    made = said(protect(speak, marker), SPEECH)
    assert made.keys() == bare.keys()
    assert made["sampling_rate"] == RATE
    assert (made["audio"].shape, made["audio"].dtype) == (bare["audio"].shape, np.float32)
    expect_marked(made, registry)


def test_each_speech_has_a_mark_of_its_own(speak: Any, marker: Marker, registry: Registry) -> None:
    made = said(protect(speak, marker), [SPEECH, SPEECH])
    assert len({expect_marked(one, registry) for one in made}) == 2


def test_models_that_make_several_sounds_at_once(
    speak: Any, marker: Marker, registry: Registry
) -> None:
    one = said(speak, SPEECH)

    def several(text: str) -> dict[str, Any]:
        return {**one, "audio": [one["audio"], one["audio"][::-1]]}

    made = protect(several, marker)(SPEECH)
    payloads = {expect_marked({**made, "audio": each}, registry) for each in made["audio"]}
    assert len(payloads) == 2


def test_all_else_of_the_pipeline_is_there(speak: Any, marker: Marker) -> None:
    protected = protect(speak, marker)
    assert protected.model is speak.model
    assert protected.sampling_rate == RATE


def test_who_protects_twice_marks_once(speak: Any, marker: Marker, registry: Registry) -> None:
    twice = protect(protect(speak, marker), marker)
    before = len(list(registry.all_entries()))
    expect_marked(said(twice, SPEECH), registry)
    assert len(list(registry.all_entries())) == before + 1


def test_short_speech_is_refused(speak: Any, marker: Marker) -> None:
    protected = protect(speak, marker)
    with pytest.raises(MarkNotReadable, match="cannot be read back"):
        said(protected, SHORT)
    with pytest.raises(MarkNotReadable):
        said(protected, [SPEECH, SHORT])


STEPS = [
    (Registry, "new_payload"),
    (Registry, "record_key_use"),
    (Registry, "adding"),
    (audio, "Embedder"),
    (audio.Embedder, "push"),
    (audio.Embedder, "finish"),
    (audio, "detect"),
    (credentials, "sign_detached"),
]


@pytest.mark.parametrize(("owner", "step"), STEPS, ids=[step for _, step in STEPS])
def test_a_fault_at_any_step_keeps_speech_in(
    speak: Any,
    marker: Marker,
    fault: tuple[type[Exception], ...],
    breaking: Callable[[Any, str], None],
    owner: Any,
    step: str,
) -> None:
    protected = protect(speak, marker)
    breaking(owner, step)
    with pytest.raises(fault):
        said(protected, SPEECH)
